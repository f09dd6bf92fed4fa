/**
 * A prompt's text, in dotprompt's form: YAML between two lines of `---`, then a Handlebars template. Here the first is read and
 * checked; it is data, and asks nobody.
 */
import type { BodyProblem, Range } from '../../contracts/errors.ts';
import type { JsonSchema, ModelParameters } from '../../contracts/models.ts';
import { PARAMETERS } from '../model-parameters.ts';
import { isMapping, parseYamlBody, unknownKeys, type Path, type YamlBody } from '../yaml-body.ts';
import { readSchema } from './picoschema.ts';

/** What the front matter of a prompt says. */
export interface PromptFront {
  readonly model?: string;
  readonly parameters: ModelParameters;
  /** `true`: any JSON. */
  readonly schema?: JsonSchema;
  readonly skills?: 'auto' | readonly string[];
  readonly overflow?: 'refuse' | 'trim';
  /** Names that `input.schema` has. */
  readonly inputs: readonly string[];
  /** Values of names that no wire gives. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** A prompt's text in its two parts. */
export interface PromptText {
  readonly front: PromptFront;
  /** The YAML as plain data, for the normal form. */
  readonly said: unknown;
  readonly template: string;
  /** Offset of the template in the text. */
  readonly at: number;
  readonly problems: readonly BodyProblem[];
}

const NONE: PromptFront = { parameters: {}, inputs: [], defaults: {} };
/** dotprompt's own; those without a meaning here stand for other programs. */
const KEYS = ['model', 'config', 'input', 'output', 'skills', 'overflow', 'name', 'description', 'variant', 'metadata'] as const;

/** dotprompt's names of parameters, beside ours. */
const OTHER: Readonly<Partial<Record<string, string>>> = { max_tokens: 'maxOutputTokens', top_k: 'topK', top_p: 'topP', stop: 'stopSequences' };

/** Reads a prompt's text: of a fence, or of a `.prompt` file. */
export function readPromptText(text: string): PromptText {
  const open = /^\uFEFF?---[ \t]*\r?\n/.exec(text)?.[0].length;
  if (open === undefined) return { front: NONE, said: null, template: text.replace(/\n$/, ''), at: 0, problems: [] };
  const close = /^---[ \t]*(?:\r?\n|$)/m.exec(text.slice(open));
  if (close === null) return { front: NONE, said: null, template: '', at: text.length, problems: [{ code: 'syntax', severity: 'error', message: 'The front matter of a prompt ends with a line `---`, and there is none.', at: { from: 0, to: 3 } }] };
  const yaml = parseYamlBody(text.slice(open, open + close.index));
  const { front, problems } = yaml.value === null || yaml.value === undefined ? { front: NONE, problems: yaml.problems } : readFront(yaml);
  const at = open + close.index + close[0].length;
  const shift = (range: Range): Range => ({ from: range.from + open, to: range.to + open });
  return { front, said: yaml.value ?? null, template: text.slice(at).replace(/\n$/, ''), at, problems: problems.map((problem) => ({ ...problem, at: shift(problem.at) })) };
}

function readFront(yaml: YamlBody): { front: PromptFront; problems: BodyProblem[] } {
  const raw = yaml.value;
  if (!isMapping(raw)) return { front: NONE, problems: [{ code: 'syntax', severity: 'error', message: 'The front matter of a prompt is keys with values, as in `model: default`.', at: yaml.at([]) }] };
  // A key with a dot belongs to some other program, as dotprompt has it.
  const problems = unknownKeys(yaml, [], Object.fromEntries(Object.entries(raw).filter(([key]) => !key.includes('.'))), KEYS, 'a prompt\'s front matter');
  const bad = (path: Path, message: string): void => { problems.push({ code: 'bad-value', severity: 'error', message, at: yaml.at(path) }); };
  const model = typeof raw.model === 'string' && raw.model !== '' ? raw.model : undefined;
  if ('model' in raw && model === undefined) bad(['model'], '`model` must be the name of a profile, or `provider/model`.');
  const overflow = raw.overflow === 'refuse' || raw.overflow === 'trim' ? raw.overflow : undefined;
  if ('overflow' in raw && overflow === undefined) bad(['overflow'], '`overflow` must be refuse or trim.');
  const skills = raw.skills === 'auto' ? 'auto' as const : isTexts(raw.skills) ? raw.skills : undefined;
  if ('skills' in raw && skills === undefined) bad(['skills'], '`skills` must be `auto`, or a list of names.');
  const schema = readOutput(raw.output, bad);
  const { inputs, defaults } = readInput(raw.input, bad);
  return {
    problems,
    front: {
      parameters: readConfig(yaml, raw.config, bad, problems), inputs, defaults, ...(model === undefined ? {} : { model }), ...(overflow === undefined ? {} : { overflow }),
      ...(skills === undefined ? {} : { skills }), ...(schema === undefined ? {} : { schema }),
    },
  };
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.length <= 100 && value.every((one) => typeof one === 'string' && one !== '');

function readConfig(yaml: YamlBody, raw: unknown, bad: (path: Path, message: string) => void, problems: BodyProblem[]): ModelParameters {
  if (raw === undefined || raw === null) return {};
  if (!isMapping(raw)) { bad(['config'], '`config` must be keys with values, as in `{temperature: 0}`.'); return {}; }
  const known = Object.entries(PARAMETERS);
  problems.push(...unknownKeys(yaml, ['config'], raw, known.flatMap(([name]) => [name, OTHER[name] ?? []].flat()), 'config'));
  const found: Record<string, unknown> = {};
  for (const [name, [fits, wanted]] of known) {
    for (const key of [name, OTHER[name]]) {
      if (key === undefined || !Object.hasOwn(raw, key)) continue;
      if (!fits(raw[key])) bad(['config', key], `\`${key}\` must be ${wanted}.`);
      else if (name in found) bad(['config', key], `\`${name}\` and \`${key}\` are the same; take one of them out.`);
      else found[name] = raw[key];
    }
  }
  return found;
}

function readOutput(raw: unknown, bad: (path: Path, message: string) => void): JsonSchema | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (!isMapping(raw)) { bad(['output'], '`output` must be keys with values: `format`, `schema`.'); return undefined; }
  const other = Object.keys(raw).find((key) => key !== 'format' && key !== 'schema');
  if (other !== undefined) bad(['output', other], `\`${other}\` is no key of output; it has format and schema.`);
  const { format } = raw;
  if (format !== undefined && format !== 'json' && format !== 'text') bad(['output', 'format'], '`format` must be text or json.');
  if (!('schema' in raw)) return format === 'json' ? true : undefined;
  if (format === 'text') bad(['output', 'format'], 'An answer with a schema is JSON; say `format: json`, or take one of them out.');
  const { schema, fault } = { fault: undefined, schema: undefined, ...readSchema(raw.schema) };
  if (fault !== undefined) bad(['output', 'schema'], `The schema of the output cannot be read: ${fault}.`);
  return schema;
}

function readInput(raw: unknown, bad: (path: Path, message: string) => void): Pick<PromptFront, 'inputs' | 'defaults'> {
  if (raw === undefined || raw === null) return NONE;
  if (!isMapping(raw)) { bad(['input'], '`input` must be keys with values: `schema`, `default`.'); return NONE; }
  const other = Object.keys(raw).find((key) => key !== 'schema' && key !== 'default');
  if (other !== undefined) bad(['input', other], `\`${other}\` is no key of input; it has schema and default.`);
  if ('default' in raw && !isMapping(raw.default)) bad(['input', 'default'], '`default` must be names with values.');
  const { schema, fault } = 'schema' in raw ? { fault: undefined, schema: undefined, ...readSchema(raw.schema) } : { schema: undefined, fault: undefined };
  if (fault !== undefined) bad(['input', 'schema'], `The schema of the input cannot be read: ${fault}.`);
  const properties = isMapping(schema) ? schema.properties : undefined;
  return { inputs: isMapping(properties) ? Object.keys(properties) : [], defaults: isMapping(raw.default) ? raw.default : {} };
}
