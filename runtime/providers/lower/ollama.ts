/**
 * A JSON Schema as Ollama's `format` takes it: llama.cpp's own converter makes a grammar of it there. What that converter does not know it refuses
 * or passes over, so it is taken out here and told. It asks for whole numbers in bounds, for patterns with `^` and `$`, and merges `allOf` by keys;
 * it takes `{}` for an object, and follows no reference but one to a plain name under a key of the whole: each target is therefore said there anew.
 */
import type { JsonSchema } from '../../../contracts/models.ts';
import type { Lowered } from '../provider.ts';
import { isKeywords, type Keywords, Ledger, placesOf, resolveRef, within } from './schema.ts';

/** Keywords that it holds, by the type that has to be said for them. */
const HELD: Readonly<Record<string, string>> = {
  properties: 'object', required: 'object', additionalProperties: 'object', items: 'array', prefixItems: 'array', minItems: 'array', maxItems: 'array',
  minLength: 'string', maxLength: 'string', pattern: 'string', format: 'string', minimum: 'integer', maximum: 'integer', exclusiveMinimum: 'integer', exclusiveMaximum: 'integer',
};
const FORMATS: ReadonlySet<unknown> = new Set(['date', 'time', 'date-time', 'uuid']);
const TYPES: readonly unknown[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
/** Any value: its converter knows no `true`. */
const ANY = { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] };
/** Largest count that it repeats. */
const MOST_REPEATS = 2000;

/** @throws TelarError `bad-input` for a schema that is none, too large, or refers elsewhere */
export function toOllama(schema: JsonSchema): Lowered {
  const places = placesOf(schema);
  const ledger = new Ledger(places);
  const targets = new Map<string, string>();
  const refer = (ref: unknown): string => {
    const { path } = resolveRef(ref, places);
    const name = targets.get(path) ?? `d${targets.size}`;
    targets.set(path, name);
    return `#/$defs/${name}`;
  };
  let said = say(schema, '#', refer, ledger);
  const $defs: Record<string, Keywords> = {};
  for (const [path, name] of targets) $defs[name] = say(places.get(path)!, path, refer, ledger);
  // Beside a reference it looks for no others.
  for (let i = 0; typeof said.$ref === 'string' && i < targets.size; i++) said = $defs[said.$ref.slice('#/$defs/'.length)]!;
  return { schema: targets.size === 0 ? said : { $defs, ...said }, enforcement: ledger.all() };
}

function say(schema: JsonSchema, path: string, refer: (ref: unknown) => string, ledger: Ledger): Keywords {
  if (!isKeywords(schema)) return ANY;
  const below = (value: unknown, ...names: readonly (string | number)[]): unknown => say(value as JsonSchema, within(path, ...names), refer, ledger);
  const held = (keyword: string): void => { ledger.tell(path, keyword, 'grammar'); };
  if (schema.$ref !== undefined) {
    // What stands beside a reference is passed over there.
    held('$ref');
    return { $ref: refer(schema.$ref) };
  }
  for (const keyword of ['anyOf', 'oneOf']) {
    if (!Array.isArray(schema[keyword])) continue;
    ledger.tell(path, keyword, keyword === 'anyOf' ? 'grammar' : 'validation', keyword === 'anyOf' ? undefined : 'that no second one holds is found afterwards');
    return { [keyword]: schema[keyword].map((one, i) => below(one, keyword, i)) };
  }
  const values = 'const' in schema ? [schema.const] : schema.enum;
  if (Array.isArray(values)) {
    held('const' in schema ? 'const' : 'enum');
    if (values.every((value) => [schema.type].flat().includes(value === null ? 'null' : typeof value))) held('type');
    return 'const' in schema ? { const: schema.const } : { enum: values };
  }
  const types = [schema.type ?? meant(schema)].flat().filter((one): one is string => TYPES.includes(one));
  if (types.length === 0) return ANY;
  if (schema.type !== undefined) held('type');
  const said: Record<string, unknown> = { type: types.length === 1 ? types[0] : types };
  const tuple = Array.isArray(schema.prefixItems) ? schema.prefixItems.length : undefined;
  // Of several types it takes none of their keywords.
  for (const [keyword, value] of types.length > 1 ? [] : Object.entries(schema)) {
    if (!Object.hasOwn(HELD, keyword) || HELD[keyword] !== types[0]) continue;
    if (keyword === 'pattern' && !(typeof value === 'string' && /^\^.*\$$/s.test(value) && !/\(\?|\\[bBpPdDwWsSkK1-9]/.test(value))) continue;
    if (keyword === 'format' && !FORMATS.has(value)) continue;
    if (HELD[keyword] === 'integer' && !Number.isSafeInteger(value)) continue;
    // Of two bounds on one side it reads the first.
    if ((keyword === 'exclusiveMinimum' && 'minimum' in schema) || (keyword === 'exclusiveMaximum' && 'maximum' in schema)) continue;
    if (/^(?:min|max)(?:Items|Length)$/.test(keyword) && !((value as number) <= MOST_REPEATS)) continue;
    // A list that is said one by one has just these there.
    if (tuple !== undefined && ((keyword === 'minItems' && tuple < (value as number)) || (keyword === 'maxItems' && tuple > (value as number)))) continue;
    if (keyword === 'additionalProperties' && isKeywords(schema.patternProperties)) continue;
    if (keyword === 'items' && (typeof value === 'boolean' || tuple !== undefined)) continue;
    if (keyword === 'required' && Array.isArray(value) && !value.every((name) => isKeywords(schema.properties) && Object.hasOwn(schema.properties, name as string))) continue;
    said[keyword] = keyword === 'properties' && isKeywords(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, below(one, keyword, name)]))
      : keyword === 'prefixItems' && Array.isArray(value) ? value.map((one, i) => below(one, keyword, i))
        : keyword === 'items' || keyword === 'additionalProperties' ? (typeof value === 'boolean' ? value : below(value, keyword)) : value;
    held(keyword);
  }
  // Without items it counts none.
  if (('minItems' in said || 'maxItems' in said) && !('items' in said) && tuple === undefined) said.items = ANY;
  // A pattern goes before a format, and that before lengths.
  for (const keyword of 'pattern' in said ? ['minLength', 'maxLength', 'format'] : 'format' in said ? ['minLength', 'maxLength'] : []) delete said[keyword];
  for (const keyword of ['minLength', 'maxLength', 'format']) if (keyword in schema && !(keyword in said)) ledger.tell(path, keyword, 'validation');
  return said;
}

/** The type that keywords mean where none is said. */
function meant(schema: Keywords): string | undefined {
  return Object.entries(HELD).find(([keyword]) => Object.hasOwn(schema, keyword))?.[1];
}
