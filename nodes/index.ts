/**
 * The catalogue: every kind of node by name, its contract, and the keys it understands.
 *
 * Kinds are loaded one by one when a notebook uses them, so a command that reuses every step loads no parser and no engine.
 * Their languages stand here as well as in the contracts (a test holds them together), so the kind of a fence is known
 * without reading any contract. The road not taken: one import of all kinds, which costs each start all their libraries.
 */
import { parseContract } from '../contracts/contract.ts';
import type { Contract } from '../contracts/contract.ts';
import type { NodeKind } from '../contracts/node.ts';
import { nearest } from './nearest.ts';
import { kindParams } from './params.ts';
import type { KindParam } from './params.ts';

interface Entry { readonly contract: string; readonly version: string; readonly languages: readonly string[]; load(): Promise<NodeKind> }

const ENTRIES: Readonly<Record<string, Entry>> = {
  data: { contract: 'core/data.yaml', version: '1.2', languages: [], load: async () => (await import('./data/index.ts')).data },
  input: { contract: 'core/input.yaml', version: '1.1', languages: [], load: async () => (await import('./input/index.ts')).input },
  sql: { contract: 'core/sql.yaml', version: '1.2', languages: ['sql'], load: async () => (await import('./sql/index.ts')).sql },
  python: { contract: 'core/python.yaml', version: '1.1', languages: ['python'], load: async () => (await import('./python/index.ts')).python },
  javascript: { contract: 'core/javascript.yaml', version: '1.2', languages: ['javascript', 'js'], load: async () => (await import('./javascript/index.ts')).javascript },
  text: { contract: 'core/text.yaml', version: '1.1', languages: [], load: async () => (await import('./view/text.ts')).text },
  chart: { contract: 'core/chart.yaml', version: '1.2', languages: ['vega-lite'], load: async () => (await import('./view/chart.ts')).chart },
  check: { contract: 'core/check.yaml', version: '1.2', languages: [], load: async () => (await import('./check/index.ts')).check },
  save: { contract: 'core/save.yaml', version: '1.1', languages: [], load: async () => (await import('./save/index.ts')).save },
  http: { contract: 'core/http.yaml', version: '1.1', languages: [], load: async () => (await import('./http/index.ts')).http },
  skill: { contract: 'core/skill.yaml', version: '1.1', languages: [], load: async () => (await import('./skill/index.ts')).skill },
  prompt: { contract: 'core/prompt.yaml', version: '1.1', languages: [], load: async () => (await import('./prompt/index.ts')).prompt },
  contract: { contract: 'core/contract.yaml', version: '1.1', languages: [], load: async () => (await import('./contract/kind.ts')).contract },
  implementation: { contract: 'core/implementation.yaml', version: '1.1', languages: [], load: async () => (await import('./implementation/index.ts')).implementation },
  graph: { contract: 'core/graph.yaml', version: '1.1', languages: [], load: async () => (await import('./graph/index.ts')).graph },
};

/** What the runtime asks about kinds. */
export interface Catalogue {
  /** Names of all kinds, in the order of the documentation. */
  kinds(): readonly string[];
  has(name: string): boolean;
  /** `keyVersion.analysisVersion` of a kind, known without loading it (a test holds it to the kind's own). */
  version(name: string): string;
  /** The kind itself, loaded at the first call. @throws Error for a name that `has` does not know */
  load(name: string): Promise<NodeKind>;
  /** The parsed contract of a kind; `undefined` for an unknown name. */
  contract(name: string): Contract | undefined;
  /** The keys of a kind: its own, then those of every kind that it does not say anew. Empty for an unknown name. */
  params(name: string): readonly KindParam[];
  /** The kind that a fence of this language has when no class says otherwise. */
  kindOfLanguage(language: string): string | undefined;
  /** The nearest known kind to a word. */
  nearestKind(word: string): string | undefined;
}

/**
 * Makes the catalogue.
 * @param readContract the text of a file under `contracts/nodes/`, by its path there (`core/sql.yaml`)
 */
export function createCatalogue(readContract: (path: string) => string): Catalogue {
  const contracts = new Map<string, Contract>();
  const params = new Map<string, readonly KindParam[]>();
  const read = (path: string): Contract => {
    let contract = contracts.get(path);
    if (contract === undefined) contracts.set(path, contract = parseContract(readContract(path), path));
    return contract;
  };
  const names = Object.keys(ENTRIES);
  const entry = (name: string): Entry | undefined => (Object.hasOwn(ENTRIES, name) ? ENTRIES[name] : undefined);
  return {
    kinds: () => names,
    has: (name) => entry(name) !== undefined,
    version: (name) => entry(name)?.version ?? '',
    load: async (name) => {
      const known = entry(name);
      if (known === undefined) throw new Error(`there is no kind ${name}`);
      return known.load();
    },
    contract: (name) => { const known = entry(name); return known === undefined ? undefined : read(known.contract); },
    params: (name) => {
      const known = entry(name);
      if (known === undefined) return [];
      let list = params.get(name);
      if (list === undefined) {
        const own = kindParams(read(known.contract));
        const said = new Set(own.map((param) => param.name));
        params.set(name, list = [...own, ...kindParams(read('common.yaml')).filter((param) => !said.has(param.name))]);
      }
      return list;
    },
    kindOfLanguage: (language) => names.find((name) => ENTRIES[name]!.languages.includes(language)),
    nearestKind: (word) => nearest(word, names),
  };
}
