/**
 * The keys of a fence line, read by a kind's contract: texts become milliseconds, bytes, numbers and flags, and what is
 * wrong becomes a problem that names the key. Places in the file are the caller's: it knows where each key stands.
 */
import type { Contract, Param } from '../contracts/contract.ts';
import type { ProblemCode } from '../contracts/errors.ts';
import { parseComparators } from './comparators.ts';
import { nearest } from './nearest.ts';

/** A key as the catalogue knows it: `since` says with which version a key comes that this one does not have yet. */
export interface KindParam extends Param { readonly since?: string }

/** What is wrong with one key. */
export interface ParamProblem {
  readonly key: string;
  readonly code: ProblemCode;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The keys of a contract, with `since` where the file has it. */
export function kindParams(contract: Contract): readonly KindParam[] {
  const section = (contract.raw.interface as { params?: Record<string, { since?: unknown }> } | undefined)?.params ?? {};
  return contract.params.map((param) => {
    const since = section[param.name]?.since;
    return since === undefined ? param : { ...param, since: String(since) };
  });
}

/**
 * Reads the keys of a fence line.
 * @param params all keys that the kind knows, common ones included
 * @param raw texts as written, without `in.*`
 * @returns values of all fence keys that were written well or have a default, and the problems of the others
 */
export function parseParams(params: readonly KindParam[], raw: Readonly<Record<string, string>>): { values: Record<string, unknown>; problems: ParamProblem[] } {
  const known = new Map(params.filter((param) => param.place === 'fence').map((param) => [param.name, param]));
  const problems: ParamProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const param of known.values()) if (param.default !== undefined) values[param.name] = defaultOf(param);
  for (const [key, text] of Object.entries(raw)) {
    const param = known.get(key);
    if (param === undefined) {
      problems.push(unknownKey(key, params));
    } else if (param.since !== undefined) {
      problems.push({ key, code: 'not-in-generation', message: `\`${key}\` comes with a later version of Telar; take it out to run this node now.`, data: { since: param.since } });
    } else {
      const value = parseParam(param, text);
      if (value === undefined) problems.push({ key, code: 'bad-value', message: `\`${key}=${text}\` is not ${expected(param)}.`, data: { value: text } });
      else values[key] = value;
    }
  }
  for (const param of known.values()) {
    if (param.required && !(param.name in raw)) problems.push({ key: param.name, code: 'missing-key', message: `The key \`${param.name}\` is needed on the fence line: ${param.description}` });
  }
  return { values, problems };
}

/** The problem of a key that nobody knows, with the nearest one that somebody does. */
function unknownKey(key: string, params: readonly Pick<Param, 'name' | 'place'>[]): ParamProblem {
  const inBody = params.some((param) => param.name === key && param.place === 'body');
  if (inBody) return { key, code: 'unknown-key', message: `\`${key}\` belongs in the body, not on the fence line.`, data: { place: 'body' } };
  if (key === 'effects') return { key, code: 'unknown-key', message: '`effects` belongs into the front matter (`effects: {network: [https://example.org]}`); on a fence write `network=`, `files=` or `programs=`.', data: { place: 'front matter' } };
  const names = params.filter((param) => param.place === 'fence').map((param) => param.name);
  const near = nearest(key, names);
  const help = near === undefined ? `Known keys: ${[...names].sort().join(', ')}.` : `Did you mean \`${near}\`?`;
  return { key, code: 'unknown-key', message: `\`${key}\` is no key of this kind. ${help}`, data: near === undefined ? {} : { nearest: near } };
}

/**
 * One value by its key's type: durations in milliseconds, sizes in bytes, lists split at commas.
 * @returns `undefined` when the text is not of that type
 */
function parseParam(param: Param, text: string): unknown {
  switch (param.type) {
    case 'boolean': return parseFlag(text);
    case 'integer': return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case 'number': return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'duration': return parseDuration(text);
    case 'size': return parseSize(text);
    case 'enum': return param.values?.includes(text) === true ? text : undefined;
    case 'list': return text.split(',').map((part) => part.trim()).filter((part) => part !== '');
    case 'comparators': return parseComparators(text);
    default: return text;
  }
}

function parseFlag(text: string): boolean | undefined {
  if (text === '' || text === 'true' || text === 'yes') return true;
  return text === 'false' || text === 'no' ? false : undefined;
}

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `500ms`, `20s`, `1.5m`, `2h` in milliseconds; `undefined` for what is no positive duration. A bare number has no unit and is refused. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)$/.exec(text);
  const value = match === null ? 0 : Math.round(Number(match[1]) * DURATIONS[match[2]!]!);
  return value > 0 && Number.isSafeInteger(value) ? value : undefined;
}

/** `512MB` (powers of 1000), `2GiB` (powers of 1024), `100B` in bytes; `undefined` for what is no positive size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b$/i.exec(text);
  if (match === null) return undefined;
  const power = ['', 'k', 'm', 'g', 't'].indexOf(match[2]!.toLowerCase());
  const value = Math.round(Number(match[1]) * (match[3] === '' ? 1000 : 1024) ** power);
  return value > 0 && Number.isSafeInteger(value) ? value : undefined;
}

/** A contract may write a default as the fence would (`30s`) or as data (`true`). */
function defaultOf(param: Param): unknown {
  return typeof param.default === 'string' ? parseParam(param, param.default) ?? param.default : param.default;
}

function expected(param: Param): string {
  switch (param.type) {
    case 'boolean': return 'a flag; write `true` or `false`';
    case 'integer': return 'a whole number';
    case 'number': return 'a number';
    case 'duration': return 'a duration; write it like `500ms`, `20s` or `2m`';
    case 'size': return 'a size; write it like `512MB` or `2GiB`';
    case 'enum': return param.values?.length === 1 ? `\`${param.values[0]}\`, which is all that it can be here` : `one of ${(param.values ?? []).join(', ')}`;
    case 'comparators': return 'a comparator; write `exact`, `close(1e-6)`, `unordered` or `ignore`, or one for each output: `total: close(1e-6), value: exact`';
    default: return `a ${param.type}`;
  }
}
