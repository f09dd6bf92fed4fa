/**
 * The part of JSON Schema that an input may say: `type`, `enum`, bounds, lengths, `format`, and the insides of lists and objects.
 *
 * Interpreted, not compiled: a validator that writes code would need the right to run code it made. `pattern` is left out, since a
 * regular expression from a file must be bounded, which the engine of this language cannot promise.
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import { isMapping, unknownKeys } from '../yaml-body.ts';
import type { Path, YamlBody } from '../yaml-body.ts';

/** Types of JSON Schema, and `table` and `any`, which values of other nodes may have. */
const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null', 'table', 'any'] as const;
const FORMATS = ['date', 'time', 'date-time', 'email', 'uri', 'uuid'] as const;

const KEYS = ['type', 'enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'format', 'minItems', 'maxItems', 'uniqueItems', 'items', 'properties', 'required'] as const;
const ABOUT = ['title', 'description'] as const;

/** The keys that say what a value must be, as checked by `validate`. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly exclusiveMinimum?: number | bigint;
  readonly exclusiveMaximum?: number | bigint;
  readonly multipleOf?: number | bigint;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** What is wrong with a schema itself. `more` are further keys that may stand here. */
export function schemaProblems(yaml: YamlBody, path: Path, schema: Record<string, unknown>, more: readonly string[] = []): BodyProblem[] {
  const problems = unknownKeys(yaml, path, schema, [...KEYS, ...ABOUT, ...more], 'an input');
  const bad = (key: string, message: string): void => { problems.push({ code: 'bad-value', severity: 'error', message, at: yaml.at([...path, key]) }); };
  const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'type' && !types(value).every((type) => (TYPES as readonly unknown[]).includes(type))) bad(key, `\`type\` must be one of ${TYPES.join(', ')}, or a list of these.`);
    if (key === 'format' && !(FORMATS as readonly unknown[]).includes(value)) bad(key, `\`format\` must be one of ${FORMATS.join(', ')}.`);
    if (key === 'enum' && (!Array.isArray(value) || value.length === 0)) bad(key, '`enum` must be a list of at least one value.');
    if (/^(?:exclusive)?(?:minimum|maximum)$/i.test(key) && !isNumber(value)) bad(key, `\`${key}\` must be a number.`);
    if (key === 'multipleOf' && !(isNumber(value) && Number(value) > 0)) bad(key, '`multipleOf` must be a number above 0.');
    if (/^(?:min|max)(?:Length|Items)$/.test(key) && !(Number.isInteger(value) && Number(value) >= 0)) bad(key, `\`${key}\` must be a whole number, 0 or more.`);
    if (key === 'uniqueItems' && typeof value !== 'boolean') bad(key, '`uniqueItems` must be true or false.');
    if (key === 'required' && !(Array.isArray(value) && value.every((name) => typeof name === 'string'))) bad(key, '`required` must be a list of names.');
    if (key === 'items') problems.push(...inner(yaml, [...path, key], value));
    if (key === 'properties') {
      if (!isMapping(value)) bad(key, '`properties` must be a map of names to schemas.');
      else for (const name of Object.keys(value)) problems.push(...inner(yaml, [...path, key, name], value[name]));
    }
  }
  return problems;
}

function inner(yaml: YamlBody, path: Path, value: unknown): BodyProblem[] {
  if (isMapping(value)) return schemaProblems(yaml, path, value);
  return [{ code: 'bad-value', severity: 'error', message: 'A schema is a map, like `{type: integer}`.', at: yaml.at(path) }];
}

/**
 * Checks plain data against a schema.
 * @param name what the value is called in messages
 * @returns the first fault as a sentence, or `undefined`
 */
export function validate(schema: Schema, value: unknown, name: string): string | undefined {
  const kinds = types(schema.type ?? 'any');
  if (!kinds.some((type) => isType(type, value))) return `${name} must be ${phrase(kinds)}, but is ${show(value)}.`;
  if (schema.enum !== undefined && !schema.enum.some((one) => same(one, value))) return `${name} must be one of ${schema.enum.map(show).join(', ')}, but is ${show(value)}.`;
  if (typeof value === 'number' || typeof value === 'bigint') return bounds(schema, value, name);
  if (typeof value === 'string') return textFault(schema, value, name);
  if (Array.isArray(value)) return listFault(schema, value, name);
  return isMapping(value) ? mapFault(schema, value, name) : undefined;
}

