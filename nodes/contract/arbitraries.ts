/**
 * Arbitraries in data: what a property is for, as a small JSON Schema (`type`, `enum`, `const`, `minimum`, `maximum`, `minLength`, `maxLength`, `pattern`,
 * `items`, `properties`, `required`, `anyOf`), made into fast-check's. They only ever give plain data.
 */
import type * as FastCheck from 'fast-check';
import { TelarError } from '../../contracts/errors.ts';
import type { TypeText } from './types.ts';

type Fc = Omit<typeof FastCheck, 'default'>;
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const LONGEST = 100;
const DEEPEST = 8;

/** The arbitrary of a schema. @throws TelarError `bad-value` for a schema that says something else */
export function arbitraryOf(fc: Fc, schema: TypeText, depth = 0): FastCheck.Arbitrary<unknown> {
  if (depth > DEEPEST) throw new TelarError('bad-value', `A generator is nested deeper than ${DEEPEST} levels.`);
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return fc.constantFrom(...schema.enum as unknown[]);
  if (Array.isArray(schema.anyOf) && schema.anyOf.length > 0) return fc.oneof(...(schema.anyOf as TypeText[]).map((one) => arbitraryOf(fc, one, depth + 1)));
  const bounds = { ...(number(schema.minLength ?? schema.minItems) === undefined ? {} : { minLength: number(schema.minLength ?? schema.minItems)! }), maxLength: Math.min(LONGEST, number(schema.maxLength ?? schema.maxItems) ?? 20) };
  switch (schema.type) {
    case 'integer': return fc.integer({ min: number(schema.minimum) ?? -1_000_000, max: number(schema.maximum) ?? 1_000_000 });
    case 'number': return fc.double({ min: number(schema.minimum) ?? -1e9, max: number(schema.maximum) ?? 1e9, noNaN: true });
    case 'boolean': return fc.boolean();
    case 'null': return fc.constant(null);
    case 'string': return typeof schema.pattern === 'string' ? fc.stringMatching(patternOf(schema.pattern)) : fc.string(bounds);
    case 'array': case 'list': return fc.array(arbitraryOf(fc, (schema.items ?? { type: 'any' }) as TypeText, depth + 1), bounds);
    case 'object': case 'record': case 'map': {
      const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, TypeText>>);
      const required = Array.isArray(schema.required) ? schema.required as string[] : properties.map(([name]) => name);
      return fc.record(Object.fromEntries(properties.map(([name, one]) => [name, arbitraryOf(fc, one, depth + 1)])), { requiredKeys: required.filter((name) => properties.some(([known]) => known === name)) });
    }
    // Without -0, which no JSON can tell.
    case 'any': case undefined: return fc.oneof(fc.integer(), fc.string({ maxLength: 20 }), fc.boolean(), fc.constant(null));
    default: throw new TelarError('bad-value', `\`${JSON.stringify(schema.type)}\` is no type of a generator; there are integer, number, boolean, null, string, array, object and any.`);
  }
}

function patternOf(text: string): RegExp {
  if (text.length > 200) throw new TelarError('bad-value', 'The pattern of a generator is longer than 200 characters.');
  try {
    return new RegExp(text.startsWith('^') ? text : `^(?:${text})$`, 'u');
  } catch (error) {
    throw new TelarError('bad-value', `The pattern of a generator is no regular expression: ${(error as Error).message}.`, {}, { cause: error });
  }
}
