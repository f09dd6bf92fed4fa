/**
 * Constraints of a contract. Each one that is known here has a checker; one that is not, or that its checker cannot decide, is pending and never green.
 * Measured ones say so: another machine may see other figures.
 */
import { didYouMean } from '../nearest.ts';
import { importsIn, parseSource } from './javascript-module.ts';
import type { Covered } from './coverage.ts';
import type { Job, JobResult, Runner } from './jobs.ts';
import { bound, type Bound } from './quantities.ts';
import { createSamples } from './samples.ts';
import type { Check, CodeContract, Constraint, ConstraintReport, Language, LineReport, Truth } from './types.ts';

/** What checkers look at. */
export interface Evidence {
  readonly contract: CodeContract;
  readonly code: string;
  /** As a person wrote it. */
  readonly written: string;
  readonly language: Language;
  readonly lines: readonly LineReport[];
  /** Of the tests, in order, on the code as it is. */
  readonly results: readonly JobResult[];
  /** The same on code that counts. */
  readonly covered: { readonly statements: Covered['statements']; readonly results: readonly JobResult[] } | undefined;
  readonly runner: Runner;
  readonly time: number;
  readonly truth: Truth;
  /** A test was stopped for this reason; code is not called again then. */
  readonly stopped?: string;
}

type Finding = Pick<ConstraintReport, 'status' | 'seen' | 'measured'>;
type Checker = (constraint: Constraint, evidence: Evidence) => Finding | Promise<Finding>;

const pending = (seen: string): Finding => ({ status: 'pending', seen });
const judged = (held: boolean, seen: string): Finding => ({ status: held ? 'held' : 'broken', seen });
const measured = (held: boolean, seen: string): Finding => ({ ...judged(held, seen), measured: true });

const TIMED = /^max_\w+_time$/;
const A_TIME = 'a time is needed, like \'< 10ms\'';
const ONLY_TRUE = 'only `true` can be shown';
const NEEDED: Readonly<Record<string, string>> = {
  max_lines: 'a number of lines is needed', no_dependencies: 'only `true` can be checked', test_coverage: 'a share is needed, like \'> 80%\'', max_state_size: 'a size is needed, like \'< 5MB\'',
};

const CHECKERS: Readonly<Record<string, Checker>> = {
  max_lines: ({ value }, { written }) => {
    const lines = written.replace(/[\r\n]+$/, '').split(/\r\n?|\n/).length;
    return typeof value === 'number' ? judged(lines <= value, `${lines} lines`) : pending(NEEDED.max_lines!);
  },
  no_dependencies: ({ value }, evidence) => (value === true ? foreign(evidence) : pending(NEEDED.no_dependencies!)),
  test_coverage: ({ value }, evidence) => coverage(bound(value), evidence),
  max_state_size: ({ value }, { results }) => {
    const limit = bound(value);
    const most = Math.max(0, ...results.map(({ bytes }) => bytes ?? 0));
    if (limit?.unit !== 'bytes') return pending(NEEDED.max_state_size!);
    return most === 0 ? pending('no test stores anything') : measured(limit.holds(most), `at most ${most} bytes in the tests`);
  },
  must_notify: (constraint, evidence) => shown(constraint, evidence, ({ checks }) => checks.some(({ is }) => is === 'receives'), 'a line like `Events receives emit(…)`'),
  must_persist: (constraint, evidence) => shown(constraint, evidence, ({ checks }) => checks.some((check) => check.is === 'contains' && 'storage' in check.subject), 'a line like `localStorage contains K key`'),
  memory_fallback: (constraint, evidence) => {
    const faulty = new Set(evidence.truth.tests.filter(({ when }) => when?.some((act) => act.do === 'fault' && act.target === 'localStorage') === true).map(({ test }) => test.id));
    return shown(constraint, evidence, ({ test }) => faulty.has(test), 'a test with `localStorage.setItem throws …`');
  },
};

