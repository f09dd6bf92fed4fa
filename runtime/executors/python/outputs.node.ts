/**
 * Outputs: from what a child gave to stored values. Everything is checked here: the child is not believed.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Display, OutputValue } from '../../../contracts/node.ts';
import type { Blobs, ColumnManifest, ValueForm, ValueSummary } from '../../../contracts/values.ts';
import { arrayHeader } from '../../values/array.ts';
import { encodeColumn } from '../../values/column.ts';
import { inferType } from '../../values/infer.ts';
import { canonicalRecord, decodeRecord } from '../../values/record.ts';
import { putManifest } from '../../values/table.ts';
import type { Needs } from './inputs.node.ts';
import type { GivenOutput, Result } from './wire.ts';

const FORMS: readonly ValueForm[] = ['table', 'record', 'text', 'bytes', 'array', 'opaque', 'live'];
const MEDIA_TYPE = /^[a-z]+\/[\w.+-]+$/;
const DISPLAY_LIMIT = 16 * 1024 * 1024;

/** Stores what a step gave. */
export class Receiver {
  readonly #result: Result;
  readonly #small: readonly Uint8Array[];
  readonly #folder: string;
  readonly #blobs: Blobs;
  readonly #needs: Needs;

  constructor(result: Result, small: readonly Uint8Array[], folder: string, blobs: Blobs, needs: Needs) {
    this.#result = result;
    this.#small = small;
    this.#folder = folder;
    this.#blobs = blobs;
    this.#needs = needs;
  }

  /** @throws TelarError `value-type` for a value that cannot be stored as what it says it is */
  outputs(): Record<string, OutputValue> {
    return Object.fromEntries(Object.entries(this.#result.outputs ?? {}).map(([name, given]) => [name, this.#output(name, given)]));
  }

  displays(): Display[] {
    return (this.#result.displays ?? []).flatMap(({ mediaType, file }) => {
      const place = this.#place(file);
      if (!MEDIA_TYPE.test(mediaType) || place.bytes > DISPLAY_LIMIT) return [];
      return [{ mediaType, hash: this.#put(file), bytes: place.bytes }];
    });
  }

  #output(name: string, given: GivenOutput): OutputValue {
    const summary = checkSummary(given.summary);
    if (given.table !== undefined) return this.#table(name, given, summary);
    const { form, file } = given;
    if (form === undefined) return { summary };
    if (!FORMS.includes(form) || form === 'table') throw bad(name, `it has the unknown form ${form}`);
    if (form === 'live') return { ref: { form, hash: '', bytes: 0, live: { what: given.what ?? 'object', language: 'python' } }, summary };
    if (file === undefined) throw bad(name, 'its bytes are missing');
    if (form === 'record') {
      const bytes = canonicalRecord(new TextDecoder().decode(this.#read(file)));
      return { ref: { form, hash: this.#blobs.put(bytes), bytes: bytes.length }, summary };
    }
    if (form === 'array') arrayHeader(this.#read(file));
    const { bytes } = this.#place(file);
    return { ref: { form, hash: this.#put(file), bytes, ...(form === 'bytes' ? { mediaType: 'application/octet-stream' } : {}) }, summary };
  }

  #table(name: string, given: GivenOutput, summary: ValueSummary): OutputValue {
    const rows = given.rows ?? 0;
    const columns = given.table!.map((column): ColumnManifest => {
      if ('ref' in column) {
        const { blob } = column.ref;
        const known = this.#needs.columns.get(blob);
        if (known === undefined) throw bad(name, `its column “${column.name}” refers to one that was no input`);
        return { name: column.name, type: known.type, blob, bytes: known.bytes };
      }
      const values = decodeRecord(this.#read(column.file)) as unknown[];
      if (!Array.isArray(values) || values.length !== rows) throw bad(name, `its column “${column.name}” has not ${rows} values`);
      try {
        const type = column.type ?? inferType(values);
        const blob = encodeColumn(type, values);
        return { name: column.name, type, blob: this.#blobs.put(blob), bytes: blob.length };
      } catch (error) {
        throw bad(name, `its column “${column.name}” cannot be stored: ${(error as Error).message}`);
      }
    });
    return { ref: putManifest(columns, rows, this.#blobs), summary: { ...summary, columns: columns.map(({ name: each, type }) => ({ name: each, type })) } };
  }

  #place(file: number): { small: Uint8Array; bytes: number } | { path: string; bytes: number } {
    const kept = this.#result.blobs[file];
    if (typeof kept === 'number') {
      const small = this.#small[kept];
      if (small !== undefined) return { small, bytes: small.length };
    } else if (kept !== undefined && /^\d{1,9}$/.test(kept)) {
      const path = join(this.#folder, kept);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() === true) return { path, bytes: stat.size };
    }
    throw new TelarError('lost', 'The Python process named a result that it did not leave.');
  }

  #read(file: number): Uint8Array {
    const place = this.#place(file);
    return 'small' in place ? place.small : readFileSync(place.path);
  }

  #put(file: number): string {
    const place = this.#place(file);
    if ('small' in place) return this.#blobs.put(place.small.slice());
    return this.#blobs.adopt?.(place.path) ?? this.#blobs.put(readFileSync(place.path));
  }
}

const bad = (name: string, why: string): TelarError => new TelarError('value-type', `The output “${name}” cannot be stored: ${why}.`, { output: name });

/** A summary of a child, bounded. */
function checkSummary({ type, preview, rows, columns }: ValueSummary): ValueSummary {
  return {
    type: String(type).slice(0, 200), preview: String(preview).slice(0, 400),
    ...(typeof rows === 'number' ? { rows } : {}),
    ...(Array.isArray(columns) ? { columns: columns.map((column: { name: string; type: string }) => ({ name: String(column.name), type: String(column.type) })) } : {}),
  };
}
