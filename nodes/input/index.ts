/**
 * `input`: a value that a person, the command line or an enclosing notebook sets; else its default.
 *
 * The body is a small JSON Schema. The value is checked before anything reads it, so the nodes below may rely on it. A text that
 * was given for a number, flag, list or object is read by the declared type (the command line has only texts); a `format` of date
 * or time gives a real date or time to SQL and Python.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, OutputValue, Step, StepContext } from '../../contracts/node.ts';
import { isMapping, normalForm, parseYamlBody } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';
import { schemaProblems, types, validate } from './schema.ts';
import type { Schema } from './schema.ts';

/** How the studio may show an input. */
export const WIDGETS = ['slider', 'select', 'date', 'file', 'range', 'text'] as const;

interface InputBody extends Schema { readonly default?: unknown; readonly widget?: string }

export const input = defineNode({
  name: 'input', contract: 'core/input.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    return { reads: [], binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body), problems: [...yaml.problems, ...bodyProblems(yaml)] };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const value = await inputValue(step, context);
    return { outputs: { value }, reads: [] };
  },
});

function bodyProblems(yaml: YamlBody): BodyProblem[] {
  if (yaml.problems.length > 0 || yaml.value === null || yaml.value === undefined) return [];
  if (!isMapping(yaml.value)) return [{ code: 'syntax', severity: 'error', message: 'The body of an input is a map, like `type: integer`.', at: yaml.at([]) }];
  const body = yaml.value;
  const problems = schemaProblems(yaml, [], body, ['default', 'widget']);
  if ('widget' in body && !(WIDGETS as readonly unknown[]).includes(body.widget)) {
    problems.push({ code: 'bad-value', severity: 'error', message: `\`widget\` must be one of ${WIDGETS.join(', ')}.`, at: yaml.at(['widget']) });
  }
  if (problems.length === 0 && 'default' in body) {
    const fault = validate(body as Schema, body.default, 'The default');
    if (fault !== undefined) problems.push({ code: 'bad-value', severity: 'error', message: fault, at: yaml.at(['default']) });
  }
  return problems;
}

async function inputValue(step: Step, context: StepContext): Promise<OutputValue> {
  const body = (parseYamlBody(step.cell.body).value ?? {}) as InputBody;
  const name = `\`${step.cell.id}\``;
  const fail = (message: string): never => { throw new TelarError('bad-input', message, { line: step.line, input: step.cell.id }); };
  const { given } = step;
  if (given === undefined) {
    if (!('default' in body)) fail(`${name} has no value: set it (\`--set ${step.cell.id}=…\`), or give it a \`default\`.`);
    return keep(body, body.default, context);
  }
  if (!('ref' in given)) return fail(`${name} was given something without a stored value (a function or an open object); give it data.`);
  const kinds = types(body.type ?? 'any');
  if (given.ref.form === 'table') {
    if (!kinds.includes('any') && !kinds.includes('table')) fail(`${name} must be ${kinds.join(' or ')}, but was given a table.`);
    const table = context.load(given.ref);
    return { ref: given.ref, summary: context.store(table).summary };
  }
  if (given.ref.form !== 'text' && given.ref.form !== 'record') {
    if (!kinds.includes('any')) fail(`${name} must be ${kinds.join(' or ')}, but was given a value of form ${given.ref.form}.`);
    return { ref: given.ref, summary: { type: given.ref.form, preview: '' } };
  }
  let value = context.load(given.ref);
  if (given.ref.form === 'text' && typeof value === 'string') value = readText(kindsOfText(body), value);
  const fault = validate(body, checked(value), name);
  if (fault !== undefined) fail(fault);
  return keep(body, value, context);
}

/** The types a given text is read by: the declared ones, else that of the default or the first choice. */
function kindsOfText(body: InputBody): readonly unknown[] {
  if (body.type !== undefined) return types(body.type);
  const sample = body.default ?? body.enum?.[0];
  return [sample === undefined ? 'any' : typeof sample === 'bigint' ? 'integer' : typeof sample];
}

/** A text by the declared type; itself where the type is `string`, or where it does not read so (the check then says it). */
function readText(kinds: readonly unknown[], text: string): unknown {
  if (kinds.includes('string') || kinds.includes('any')) return text;
  const trimmed = text.trim();
  if (/^[+-]?\d+$/.test(trimmed) && kinds.some((type) => type === 'integer' || type === 'number')) {
    const value = Number(trimmed);
    return Number.isSafeInteger(value) ? value : BigInt(trimmed);
  }
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return text;
  }
}

/** A date or decimal that came from another node, as the text that a schema speaks of. */
function checked(value: unknown): unknown {
  const tagged = value as { tag?: unknown; text?: unknown } | null;
  if (typeof tagged === 'object' && tagged !== null && typeof tagged.tag === 'string' && typeof tagged.text === 'string') {
    return tagged.tag === 'decimal' || tagged.tag === 'float' ? Number(tagged.text) : tagged.text;
  }
  return value;
}

const utf8 = new TextEncoder();

/** Keeps the value; texts with a format of date or time become such, since SQL and Python have them. */
function keep(body: InputBody, value: unknown, context: StepContext): OutputValue {
  const tag = typeof value === 'string' ? TAGS[body.format ?? ''] : undefined;
  if (tag === undefined) return context.store(value);
  const text = (value as string).toUpperCase().replace(' ', 'T');
  const name = tag === 'timestamp' && /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? 'timestamptz' : tag;
  const blob = utf8.encode(JSON.stringify({ [`$${name}`]: name === 'date' ? text : withSeconds(text) }));
  return { ref: { form: 'record', hash: context.blobs.put(blob), bytes: blob.length }, summary: { type: name, preview: text } };
}

const TAGS: Readonly<Record<string, string>> = { date: 'date', time: 'time', 'date-time': 'timestamp' };

/** The canonical text of a time: with seconds, and without trailing zeros of a fraction. */
function withSeconds(text: string): string {
  return text.replace(/(^|T)(\d\d:\d\d)(?=$|[Z+-])/, '$1$2:00').replace(/(\.\d*?)0+(?=$|[Z+-])/, '$1').replace(/\.(?=$|[Z+-])/, '').replace(/[+-]00:00$/, 'Z');
}
