/**
 * Faults by name: what `--fault` and `TELAR_FAULT` ask for. Points of the workers go with the environment of those that this process starts; all
 * others are armed here, in this process alone.
 *
 *     NAME[:KIND][@N]    at the N-th passing (default 1) of the point, do as KIND says (default kill)
 *     any[:KIND]@N       at the N-th passing of whichever point
 *     every/NAME…        a point of the workers, in each of them; without `every/` in the first one that is started
 */
import { chmodSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { TelarError } from '../../contracts/errors.ts';
import { nearest } from '../../nodes/nearest.ts';
import { armFault, FAULT_POINTS, FAULTS, type FaultPoint } from '../faults.ts';

/** What may be done at a point, in words. */
export const FAULT_KINDS = {
  kill: 'the process ends at once (SIGKILL)',
  stop: 'the process stands still until somebody lets it go on (SIGSTOP, SIGCONT)',
  throw: 'an error that nobody expects',
  delay: 'half a second passes',
  block: 'the process does nothing for four seconds, and hears nothing',
  'disk-full': 'a write finds no room',
  torn: 'half of the file being written is lost, and its end is garbage; then kill',
} as const;

/** One of them. */
export type FaultKind = keyof typeof FAULT_KINDS;

const DELAY = 500;
const BLOCK = 4_000;
/** Bytes that a disk never wrote. */
const GARBAGE = 512;

/** The kinds that a point can show. */
export function kindsOf(point: FaultPoint): FaultKind[] {
  const { full, torn } = FAULTS[point];
  return (Object.keys(FAULT_KINDS) as FaultKind[]).filter((kind) => (kind !== 'disk-full' || full === true) && (kind !== 'torn' || torn === true));
}

/** What the workers of this process shall arm: the first one, and every one. */
const workers: { readonly first: string[]; readonly every: string[] } = { first: [], every: [] };

const isOfWorkers = (point: FaultPoint): boolean => FAULTS[point].worker === true;

/**
 * Arms what is asked for; what belongs to workers is kept for them.
 * @throws TelarError `usage`: no such point or kind (with the nearest), or a kind that the point cannot show
 */
export function armFaults(asked: readonly string[]): void {
  for (const { text, points, kind, passing, every } of asked.map(parse)) {
    if (isOfWorkers(points[0] as FaultPoint)) (every ? workers.every : workers.first).push(text);
    else arm(points, kind, passing);
  }
}

/** Arms what this worker was told when it was started: what `nextWorkerFaults` gave. */
export function armWorkerFaults(told: readonly string[]): void {
  for (const { points, kind, passing } of told.map(parse)) arm(points, kind, passing);
}

/** What the next worker that is started is to be told; the first one hears more than the others. */
export const nextWorkerFaults = (): readonly string[] => [...workers.first.splice(0), ...workers.every];

function arm(points: readonly FaultPoint[], kind: FaultKind, passing: number): void {
  let passed = 0;
  for (const point of points) armFault(point, (at, file) => { if (++passed === passing) act(kind, at, file); });
}

interface Asked { readonly text: string; readonly every: boolean; readonly points: readonly FaultPoint[]; readonly kind: FaultKind; readonly passing: number }

function parse(whole: string): Asked {
  const every = whole.startsWith('every/');
  const text = every ? whole.slice('every/'.length) : whole;
  const found = /^([^:@]+)(?::([^:@]+))?(?:@([1-9]\d{0,8}))?$/.exec(text);
  if (found === null) throw new TelarError('usage', `A fault is written NAME[:kind][@n], such as committing:kill@2; \`${text}\` is not. \`telar faults\` lists the names.`);
  const [, name, kind = 'kill', passing = '1'] = found as unknown as [string, string, string | undefined, string | undefined];
  if (!Object.hasOwn(FAULT_KINDS, kind)) throw unknown('kind of fault', kind, Object.keys(FAULT_KINDS));
  const as = kind as FaultKind;
  if (name === 'any' && !every) return { text, every, points: FAULT_POINTS.filter((point) => kindsOf(point).includes(as) && !isOfWorkers(point)), kind: as, passing: Number(passing) };
  if (!Object.hasOwn(FAULTS, name)) throw unknown('fault point', name, [...FAULT_POINTS, 'any']);
  const point = name as FaultPoint;
  if (every && !isOfWorkers(point)) throw new TelarError('usage', `${point} is passed by the run and by no worker: leave “every/” away. Points of workers: ${FAULT_POINTS.filter(isOfWorkers).join(', ')}.`);
  if (!kindsOf(point).includes(as)) {
    const able = FAULT_POINTS.filter((other) => kindsOf(other).includes(as));
    throw new TelarError('usage', `Nothing is written at ${point} that could be ${as === 'torn' ? 'torn' : 'refused for want of room'}. Points where that can be: ${able.join(', ')}.`);
  }
  return { text, every, points: [point], kind: as, passing: Number(passing) };
}

function unknown(what: string, name: string, known: readonly string[]): TelarError {
  const near = nearest(name, known);
  return new TelarError('usage', `There is no ${what} \`${name}\`.${near === undefined ? '' : ` Did you mean ${near}?`} \`telar faults\` lists them.`, near === undefined ? {} : { nearest: near });
}

function act(kind: FaultKind, point: FaultPoint, file: string | undefined): void {
  switch (kind) {
    case 'kill': process.kill(process.pid, 'SIGKILL'); break;
    case 'stop': process.kill(process.pid, 'SIGSTOP'); break;
    case 'throw': throw new Error(`An error thrown on purpose at the fault point ${point}.`);
    case 'delay': stand(DELAY); break;
    case 'block': stand(BLOCK); break;
    case 'disk-full': throw Object.assign(new Error(`ENOSPC: no space left on device, write (at the fault point ${point})`), { code: 'ENOSPC', errno: -28, syscall: 'write' });
    case 'torn':
      if (file === undefined) throw new Error(`The fault point ${point} does not say which file is written there.`);
      tear(file);
      process.kill(process.pid, 'SIGKILL');
  }
}

/** Holds up this thread, and with it the whole loop of events. */
function stand(ms: number): void { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); }

/** Leaves of a file what a disk may that lost its power: half of it, the last bytes never written. */
function tear(file: string): void {
  chmodSync(file, 0o644);
  truncateSync(file, Math.floor(statSync(file).size / 2));
  writeFileSync(file, new Uint8Array(GARBAGE).fill(0xa5), { flag: 'a' });
}
