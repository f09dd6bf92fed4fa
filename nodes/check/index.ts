/**
 * `check`: claims about the values of other nodes. A claim that does not hold fails the node with a counter-example (R10); the report of
 * all claims is its value, so a green check can be read as well as a red one.
 *
 * Expressions are judged in their languages; shorthands about tables here, and regular expressions by the SQL engine, whose
 * matching cannot run away.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem, ErrorJSON } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Read, Step, StepContext, StepInput } from '../../contracts/node.ts';
import type { TableView } from '../../contracts/values.ts';
import { identifier, literal } from '../data/query.ts';
import { analyseJavaScriptExpression } from '../javascript/analyse.ts';
import { analysePythonExpression, preparePython } from '../python/analyse.ts';
import { analyseSql } from '../sql/analyse.ts';
import { normalForm, parseYamlBody } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';
import { readClaims } from './body.ts';
import type { Claim, Expression, TableRule } from './body.ts';
import { javaScriptProgram, pythonProgram, sqlProgram } from './programs.ts';
import type { Answer, Judged } from './programs.ts';
import { asTable, judge, missingColumn } from './table-rules.ts';
import type { Verdict } from './table-rules.ts';

/** Media type of a check's value. */
export const REPORT = 'application/vnd.telar.check+json';

const SQL_BEFORE = 'select (';

export const check = defineNode({
  name: 'check', contract: 'core/check.yaml', languages: [], keyVersion: 1, analysisVersion: 2,
  prepare: preparePython,
  engines: (cell: Cell): readonly string[] => {
    const { claims } = readClaims(parseYamlBody(cell.body));
    return [...new Set(claims.flatMap((claim) => (claim.type === 'expression' ? [claim.language as string] : claim.rule === 'matches' ? ['sql'] : [])))].sort();
  },
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const { claims, problems } = readClaims(yaml);
    const reads = new Map<string, Read>();
    for (const claim of claims) {
      for (const read of readsOf(claim, yaml, problems)) reads.set(read.name, merge(reads.get(read.name), read));
    }
    // Claims that are all in one language may call its functions; a mixed check has no realm of its own.
    const languages = new Set(claims.map((claim) => (claim.type === 'expression' ? claim.language : 'none')));
    const [language] = languages;
    return {
      reads: [...reads.values()], binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body), problems,
      ...(languages.size === 1 && (language === 'python' || language === 'javascript') ? { language } : {}),
    };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const yaml = parseYamlBody(step.cell.body);
    const { claims } = readClaims(yaml);
    const verdicts = new Map<Claim, Verdict>();
    const expressions = claims.filter((claim) => claim.type === 'expression');
    for (const language of ['python', 'javascript'] as const) await judgeTogether(expressions.filter((claim) => claim.language === language), step, context, verdicts);
    for (const claim of expressions.filter(({ language }) => language === 'sql')) verdicts.set(claim, await judgeSql(claim, step, context));
    for (const claim of claims.filter((one) => one.type === 'table')) verdicts.set(claim, await judgeTable(claim, step, context));
    const report = claims.map((claim) => ({ ok: verdicts.get(claim)!.ok, that: claim.that, because: claim.because === '' ? undefined : claim.because, ...faults(verdicts.get(claim)!) }));
    const red = claims.filter((claim) => !verdicts.get(claim)!.ok);
    return {
      outputs: { value: context.store(report, { form: 'record', mediaType: REPORT }) }, reads: [],
      ...(red.length === 0 ? {} : { error: redError(red, verdicts.get(red[0]!)!, claims.length, step.line + yaml.line(red[0]!.path)) }),
    };
  },
});

const faults = ({ ok, counterexample, error }: Verdict): object => (ok ? {} : { ...(counterexample === undefined ? {} : { counterexample }), ...(error === undefined ? {} : { error }) });

function redError(red: readonly Claim[], verdict: Verdict, all: number, line: number): ErrorJSON {
  const [first] = red;
  const why = first!.because === '' ? '' : `, though ${first!.because}`;
  const seen = verdict.error ?? (verdict.counterexample === undefined ? '' : `Seen: ${brief(verdict.counterexample)}`);
  const more = red.length > 1 ? ` ${red.length - 1} more of ${all} claims ${red.length === 2 ? 'does' : 'do'} not hold either.` : '';
  const message = `This does not hold: ${first!.that}${why}. ${seen}${seen === '' || /[.!?]$/.test(seen) ? '' : '.'}${more}`.trim();
  return { code: 'check-red', message, line, data: { that: first!.that, red: red.length, claims: all, ...(verdict.counterexample === undefined ? {} : { counterexample: plain(verdict.counterexample) }) } };
}

// ---- Analysis

function readsOf(claim: Claim, yaml: YamlBody, problems: BodyProblem[]): Read[] {
  if (claim.type === 'table') {
    const [name, member] = claim.table.split('.') as [string, string?];
    const ranges = yaml.within([...claim.path.slice(0, typeof claim.path[0] === 'number' ? 1 : 0), 'table'], [{ from: 0, to: name.length }]);
    return [{ name, ranges, ...(member === undefined ? {} : { members: [member] }) }];
  }
  const analysis = analyse(claim);
  const shift = claim.language === 'sql' ? SQL_BEFORE.length : 0;
  // The scalar of a claim may begin with white space that \`that\` no longer has.
  const moved = (read: Read): Read => ({ ...read, ranges: yaml.within(claim.path, read.ranges.map(({ from, to }) => ({ from: from - shift, to: to - shift }))) });
  for (const problem of analysis.problems) problems.push({ ...problem, at: yaml.within(claim.path, [{ from: problem.at.from - shift, to: problem.at.to - shift }])[0] ?? yaml.at(claim.path) });
  return analysis.reads.map(moved);
}

