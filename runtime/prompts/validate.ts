/**
 * Validation of an answer against the schema as it was written, by Ajv (JSON Schema 2020-12). It reaches no other place for a schema, and a
 * pattern that takes for ever ends at the watchdog. Formats are few and exact; others are told as not checked.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { TelarError } from '../../contracts/errors.ts';
import type { JsonSchema } from '../../contracts/models.ts';
import { FORMATS } from './formats.ts';

/** Ends a computation that takes too long. @throws TelarError `timeout` */
export type Watchdog = <T>(work: () => T, ms: number) => T;

/** Longest schema, in characters of JSON, and milliseconds for compiling it or for one validation. */
const LONGEST = 200_000;
const PATIENCE = 1_000;
const MOST_TOLD = 5;

/** A schema that is ready to be held against answers. */
export interface Checker {
  /** What of the schema nobody checks. */
  readonly unchecked: readonly string[];
  /** What is wrong, in words with places; empty for a valid answer. @throws TelarError `bad-input` when it takes too long, or has no end */
  faults(value: unknown): readonly string[];
}

/**
 * Compiles a schema.
 * @param watchdog without one no pattern is checked, which is told
 * @throws TelarError `bad-input` when it is none, or refers to another place
 */
export function createChecker(schema: JsonSchema, watchdog: Watchdog | undefined): Checker {
  const text = JSON.stringify(schema);
  if (text.length > LONGEST) throw new TelarError('bad-input', `The output schema has ${text.length} characters; at most ${LONGEST} can be checked. Make it smaller.`);
  const guarded: Watchdog = watchdog ?? ((work) => work());
  const names = new Set<string>();
  walk(schema, (key, value) => { if (key === 'format' && typeof value === 'string' && !Object.hasOwn(FORMATS, value)) names.add(`the format \`${value.slice(0, 60)}\``); if (watchdog === undefined && key === 'pattern' && typeof value === 'string') names.add('`pattern`'); });
  const never = { test: () => true, source: '', flags: '' };
  const regExp = Object.assign((pattern: string, flags: string) => (watchdog === undefined ? never as unknown as RegExp : new RegExp(pattern, flags)), { code: 'new RegExp' });
  const ajv = new Ajv2020({ allErrors: true, strict: false, formats: FORMATS, logger: false, validateFormats: true, code: { regExp } });
  try {
    const validate = guarded(() => ajv.compile(withoutDialect(schema)), PATIENCE);
    return {
      unchecked: [...names].sort(),
      faults: (value) => {
        const good = held(() => guarded(() => validate(value) as boolean, PATIENCE));
        return good ? [] : words(validate.errors ?? []);
      },
    };
  } catch (error) {
    if (error instanceof TelarError && error.code !== 'timeout') throw error;
    throw new TelarError('bad-input', `The output schema cannot be used: ${(error as Error).message.split('\n')[0]!.slice(0, 300)}. Correct \`output.schema\`.`, {}, { cause: error });
  }
}

/** A schema of an older draft is read by the rules of 2020-12, whatever it calls itself. */
function withoutDialect(schema: JsonSchema): JsonSchema & object {
  if (typeof schema === 'boolean') return (schema ? {} : { not: {} });
  // An asynchronous validator would answer with a promise, which is true.
  const { $schema: _, $async: __, ...rest } = schema;
  return rest;
}

function held<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TelarError && error.code === 'timeout') throw new TelarError('bad-input', `Checking the answer against the output schema takes more than ${PATIENCE / 1000} s: a \`pattern\` in it backtracks without end, or \`uniqueItems\` compares a long list. Write it so that it cannot, or take it out.`, {}, { cause: error });
    if (error instanceof RangeError) throw new TelarError('bad-input', 'The output schema refers to itself without end (a `$ref` whose place is that same `$ref`). Let something stand between.', {}, { cause: error });
    throw error;
  }
}

function words(errors: readonly ErrorObject[]): string[] {
  const told = [...new Set(errors.map(({ instancePath, message = 'is not valid', keyword, params }) => {
    const extra = keyword === 'additionalProperties' ? `: \`${String(params.additionalProperty).slice(0, 60)}\`` : keyword === 'enum' ? `: ${JSON.stringify(params.allowedValues).slice(0, 200)}` : keyword === 'const' ? `: ${JSON.stringify(params.allowedValue).slice(0, 100)}` : '';
    return `${instancePath === '' ? 'the answer' : `\`${instancePath.slice(0, 100)}\``} ${message.slice(0, 200)}${extra}`;
  }))];
  return told.length > MOST_TOLD ? [...told.slice(0, MOST_TOLD), `and ${told.length - MOST_TOLD} more`] : told;
}

/** Every key of a schema, wherever it stands. */
function walk(value: unknown, see: (key: string, value: unknown) => void): void {
  if (Array.isArray(value)) for (const one of value) walk(one, see);
  else if (typeof value === 'object' && value !== null) for (const [key, one] of Object.entries(value)) { see(key, one); walk(one, see); }
}
