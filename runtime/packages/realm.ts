/** Realm: the Python that packages are for, and which wheels it can take. A wheel's name says whom it is for (PEP 427). */
import type { Environment } from './marker.ts';
import { packageName } from './name.ts';

/** The Python of an engine, as its identity tells it. */
export interface Realm {
  /** `3.14.2` */
  readonly python: string;
  /** `pyemscripten_2026_0_wasm32` */
  readonly platform: string;
}

/** The realm of an engine's identity; `undefined` where there is no such engine. */
export function realmOf({ python, abi }: Readonly<Record<string, string>>): Realm | undefined {
  return python === undefined || abi === undefined ? undefined : { python, platform: `pyemscripten_${abi}_wasm32` };
}

/** What markers see. */
export function environmentOf({ python }: Realm): Environment {
  return {
    python_version: python.split('.').slice(0, 2).join('.'), python_full_version: python, implementation_version: python, os_name: 'posix', sys_platform: 'emscripten',
    platform_machine: 'wasm32', platform_system: 'Emscripten', platform_python_implementation: 'CPython', implementation_name: 'cpython', platform_release: '', platform_version: '', extra: '',
  };
}

/** The name of a wheel file, read. */
export interface WheelName { readonly name: string; readonly version: string; readonly build: string; readonly tags: readonly (readonly [string, string, string])[] }

/** Reads `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`; `undefined` when it is none. */
export function readWheelName(file: string): WheelName | undefined {
  const found = /^([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([A-Za-z0-9.!+_]+)(?:-(\d[A-Za-z0-9_]*))?-([A-Za-z0-9_.]+)-([A-Za-z0-9_.]+)-([A-Za-z0-9_.]+)\.whl$/.exec(file);
  if (found === null) return undefined;
  const [, name = '', version = '', build = '', pythons = '', abis = '', platforms = ''] = found;
  const tags = pythons.split('.').flatMap((python) => abis.split('.').flatMap((abi) => platforms.split('.').map((platform) => [python, abi, platform] as const)));
  return { name: packageName(name), version: version.replaceAll('_', '-'), build, tags };
}

/** How well a wheel fits, higher is better; `undefined` when it does not. */
export function fit({ tags }: WheelName, realm: Realm): number | undefined {
  const minor = Number(realm.python.split('.')[1]);
  let best: number | undefined;
  for (const [python, abi, platform] of tags) {
    const own = `cp3${minor}`;
    const [, cp] = /^cp3(\d+)$/.exec(python) ?? [];
    const [, py] = /^py3(\d*)$/.exec(python) ?? [];
    const version = cp === undefined ? py !== undefined && (py === '' || Number(py) <= minor) : abi === 'abi3' ? Number(cp) <= minor : Number(cp) === minor;
    if (!version || ![own, 'abi3', 'none'].includes(abi) || !['any', realm.platform].includes(platform)) continue;
    best = Math.max(best ?? 0, 1 + Number(platform !== 'any') * 4 + Number(abi === own) * 2 + Number(cp !== undefined));
  }
  return best;
}
