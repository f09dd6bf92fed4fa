/**
 * Model: a file with weights, known by its SHA-256. Hashing some gigabytes takes seconds, so a hash is remembered as long as size, times
 * and inode of the file stay as they were.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readFileSync, readSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { type GgufHeader, readGguf } from '../../governor/gguf.ts';

/** A file as it is now. */
export interface ModelFile { readonly path: string; readonly size: number; readonly stamp: string }

/** @throws TelarError `missing-file`, `bad-file` (no file, or one that may not be read) */
export function findModel(path: string): ModelFile {
  try {
    const real = realpathSync(path);
    const seen = statSync(real, { bigint: true });
    if (!seen.isFile()) throw new TelarError('bad-file', `“${path}” is no file; a model is one GGUF file.`, { path });
    return { path: real, size: Number(seen.size), stamp: [seen.size, seen.mtimeNs, seen.ctimeNs, seen.dev, seen.ino].join(' ') };
  } catch (error) {
    if (error instanceof TelarError) throw error;
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw new TelarError('missing-file', `There is no model at “${path}”; download its GGUF file, or mend the path.`, { path });
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): TelarError => new TelarError('bad-file', `The model “${path}” cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); check its permissions.`, { path }, { cause: error });

/** Does something with a file that is open for reading. @throws TelarError `bad-file` */
function reading<T>({ path }: ModelFile, act: (descriptor: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    return act(descriptor);
  } catch (error) {
    throw error instanceof TelarError ? error : unreadable(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

let last: { readonly file: ModelFile; readonly header: GgufHeader } | undefined;

/** What the head of the file says; the last one is remembered, since some heads are megabytes. @throws TelarError `bad-file` */
export function headerOf(file: ModelFile): GgufHeader {
  if (last?.file.path === file.path && last.file.stamp === file.stamp) return last.header;
  const header = reading(file, (descriptor) => readGguf((offset, length) => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
  }, file.size));
  if (header.parts > 1) throw new TelarError('bad-file', `The model is split into ${header.parts} files; join them into one with llama-gguf-split --merge.`, { path: file.path, parts: header.parts });
  last = { file, header };
  return header;
}

const CHUNK = 4 * 1024 * 1024;

function hashOf(file: ModelFile): string {
  return reading(file, (descriptor) => {
    const hash = createHash('sha256');
    const chunk = new Uint8Array(CHUNK);
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) hash.update(chunk.subarray(0, read));
    return hash.digest('hex');
  });
}

/** The same, without holding up the process: a worker that does not answer for some seconds is taken for dead (W2). `tick` is called between. */
async function hashSlowly(file: ModelFile, tick: () => void): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file.path, { highWaterMark: CHUNK })) {
      hash.update(chunk as Uint8Array);
      tick();
    }
  } catch (error) {
    throw error instanceof TelarError ? error : unreadable(file.path, error);
  }
  return hash.digest('hex');
}

/** Remembers hashes, in memory and, with a folder, beyond this process. */
export class Hashes {
  readonly #folder: string | undefined;
  readonly #known = new Map<string, { readonly stamp: string; readonly sha256: string }>();

  constructor(folder: string | undefined) { this.#folder = folder === undefined ? undefined : join(folder, 'models'); }

  /** At once: the first time, a large file takes a while. @throws TelarError `bad-file` */
  of(file: ModelFile): string { return this.#find(file) ?? this.#keep(file, hashOf(file)); }

  /** @throws TelarError `bad-file`, and whatever `tick` throws */
  async in(file: ModelFile, tick: () => void): Promise<string> { return this.#find(file) ?? this.#keep(file, await hashSlowly(file, tick)); }

  #find(file: ModelFile): string | undefined {
    const known = this.#known.get(file.path) ?? this.#remembered(file.path);
    return known?.stamp === file.stamp ? known.sha256 : undefined;
  }

  #keep({ path, stamp }: ModelFile, sha256: string): string {
    this.#known.set(path, { stamp, sha256 });
    this.#remember(path, { stamp, sha256 });
    return sha256;
  }

  #place(path: string): string { return join(this.#folder!, `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`); }

  #remembered(path: string): { readonly stamp: string; readonly sha256: string } | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      const { stamp, sha256 } = JSON.parse(readFileSync(this.#place(path), 'utf8')) as Record<string, unknown>;
      if (typeof stamp !== 'string' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
      this.#known.set(path, { stamp, sha256 });
      return { stamp, sha256 };
    } catch {
      return undefined; // not there, or damaged: it is hashed again
    }
  }

  #remember(path: string, entry: object): void {
    if (this.#folder === undefined) return;
    try {
      mkdirSync(this.#folder, { recursive: true });
      const place = this.#place(path);
      writeFileSync(`${place}.${process.pid}`, JSON.stringify(entry));
      renameSync(`${place}.${process.pid}`, place);
    } catch {
      // Only time is lost.
    }
  }
}
