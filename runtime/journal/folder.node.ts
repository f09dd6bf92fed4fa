/** The files of one writer in the journal's folder: the one of today, its bound, its torn end, and what must go. */
import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { filesAmong, nameOf, surplus, type JournalBounds } from './files.ts';

/** Through no link: a folder that came from somebody else could lead us to a file that is not ours. Windows has no such flag. */
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

/** The file that is written now. */
interface Open { readonly file: number; readonly day: string; size: number; torn: boolean }

/** Files of a slot that is held. */
export class JournalFolder {
  readonly #folder: string;
  readonly #slot: number;
  readonly #bounds: JournalBounds;
  #open: Open | undefined;

  constructor(folder: string, slot: number, bounds: JournalBounds) {
    this.#folder = folder;
    this.#slot = slot;
    this.#bounds = bounds;
  }

  /** The file of a day, open, with room for so many bytes, its last line whole. @throws the file system's error */
  ready(day: string, size: number): number {
    if (this.#open !== undefined && this.#open.day !== day) this.close();
    let open = this.#open ?? this.#begin(day);
    if (open.size > 0 && open.size + size > this.#bounds.file) {
      this.close();
      renameSync(this.#path(day), this.#path(day, true));
      open = this.#begin(day);
    }
    if (open.torn) {
      open.size += writeSync(open.file, '\n');
      open.torn = false;
    }
    return open.file;
  }

  wrote(bytes: number, torn: boolean): void {
    if (this.#open === undefined) return;
    this.#open.size += bytes;
    this.#open.torn ||= torn;
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.file);
    this.#open = undefined;
  }

  #begin(day: string): Open {
    const file = openSync(this.#path(day), APPEND, 0o600);
    const { size } = fstatSync(file);
    if (size === 0) this.#clear(day);
    const last = new Uint8Array(1);
    if (size > 0) readSync(file, last, 0, 1, size - 1);
    this.#open = { file, day, size, torn: size > 0 && last[0] !== 10 };
    return this.#open;
  }

  #path(day: string, older = false): string { return join(this.#folder, nameOf(day, this.#slot, older)); }

  /** Another writer may do the same at once: what is gone is gone. */
  #clear(today: string): void {
    const files = filesAmong(readdirSync(this.#folder)).flatMap((file) => {
      const size = statSync(join(this.#folder, file.name), { throwIfNoEntry: false })?.size;
      return size === undefined ? [] : [{ ...file, size }];
    });
    for (const name of surplus(files, today, this.#bounds)) rmSync(join(this.#folder, name), { force: true });
  }
}
