/**
 * Picoschema, the short form of a schema in dotprompt: `name: string, the name`, `tags?(array): string`, `mood(enum): [good, bad]`.
 * It becomes JSON Schema; what already is JSON Schema stays as it is written.
 */
import type { JsonSchema } from '../../contracts/models.ts';
import { isMapping } from '../yaml-body.ts';

const SCALARS: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'null', 'any']);
const TYPES: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
/** What no field of a Picoschema is called without meaning JSON Schema. */
const KEYWORDS = ['properties', 'items', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const', '$schema', '$defs', 'prefixItems'] as const;
const DEEPEST = 32;

/** A schema as written in a prompt's front matter, and the words of what is wrong with it. */
export type ReadSchema = { readonly schema: JsonSchema; readonly fault?: undefined } | { readonly fault: string };

/** Reads either form. */
export function readSchema(written: unknown): ReadSchema {
  try {
    return { schema: isJsonSchema(written) ? written as JsonSchema : field(written, 0) };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
}

class Fault extends Error {}

function isJsonSchema(written: unknown): boolean {
  if (typeof written === 'boolean') return true;
  if (!isMapping(written)) return false;
  const { type } = written;
  return TYPES.has(type) || (Array.isArray(type) && type.every((one) => TYPES.has(one)) && type.length > 0)
    || (type === undefined && KEYWORDS.some((key) => Object.hasOwn(written, key) && (typeof written[key] === 'object' || key.startsWith('$') || key === 'const')));
}

/** What stands at a field: a type with its description, or the fields of an object. */
function field(written: unknown, depth: number): Record<string, unknown> {
  if (depth > DEEPEST) throw new Fault(`the schema is nested more than ${DEEPEST} deep`);
  if (typeof written === 'string') {
    const [type = '', ...rest] = written.split(',');
    const name = type.trim();
    if (!SCALARS.has(name)) throw new Fault(`\`${name.slice(0, 60)}\` is no type; there are ${[...SCALARS].join(', ')}`);
    const said = rest.join(',').trim();
    return { ...(name === 'any' ? {} : { type: name }), ...(said === '' ? {} : { description: said }) };
  }
  if (!isMapping(written)) throw new Fault('a schema is a type (`string, what it is`) or the fields of an object');
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  let additional: unknown = false;
  for (const [key, value] of Object.entries(written)) {
    const [, name = '', optional, kind, said] = /^([^?(]*)(\?)?(?:\(([^,)]*)(?:,([^)]*))?\))?$/.exec(key) ?? [];
    if (key === '(*)') { additional = field(value, depth + 1); continue; }
    if (name.trim() === '') throw new Fault(`\`${key.slice(0, 60)}\` is no name of a field; write \`name\`, \`name?\` or \`name(array, what it is)\``);
    const own = described(kind?.trim(), value, depth);
    const full = { ...own, ...(said === undefined ? {} : { description: said.trim() }) };
    Object.defineProperty(properties, name.trim(), { value: optional === undefined ? full : nullable(full), enumerable: true });
    if (optional === undefined) required.push(name.trim());
  }
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), additionalProperties: additional };
}

function described(kind: string | undefined, value: unknown, depth: number): Record<string, unknown> {
  switch (kind) {
    case undefined: return field(value, depth + 1);
    case 'array': return { type: 'array', items: field(value, depth + 1) };
    case 'object': return field(value, depth + 1);
    case 'enum':
      if (!Array.isArray(value) || value.length === 0) throw new Fault('an enum is a list: `mood(enum): [good, bad]`');
      return { enum: value };
    default: throw new Fault(`\`(${kind.slice(0, 60)})\` is no kind of field; there are array, object, enum`);
  }
}

/** As dotprompt has it, a field that may be left out may also be null. */
function nullable(schema: Record<string, unknown>): Record<string, unknown> {
  if (Array.isArray(schema.enum)) return { ...schema, enum: [...schema.enum as unknown[], null] };
  return typeof schema.type === 'string' && schema.type !== 'null' ? { ...schema, type: [schema.type, 'null'] } : schema;
}
