/**
 * The cache of wheels: content addressed by SHA-256, one for all workspaces of a person. A wheel is kept after its hash was checked, and
 * unpacked once, beside it, into a folder that only its hash names; both come into place by a rename.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { removeLeftovers } from '../adapters/leftovers.node.ts';
import { filesOf } from './wheel.ts';

/** Wheels of one cache folder. */
export class WheelCache {
  readonly #folder: string;

  /** @param cache the folder of `cacheFolder`; made when something is put into it */
  constructor(cache: string) { this.#folder = join(cache, 'wheels'); }

  /** Whether a wheel is here. */
  has(sha256: string): boolean { return existsSync(this.#path(sha256)); }

  /** Bytes of a wheel on disk; `undefined` when it is not here. */
  size(sha256: string): number | undefined { return statSync(this.#path(sha256), { throwIfNoEntry: false })?.size; }

  /** @param notebook for the command that gets it @throws TelarError `unavailable`, `damaged` when what lies there is not what its name says */
  read(sha256: string, file: string, notebook = 'FILE'): Uint8Array {
    if (!this.has(sha256)) throw new TelarError('unavailable', `The wheel ${file} is not on this machine. \`telar packages lock ${notebook}\` gets it.`, { file, sha256 });
    const bytes = new Uint8Array(readFileSync(this.#path(sha256)));
    if (hashOf(bytes) === sha256) return bytes;
    rmSync(this.#path(sha256), { force: true });
    throw new TelarError('damaged', `The wheel ${file} was damaged on disk and is taken away. \`telar packages lock ${notebook}\` gets it again.`, { file, sha256 });
  }

  /** Keeps a wheel. @throws TelarError `refused` when its bytes are not those of the hash */
  put(sha256: string, bytes: Uint8Array, file: string): void {
    const got = hashOf(bytes);
    if (got !== sha256) throw new TelarError('refused', `${file} is not what was locked: its SHA-256 is ${got}, and ${sha256} was expected. Nothing of it was kept. Somebody may have changed it on its way.`, { file, expected: sha256, got });
    if (this.has(sha256)) return;
    this.#place(this.#path(sha256), (made) => { writeFileSync(made, bytes, { mode: 0o444 }); });
  }

  /** The folder of a wheel's files, unpacked the first time. @throws TelarError as `read`, `refused` */
  unpacked(sha256: string, file: string, notebook?: string): string {
    const folder = join(this.#folder, sha256);
    if (existsSync(folder)) return folder;
    const files = filesOf(this.read(sha256, file, notebook), file);
    this.#place(folder, (made) => {
      mkdirSync(made);
      for (const [name, bytes] of Object.entries(files)) {
        mkdirSync(dirname(join(made, name)), { recursive: true });
        writeFileSync(join(made, name), bytes, { mode: 0o444 });
      }
      chmodSync(made, 0o755);
    });
    return folder;
  }

  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('no hash of a wheel');
    return join(this.#folder, `${sha256}.whl`);
  }

  /** Makes something aside and renames it into place. Whoever comes second finds the first one's. */
  #place(target: string, make: (path: string) => void): void {
    mkdirSync(this.#folder, { recursive: true });
    removeLeftovers(this.#folder, /^making-(\d+)-/);
    const aside = mkdtempSync(join(this.#folder, `making-${process.pid}-`));
    try {
      make(join(aside, 'made'));
      try {
        renameSync(join(aside, 'made'), target);
      } catch (error) {
        if (!existsSync(target)) throw error;
      }
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
}

/** SHA-256 of bytes. */
export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
