/**
 * The grammar of steps: the sentences of a contract that mean one thing.
 *
 *     X returns V                          X contains K key            X within N ms
 *     X throws E                           X is an object with k: v    R receives m(…)
 *     Y.z throws E        (in `when`: from then on Y.z fails so)
 *
 * X is a call of an export, or an export's bare name: its last call in `when`, else a call with the arguments of its first call in the contract. V is an
 * expression, E the name of an error, K a key, R a dependency. A sentence that only looks like one (`setState returns the old value`) is none: V must be
 * an expression of which every name is known.
 */
import { argumentsOf, dataText, expressionOf, pairsOf, type Expression } from './language.ts';
import type { Act, Check, Language, Subject } from './types.ts';

/** What the grammar must know of a contract. */
export interface Vocabulary {
  readonly language: Language;
  readonly exports: ReadonlySet<string>;
  /** Names that stand around the code: `localStorage`, given globals, dependencies. */
  readonly around: ReadonlySet<string>;
  /** Text of the arguments with which an export is called that is only named. */
  argumentsFor(name: string): string;
}

/** A check with its meaning in words. */
export interface Understood { readonly check: Check; readonly meaning: string }

const ERROR = /^(?:an? )?(?<error>[A-Z]\w*)(?: error)?$/;
const FAULT = /^(?<target>[A-Za-z_$][\w$]*)\.(?<method>[A-Za-z_$][\w$]*) throws (?:an? )?(?<error>[A-Z]\w*)$/;
const SENTENCES: readonly (readonly [RegExp, (parts: Record<string, string>, words: Vocabulary) => Understood | undefined])[] = [
  [/^(?<receiver>[A-Za-z_$][\w$]*) receives (?<what>.+)$/s, receives],
  [/^(?<x>.+?) is an object with (?<pairs>.+)$/s, objectWith],
  [/^(?<x>.+?) contains (?:the |an? )?(?:key (?<after>\S+)|(?!(?:the|an?|no|any|every|each|its|this|that|some) )(?<before>\S+) key)$/, contains],
  [/^(?<x>.+?) throws (?<what>.+)$/s, throwing],
  [/^(?<x>.+?) returns (?<value>.+)$/s, returns],
  [/^(?<x>.+?) (?:returns )?within (?<ms>\d+(?:\.\d+)?) ?ms$/, within],
];

/** A sentence as a check; `undefined` when it is no step. */
export function stepOf(text: string, words: Vocabulary): Understood | undefined {
  for (const [pattern, read] of SENTENCES) {
    const found = pattern.exec(text.trim());
    const understood = found === null ? undefined : read(found.groups as Record<string, string>, words);
    if (understood !== undefined) return understood;
  }
  return undefined;
}

/** `localStorage.setItem throws QuotaExceededError` in a `when`. */
export function faultOf(text: string, words: Vocabulary): Act | undefined {
  const parts = FAULT.exec(text.trim())?.groups;
  return parts === undefined || !words.around.has(parts.target!) ? undefined : { do: 'fault', target: parts.target!, method: parts.method!, error: parts.error! };
}

/** Whether all names of an expression are known. */
export const known = (expression: Expression, { exports, around }: Vocabulary): boolean => expression.free.every((name) => exports.has(name) || around.has(name));

function subjectOf(text: string, words: Vocabulary): { subject: Subject; said: string } | undefined {
  const name = text.trim();
  if (words.exports.has(name)) {
    const args = words.argumentsFor(name);
    return { subject: { export: name, args }, said: `${name}(${args})` };
  }
  const expression = expressionOf(name, words.language);
  return expression !== undefined && known(expression, words) && expression.calls.some((call) => words.exports.has(call.name)) ? { subject: { code: expression.code }, said: name } : undefined;
}

function returns({ x, value }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const of = subjectOf(x!, words);
  const text = dataText(value!, words.language);
  const expression = expressionOf(text, words.language);
  if (of === undefined || expression === undefined || expression.words === true || !known(expression, words)) return undefined;
  return { check: { is: 'returns', subject: of.subject, value: expression.code }, meaning: `${of.said} gives ${value}` };
}

function throwing({ x, what }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const of = subjectOf(x!, words);
  const error = ERROR.exec(what!)?.groups?.error;
  return of === undefined || error === undefined ? undefined : { check: { is: 'throws', subject: of.subject, error }, meaning: `${of.said} fails with ${error}` };
}

function within({ x, ms }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const of = subjectOf(x!, words);
  return of && { check: { is: 'within', subject: of.subject, ms: Number(ms) }, meaning: `${of.said} comes back within ${ms} ms, on this machine` };
}

function objectWith({ x, pairs: text }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const of = subjectOf(x!, words);
  const pairs = pairsOf(text!, words.language);
  if (of === undefined || pairs === undefined) return undefined;
  const sound = pairs.every(({ value }) => { const expression = expressionOf(value, words.language); return expression !== undefined && known(expression, words); });
  return sound ? { check: { is: 'object', subject: of.subject, pairs }, meaning: `${of.said} gives an object in which ${pairs.map(({ key, value }) => `${key} is ${value}`).join(' and ')}` } : undefined;
}

function contains({ x, before, after }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const key = (before ?? after)!.replace(/^(['"`])(.*)\1$/, '$2');
  if (x === 'localStorage') return { check: { is: 'contains', subject: { storage: true }, key }, meaning: `localStorage holds something under ${key}` };
  const of = subjectOf(x!, words);
  return of && { check: { is: 'contains', subject: of.subject, key }, meaning: `${of.said} gives something with a key ${key}` };
}

function receives({ receiver, what }: Record<string, string>, words: Vocabulary): Understood | undefined {
  const call = argumentsOf(what!, words.language);
  if (call === undefined || words.exports.has(receiver!)) return undefined;
  const sound = call.args.every((arg) => { const expression = expressionOf(arg, words.language); return expression !== undefined && known(expression, words); });
  return sound ? { check: { is: 'receives', receiver: receiver!, method: call.name, args: call.args }, meaning: `${receiver}.${call.name} is called with (${call.args.join(', ')})` } : undefined;
}
