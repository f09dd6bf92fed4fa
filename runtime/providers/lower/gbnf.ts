/**
 * A JSON Schema as a GBNF grammar, for llama.cpp: each text of the grammar keeps every keyword that is told as enforced by it.
 *
 * Own, because node-llama-cpp's converter drops and misreads keywords without a word (`anyOf` becomes null, optional keys are forced).
 * A schema is read as a conjunction of places: `$ref` and `allOf` add places, `anyOf` and `oneOf` choose one. Where the schema leaves room, the
 * grammar may leave less: keys come in the order of the schema, and an object that names its keys has no others unless it says so.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Enforcement, JsonSchema } from '../../../contracts/models.ts';
import { areApart, endless, TYPES, typesOf, valuesOf } from './gbnf-meaning.ts';
import { arrayBody, numberBody, objectBody, type Part, type Rules, stringBody } from './gbnf-types.ts';
import { BASE, literal } from './gbnf-text.ts';
import { isKeywords, Ledger, placesOf, resolveRef, speaksOf, within, type Placed } from './schema.ts';

const MOST_RULES = 1500;
const LONGEST = 64 * 1024;

/** The grammar of a schema and who sees to each keyword. @throws TelarError `bad-input` for a schema that is none, is too large, refers elsewhere, or that no answer can keep */
export function toGbnf(schema: JsonSchema): { readonly grammar: string; readonly enforcement: readonly Enforcement[] } {
  const places = placesOf(schema);
  const ledger = new Ledger(places);
  const compiler = new Compiler(places, ledger);
  try {
    const root = compiler.compile([{ schema, path: '#' }]);
    // A type that nobody said was only meant: without it something may keep the schema.
    if (root === undefined && compiler.hasGuessed) throw new Unsaid('it speaks of types without saying which');
    if (root === undefined) throw new TelarError('bad-input', 'No answer can keep the schema: what it asks contradicts itself, or has no end. Mend the schema.');
    return { grammar: compiler.text(root), enforcement: ledger.all() };
  } catch (error) {
    if (!(error instanceof Unsaid)) throw error;
    const plain = new Compiler(places, ledger);
    return { grammar: plain.text(plain.base('value')), enforcement: new Ledger(places).all(error.message) };
  }
}

/** Why there is no grammar but that of any JSON. */
class Unsaid extends Error {}

/** See the module's head. */
class Compiler implements Rules {
  readonly ledger: Ledger;
  readonly #places: ReadonlyMap<string, JsonSchema>;
  readonly #rules = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #made = new Map<string, string>();
  readonly #impossible = new Set<string>();
  readonly #endless: ReadonlySet<string>;
  #length = 0;
  /** Some type was meant and not said. */
  hasGuessed = false;

  constructor(places: ReadonlyMap<string, JsonSchema>, ledger: Ledger) {
    this.#places = places;
    this.ledger = ledger;
    this.#endless = endless(places);
  }

