/** Pyodide's own lock file as a source: one exact version of each package that its makers have built. */
import { packageName } from './name.ts';
import type { Candidate } from './resolve.ts';
import { readRequirement, type Requirement } from './requirement.ts';

/** What is read of `pyodide-lock.json`. */
export interface PyodideLock {
  readonly packages: Readonly<Record<string, {
    readonly name: string; readonly version: string; readonly file_name: string; readonly sha256: string;
    readonly depends: readonly string[]; readonly imports: readonly string[]; readonly package_type: string;
  }>>;
}

/** Candidates and imports of a Pyodide release. */
export class PyodidePackages {
  readonly #byName: ReadonlyMap<string, PyodideLock['packages'][string]>;

  constructor({ packages }: PyodideLock) {
    this.#byName = new Map(Object.values(packages).filter(({ file_name }) => file_name.endsWith('.whl')).map((one) => [packageName(one.name), one]));
  }

  /** The one version of a package; none when it, or what it needs, is a bare library, which is not loaded here. */
  find(name: string): readonly Candidate[] {
    const one = this.#byName.get(name);
    if (one === undefined || this.#lacks(name) !== undefined) return [];
    const requires = one.depends.map((text) => readRequirement(text)).filter((read): read is Requirement => typeof read !== 'string');
    return [{ name, version: one.version, file: one.file_name, sha256: one.sha256, from: 'pyodide', requires: () => Promise.resolve(requires) }];
  }

  /** Why a package that Pyodide has is not offered. */
  why(name: string): string | undefined {
    const lacks = this.#byName.has(name) ? this.#lacks(name) : undefined;
    return lacks === undefined ? undefined : `\`${name}\` needs the native library \`${lacks}\`, which the restricted Python does not load; use \`kernel=\` for it.`;
  }

  imports(name: string): readonly string[] { return this.#byName.get(name)?.imports ?? []; }

  /** The package that an import comes from. */
  packageOf(module: string): string | undefined {
    for (const [name, { imports }] of this.#byName) if (imports.includes(module) && !name.endsWith('-tests')) return name;
    return undefined;
  }

  #lacks(name: string, seen = new Set<string>()): string | undefined {
    if (seen.has(name)) return undefined;
    seen.add(name);
    const one = this.#byName.get(name);
    if (one === undefined) return name;
    for (const each of one.depends) {
      const found = this.#lacks(packageName(each), seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
