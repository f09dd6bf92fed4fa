/**
 * A coordinator that can be killed: submits what it is told in its one argument, says as JSON lines what happens, and ends in order when all is done.
 */
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import type { Timing } from '../../runtime/workers/link/timing.ts';
import { createZeromq } from '../../runtime/workers/zeromq.node.ts';
import type { Transport } from '../../runtime/workers/endpoint.node.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

/** What it is told. */
export interface Told {
  readonly root: string;
  readonly state: string;
  readonly entry?: string;
  readonly timing: Timing;
  readonly transport?: Transport;
  readonly engine: string;
  /** The program of each task, by its name. */
  readonly tasks: Readonly<Record<string, string>>;
}

const { tasks, engine, ...told } = JSON.parse(process.argv[2] as string) as Told;
const say = (line: object): void => { process.stdout.write(`${JSON.stringify(line)}\n`); };
const dispatcher = createZeromq({ ...told, available: () => ({ ok: true }), governor: () => createFixedGovernor(Object.keys(tasks).length) });
dispatcher.events(({ event, task, worker, message }) => { say({ event, task, worker, message }); });
const blobs = memoryBlobs();
await Promise.all(Object.entries(tasks).map(async ([id, code]) => {
  const program = { engine, code, file: 'main.telar.md', line: 1, id, wanted: ['value'], binds: [], modules: {}, folder: '' };
  const done = await dispatcher.submit({ id, program, inputs: {}, limits: { time: 60_000, memory: 512e6, output: 64e6 }, blobs, emit: () => { /* nothing is said */ } }).then(
    ({ outputs }) => ({ value: outputs.value?.summary.preview }), (error: Error) => ({ error: error.message }));
  say({ done: id, ...done });
}));
await dispatcher.close();
say({ over: true });
