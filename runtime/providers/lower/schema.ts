/**
 * A JSON Schema as data to be read: its places, its references, and the ledger of who sees to each keyword. Nothing is fetched, nothing is
 * run, and what is too large or too deep is refused before anything else looks at it.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Enforcement, Enforcer, JsonSchema } from '../../../contracts/models.ts';
import { FORMATS } from '../../prompts/formats.ts';

/** A schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>;

/** A schema at its place: a JSON pointer, `#` for the whole. */
export interface Placed { readonly schema: JsonSchema; readonly path: string }

const LARGEST = 256 * 1024;
const DEEPEST = 64;
const MOST_PLACES = 5000;

const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const SINGLES = ['items', 'additionalProperties', 'additionalItems', 'contains', 'not', 'if', 'then', 'else', 'propertyNames', 'unevaluatedItems', 'unevaluatedProperties'];

/** Keywords that say something to people, or hold what others refer to: nothing is to be enforced, and nothing is told of them. */
const NOTES: ReadonlySet<string> = new Set(['title', 'description', 'default', 'examples', '$comment', '$schema', '$id', '$anchor', '$dynamicAnchor', '$vocabulary', '$defs', 'definitions', 'deprecated', 'readOnly', 'writeOnly', 'contentEncoding', 'contentMediaType', 'contentSchema', 'discriminator', 'example']);

/** Keywords that a validator knows, by the type that they speak of. */
const ASSERTIONS: Readonly<Record<string, string>> = {
  type: 'any', enum: 'any', const: 'any', nullable: 'any', $ref: 'any', $dynamicRef: 'any', allOf: 'any', anyOf: 'any', oneOf: 'any', not: 'any', if: 'any', then: 'any', else: 'any',
  properties: 'object', patternProperties: 'object', additionalProperties: 'object', required: 'object', minProperties: 'object', maxProperties: 'object', propertyNames: 'object', dependentRequired: 'object', dependentSchemas: 'object', dependencies: 'object', unevaluatedProperties: 'object',
  items: 'array', prefixItems: 'array', additionalItems: 'array', minItems: 'array', maxItems: 'array', uniqueItems: 'array', contains: 'array', minContains: 'array', maxContains: 'array', unevaluatedItems: 'array',
  minLength: 'string', maxLength: 'string', pattern: 'string', format: 'string',
  minimum: 'number', maximum: 'number', exclusiveMinimum: 'number', exclusiveMaximum: 'number', multipleOf: 'number',
};

export const isKeywords = (value: unknown): value is Keywords => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): value is JsonSchema => typeof value === 'boolean' || isKeywords(value);
const step = (name: string | number): string => String(name).replaceAll('~', '~0').replaceAll('/', '~1');
/** The pointer of what lies within a place. */
export const within = (path: string, ...names: readonly (string | number)[]): string => [path, ...names.map(step)].join('/');
/** The type that a keyword speaks of; `undefined` for one that no validator knows. */
export const speaksOf = (keyword: string): string | undefined => (Object.hasOwn(ASSERTIONS, keyword) ? ASSERTIONS[keyword] : undefined);

/** The schemas right within a schema. */
function parts(schema: Keywords, path: string): readonly Placed[] {
  const found: Placed[] = [];
  const add = (value: unknown, ...names: readonly (string | number)[]): void => { if (isSchema(value)) found.push({ schema: value, path: within(path, ...names) }); };
  for (const key of MAPS) if (isKeywords(schema[key])) for (const [name, value] of Object.entries(schema[key])) add(value, key, name);
  for (const key of [...LISTS, 'items']) if (Array.isArray(schema[key])) schema[key].forEach((value, i) => { add(value, key, i); });
  for (const key of SINGLES) add(schema[key], key);
  if (isKeywords(schema.dependencies)) for (const [name, value] of Object.entries(schema.dependencies)) add(value, 'dependencies', name);
  return found;
}

