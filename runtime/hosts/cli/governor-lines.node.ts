/** The governor's view in words, for `telar workers` and `telar doctor`. What is not known is not told. */
import type { GovernorView } from '../../governor/governor.ts';
import { size } from './terminal.node.ts';

/** A line for each: the policy, what is seen, the room. */
export function governorLines({ policy, because, sample, room }: GovernorView): readonly string[] {
  return [`policy  ${policy} (${because})`, `machine ${machine(sample)}`, `room    ${size(room)} may be given to workers`];
}

/** `2 processors, load 0.5; 9.1 of 16.0 GB memory available; on battery, 54 %`. */
export function machine({ cores, memory, load, power, vram }: GovernorView['sample']): string {
  return [
    `${cores} ${cores === 1 ? 'processor' : 'processors'}${load === undefined ? '' : `, load ${load.toFixed(1)} each`}`,
    `${size(memory.available)} of ${size(memory.total)} memory available`,
    ...(vram === undefined ? [] : [`${size(vram.free)} of ${size(vram.total)} video memory free`]),
    ...(power === undefined ? [] : [power.onBattery ? `on battery${power.percent === undefined ? '' : `, ${power.percent} %`}` : power.battery ? 'on mains' : 'no battery']),
  ].join('; ');
}