/** What the text of a constraint lacks for anything here to check it; `undefined` where nothing is. Nothing is run. */
export function lackOf({ name, value, shownBy }: Constraint): { readonly unknown: boolean; readonly lack: string } | undefined {
  const timed = TIMED.test(name);
  if (!timed && !Object.hasOwn(CHECKERS, name)) return shownBy === undefined ? { unknown: true, lack: `no constraint \`${name}\` is known here.${didYouMean(name, [...Object.keys(CHECKERS), 'max_write_time', 'max_read_time'])} Say which tests show it with {is: …, shown_by: [T001]}, or waive it.` } : undefined;
  const unit = bound(value)?.unit;
  const fits = timed ? unit === 'ms' : name === 'max_lines' ? typeof value === 'number' : name === 'test_coverage' ? unit === 'percent' : name === 'max_state_size' ? unit === 'bytes' : value === true || shownBy !== undefined;
  return fits ? undefined : { unknown: false, lack: timed ? A_TIME : NEEDED[name] ?? ONLY_TRUE };
}

/** Judges every constraint, in order. */
export async function judgeConstraints(evidence: Evidence): Promise<readonly ConstraintReport[]> {
  const reports: ConstraintReport[] = [];
  for (const constraint of evidence.contract.constraints) {
    const { group, name, value, line, column } = constraint;
    const checker = Object.hasOwn(CHECKERS, name) ? CHECKERS[name]! : TIMED.test(name) ? duration : constraint.shownBy === undefined ? undefined : (one: Constraint, all: Evidence): Finding => shown(one, all, () => false, '');
    const finding = checker === undefined ? pending('nothing here checks it; say which tests show it with {is: …, shown_by: [T001]}, or waive it') : await checker(constraint, evidence);
    const waived = finding.status === 'pending' ? evidence.contract.waivers.find((waiver) => waiver.constraint === name || waiver.constraint === `${group}.${name}`)?.reason : undefined;
    reports.push({ group, name, value, line, column, ...finding, ...(waived === undefined ? {} : { waived }) });
  }
  return reports;
}

/** A promise about behaviour is as true as the lines that show it. */
function shown({ value, shownBy }: Constraint, { lines }: Evidence, shows: (line: { readonly test: string; readonly checks: readonly Check[] }) => boolean, needed: string): Finding {
  if (value !== true && shownBy === undefined) return pending(ONLY_TRUE);
  const found = lines.filter((line) => (shownBy === undefined ? shows(line) : shownBy.includes(line.test) || shownBy.includes(line.id)));
  const ids = found.map(({ id }) => id).join(', ');
  const unknown = shownBy?.filter((one) => !lines.some(({ id, test }) => one === id || one === test)) ?? [];
  if (unknown.length > 0) return pending(`there is no ${unknown.join(', ')}`);
  if (found.length === 0) return pending(`no line shows it${needed === '' ? '' : `; add ${needed}`}`);
  if (found.some(({ ok }) => ok === false)) return judged(false, `red: ${found.filter(({ ok }) => ok === false).map(({ id }) => id).join(', ')}`);
  const open = found.filter(({ ok }) => ok === undefined);
  return open.length > 0 ? pending(`${open.map(({ id }) => id).join(', ')} ${open.length === 1 ? 'is' : 'are'} pending`) : judged(true, `shown by ${ids}`);
}

/** Imports of anything but the declared internal dependencies, and ways to fetch code at run time. */
function foreign({ code, language, contract }: Evidence): Finding {
  if (language === 'python') return foreignPython(code, contract);
  try {
    const source = parseSource(code);
    const imports = importsIn(source).map(({ module }) => module);
    const beside = imports.filter((module) => /^\.{1,2}\//.test(module));
    const outside = imports.filter((module) => !beside.includes(module));
    const called = [...source.parents.keys()].flatMap((node) => {
      if (node.type === 'ImportExpression' && node.source.type !== 'Literal') return ['import() of a computed name'];
      return (node.type === 'CallExpression' || node.type === 'NewExpression') && node.callee.type === 'Identifier' && ['require', 'importScripts', 'eval', 'Function'].includes(node.callee.name) ? [`${node.callee.name}()`] : [];
    });
    if (beside.length > contract.dependencies.internal.length) outside.push(...beside.slice(contract.dependencies.internal.length));
    const found = [...new Set([...outside, ...called])];
    return judged(found.length === 0, found.length > 0 ? `it uses ${found.join(', ')}` : beside.length > 0 ? `only ${beside.join(', ')}, for ${contract.dependencies.internal.map(({ id }) => id).join(', ')}` : 'it imports nothing');
  } catch (error) {
    return judged(false, `it does not parse: ${(error as Error).message}`);
  }
}

/** Without the grammar: import statements are lines of their own in Python, but for strings, which then are told as imports. */
function foreignPython(code: string, contract: CodeContract): Finding {
  const modules = [...code.matchAll(/^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import|import[ \t]+([\w., \t]+))/gm)].flatMap((match) => (match[1] ?? match[2]!).split(',').map((name) => name.trim().split(/\s/)[0]!));
  const beside = [...new Set(modules.filter((name) => name.startsWith('.')))];
  const found = [...new Set([...modules.filter((name) => !name.startsWith('.') && !STANDARD.has(name.split('.')[0]!)), ...beside.slice(contract.dependencies.internal.length)])];
  return judged(found.length === 0, found.length > 0 ? `it uses ${found.join(', ')}` : 'it imports nothing but the standard library');
}

