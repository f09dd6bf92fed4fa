/**
 * A JSON Schema in the strict form of OpenAI's API: a root object, every key required, no others, and only the keywords that it takes. What it does
 * not take is taken out and told. A schema that strict form cannot say without changing its sense has no form at all, and says why.
 */
import type { JsonSchema } from '../../../contracts/models.ts';
import type { Lowered } from '../provider.ts';
import { isKeywords, type Keywords, Ledger, type Placed, placesOf, resolveRef, speaksOf, within } from './schema.ts';

/** Keywords that strict form takes as they are. */
const KEPT: ReadonlySet<string> = new Set(['description', 'title', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minItems', 'maxItems']);
const FORMATS: ReadonlySet<unknown> = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']);
const DEEPEST = 10;
const MOST_KEYS = 5000;
const MOST_VALUES = 1000;
const SIMPLE: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);

/** Why strict form cannot say it. */
class Unsaid extends Error {}

/** @throws TelarError `bad-input` for a schema that is none, too large, or refers elsewhere */
export function toStrict(schema: JsonSchema): Lowered {
  const places = placesOf(schema);
  try {
    const strict = new Strict(places);
    return { schema: strict.root(schema), enforcement: strict.ledger.all() };
  } catch (error) {
    if (!(error instanceof Unsaid)) throw error;
    return { enforcement: new Ledger(places).all(`strict form cannot say it: ${error.message}`) };
  }
}

class Strict {
  readonly ledger: Ledger;
  readonly #places: ReadonlyMap<string, JsonSchema>;
  readonly #defs = new Map<string, { readonly name: string; made?: unknown }>();
  /** References that are being followed without a way to end. */
  readonly #forced = new Set<string>();
  #keys = 0;

  constructor(places: ReadonlyMap<string, JsonSchema>) {
    this.#places = places;
    this.ledger = new Ledger(places);
  }

  root(schema: JsonSchema): unknown {
    const root = this.#whole({ schema, path: '#' });
    if (!('properties' in root.schema || root.schema.type === 'object') || 'anyOf' in root.schema || 'oneOf' in root.schema) throw new Unsaid('its root has to be an object');
    this.#forced.add('#');
    const said = this.#say(root, 0);
    const defs = Object.fromEntries([...this.#defs.values()].map(({ name, made }) => [name, made]));
    return this.#defs.size === 0 ? said : { ...said, $defs: defs };
  }

  /** A place as one object of keywords: an `allOf` whose parts speak of different things is put together, a reference alone is followed. */
  #whole({ schema, path }: Placed, deep = 0): { readonly schema: Keywords; readonly path: string; readonly from: ReadonlyMap<string, string> } {
    if (!isKeywords(schema)) throw new Unsaid('a part is `true` or `false`');
    if (deep > DEEPEST) throw new Unsaid('a reference leads to itself');
    const { $ref, allOf, ...own } = schema;
    const from = new Map(Object.keys(own).map((keyword) => [keyword, path]));
    const all: Record<string, unknown> = { ...own };
    const more: Placed[] = [];
    if ($ref !== undefined) { this.ledger.tell(path, '$ref', 'grammar'); more.push(resolveRef($ref, this.#places)); }
    if (Array.isArray(allOf)) { this.ledger.tell(path, 'allOf', 'grammar'); more.push(...allOf.map((one, i) => ({ schema: one as JsonSchema, path: within(path, 'allOf', i) }))); }
    for (const one of more) {
      const whole = this.#whole(one, deep + 1);
      for (const [keyword, value] of Object.entries(whole.schema)) {
        if (speaksOf(keyword) === undefined) continue;
        if (Object.hasOwn(all, keyword) && JSON.stringify(all[keyword]) !== JSON.stringify(value)) throw new Unsaid(`\`${keyword}\` is said twice by \`allOf\``);
        all[keyword] = value;
        from.set(keyword, whole.from.get(keyword)!);
      }
    }
    return { schema: all, path, from };
  }

  #say(placed: Placed, depth: number): Record<string, unknown> {
    if (depth > DEEPEST) throw new Unsaid(`it is nested deeper than ${DEEPEST}`);
    if (isKeywords(placed.schema) && typeof placed.schema.$ref === 'string' && Object.keys(placed.schema).every((keyword) => keyword === '$ref' || speaksOf(keyword) === undefined)) return this.#refer(placed, depth);
    const { schema, from } = this.#whole(placed);
    const said: Record<string, unknown> = {};
    const keep = (keyword: string, value: unknown, why?: string): void => {
      said[keyword] = value;
      if (from.has(keyword)) this.ledger.tell(from.get(keyword)!, keyword, 'grammar', why);
    };
    const alternatives = ['anyOf', 'oneOf'].filter((keyword) => Array.isArray(schema[keyword]));
    if (alternatives.length === 1) {
      const keyword = alternatives[0]!;
      if (Object.keys(schema).some((one) => one !== keyword && one !== 'type' && speaksOf(one) !== undefined)) throw new Unsaid(`\`${keyword}\` stands beside other keywords`);
      said.anyOf = (schema[keyword] as readonly JsonSchema[]).map((one, i) => this.#apart(() => this.#say({ schema: one, path: within(from.get(keyword)!, keyword, i) }, depth)));
      this.ledger.tell(from.get(keyword)!, keyword, keyword === 'anyOf' ? 'grammar' : 'validation', keyword === 'anyOf' ? undefined : 'sent as `anyOf`; that no second one holds is found afterwards');
      return said;
    }
    const values = 'const' in schema ? [schema.const] : schema.enum;
    if (Array.isArray(values)) {
      if (values.length > MOST_VALUES || values.some((value) => value !== null && !SIMPLE.has(typeof value))) throw new Unsaid('a value of `enum` is an object or a list, or there are too many');
      said.enum = values;
      for (const keyword of ['const', 'enum']) if (from.has(keyword)) this.ledger.tell(from.get(keyword)!, keyword, 'grammar');
    }
    const type = schema.type ?? ('properties' in schema ? 'object' : 'items' in schema ? 'array' : undefined);
    if (type === undefined && !Array.isArray(values)) throw new Unsaid('a part has no `type`');
    if (type !== undefined) keep('type', schema.nullable === true ? [...new Set([type, 'null'].flat())] : type);
    if (schema.nullable === true) this.ledger.tell(from.get('nullable')!, 'nullable', 'grammar');
    const types = [type].flat();
    if (types.includes('object')) this.#object(schema, from, keep, depth);
    if (types.includes('array')) {
      if (!isKeywords(schema.items) || 'prefixItems' in schema) throw new Unsaid('a list has no `items`, or says them one by one');
      const items: Placed = { schema: schema.items, path: within(from.get('items')!, 'items') };
      keep('items', this.#apart(() => this.#say(items, depth + 1)));
    }
    for (const [keyword, value] of Object.entries(schema)) if (KEPT.has(keyword) || (keyword === 'format' && FORMATS.has(value))) keep(keyword, value);
    return said;
  }

  #object(schema: Keywords, from: ReadonlyMap<string, string>, keep: (keyword: string, value: unknown, why?: string) => void, depth: number): void {
    const { properties, required = [], additionalProperties, patternProperties } = schema;
    if (!isKeywords(properties) || patternProperties !== undefined) throw new Unsaid('an object has no `properties`, or keys by pattern');
    const names = Object.keys(properties);
    this.#keys += names.length;
    if (this.#keys > MOST_KEYS) throw new Unsaid(`it has more than ${MOST_KEYS} keys`);
    if (Array.isArray(required) && required.some((name) => !names.includes(name as string))) throw new Unsaid('a key is required that `properties` does not have');
    keep('properties', Object.fromEntries(names.map((name) => [name, this.#say({ schema: properties[name] as JsonSchema, path: within(from.get('properties')!, 'properties', name) }, depth + 1)])));
    const isForced = names.length > (required as readonly unknown[]).length;
    keep('required', names, isForced ? 'keys that need not be there are asked for too' : undefined);
    if (isForced && !from.has('required')) this.ledger.tell(from.get('properties')!, 'properties', 'grammar', 'keys that need not be there are asked for too');
    keep('additionalProperties', false, additionalProperties === false || additionalProperties === undefined ? undefined : 'no other keys can be asked for');
  }

  /** A reference alone: its target is said once. */
  #refer({ schema, path }: Placed, depth: number): Record<string, unknown> {
    const target = resolveRef((schema as Keywords).$ref, this.#places);
    this.ledger.tell(path, '$ref', 'grammar');
    if (this.#forced.has(target.path)) throw new Unsaid('it refers to itself where it cannot end, since every key is asked for');
    if (target.path === '#') return { $ref: '#' };
    const known = this.#defs.get(target.path);
    const def = known ?? { name: `d${this.#defs.size}` };
    this.#defs.set(target.path, def);
    if (known === undefined) {
      this.#forced.add(target.path);
      def.made = this.#say(target, depth);
      this.#forced.delete(target.path);
    }
    return { $ref: `#/$defs/${def.name}` };
  }

  /** Where a value can end without this part (one of several, an item of a list) a reference may come back. */
  #apart<T>(say: () => T): T {
    const forced = [...this.#forced];
    this.#forced.clear();
    const said = say();
    for (const one of forced) this.#forced.add(one);
    return said;
  }
}

