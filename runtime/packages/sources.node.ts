/**
 * Where packages come from, in this order: folders of wheels that the person has, Pyodide's own lock, the package index. Folders come first
 * since somebody put the wheel there; a later source is asked only where the earlier ones have no version that fits.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { ACCEPT, readIndexPage, type IndexFile } from './index-page.ts';
import type { LockedPackage } from './lock.ts';
import type { PyodidePackages } from './pyodide.ts';
import { fit, readWheelName, type Realm } from './realm.ts';
import type { Candidate } from './resolve.ts';
import { compareVersions, readClauses, readVersion, satisfies } from './version.ts';
import type { Web } from './web.node.ts';
import { metadataOf, readMetadata } from './wheel.ts';
import { hashOf, type WheelCache } from './wheel-cache.node.ts';

/** Where the index and Pyodide's files are, unless the environment says otherwise. */
const INDEX = 'https://pypi.org/simple';
const CDN = 'https://cdn.jsdelivr.net/pyodide';

/** Addresses by the environment: `PIP_INDEX_URL`, `TELAR_PYODIDE_CDN`. */
export const addresses = (env: NodeJS.ProcessEnv, pyodide: string): { index: string; cdn: string } => ({
  index: (env.PIP_INDEX_URL ?? INDEX).replace(/\/+$/, ''), cdn: (env.TELAR_PYODIDE_CDN ?? `${CDN}/v${pyodide}/full`).replace(/\/+$/, ''),
});

/** What the sources need. */
export interface SourceFacts {
  readonly realm: Realm;
  readonly cache: WheelCache;
  /** Folders of wheels; those that do not exist hold none. */
  readonly folders: readonly string[];
  readonly pyodide: PyodidePackages;
  readonly index: string;
  readonly cdn: string;
  /** Absent: nobody is asked. */
  readonly web?: Web;
}

/** All sources as one. */
export class Sources {
  readonly #facts: SourceFacts;
  // By name; a resolver that backtracks asks again.
  readonly #local = new Map<string, readonly Candidate[]>();
  readonly #remote = new Map<string, Promise<readonly Candidate[]>>();
  readonly #pages = new Map<string, Promise<readonly IndexFile[]>>();
  readonly #notes = new Map<string, string>();

  constructor(facts: SourceFacts) { this.#facts = facts; }

  /** Candidates of a name, best first. The index is asked when somebody looks beyond what is nearer. */
  async *find(name: string): AsyncIterable<Candidate> {
    yield* kept(this.#local, name, () => this.#inFolders(name));
    yield* this.#facts.pyodide.find(name);
    if (this.#facts.web !== undefined) yield* await kept(this.#remote, name, () => this.#onIndex(name));
  }

  /** Why there is none, in words. */
  why(name: string): string | undefined {
    return this.#notes.get(name) ?? this.#facts.pyodide.why(name) ?? (this.#facts.web === undefined ? `no wheel of \`${name}\` that fits is on this machine, and no server was asked (--offline).` : undefined);
  }

  /** The bytes of a locked wheel: from the cache, a folder, or where it was found. The cache has it then. */
  async get({ name, file, sha256, from }: Pick<LockedPackage, 'name' | 'file' | 'sha256' | 'from'>): Promise<Uint8Array> {
    const { cache, folders, web, cdn } = this.#facts;
    if (cache.has(sha256)) {
      try { return cache.read(sha256, file); } catch (error) { if (!(error instanceof TelarError) || error.code !== 'damaged') throw error; }
    }
    for (const folder of folders) {
      const path = join(folder, file);
      const bytes = existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
      if (bytes !== undefined && hashOf(bytes) === sha256) { cache.put(sha256, bytes, file); return bytes; }
    }
    if (web === undefined || from === 'file') {
      throw new TelarError('unavailable', `The wheel ${file} is not on this machine${from === 'file' ? '; it came from a folder of wheels' : ', and no server was asked (--offline)'}. Put it into a folder and name it with --wheels.`, { name, file, sha256 });
    }
    const url = from === 'pyodide' ? `${cdn}/${file}` : (await this.#page(name)).find((one) => one.sha256 === sha256)?.url;
    if (url === undefined) throw new TelarError('unavailable', `The index no longer has ${file} with the hash that was locked. Take another version (\`telar packages add\`), or name a folder that has it with --wheels.`, { name, file, sha256 });
    const bytes = await web.file(url).catch((error: unknown) => { throw from === 'pyodide' ? outOfReach(name, file, error) : error; });
    cache.put(sha256, bytes, file);
    return bytes;
  }

  #inFolders(name: string): Candidate[] {
    const { folders, realm } = this.#facts;
    const found = folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).sort().flatMap((file) => {
      const wheel = readWheelName(file);
      const score = wheel?.name === name ? fit(wheel, realm) : undefined;
      return wheel === undefined || score === undefined ? [] : [{ folder, file, score, version: wheel.version }];
    }) : []));
    return ordered(found).map(({ folder, file, version }) => {
      const bytes = new Uint8Array(readFileSync(join(folder, file)));
      return { name, version, file, from: 'file' as const, sha256: hashOf(bytes), requires: () => Promise.resolve(this.#checked(name, version, file, () => metadataOf(bytes, file))) };
    });
  }

  #checked(name: string, version: string, file: string, read: () => ReturnType<typeof metadataOf>): Awaited<ReturnType<Candidate['requires']>> {
    const told = read();
    const [one, other] = [readVersion(told.version), readVersion(version)];
    if (told.name !== name || one === undefined || other === undefined || compareVersions(one, other) !== 0) {
      throw new TelarError('refused', `The wheel ${file} says of itself that it is \`${told.name}\` ${told.version}. It is not taken.`, { file });
    }
    return told.requires;
  }

  #page(name: string): Promise<readonly IndexFile[]> {
    return kept(this.#pages, name, async () => {
      const found = await this.#facts.web!.page(`${this.#facts.index}/${name}/`, ACCEPT);
      if (found === undefined) { this.#notes.set(name, `the index has no package \`${name}\`; check how it is written.`); return []; }
      return readIndexPage(found.body, found.type, found.url);
    });
  }

