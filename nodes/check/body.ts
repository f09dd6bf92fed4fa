/**
 * The YAML of a `check`: a list of claims, each an expression or the shorthands of a table, turned into plain rules.
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import { isMapping, unknownKeys } from '../yaml-body.ts';
import type { Path, YamlBody } from '../yaml-body.ts';

type Language = 'python' | 'javascript' | 'sql';

/** A claim that an expression makes. */
export interface Expression { readonly type: 'expression'; readonly language: Language; readonly that: string; readonly because: string; readonly path: Path }

/** A claim about a table; `rule` says which, `column` where it concerns one. */
export interface TableRule {
  readonly type: 'table';
  readonly table: string;
  readonly because: string;
  readonly path: Path;
  readonly that: string;
  readonly rule: 'rows' | 'unique' | 'not_null' | 'between' | 'in' | 'matches' | 'type' | 'min' | 'max';
  readonly column?: string;
  readonly argument: unknown;
}

export type Claim = Expression | TableRule;

const EXPRESSION_KEYS = ['that', 'because', 'language'] as const;
const TABLE_KEYS = ['table', 'because', 'columns', 'rows', 'unique'] as const;
const COLUMN_RULES = ['not_null', 'unique', 'between', 'in', 'matches', 'type', 'min', 'max'] as const;
const LANGUAGES: Readonly<Record<string, Language>> = { python: 'python', javascript: 'javascript', js: 'javascript', sql: 'sql' };
/** Longest regular expression that `matches` takes. */
const LONGEST_PATTERN = 1000;

/** All claims of a body, in its order, and what is wrong with it. */
export function readClaims(yaml: YamlBody): { claims: readonly Claim[]; problems: BodyProblem[] } {
  if (yaml.problems.length > 0) return { claims: [], problems: [...yaml.problems] };
  const items = isMapping(yaml.value) ? [yaml.value] : yaml.value;
  if (!Array.isArray(items) || items.length === 0) {
    return { claims: [], problems: [{ code: 'syntax', severity: 'error', message: 'A check is a list of claims, like `- that: len(rows) > 0`.', at: yaml.at([]) }] };
  }
  const problems: BodyProblem[] = [];
  const claims = items.flatMap((item: unknown, index) => readItem(yaml, isMapping(yaml.value) ? [] : [index], item, problems));
  return { claims, problems };
}

function readItem(yaml: YamlBody, path: Path, item: unknown, problems: BodyProblem[]): Claim[] {
  const bad = (where: Path, message: string, code: BodyProblem['code'] = 'bad-value'): void => { problems.push({ code, severity: 'error', message, at: yaml.at(where) }); };
  if (!isMapping(item) || (!('that' in item) && !('table' in item))) {
    bad(path, 'A claim has `that:` with an expression, or `table:` with a name.', 'missing-key');
    return [];
  }
  const isTable = 'table' in item;
  const before = problems.length;
  problems.push(...unknownKeys(yaml, path, item, isTable ? TABLE_KEYS : EXPRESSION_KEYS, isTable ? 'a claim about a table' : 'a claim'));
  if ('because' in item && typeof item.because !== 'string') bad([...path, 'because'], '`because` must be a text.');
  const because = typeof item.because === 'string' ? item.because.trim() : '';
  if (isTable) {
    if (typeof item.table !== 'string' || !/^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?$/u.test(item.table)) bad([...path, 'table'], '`table` must be the name of a node.');
    const rules = tableRules(yaml, path, item, bad);
    if (problems.length === before && rules.length === 0) bad(path, 'Say what must hold of the table: `columns`, `rows` or `unique`.', 'missing-key');
    return problems.length > before ? [] : rules.map((rule) => ({ type: 'table', table: item.table as string, because, ...rule }));
  }
  const language = LANGUAGES[String(item.language ?? 'python').toLowerCase()];
  if (language === undefined) bad([...path, 'language'], '`language` must be python, javascript or sql.');
  // YAML reads `that: true` as a flag; it is an expression all the same.
  const that = typeof item.that === 'string' || typeof item.that === 'boolean' || typeof item.that === 'number' ? String(item.that).trim() : '';
  if (that === '') bad([...path, 'that'], '`that` must be an expression. Quote it if it holds `: ` or ` #`, or begins with `{`, `[` or a quote.');
  return problems.length > before ? [] : [{ type: 'expression', language: language!, that, because, path: [...path, 'that'] }];
}

type Rule = Pick<TableRule, 'path' | 'that' | 'rule' | 'column' | 'argument'>;
type Bad = (where: Path, message: string) => void;

