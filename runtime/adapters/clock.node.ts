/** The clock of the machine: monotonic milliseconds for durations, the date for records that people read. */
import type { Clock } from '../ports.ts';

export const systemClock: Clock = { now: () => performance.now(), date: () => new Date() };