  async #onIndex(name: string): Promise<readonly Candidate[]> {
    const { realm } = this.#facts;
    const files = await this.#page(name);
    const python = readVersion(realm.python)!;
    const found = files.flatMap((one) => {
      const wheel = readWheelName(one.file);
      const score = wheel?.name === name ? fit(wheel, realm) : undefined;
      const clauses = one.requiresPython === undefined ? [] : readClauses(one.requiresPython) ?? [];
      return wheel === undefined || score === undefined || one.sha256 === undefined || !satisfies(python, clauses) ? [] : [{ ...one, score, version: wheel.version }];
    });
    if (found.length === 0 && files.length > 0) {
      this.#notes.set(name, `the index has \`${name}\`, but no wheel that Python ${realm.python} in WebAssembly can take (neither pure Python nor \`${realm.platform}\`); use \`kernel=\` for it.`);
    }
    return ordered(found).map((one) => ({ name, version: one.version, file: one.file, from: 'pypi' as const, sha256: one.sha256 as string, yanked: one.yanked, requires: once(() => this.#requires(name, one)) }));
  }

  async #requires(name: string, one: IndexFile & { readonly version: string }): ReturnType<Candidate['requires']> {
    const { web } = this.#facts;
    if (one.metadata !== undefined && web !== undefined) {
      const bytes = await web.file(`${one.url}.metadata`).catch(() => undefined);
      if (bytes !== undefined && (one.metadata.sha256 === undefined || hashOf(bytes) === one.metadata.sha256)) {
        return this.#checked(name, one.version, one.file, () => readMetadata(new TextDecoder().decode(bytes), one.file));
      }
    }
    const bytes = await this.get({ name, file: one.file, sha256: one.sha256 as string, from: 'pypi' });
    return this.#checked(name, one.version, one.file, () => metadataOf(bytes, one.file));
  }
}

/** Pyodide's wheels lie at one place; where that cannot be reached, an index has none that would do. */
function outOfReach(name: string, file: string, error: unknown): TelarError {
  const { code, message } = TelarError.from(error);
  if (code !== 'network' && code !== 'timeout') return TelarError.from(error);
  return new TelarError('unavailable', `\`${name}\` comes from Pyodide’s release, which cannot be reached from here (${message.split('. ')[0]!.replace(/\.$/, '')}). Get ${file} elsewhere, put it into a folder, and name that with \`--wheels DIR\`.`, { name, file }, { cause: error });
}

/** Newest first; of one version the wheel that fits best. */
function ordered<T extends { readonly version: string; readonly score: number; readonly file: string }>(found: readonly T[]): readonly T[] {
  const read = found.flatMap((one) => { const version = readVersion(one.version); return version === undefined ? [] : [{ one, version }]; });
  read.sort((a, b) => compareVersions(b.version, a.version) || b.one.score - a.one.score || (a.one.file < b.one.file ? -1 : 1));
  return read.filter(({ version }, i) => i === 0 || compareVersions(version, read[i - 1]!.version) !== 0).map(({ one }) => one);
}

function kept<T>(known: Map<string, T>, name: string, make: () => T): T {
  const value = known.get(name) ?? make();
  known.set(name, value);
  return value;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