function tableRules(yaml: YamlBody, path: Path, item: Record<string, unknown>, bad: Bad): Rule[] {
  const rules: Rule[] = [];
  if ('rows' in item) {
    const rows = typeof item.rows === 'number' ? { min: item.rows, max: item.rows } : item.rows;
    const whole = (value: unknown): boolean => value === undefined || (Number.isInteger(value) && Number(value) >= 0);
    if (!isMapping(rows) || Object.keys(rows).length === 0 || !Object.keys(rows).every((key) => key === 'min' || key === 'max') || !whole(rows.min) || !whole(rows.max)) {
      bad([...path, 'rows'], '`rows` must be a whole number, or `{min: …, max: …}`.');
    } else {
      const phrase = rows.min === rows.max ? `${String(rows.min)} rows` : [rows.min === undefined ? '' : `at least ${String(rows.min)}`, rows.max === undefined ? '' : `at most ${String(rows.max)}`].filter(Boolean).join(' and ').concat(' rows');
      rules.push({ path: [...path, 'rows'], that: `${String(item.table)} has ${phrase}`, rule: 'rows', argument: rows });
    }
  }
  if ('unique' in item) {
    const groups = Array.isArray(item.unique) && item.unique.every(Array.isArray) ? item.unique as unknown[][] : [([] as unknown[]).concat(item.unique)];
    if (!groups.every((group) => group.length > 0 && group.every((name) => typeof name === 'string'))) bad([...path, 'unique'], '`unique` must be a list of columns.');
    else for (const group of groups) rules.push({ path: [...path, 'unique'], that: `${String(item.table)} has no two rows with the same ${group.join(', ')}`, rule: 'unique', argument: group });
  }
  if (!('columns' in item)) return rules;
  if (!isMapping(item.columns)) { bad([...path, 'columns'], '`columns` must be a map of columns to what must hold, like `{t: {not_null: true}}`.'); return rules; }
  for (const [column, wanted] of Object.entries(item.columns)) {
    const where = [...path, 'columns', column];
    if (!isMapping(wanted)) { bad(where, `What must hold of \`${column}\` is a map, like \`{not_null: true, between: [0, 1]}\`.`); continue; }
    for (const [rule, argument] of Object.entries(wanted)) {
      const at = [...where, rule];
      const fault = (COLUMN_RULES as readonly string[]).includes(rule) ? argumentFault(rule, argument) : `\`${rule}\` is no rule for a column; there are ${COLUMN_RULES.join(', ')}.`;
      if (fault !== undefined) bad(yaml.at(at) === yaml.at(where) ? where : at, fault);
      else if (argument !== false) rules.push({ path: at, column, rule: rule as TableRule['rule'], argument, that: `${String(item.table)}.${column} ${phraseOf(rule, argument)}` });
    }
  }
  return rules;
}

function argumentFault(rule: string, argument: unknown): string | undefined {
  const bound = (value: unknown): boolean => ['number', 'bigint', 'string'].includes(typeof value);
  if ((rule === 'not_null' || rule === 'unique') && typeof argument !== 'boolean') return `\`${rule}\` is true or false.`;
  if (rule === 'between' && !(Array.isArray(argument) && argument.length === 2 && argument.every(bound))) return '`between` is a list of the least and the greatest value.';
  if (rule === 'in' && !Array.isArray(argument)) return '`in` is a list of the values that may stand.';
  if (rule === 'matches' && (typeof argument !== 'string' || argument.length > LONGEST_PATTERN)) return `\`matches\` is a regular expression of at most ${LONGEST_PATTERN} characters.`;
  if (rule === 'type' && typeof argument !== 'string') return '`type` is a SQL type, or one of number, integer, text, boolean, date, time, timestamp.';
  if ((rule === 'min' || rule === 'max') && !bound(argument)) return `\`${rule}\` is a number, or a date as text.`;
  return undefined;
}

function phraseOf(rule: string, argument: unknown): string {
  const list = (values: unknown): string => (values as unknown[]).map(String).join(', ');
  switch (rule) {
    case 'not_null': return 'is never null';
    case 'unique': return 'is never the same twice';
    case 'between': return `is between ${String((argument as unknown[])[0])} and ${String((argument as unknown[])[1])}`;
    case 'in': return `is one of ${list(argument)}`;
    case 'matches': return `matches ${String(argument)}`;
    case 'type': return `has the type ${String(argument)}`;
    case 'min': return `is at least ${String(argument)}`;
    default: return `is at most ${String(argument)}`;
  }
}
