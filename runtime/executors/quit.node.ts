/** Quit: how a child ends that nobody listens to any more. Not for one that still has something to say. */
import { constants as system } from 'node:os';

const { _kill: end, pid } = process as unknown as { _kill(pid: number, signal: number): void; readonly pid: number };

/**
 * Ends this process at once: what a child without a parent does. An exit of Node waits for V8's threads, and those now and then for a collection that
 * comes no more (nodejs/node#54918).
 */
export function quit(): never {
  end.call(process, pid, system.signals.SIGKILL);
  return process.exit(); // where a wall makes it the first of its processes, no signal of its own ends it
}