/** What stands at each place of a schema. @throws TelarError `bad-input` for one that is too large, too deep, or none */
export function placesOf(schema: unknown): ReadonlyMap<string, JsonSchema> {
  if (!isSchema(schema)) throw new TelarError('bad-input', 'The schema has to be an object of keywords, `true` or `false`.');
  if (!isWithin(schema, LARGEST, DEEPEST)) throw new TelarError('bad-input', `The schema is larger than ${LARGEST} characters, or nested deeper than ${DEEPEST}; ask for less in one answer.`, { largest: LARGEST, deepest: DEEPEST });
  const places = new Map<string, JsonSchema>();
  const waiting: Placed[] = [{ schema, path: '#' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    places.set(next.path, next.schema);
    if (places.size > MOST_PLACES) throw new TelarError('bad-input', `The schema has more than ${MOST_PLACES} parts; ask for less in one answer.`, { most: MOST_PLACES });
    if (isKeywords(next.schema)) waiting.push(...parts(next.schema, next.path));
  }
  return places;
}

/** Whether the text of plain data keeps to a length and a depth; looks at no more than that. */
function isWithin(value: unknown, most: number, deepest: number): boolean {
  let left = most;
  const look = (at: unknown, depth: number): boolean => {
    if (typeof at === 'string') left -= at.length + 2;
    else if (typeof at !== 'object' || at === null) left -= 8;
    else {
      left -= 2;
      if (depth > 2 * deepest) return false;
      for (const [key, each] of Object.entries(at)) {
        left -= key.length + 4;
        if (left < 0 || !look(each, depth + 1)) return false;
      }
    }
    return left >= 0;
  };
  return look(value, 0);
}

/** What a reference names. @throws TelarError `bad-input` for one that leaves the schema, or leads nowhere */
export function resolveRef(ref: unknown, places: ReadonlyMap<string, JsonSchema>): Placed {
  const text = typeof ref === 'string' ? ref : '';
  if (!text.startsWith('#')) throw new TelarError('bad-input', `The schema refers to ${JSON.stringify(ref)?.slice(0, 120)}, which is elsewhere. Nothing is fetched for a schema: put that part under \`$defs\` and refer to it as \`#/$defs/NAME\`.`, { ref });
  let path = text === '#/' ? '#' : text;
  try {
    path = decodeURIComponent(path);
  } catch {
    // A lone `%`: as it stands.
  }
  const schema = places.get(path);
  if (schema !== undefined) return { schema, path };
  const anchor = path.slice(1);
  for (const [place, one] of places) if (isKeywords(one) && one.$anchor === anchor && anchor !== '') return { schema: one, path: place };
  throw new TelarError('bad-input', `The schema refers to \`${text.slice(0, 120)}\`, and there is nothing. Mend the reference.`, { ref });
}

const RANK: Readonly<Record<Enforcer, number>> = { none: 0, grammar: 1, validation: 2 };

/** Who sees to each keyword. A part that is used twice is as strong as its weaker use. */
export class Ledger {
  readonly #places: ReadonlyMap<string, JsonSchema>;
  readonly #told = new Map<string, Enforcement>();

  constructor(places: ReadonlyMap<string, JsonSchema>) { this.#places = places; }

  tell(path: string, keyword: string, by: Enforcer, why?: string): void {
    const key = `${path} ${keyword}`;
    const known = this.#told.get(key);
    if (known === undefined || RANK[by] > RANK[known.by]) this.#told.set(key, { path, keyword, by, ...(why === undefined ? {} : { why }) });
  }

  /** Every keyword of every place but notes: what was not told is found by validation. @param why said of those */
  all(why?: string): readonly Enforcement[] {
    const all: Enforcement[] = [];
    for (const [path, schema] of [...this.#places].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      // At the end of `additionalProperties` and `items` it is what these say themselves.
      const isNamed = /\/(?:properties|patternProperties|\$defs|definitions|dependentSchemas|dependencies)\/[^/]*$/.test(path);
      if (schema === false && (isNamed || !/(?:Properties|tems)$/.test(path))) all.push(this.#told.get(`${path} false`) ?? { path, keyword: 'false', by: 'validation', ...(why === undefined ? {} : { why }) });
      for (const keyword of isKeywords(schema) ? Object.keys(schema) : []) {
        if (NOTES.has(keyword)) continue;
        const told = this.#told.get(`${path} ${keyword}`);
        const isUnknown = speaksOf(keyword) === undefined || (keyword === 'format' && told?.by !== 'grammar' && !Object.hasOwn(FORMATS, String((schema as Keywords)[keyword])));
        const none = isUnknown ? 'no validator knows it' : undefined;
        all.push(none !== undefined ? { path, keyword, by: 'none', why: none } : told ?? { path, keyword, by: 'validation', ...(why === undefined ? {} : { why }) });
      }
    }
    return all;
  }
}