/** Modules of Python's own that code under a contract may import: the ones without a door to the machine. */
export const STANDARD: ReadonlySet<string> = new Set(('abc array base64 binascii bisect calendar cmath collections colorsys contextlib copy csv dataclasses datetime decimal difflib enum fractions functools hashlib heapq hmac html itertools json keyword '
  + 'math numbers operator pprint queue random re secrets statistics string struct textwrap time types typing unicodedata uuid zlib __future__').split(' '));

function coverage(limit: Bound | undefined, { covered }: Evidence): Finding {
  if (limit?.unit !== 'percent') return pending(NEEDED.test_coverage!);
  if (covered === undefined || covered.results.length === 0) return pending('no test was run');
  const own = covered.results.flatMap(({ statements }) => statements ?? []);
  const all = covered.statements.length > 0 ? covered.statements : own;
  const total = covered.statements.length > 0 ? all.length : Math.max(0, ...own);
  if (total === 0) return pending('there are no statements');
  const hits = new Set(covered.results.flatMap(({ hits: some }) => some ?? []));
  const share = 100 * hits.size / total;
  const missed = covered.statements.flatMap((line, index) => (hits.has(index) ? [] : [line]));
  return judged(limit.holds(share), `${share.toFixed(1)} % of ${total} statements${missed.length === 0 ? '' : `; not run: line ${[...new Set(missed)].slice(0, 10).join(', ')}`}`);
}

/** Milliseconds that timing one constraint should cost, where the code keeps its limit. */
const MOST_TIMED = 10_000;
const WRITES = /^(?:set|save|write|put|store|update|persist|reset|add|remove|delete|insert)/i;
const READS = /^(?:get|read|find|list|load|query|has|is)/i;

/** `max_write_time`, `max_read_time`, and `max_NAME_time` of an export: the 95th percentile of repeated calls. */
async function duration({ name, value }: Constraint, { contract, language, runner, time, stopped }: Evidence): Promise<Finding> {
  const limit = bound(value);
  if (limit?.unit !== 'ms') return pending(A_TIME);
  const what = /^max_(\w+)_time$/.exec(name)![1]!;
  const exports = contract.exports.filter((one) => one.type === 'function' && (what === 'write' ? WRITES.test(one.name) : what === 'read' ? READS.test(one.name) : one.name.toLowerCase() === what.toLowerCase()));
  if (exports.length === 0) return pending(`no export is known to ${what}`);
  if (stopped !== undefined) return judged(false, `of the tests, ${stopped}`);
  const sample = createSamples(contract, language)({ given: {} } as Parameters<ReturnType<typeof createSamples>>[0]);
  const calls = exports.map((one) => `${one.name}(${sample(one.name)})`);
  // Calls that keep the limit have all the time that they may take.
  const wanted = Math.min(100, Math.max(5, Math.floor(MOST_TIMED / limit.limit)));
  const repeat = Math.ceil(wanted / calls.length);
  const job: Job = { version: 0, acts: [], lines: [], given: contract.given, probe: { ask: 'time', calls, repeat } };
  const [result] = await runner.run([{ code: '', own: true }], [job], Math.max(time, 2 * repeat * calls.length * limit.limit));
  const taken = Array.isArray(result!.probe) ? (result!.probe as number[]).toSorted((a, b) => a - b) : [];
  if (taken.length === 0) return judged(false, result!.loaded ?? result!.stopped ?? (result!.probe as { error?: string } | undefined)?.error ?? 'it could not be called');
  const p95 = taken[Math.min(taken.length - 1, Math.floor(taken.length * 0.95))]!;
  return measured(limit.holds(p95), `${Math.floor(taken.length * 0.95)} of ${taken.length} calls of ${exports.map((one) => one.name).join(', ')} took ${p95 < 1 ? 'less than 1' : `at most ${p95.toFixed(1)}`} ms`);
}
