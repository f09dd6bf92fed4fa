/**
 * What the link's payloads are: a task as it is told to a worker, and what comes back. The link carries them and does not look in.
 *
 * A worker is ours, but what it tells began in a process with somebody's code: an outcome is built anew here from the parts that it may have,
 * and nothing else of it goes on. Hashes are not believed either; `exchange.node.ts` sees to that.
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Display, ObservedRead, Outcome, OutputValue } from '../../contracts/node.ts';
import type { ValueRef, ValueSummary } from '../../contracts/values.ts';
import type { Task } from './dispatcher.ts';

/** Where a blob lies: at this place of the bulk, in this file, or from here to there in the pack. */
export type Place = number | string | readonly [from: number, to: number];

/** Blobs that go with a payload. */
export interface Parcel {
  readonly blobs: Readonly<Record<string, Place>>;
  /** The file with the small blobs that the message had no room for. */
  readonly pack?: string;
}

/** A task as it crosses: all of it that can. */
export interface TaskBody extends Parcel, Omit<Task, 'id' | 'blobs' | 'fetch' | 'emit'> {}

/** A result as it crosses. */
export interface ResultBody extends Parcel {
  readonly outcome: Outcome;
}

/** Most outputs, displays, reads, warnings and columns of an outcome each. */
const MOST = 100_000;
const HASH = /^[0-9a-f]{64}$/;
const FORMS: readonly unknown[] = ['table', 'record', 'text', 'bytes', 'array', 'opaque', 'live'];
const SEEN: readonly unknown[] = ['file', 'stat', 'list', 'missing'];

/** What a worker told that cannot be: it counts as lost, and against the worker. */
export const nonsense = (what: string): TelarError => new TelarError('lost', `The worker's result is none: ${what}. It is refused, and the worker is ended.`, { nonsense: what });

/** Whether an error says that the worker, and not the step, is at fault. */
export const isNonsense = (error: unknown): error is TelarError => error instanceof TelarError && error.code === 'lost' && error.data.nonsense !== undefined;

/** An outcome of parts that have their types. @throws TelarError `lost` with `nonsense` */
export function checkOutcome(told: unknown): Outcome {
  const { outputs, reads, displays, warnings, error } = record(told, 'the outcome');
  return {
    outputs: Object.fromEntries(entries(outputs).map(([name, value]) => [name, checkOutput(value, name)])),
    reads: list(reads, 'reads').map(checkRead),
    ...(displays === undefined ? {} : { displays: list(displays, 'displays').map(checkDisplay) }),
    ...(warnings === undefined ? {} : { warnings: list(warnings, 'warnings').map((one) => text(one, 'a warning')) }),
    ...(error === undefined ? {} : { error: checkError(error) }),
  };
}

/** Where blobs lie. @throws TelarError `lost` with `nonsense` */
export function checkParcel(told: unknown, pieces: number): Parcel {
  const { blobs, pack } = record(told, 'the result');
  for (const [hash, place] of entries(blobs)) {
    const known = typeof place === 'string' || (Array.isArray(place) && place.length === 2 && place.every(isCount)) || (isCount(place) && place < pieces);
    if (!HASH.test(hash) || !known) throw nonsense('a value of it lies nowhere');
  }
  return { blobs: blobs as Parcel['blobs'], ...(pack === undefined ? {} : { pack: text(pack, 'the pack') }) };
}

function checkOutput(told: unknown, name: string): OutputValue {
  const { ref, summary } = record(told, `the output ${name}`);
  return { ...(ref === undefined ? {} : { ref: checkRef(ref) }), summary: checkSummary(summary) };
}

function checkRef(told: unknown): ValueRef {
  const { form, hash, bytes, mediaType, live } = record(told, 'a value');
  if (!FORMS.includes(form) || !isCount(bytes) || (form !== 'live' && !HASH.test(text(hash, 'a hash')))) throw nonsense('a value of it has no form, size or hash');
  return {
    form: form as ValueRef['form'], hash: text(hash, 'a hash'), bytes,
    ...(mediaType === undefined ? {} : { mediaType: text(mediaType, 'a media type') }),
    ...(live === undefined ? {} : { live: checkLive(live) }),
  };
}

function checkLive(told: unknown): NonNullable<ValueRef['live']> {
  const { what, language } = record(told, 'a live value');
  if (what !== 'function' && what !== 'class' && what !== 'object') throw nonsense('a live value is of no kind');
  return { what, language: text(language, 'a language') };
}

function checkSummary(told: unknown): ValueSummary {
  const { type, preview, rows, columns } = record(told, 'a summary');
  return {
    type: text(type, 'a type'), preview: text(preview, 'a preview'),
    ...(rows === undefined ? {} : { rows: count(rows) }),
    ...(columns === undefined ? {} : { columns: list(columns, 'columns').map((one) => {
      const column = record(one, 'a column');
      return { name: text(column.name, 'a column'), type: text(column.type, 'a type') };
    }) }),
  };
}

function checkRead(told: unknown): ObservedRead {
  const { what, path, saw } = record(told, 'a read');
  if (!SEEN.includes(what)) throw nonsense('a read of it is of no kind');
  return { what: what as ObservedRead['what'], path: text(path, 'a path'), saw: text(saw, 'a read') };
}

function checkDisplay(told: unknown): Display {
  const { mediaType, hash, bytes } = record(told, 'a display');
  if (!HASH.test(text(hash, 'a hash'))) throw nonsense('a display has no hash');
  return { mediaType: text(mediaType, 'a media type'), hash: text(hash, 'a hash'), bytes: count(bytes) };
}

function checkError(told: unknown): ErrorJSON {
  const { code, message, line, data } = record(told, 'the error');
  return {
    code: text(code, 'a code') as ErrorJSON['code'], message: text(message, 'a message'),
    ...(line === undefined ? {} : { line: count(line) }), ...(data === undefined ? {} : { data: record(data, 'what an error says') }),
  };
}

function record(told: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof told !== 'object' || told === null || Array.isArray(told)) throw nonsense(`${what} is no record`);
  return told as Readonly<Record<string, unknown>>;
}

function entries(told: unknown): [string, unknown][] {
  const found = Object.entries(record(told, 'a part'));
  if (found.length > MOST) throw nonsense('it has too many parts');
  return found;
}

function list(told: unknown, what: string): unknown[] {
  if (!Array.isArray(told) || told.length > MOST) throw nonsense(`its ${what} are no list, or too long a one`);
  return told as unknown[];
}

function text(told: unknown, what: string): string {
  if (typeof told !== 'string') throw nonsense(`${what} is no text`);
  return told;
}

const isCount = (told: unknown): told is number => Number.isSafeInteger(told) && (told as number) >= 0;

function count(told: unknown): number {
  if (!isCount(told)) throw nonsense('a number of it is none');
  return told;
}
