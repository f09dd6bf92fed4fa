/**
 * The exchange: how values get to a worker and back. Small blobs go with the message, large ones by the name of a file.
 *
 * A worker reads inputs where the store keeps them, and writes results into a folder of its own, named by their hash. The coordinator alone
 * writes to the store: it takes those files over and believes no name, for the store hashes what it takes. What would make a message too
 * large, long code or many small blobs, overflows into a file. The road not taken: workers that open the store; then a worker that
 * was declared dead and woke up could write where nobody expects it.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import type { Outcome } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import { fault } from '../faults.ts';
import { reachedByInputs, readColumns } from '../values/reachable.ts';
import type { Task } from './dispatcher.ts';
import { openBlobs, type ExchangeBlobs } from './exchange-blobs.node.ts';
import { MOST_BULK, type Payload } from './link/messages.ts';
import { checkOutcome, checkParcel, nonsense, type Parcel, type Place, type ResultBody, type TaskBody } from './payload.ts';

/** Most bytes of bulk, most pieces of it, and most JSON that go with a message; the rest overflows. */
const MOST_INLINE = 1024 * 1024;
const MOST_PIECES = 64;
const MOST_TEXT = 128 * 1024;
/** Largest overflow of JSON and largest manifest that are believed, in bytes. */
const MOST_OVERFLOW = 64 * 1024 * 1024;

/** What is sent. */
export interface Packed { readonly payload: Payload; readonly bulk: readonly Uint8Array[] }

/** A task that is ready to be sent, and the blobs that it gives its worker. */
export interface PackedTask extends Packed {
  readonly given: ReadonlySet<string>;
  /** Something of it lies in the folder. */
  readonly overflows: boolean;
}

/** What a worker has of a task: all but where streams go and who stops it. */
export interface OpenedTask extends Omit<TaskBody, keyof Parcel> { readonly blobs: ExchangeBlobs }

/**
 * Packs a task for its worker.
 * @param folder where overflows go; made when first needed
 * @throws TelarError `value-missing`
 */
export function packTask({ program, inputs, limits, world, asker, once, isolation, blobs }: Task, folder: string): PackedTask {
  const parcel = new Packing(folder);
  for (const { hash, bytes } of reachedByInputs(inputs, blobs)) {
    if (parcel.has(hash)) continue;
    // The store says no path of what lies inside its database without making a file of it.
    const path = bytes !== undefined && bytes > MOST_BULK ? blobs.path(hash) : undefined;
    const found = path ?? blobs.get(hash);
    if (found === undefined) throw new TelarError('value-missing', 'An input is not in the store any more; run its producer again.', { hash });
    parcel.add(hash, found);
  }
  const packed = parcel.close({
    program, inputs, limits, ...(world === undefined ? {} : { world }), ...(asker === undefined ? {} : { asker }), ...(once === undefined ? {} : { once }), ...(isolation === undefined ? {} : { isolation }),
  });
  return { ...packed, given: parcel.hashes(), overflows: parcel.overflows };
}

/**
 * Unpacks a task at the worker, and reads all of it that is not the store's own: the coordinator's files may be gone later.
 * @param folder the task's own, for results; made when first needed
 */
export function openTask(payload: Payload, bulk: readonly Uint8Array[], folder: string): OpenedTask {
  fault('task-received');
  const { blobs: places, pack, ...task } = readBody(payload) as unknown as TaskBody;
  const packed = pack === undefined ? undefined : new Uint8Array(readFileSync(pack));
  const given = new Map(Object.entries(places).map(([hash, place]) => [hash, typeof place === 'string' ? place : piece(place, bulk, packed)]));
  return { ...task, blobs: openBlobs(given, folder) };
}

/** Packs what a step gave, with the blobs that it made. */
export function packResult(outcome: Outcome, { made, folder }: ExchangeBlobs): Packed {
  const parcel = new Packing(folder);
  for (const [hash, found] of made) parcel.add(hash, found);
  const packed = parcel.close({ outcome });
  fault('result-ready');
  return packed;
}

/** What the coordinator holds a result against. */
export interface Keeping {
  readonly blobs: Blobs;
  /** The blobs that the task was given: a result may hand them on. */
  readonly given: ReadonlySet<string>;
  /** The folder under which workers have theirs; absolute. */
  readonly scratch: string;
}

/**
 * Keeps the values of a result under their true hashes.
 * @throws TelarError `lost` with `nonsense` when it is not what it says; what the store throws
 */
export function keepResult(payload: Payload, bulk: readonly Uint8Array[], keeping: Keeping): Outcome {
  const body = readBody(payload, keeping.scratch) as Partial<ResultBody>;
  const outcome = checkOutcome(body.outcome);
  const arrived = new Arrived(checkParcel(body, bulk.length), bulk, keeping);
  for (const { hash } of outcome.displays ?? []) arrived.keep(hash);
  for (const { ref } of Object.values(outcome.outputs)) {
    if (ref === undefined || ref.form === 'live') continue;
    if (ref.form === 'table') for (const { blob } of arrived.columns(ref.hash)) arrived.keep(blob);
    arrived.keep(ref.hash);
  }
  fault('result-kept');
  return outcome;
}

/** Gathers blobs for a message. */
class Packing {
  readonly #folder: string;
  readonly #blobs: Record<string, Place> = {};
  readonly #bulk: Uint8Array[] = [];
  readonly #surplus: Uint8Array[] = [];
  #inline = 0;
  #packed = 0;
  overflows = false;