  /** A rule of the library. */
  base(name: string): string {
    if (!this.#rules.has(name)) {
      const body = BASE[name]!;
      this.#rules.set(name, body);
      for (const [used] of body.matchAll(/(?<!["\\[\w])[a-z]+(?!["\w\]])/g)) if (Object.hasOwn(BASE, used)) this.base(used);
    }
    return name;
  }

  /** A rule of this text; the same text is one rule. */
  rule(body: string): string {
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = `r${this.#names.size}`;
    this.#names.set(body, name);
    this.#set(name, body);
    return name;
  }

  #set(name: string, body: string): void {
    this.#length += body.length;
    if (this.#rules.size > MOST_RULES || this.#length > LONGEST) throw new Unsaid('the grammar would be too large');
    this.#rules.set(name, body);
  }

  text(root: string): string { return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join('\n'); }

  /** The rule of all places at once; `undefined`: nothing keeps them. @param level what is being made and has taken no character yet */
  compile(placed: readonly Placed[], level: ReadonlySet<string> = new Set()): string | undefined {
    const parts = this.#flatten(placed);
    if (parts === undefined) return undefined;
    if (parts.length === 0) return this.base('value');
    const key = parts.map(({ schema, path }) => `${path} ${Object.keys(schema).join(' ')}`).sort().join('\n');
    // To choose itself is to choose nothing.
    if (level.has(key) || this.#impossible.has(key)) return undefined;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const name = `s${this.#made.size}`;
    this.#made.set(key, name);
    const body = this.#body(parts, new Set([...level, key]));
    if (body === undefined) {
      this.#impossible.add(key);
      // What referred to it while it was being made meets no character.
      this.#set(name, '[^\\x00-\\U0010FFFF]');
      return undefined;
    }
    this.#set(name, body);
    return name;
  }

  /** All that holds at once: references and `allOf` dissolved. `undefined`: `false` is among it, or what has no end. */
  #flatten(placed: readonly Placed[]): readonly Part[] | undefined {
    const parts = new Map<string, Part>();
    const waiting = [...placed].reverse();
    const seen = new Set<string>();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { schema, path } = next;
      if (schema === false) { this.ledger.tell(path, 'false', 'grammar'); return undefined; }
      if (this.#endless.has(path)) return undefined;
      if (!isKeywords(schema)) continue;
      const { $ref, allOf, ...rest } = schema;
      if (!seen.has(path)) {
        seen.add(path);
        if ($ref !== undefined) { this.ledger.tell(path, '$ref', 'grammar'); waiting.push(resolveRef($ref, this.#places)); }
        if (Array.isArray(allOf)) { this.ledger.tell(path, 'allOf', 'grammar'); waiting.push(...allOf.map((one, i) => ({ schema: one as JsonSchema, path: within(path, 'allOf', i) })).reverse()); }
      }
      const before = parts.get(path)?.schema;
      // A place that is met again, on one of its own ways: all of its keywords hold.
      if (Object.keys(rest).length > 0 && (before === undefined || Object.keys(before).length < Object.keys(rest).length)) parts.set(path, { schema: rest, path });
    }
    return [...parts.values()].filter(({ schema }) => Object.keys(schema).some((keyword) => speaksOf(keyword) !== undefined));
  }

  #body(parts: readonly Part[], level: ReadonlySet<string>): string | undefined {
    for (const part of parts) for (const keyword of ['anyOf', 'oneOf'] as const) if (Array.isArray(part.schema[keyword])) return this.#choice(parts, part, keyword, level);
    const types = typesOf(parts);
    this.hasGuessed ||= types.size < TYPES.length && parts.every(({ schema }) => schema.type === undefined);
    const values = parts.some(({ schema }) => 'const' in schema || Array.isArray(schema.enum)) ? valuesOf(parts, types) : undefined;
    if (values !== undefined && values.join().length < LONGEST / 4) {
      this.settle(parts, undefined, new Set(['enum', 'const', 'type', 'nullable']));
      return values.length === 0 ? undefined : values.map(literal).join(' | ');
    }
    this.settle(parts, 'any', new Set(['type', 'nullable']));
    const ways: string[] = [];
    for (const type of TYPES) {
      const spoken = type === 'integer' ? 'number' : type;
      if (!types.has(type)) { if (!(spoken === 'number' && (types.has('number') || types.has('integer')))) this.#idle(parts, spoken); continue; }
      if (type === 'integer' && types.has('number')) continue;
      const way = type === 'object' ? objectBody(this, parts) : type === 'array' ? arrayBody(this, parts) : type === 'string' ? stringBody(this, parts)
        : spoken === 'number' ? numberBody(this, parts, type === 'integer') : this.base(type);
      if (way !== undefined) ways.push(this.#rules.has(way) ? way : this.rule(way));
    }
    return ways.length === 0 ? undefined : ways.join(' | ');
  }

  /** One of several. */
  #choice(parts: readonly Part[], part: Part, keyword: 'anyOf' | 'oneOf', level: ReadonlySet<string>): string | undefined {
    const { [keyword]: list, ...rest } = part.schema;
    const others = parts.map((one) => (one === part ? { schema: rest, path: part.path } : one));
    const all = (list as readonly JsonSchema[]).map((schema, i) => ({ schema, path: within(part.path, keyword, i) }));
    const ways = all.flatMap((one) => this.compile([...others, one], level) ?? []);
    const apart = keyword === 'anyOf' || areApart(all.map((one) => this.#flatten([one]) ?? []));
    this.ledger.tell(part.path, keyword, apart ? 'grammar' : 'validation', apart ? undefined : 'the grammar lets one of them be; that no second one holds is found afterwards');
    return ways.length === 0 ? undefined : [...new Set(ways)].join(' | ');
  }

  /** Tells of the keywords that speak of a type (all of them: `undefined`) which of them the grammar holds. */
  settle(parts: readonly Part[], type: string | undefined, held: ReadonlySet<string>): void {
    for (const { schema, path } of parts) {
      for (const keyword of Object.keys(schema)) {
        const speaks = speaksOf(keyword);
        if (speaks !== undefined && (type === undefined || speaks === type)) this.ledger.tell(path, keyword, held.has(keyword) ? 'grammar' : 'validation');
      }
    }
  }

  #idle(parts: readonly Part[], type: string): void {
    for (const { schema, path } of parts) for (const keyword of Object.keys(schema)) if (speaksOf(keyword) === type) this.ledger.tell(path, keyword, 'none', `it speaks of ${type}s, and here is never one`);
  }
}