function bounds(schema: Schema, value: number | bigint, name: string): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && !(value >= minimum)) return `${name} must be at least ${minimum}, but is ${value}.`;
  if (maximum !== undefined && !(value <= maximum)) return `${name} must be at most ${maximum}, but is ${value}.`;
  if (exclusiveMinimum !== undefined && !(value > exclusiveMinimum)) return `${name} must be above ${exclusiveMinimum}, but is ${value}.`;
  if (exclusiveMaximum !== undefined && !(value < exclusiveMaximum)) return `${name} must be below ${exclusiveMaximum}, but is ${value}.`;
  if (multipleOf === undefined) return undefined;
  // 0.3 is a multiple of 0.1 to a person, though not to binary fractions.
  const times = Number(value) / Number(multipleOf);
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times)) ? undefined : `${name} must be a multiple of ${multipleOf}, but is ${value}.`;
}

function textFault(schema: Schema, value: string, name: string): string | undefined {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) return `${name} must have at least ${schema.minLength} characters, but has ${length}.`;
  if (schema.maxLength !== undefined && length > schema.maxLength) return `${name} must have at most ${schema.maxLength} characters, but has ${length}.`;
  return schema.format === undefined || isFormat(schema.format, value) ? undefined : `${name} must be ${FORMAT_HELP[schema.format] ?? schema.format}, but is ${show(value)}.`;
}

function listFault(schema: Schema, value: readonly unknown[], name: string): string | undefined {
  if (schema.minItems !== undefined && value.length < schema.minItems) return `${name} must have at least ${schema.minItems} elements, but has ${value.length}.`;
  if (schema.maxItems !== undefined && value.length > schema.maxItems) return `${name} must have at most ${schema.maxItems} elements, but has ${value.length}.`;
  if (schema.uniqueItems === true && value.some((one, at) => value.slice(0, at).some((other) => same(one, other)))) return `${name} must not hold the same element twice.`;
  if (schema.items === undefined) return undefined;
  return firstFault(value.map((one, at) => [one, `${name}[${at}]`] as const), () => schema.items!);
}

function mapFault(schema: Schema, value: Record<string, unknown>, name: string): string | undefined {
  const missing = schema.required?.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `${name} must have \`${missing}\`.`;
  const present = Object.keys(schema.properties ?? {}).filter((key) => Object.hasOwn(value, key));
  return firstFault(present.map((key) => [value[key], `${name}.${key}`, key] as const), (key) => schema.properties![key!]!);
}

function firstFault(parts: readonly (readonly [unknown, string, string?])[], schemaOf: (key?: string) => Schema): string | undefined {
  for (const [value, name, key] of parts) {
    const fault = validate(schemaOf(key), value, name);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** `type` as a list. */
export function types(type: unknown): readonly unknown[] {
  return Array.isArray(type) ? type : [type];
}

function isType(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'any': return true;
    case 'null': return value === null;
    case 'integer': return typeof value === 'bigint' || Number.isInteger(value);
    case 'number': return typeof value === 'number' || typeof value === 'bigint';
    case 'array': return Array.isArray(value);
    case 'object': return isMapping(value);
    default: return typeof value === type;
  }
}

function isFormat(format: string, value: string): boolean {
  switch (format) {
    case 'date': return isDay(value);
    case 'time': return TIME.test(value);
    case 'date-time': return isDay(value.slice(0, 10)) && /^[Tt ]$/.test(value[10] ?? '') && TIME.test(value.slice(11));
    case 'email': return value.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(value);
    case 'uri': return URL.canParse(value);
    default: return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
  }
}

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/;

function isDay(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(match[3]);
}

const FORMAT_HELP: Readonly<Record<string, string>> = {
  date: 'a date like 2014-01-31', time: 'a time like 09:30:00', 'date-time': 'a date and time like 2014-01-31T09:30:00Z',
  email: 'an e-mail address', uri: 'an address like https://example.org', uuid: 'a UUID',
};

const phrase = (kinds: readonly unknown[]): string => kinds.map((type) => (/^[aeiou]/.test(String(type)) ? `an ${String(type)}` : `a ${String(type)}`)).join(' or ');
const show = (value: unknown): string => {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
};
const same = (a: unknown, b: unknown): boolean => a === b || (typeof a === 'object' && typeof b === 'object' && show(a) === show(b));
