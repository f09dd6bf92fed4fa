/**
 * How records lie in the database: packed, sealed, and without what is there already.
 *
 * Hashes are columns of 32 bytes. What many records say alike (the description of a value that did not change, the identities of
 * engines) is a *word*: a text stored once, whose id is taken from its own hash, so that no process can mistake one for another.
 * SQLite checks the shape of its pages but not their contents; the seal does, over the body and the columns beside it (C3).
 */
import { hash } from 'node:crypto';
import type { OutputValue } from '../../contracts/node.ts';
import { sha256 } from '../adapters/hash.node.ts';
import type { Row, StepRecord } from './store.ts';

/** A text or the bytes of a hash, as a column holds it. */
export type Packed = string | Uint8Array;

/** The words of a store. */
export interface Words {
  /** The id of a text, which is kept; `undefined` when another text has that id: then it must be written out. */
  id(text: string): number | undefined;
  /** The text of a word; `undefined` when it is lost or damaged. */
  text(id: number): string | undefined;
}

/** The id of a text: 52 bits of its hash. */
export const wordId = (text: string): number => Number.parseInt(sha256(text).slice(0, 13), 16);

/** Descriptions that are shorter are written out: to look a word up would cost more than it saves. */
const LONG = 256;

const SEAL = 12;
/** A hash of 72 bits over a text. */
export const sealOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, SEAL);

/** A text's stored form: the seal over it and over what stands beside it, then the text. */
export function seal(text: string, beside = ''): string {
  return sealOf(text + beside) + text;
}

/** The text, or `undefined` when it is not what was written. */
export function unseal(body: string, beside = ''): string | undefined {
  const text = body.slice(SEAL);
  return sealOf(text + beside) === body.slice(0, SEAL) ? text : undefined;
}

/** A hash as bytes; any other text as it is. */
export function pack(text: string): Packed {
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : text;
}

/** A packed column as SQL gives it back: SQLite writes a text faster than Node makes an array of bytes. */
export const unpacked = (column: string): string => `case typeof(${column}) when 'blob' then lower(hex(${column})) else ${column} end as ${column}`;

/** A record of `rows`, as it is read. */
export interface StoredRow { readonly id: string; readonly key: string; readonly take: number; readonly body: string }

/** A record of `steps`, as it is read. */
export interface StoredStep { readonly run: string; readonly file: string; readonly node: string; readonly key: string | null; readonly row: string | null; readonly body: string }

const besideRow = (row: Pick<Row, 'id' | 'key' | 'take'>): string => `${row.id} ${row.key} ${row.take}`;
const besideStep = (step: Pick<StepRecord, 'run' | 'file' | 'node' | 'key' | 'row'>): string => `${step.run} ${step.file} ${step.node} ${step.key ?? ''} ${step.row ?? ''}`;

/** What of a row is in its body: not its columns, not what is empty. */
type StoredBody = Omit<Row, 'id' | 'key' | 'take' | 'reads' | 'readsDigest' | 'folder' | 'outputs'> & Partial<Pick<Row, 'reads' | 'readsDigest' | 'folder'>>
  & { readonly outputs: Readonly<Record<string, OutputValue | number>> };

/** Packs a row. */
export function packRow(row: Row, words: Words): { readonly id: Packed; readonly key: Packed; readonly take: number; readonly body: string } {
  const { id, key, take, outputs, reads, readsDigest, folder, ...rest } = row;
  const described: Record<string, OutputValue | number> = {};
  for (const name in outputs) {
    const value = outputs[name] as OutputValue;
    const text = JSON.stringify(value);
    described[name] = text.length < LONG ? value : words.id(text) ?? value;
  }
  const own = { ...rest, outputs: described, ...(reads.length > 0 && { reads, readsDigest }), ...(folder !== '' && { folder }) };
  return { id: pack(id), key: pack(key), take, body: seal(JSON.stringify(own), besideRow(row)) };
}

/** The row, or `undefined` when it, or a word of it, is not what was written. */
export function unpackRow(stored: StoredRow, words: Words): Row | undefined {
  const { id, key, take } = stored;
  const text = unseal(stored.body, besideRow(stored));
  if (text === undefined) return undefined;
  const { outputs, reads = [], readsDigest = '', folder = '', ...own } = JSON.parse(text) as StoredBody;
  const described: Record<string, OutputValue> = {};
  for (const name in outputs) {
    const value = read<OutputValue>(outputs[name] as OutputValue | number, words);
    if (value === undefined) return undefined;
    described[name] = value;
  }
  return { ...own, id, key, take, reads, readsDigest, folder, outputs: described };
}

/** Components that differ from step to step; the others are said by one word. */
const isOwn = (name: string): boolean => name === 'code' || name.startsWith('input.') || name.startsWith('reads.');

type Components = Readonly<Record<string, string>>;

/** Packs a step. */
export function packStep(step: StepRecord, words: Words): Omit<StoredStep, 'key' | 'row'> & { readonly key: Packed | null; readonly row: Packed | null } {
  const { run, file, node, key, row, components, ...rest } = step;
  const common: Record<string, string> = {};
  const own: Record<string, string> = {};
  for (const name in components) (isOwn(name) ? own : common)[name] = components[name] as string;
  const body = components === undefined ? rest : { ...rest, components: [words.id(JSON.stringify(common)) ?? common, own] };
  return { run, file, node, key: key === undefined ? null : pack(key), row: row === undefined ? null : pack(row), body: seal(JSON.stringify(body), besideStep(step)) };
}

/** The step, or `undefined` when it, or a word of it, is not what was written. */
export function unpackStep({ run, file, node, key, row, body }: StoredStep, words: Words): StepRecord | undefined {
  const columns = { run, node, file, ...(key !== null && { key }), ...(row !== null && { row }) };
  const text = unseal(body, besideStep(columns));
  if (text === undefined) return undefined;
  const { components, ...rest } = JSON.parse(text) as Omit<StepRecord, 'components'> & { readonly components?: readonly [Components | number, Components] };
  if (components === undefined) return { ...columns, ...rest };
  const common = read<Components>(components[0], words);
  return common === undefined ? undefined : { ...columns, ...rest, components: { ...common, ...components[1] } };
}

function read<T extends object>(said: T | number, words: Words): T | undefined {
  if (typeof said !== 'number') return said;
  const text = words.text(said);
  return text === undefined ? undefined : JSON.parse(text) as T;
}