  constructor(folder: string) { this.#folder = folder; }

  has(hash: string): boolean { return Object.hasOwn(this.#blobs, hash); }

  hashes(): ReadonlySet<string> { return new Set(Object.keys(this.#blobs)); }

  add(hash: string, found: Uint8Array | string): void {
    if (typeof found === 'string') this.#blobs[hash] = found;
    else if (found.length <= MOST_BULK && this.#bulk.length < MOST_PIECES && this.#inline + found.length <= MOST_INLINE) {
      this.#blobs[hash] = this.#bulk.push(found) - 1;
      this.#inline += found.length;
    } else {
      this.#surplus.push(found);
      this.#blobs[hash] = [this.#packed, this.#packed += found.length];
    }
  }

  close(rest: Readonly<Record<string, unknown>>): Packed {
    const pack = this.#surplus.length === 0 ? undefined : this.#write('pack', Buffer.concat(this.#surplus));
    const payload: Payload = { ...rest, blobs: this.#blobs, ...(pack === undefined ? {} : { pack }) };
    const text = JSON.stringify(payload);
    return { payload: text.length * 3 <= MOST_TEXT || Buffer.byteLength(text) <= MOST_TEXT ? payload : { overflow: this.#write('overflow', text) }, bulk: this.#bulk };
  }

  #write(name: string, data: string | Uint8Array): string {
    this.overflows = true;
    mkdirSync(this.#folder, { recursive: true });
    const path = join(this.#folder, name);
    writeFileSync(path, data);
    return path;
  }
}

/** What came with a result, on its way into the store. */
class Arrived {
  readonly #parcel: Parcel;
  readonly #bulk: readonly Uint8Array[];
  readonly #keeping: Keeping;
  readonly #kept = new Set<string>();
  #pack: Uint8Array | undefined;

  constructor(parcel: Parcel, bulk: readonly Uint8Array[], keeping: Keeping) {
    this.#parcel = parcel;
    this.#bulk = bulk;
    this.#keeping = keeping;
  }

  columns(hash: string): ReturnType<typeof readColumns> {
    const bytes = this.#bytes(hash) ?? (this.#keeping.given.has(hash) ? this.#keeping.blobs.get(hash) : undefined);
    if (bytes === undefined) throw nonsense('a table of it did not arrive');
    try {
      return readColumns(bytes, hash);
    } catch {
      throw nonsense('a table of it has no columns');
    }
  }

  keep(hash: string): void {
    if (this.#kept.has(hash)) return;
    this.#kept.add(hash);
    const { blobs, given } = this.#keeping;
    const place = this.#place(hash);
    if (place === undefined) {
      if (given.has(hash) && blobs.has(hash)) return;
      throw nonsense('a value that it names did not arrive');
    }
    // A coordinator before this one may have taken the file, and been killed before it said so.
    if (typeof place === 'string' && !existsSync(place) && blobs.path(hash) !== undefined) return;
    const real = typeof place !== 'string' ? blobs.put(this.#bytes(hash)!) : blobs.adopt?.(this.#file(place)) ?? blobs.put(readFileSync(this.#file(place)));
    if (real !== hash) throw nonsense('a value that it names is another');
  }

  #place(hash: string): Place | undefined { return Object.hasOwn(this.#parcel.blobs, hash) ? this.#parcel.blobs[hash] : undefined; }

  #bytes(hash: string): Uint8Array | undefined {
    const place = this.#place(hash);
    if (place === undefined) return undefined;
    if (typeof place === 'string') return existsSync(place) ? readFileSync(this.#file(place, MOST_OVERFLOW)) : this.#keeping.blobs.get(hash);
    if (typeof place !== 'number') this.#pack ??= readFileSync(this.#file(this.#parcel.pack ?? ''));
    return piece(place, this.#bulk, this.#pack);
  }

  #file(path: string, most = Infinity): string { return exchangeFile(path, this.#keeping.scratch, most); }
}

/** @throws TelarError `lost` with `nonsense` for what is no plain file of an exchange folder */
function exchangeFile(path: string, scratch: string, most: number): string {
  let real: string | undefined;
  try {
    const stat = lstatSync(path);
    if (stat.isFile() && stat.size <= most) real = realpathSync(path);
  } catch { /* it is not there */ }
  const inside = real === undefined ? '..' : relative(realpathSync(scratch), real);
  if (inside.split(sep)[0] === '..' || inside === '') throw nonsense('a file of it is not there, or not one of its own');
  return path;
}

function readBody(payload: Payload, scratch?: string): Readonly<Record<string, unknown>> {
  if (typeof payload.overflow !== 'string') return payload;
  const path = scratch === undefined ? payload.overflow : exchangeFile(payload.overflow, scratch, MOST_OVERFLOW);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    throw nonsense('its overflow cannot be read');
  }
}

function piece(place: number | readonly [number, number], bulk: readonly Uint8Array[], pack: Uint8Array | undefined): Uint8Array {
  const found = typeof place === 'number' ? bulk[place] : pack?.subarray(...place);
  if (found === undefined || (typeof place !== 'number' && found.length !== place[1] - place[0])) throw nonsense('a value of it lies nowhere');
  return new Uint8Array(found);
}
