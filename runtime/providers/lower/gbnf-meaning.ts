/** What places of a schema mean: which can end, and of some together their types, their values, and whether alternatives can hold at once. */
import type { JsonSchema } from '../../../contracts/models.ts';
import type { Part } from './gbnf-types.ts';
import { isKeywords, resolveRef, speaksOf, within } from './schema.ts';

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

const MOST_ROUNDS = 64;

/** Places that no answer can come to the end of: an object that has to hold another of its kind, a list that has to hold another such list. */
export function endless(places: ReadonlyMap<string, JsonSchema>): ReadonlySet<string> {
  const left = new Set(places.keys());
  const ends = (path: string): boolean => !left.has(path);
  const canEnd = (path: string): boolean => {
    const schema = places.get(path)!;
    if (!isKeywords(schema)) return true;
    const { $ref, type, nullable, properties, required, minItems, items } = schema;
    const all = (keyword: string): readonly string[] => (Array.isArray(schema[keyword]) ? schema[keyword].map((_, i) => within(path, keyword, i)) : []);
    if ($ref !== undefined && !ends(resolveRef($ref, places).path)) return false;
    if (!all('allOf').every(ends) || ['anyOf', 'oneOf'].some((keyword) => all(keyword).length > 0 && !all(keyword).some(ends))) return false;
    if (nullable === true) return true;
    if (type === 'array' && isKeywords(items) && Number(minItems) > 0 && schema.prefixItems === undefined) return ends(within(path, 'items'));
    return type !== 'object' || !isKeywords(properties) || !Array.isArray(required) || required.every((name: string) => !Object.hasOwn(properties, name) || ends(within(path, 'properties', name)));
  };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = left.size;
    for (const path of [...left].reverse()) if (canEnd(path)) left.delete(path);
    if (left.size === before) return left;
  }
  return new Set();
}

/** The types that all places allow. Where none says, keywords that speak of one type mean that one. */
export function typesOf(parts: readonly Part[]): ReadonlySet<string> {
  let types: ReadonlySet<string> = new Set(TYPES);
  let said = false;
  for (const { schema: { type, nullable } } of parts) {
    const own = (Array.isArray(type) ? type : [type]).filter((one): one is string => TYPES.includes(one as string));
    if (own.length === 0) continue;
    said = true;
    const wide = new Set([...own, ...(own.includes('number') ? ['integer'] : []), ...(nullable === true ? ['null'] : [])]);
    types = new Set([...types].filter((one) => wide.has(one)));
  }
  if (said || parts.some(({ schema }) => 'const' in schema || 'enum' in schema)) return types;
  const meant = new Set(parts.flatMap(({ schema }) => Object.keys(schema).map(speaksOf)).filter((one) => one !== undefined && one !== 'any') as string[]);
  return meant.size === 0 ? types : meant;
}

/** Texts of the values that every `enum` and `const` names and the types allow. */
export function valuesOf(parts: readonly Part[], types: ReadonlySet<string>): readonly string[] {
  let values: readonly unknown[] | undefined;
  for (const { schema } of parts) {
    for (const list of ['const' in schema ? [schema.const] : undefined, Array.isArray(schema.enum) ? schema.enum : undefined]) {
      if (list === undefined) continue;
      const texts = new Set(list.map((one) => JSON.stringify(one)));
      values = values === undefined ? list : values.filter((one) => texts.has(JSON.stringify(one)));
    }
  }
  const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value);
  return [...new Set((values ?? []).filter((one) => types.has(typeOf(one))).map((one) => JSON.stringify(one)))];
}

/** Whether at most one of some can hold: other types, or another value of a key that all of them require. */
export function areApart(alternatives: readonly (readonly Part[])[]): boolean {
  const seen = alternatives.map((parts) => ({ types: typesOf(parts), tags: tagsOf(parts) }));
  return seen.every((a, i) => seen.slice(i + 1).every((b) => {
    if ([...a.types].every((type) => !b.types.has(type))) return true;
    return [...a.tags].some(([name, values]) => b.tags.get(name)?.every((value) => !values.includes(value)) === true);
  }));
}

/** Keys that have to be there with one of some values. */
function tagsOf(parts: readonly Part[]): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  for (const { schema: { properties, required, type } } of parts) {
    if (type !== 'object' || !isKeywords(properties) || !Array.isArray(required)) continue;
    for (const name of required as readonly string[]) {
      const one = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const values = !isKeywords(one) ? undefined : 'const' in one ? [one.const] : Array.isArray(one.enum) ? one.enum : undefined;
      if (values !== undefined) tags.set(name, values.map((value) => JSON.stringify(value)));
    }
  }
  return tags;
}
