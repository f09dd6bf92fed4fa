/**
 * Resolver: from what is asked for to one version of each package, by backtracking. Candidates come best first, and the first set that
 * agrees is taken. Complete within its bound: where there is a set, it is found. It asks a function for candidates and knows no source.
 *
 * The road not taken: a SAT-like solver (PubGrub), whose better explanations cost ten times the code; notebooks ask for a handful.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Environment } from './marker.ts';
import { applies, requirementText, type Requirement } from './requirement.ts';
import { isPre, namesPre, readVersion, satisfies } from './version.ts';

/** Where a package comes from. */
export type Origin = 'file' | 'pyodide' | 'pypi';

/** One version of a package that could be taken. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly from: Origin;
  readonly sha256: string;
  /** Taken only when it is asked for exactly. */
  readonly yanked?: boolean;
  /** What it asks for; read when the resolver tries it. @throws TelarError when it cannot be read */
  requires(): Promise<readonly Requirement[]>;
}

/** A package that was chosen. */
export interface Chosen { readonly candidate: Candidate; readonly extras: readonly string[]; readonly depends: readonly string[] }

/** What the resolver needs of the world. */
export interface ResolveFacts {
  readonly environment: Environment;
  /** All candidates of a name, best first; later ones are asked for only when earlier ones do not do. */
  find(name: string): AsyncIterable<Candidate> | Iterable<Candidate>;
  /** Why there is none that could be used, in words. */
  why?(name: string): string | undefined;
  readonly most?: number;
}

interface Ask { readonly requirement: Requirement; readonly by?: Candidate; readonly extras: readonly string[] }
interface Picked { readonly candidate: Candidate; readonly extras: readonly string[] }

/** Most candidates that are tried before it is given up. */
const MOST = 5000;

/**
 * Resolves. @returns the packages, sorted by name
 * @throws TelarError `unavailable` naming who asks for what
 */
export async function resolve(wants: readonly Requirement[], facts: ResolveFacts): Promise<readonly Chosen[]> {
  const search = new Search(facts);
  const picked = await search.attempt(wants.map((requirement) => ({ requirement, extras: [] })), new Map(), []);
  if (picked === undefined) throw search.failure();
  return Promise.all([...picked.values()].sort((a, b) => (a.candidate.name < b.candidate.name ? -1 : 1)).map(async ({ candidate, extras }) => ({
    candidate, extras, depends: [...new Set((await candidate.requires()).filter((one) => applies(one, facts.environment, extras)).map(({ name }) => name))].filter((name) => name !== candidate.name).sort(),
  })));
}

class Search {
  readonly #facts: ResolveFacts;
  #left: number;
  #conflict: { readonly depth: number; readonly name: string; readonly message: string } | undefined;
  /** By name: why a version was passed over. */
  readonly #unreadable = new Map<string, string>();

  constructor(facts: ResolveFacts) {
    this.#facts = facts;
    this.#left = facts.most ?? MOST;
  }

  failure(): TelarError {
    const bound = this.#left <= 0 ? ' It was given up after many tries: name exact versions of some packages.' : '';
    return new TelarError('unavailable', `These packages do not go together. ${this.#conflict?.message ?? ''}${bound}`.trim(), this.#conflict === undefined ? {} : { name: this.#conflict.name });
  }

  async attempt(agenda: readonly Ask[], picked: ReadonlyMap<string, Picked>, asks: readonly Ask[]): Promise<ReadonlyMap<string, Picked> | undefined> {
    const { environment } = this.#facts;
    const pending = agenda.filter((ask) => applies(ask.requirement, environment, ask.extras));
    const known = new Map(picked);
    const said = [...asks];
    for (let ask = pending.shift(); ask !== undefined; ask = pending.shift()) {
      const { requirement } = ask;
      const { name } = requirement;
      said.push(ask);
      const there = known.get(name);
      if (there === undefined) return this.#choose(ask, pending, known, said);
      if (!fits(there.candidate, [requirement])) { this.#refuse(name, said, known.size); return undefined; }
      const extras = requirement.extras.filter((extra) => !there.extras.includes(extra));
      if (extras.length === 0) continue;
      const all = [...there.extras, ...extras].sort();
      known.set(name, { candidate: there.candidate, extras: all });
      for (const more of await there.candidate.requires()) if (applies(more, environment, all)) pending.push({ requirement: more, by: there.candidate, extras: all });
    }
    return known;
  }

  async #choose(ask: Ask, pending: readonly Ask[], known: ReadonlyMap<string, Picked>, said: readonly Ask[]): Promise<ReadonlyMap<string, Picked> | undefined> {
    const { name } = ask.requirement;
    const here = [ask, ...pending.filter(({ requirement }) => requirement.name === name)];
    const asked = here.map(({ requirement }) => requirement);
    const pre = asked.some(({ clauses }) => namesPre(clauses));
    const exact = asked.some(({ clauses }) => clauses.some(({ operator, text }) => operator.startsWith('==') && !text.endsWith('*')));
    const extras = [...new Set(asked.flatMap((one) => one.extras))].sort();
    let some = false;
    for await (const candidate of this.#facts.find(name)) {
      if (!fits(candidate, asked) || (!pre && isPre(readVersion(candidate.version)!)) || (!exact && candidate.yanked === true)) continue;
      const requires = await this.#requires(candidate);
      if (requires === undefined) continue;
      some = true;
      if ((this.#left -= 1) <= 0) return undefined;
      const needs = requires.map((requirement) => ({ requirement, by: candidate, extras }));
      const found = await this.attempt([...pending, ...needs], new Map(known).set(name, { candidate, extras }), said);
      if (found !== undefined) return found;
    }
    if (!some) this.#refuse(name, [...said, ...here.slice(1)], known.size);
    return undefined;
  }

  /** What a candidate asks for; `undefined` where it does not say so in words that can be read: an index holds what anybody has put there. */
  async #requires(candidate: Candidate): Promise<readonly Requirement[] | undefined> {
    try {
      return await candidate.requires();
    } catch (error) {
      if (!(error instanceof TelarError) || error.data.unreadable !== true) throw error;
      this.#unreadable.set(candidate.name, error.message);
      return undefined;
    }
  }

  /** Keeps the conflict that was met furthest on: it says most. */
  #refuse(name: string, asks: readonly Ask[], depth: number): void {
    if (this.#conflict !== undefined && this.#conflict.depth >= depth) return;
    const mine = asks.filter(({ requirement }) => requirement.name === name);
    const told = [...new Set(mine.map(({ requirement, by }) => `${by === undefined ? 'the notebook' : `\`${by.name}\` ${by.version}`} asks for \`${requirementText({ name, extras: requirement.extras, clauses: requirement.clauses })}\``))];
    const why = this.#unreadable.get(name) ?? this.#facts.why?.(name);
    this.#conflict = { depth, name, message: `${told[0]?.replace(/^t/, 'T') ?? ''}${told.slice(1).map((one) => `, ${one}`).join('')}: ${why ?? `no version of \`${name}\` that can be had does for ${told.length > 1 ? 'all of them' : 'it'}.`}` };
  }
}

const fits = (candidate: Candidate, asked: readonly Requirement[]): boolean => {
  const version = readVersion(candidate.version);
  return version !== undefined && asked.every(({ clauses }) => satisfies(version, clauses));
};