function analyse(claim: Expression): Analysis {
  switch (claim.language) {
    case 'python': return analysePythonExpression(claim.that);
    case 'javascript': return analyseJavaScriptExpression(claim.that);
    default: return analyseSql(sqlProgram(claim));
  }
}

/** One port for all claims that read a name: the strictest of what they ask. */
function merge(before: Read | undefined, read: Read): Read {
  if (before === undefined) return read;
  const members = before.members === undefined || read.members === undefined ? undefined : [...new Set([...before.members, ...read.members])];
  return {
    name: read.name, ranges: [...new Map([...before.ranges, ...read.ranges].map((range) => [range.from, range])).values()],
    ...(members === undefined ? {} : { members }),
    ...(before.fold === true && read.fold === true ? { fold: true } : {}),
    ...(before.builtin === true && read.builtin === true ? { builtin: true } : {}),
    ...(before.optional === true && read.optional === true ? { optional: true } : {}),
  };
}

// ---- Running

async function judgeTogether(claims: readonly Expression[], step: Step, context: StepContext, verdicts: Map<Claim, Verdict>): Promise<void> {
  if (claims.length === 0) return;
  const judged: Judged[] = claims.map((claim) => ({ claim, names: analyse(claim).reads.map((read) => read.name).filter((name) => name in step.inputs) }));
  const language = claims[0]!.language;
  const code = language === 'python' ? pythonProgram(judged) : javaScriptProgram(judged);
  const answers = await value(language, code, claims.flatMap((claim) => analyse(claim).reads), step, context) as readonly Answer[];
  claims.forEach((claim, index) => {
    const { ok, seen, error } = answers[index]!;
    verdicts.set(claim, { ok, ...(ok || seen === undefined || seen === null ? {} : { counterexample: seen }), ...(typeof error === 'string' ? { error } : {}) });
  });
}

async function judgeSql(claim: Expression, step: Step, context: StepContext): Promise<Verdict> {
  try {
    const table = await value('sql', sqlProgram(claim), analyse(claim).reads, step, context) as TableView;
    const ok = table.rows === 0 ? undefined : table.row(0).ok;
    return ok === true ? { ok } : { ok: false, counterexample: { value: ok ?? null } };
  } catch (error) {
    return broken(error);
  }
}

async function judgeTable(rule: TableRule, step: Step, context: StepContext): Promise<Verdict> {
  const given = step.inputs[rule.table];
  const table = given !== undefined && 'ref' in given ? asTable(context.load(given.ref)) : undefined;
  if (table === undefined) return { ok: false, error: `\`${rule.table}\` is no table and no list of records.` };
  if (rule.rule !== 'matches') return judge(rule, table);
  if (!table.columns.some(({ name }) => name === rule.column)) return missingColumn(rule.column!, table);
  const column = `cast(${identifier(rule.column!)} as varchar)`;
  const code = `select * from (select row_number() over () - 1 as row, ${column} as value from ${rule.table.split('.').map(identifier).join('.')})`
    + ` where value is not null and not regexp_matches(value, ${literal(String(rule.argument))}) order by row limit 1`;
  try {
    const found = await value('sql', code, [{ name: rule.table.split('.')[0]!, ranges: [] }], step, context) as TableView;
    return found.rows === 0 ? { ok: true } : { ok: false, counterexample: { row: Number(found.row(0).row), [rule.column!]: found.row(0).value } };
  } catch (error) {
    return broken(error);
  }
}

/** A claim whose expression fails is red with that failure; what stops the whole step (a limit, a cancel) is passed on. */
function broken(error: unknown): Verdict {
  if (error instanceof TelarError && (error.code === 'exception' || error.code === 'syntax')) return { ok: false, error: error.message };
  throw error;
}

/** Runs a program over the inputs that its reads name, and loads its value. */
async function value(engine: string, code: string, reads: readonly Read[], step: Step, context: StepContext): Promise<unknown> {
  const fold = (name: string): string => (engine === 'sql' ? name.toLowerCase() : name);
  const names = new Set(reads.map((read) => fold(read.name)));
  const inputs: Record<string, StepInput> = {};
  for (const [port, given] of Object.entries(step.inputs)) if (names.has(fold(port)) || names.has(fold(port.split('.')[0]!))) inputs[port] = given;
  const outcome = await context.execute({
    engine, code, file: step.file, line: step.line, id: step.cell.id, wanted: [], binds: [], modules: {}, folder: step.folder,
    settings: engine === 'sql' ? { threads: 1 } : {}, ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
  }, inputs);
  const ref = outcome.outputs.value?.ref;
  if (ref === undefined) throw new Error(`the engine ${engine} gave no value for a check`);
  return context.load(ref);
}

const plain = (seen: unknown): unknown => JSON.parse(JSON.stringify(seen, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))) as unknown;

function brief(seen: unknown): string {
  const text = Object.entries(plain(seen) as object).map(([name, part]) => `${name} = ${typeof part === 'string' ? part : JSON.stringify(part)}`).join(', ');
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
