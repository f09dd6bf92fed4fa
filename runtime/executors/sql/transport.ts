/**
 * Types that do not cross DuckDB's Arrow bridge exactly (wide integers, UUID, INTERVAL, BIT, ENUM, UNION and what holds them) go as others that do:
 * text, or a struct for a union. For such a type this gives the type to send, the SQL that turns one into the other, and the same for values.
 */
import { type DuckType, formatType, type Member, quoteName, quoteText } from '../../values/duckdb-types.ts';
import { Tagged } from '../../values/scalars.ts';

const plain = (name: string): DuckType => ({ kind: 'plain', name });
const TEXT = plain('VARCHAR');
const AS_TEXT = new Set(['HUGEINT', 'UHUGEINT', 'UUID', 'INTERVAL', 'BIT', 'BIGNUM', 'TIME WITH TIME ZONE', 'TIME_NS', 'JSON']);

/** The type to send. Equal to `type` exactly when nothing needs to be turned. */
export function sentType(type: DuckType): DuckType {
  switch (type.kind) {
    case 'plain': return AS_TEXT.has(type.name) ? TEXT : type;
    case 'enum': return TEXT;
    case 'list': return crosses(type.item) ? type : { ...type, item: sentType(type.item) };
    case 'array': return crosses(type.item) ? type : { kind: 'list', item: sentType(type.item) };
    case 'map': return crosses(type.key) && crosses(type.value) ? type : { kind: 'list', item: { kind: 'struct', members: entry(sentType(type.key), sentType(type.value)) } };
    case 'struct': return crosses(type) ? type : { kind: 'struct', members: type.members.map(({ name, type: member }) => ({ name, type: sentType(member) })) };
    case 'union': return { kind: 'struct', members: [{ name: '$tag', type: TEXT }, ...type.members.map(({ name, type: member }) => ({ name, type: sentType(member) }))] };
    default: return type;
  }
}

const entry = (key: DuckType, value: DuckType): Member[] => [{ name: 'key', type: key }, { name: 'value', type: value }];

/** Whether a type crosses as it is. */
export function crosses(type: DuckType): boolean {
  switch (type.kind) {
    case 'plain': return !AS_TEXT.has(type.name);
    case 'enum': case 'union': return false;
    case 'list': case 'array': return crosses(type.item);
    case 'map': return crosses(type.key) && crosses(type.value);
    case 'struct': return type.members.every((member) => crosses(member.type));
    default: return true;
  }
}

const unlessNull = (sql: string, form: string): string => `CASE WHEN ${sql} IS NULL THEN NULL ELSE ${form} END`;
const pack = (members: readonly (readonly [string, string])[]): string => `struct_pack(${members.map(([name, sql]) => `${quoteName(name)} := ${sql}`).join(', ')})`;

/** SQL that turns an expression of `type` into one of `sentType(type)`. `depth` keeps the names of lambda parameters apart. */
export function sendSql(sql: string, type: DuckType, depth = 0): string {
  if (crosses(type)) return sql;
  const each = `x${depth}`;
  switch (type.kind) {
    case 'list': case 'array': return `list_transform(CAST(${sql} AS ${formatType({ kind: 'list', item: type.item })}), lambda ${each}: ${sendSql(each, type.item, depth + 1)})`;
    case 'map': return `list_transform(map_entries(${sql}), lambda ${each}: ${pack([['key', sendSql(`${each}.key`, type.key, depth + 1)], ['value', sendSql(`${each}.value`, type.value, depth + 1)]])})`;
    case 'struct': return unlessNull(sql, pack(type.members.map(({ name, type: member }) => [name, sendSql(`${sql}[${quoteText(name)}]`, member, depth)])));
    case 'union': return unlessNull(sql, pack([['$tag', `CAST(union_tag(${sql}) AS VARCHAR)`], ...type.members.map(({ name, type: member }): [string, string] => [name, sendSql(`union_extract(${sql}, ${quoteText(name)})`, member, depth)])]));
    default:
      if (type.kind === 'plain' && type.name === 'INTERVAL') {
        const part = (name: string): string => `datepart(${quoteText(name)}, ${sql})`;
        return `concat_ws(',', ${part('year')} * 12 + ${part('month')}, ${part('day')}, CASE WHEN ${sql} IS NULL THEN NULL ELSE ${part('hour')} * 3600000000 + ${part('minute')} * 60000000 + ${part('microsecond')} END)`.replace(/^(.*)$/s, `CASE WHEN ${sql} IS NULL THEN NULL ELSE $1 END`);
      }
      return `CAST(${sql} AS VARCHAR)`;
  }
}

/** SQL that turns an expression of `sentType(type)` back into `type`. */
export function receiveSql(sql: string, type: DuckType, depth = 0): string {
  if (crosses(type)) return sql;
  const each = `x${depth}`;
  const cast = (form: string): string => `CAST(${form} AS ${formatType(type)})`;
  switch (type.kind) {
    case 'list': case 'array': return cast(`list_transform(${sql}, lambda ${each}: ${receiveSql(each, type.item, depth + 1)})`);
    case 'map': return cast(unlessNull(sql, `map_from_entries(list_transform(${sql}, lambda ${each}: ${pack([['k', receiveSql(`${each}.key`, type.key, depth + 1)], ['v', receiveSql(`${each}.value`, type.value, depth + 1)]])}))`));
    case 'struct': return cast(unlessNull(sql, pack(type.members.map(({ name, type: member }) => [name, receiveSql(`${sql}[${quoteText(name)}]`, member, depth)]))));
    case 'union': return `CASE ${sql}['$tag'] ${type.members.map(({ name, type: member }) => `WHEN ${quoteText(name)} THEN ${cast(`union_value(${quoteName(name)} := ${receiveSql(`${sql}[${quoteText(name)}]`, member, depth)})`)}`).join(' ')} ELSE NULL END`;
    default:
      if (type.kind === 'plain' && type.name === 'INTERVAL') {
        const part = (index: number, as: string): string => `CAST(split_part(${sql}, ',', ${index}) AS ${as})`;
        return unlessNull(sql, `to_months(${part(1, 'INTEGER')}) + to_days(${part(2, 'INTEGER')}) + to_microseconds(${part(3, 'BIGINT')})`);
      }
      return cast(sql);
  }
}

/** A value of `type` as one of `sentType(type)`. */
export function sendValue(value: unknown, type: DuckType): unknown {
  if (value === null || value === undefined || crosses(type)) return value ?? null;
  switch (type.kind) {
    case 'list': case 'array': return (value as unknown[]).map((item) => sendValue(item, type.item));
    case 'map': return (value instanceof Map ? [...value as Map<unknown, unknown>] : Object.entries(value)).map(([key, item]) => ({ key: sendValue(key, type.key), value: sendValue(item, type.value) }));
    case 'struct': return Object.fromEntries(type.members.map(({ name, type: member }) => [name, sendValue((value as Record<string, unknown>)[name], member)]));
    case 'union': {
      const [tag = ''] = Object.keys(value);
      return { $tag: tag, ...Object.fromEntries(type.members.map(({ name, type: member }) => [name, name === tag ? sendValue((value as Record<string, unknown>)[name], member) : null])) };
    }
    default: return value instanceof Tagged ? value.text : String(value);
  }
}

/** A value of `sentType(type)` as one of `type`. */
export function receiveValue(value: unknown, type: DuckType): unknown {
  if (value === null || value === undefined || crosses(type)) return value ?? null;
  switch (type.kind) {
    case 'list': case 'array': return (value as unknown[]).map((item) => receiveValue(item, type.item));
    case 'map': return new Map((value as { key: unknown; value: unknown }[]).map((each) => [receiveValue(each.key, type.key), receiveValue(each.value, type.value)]));
    case 'struct': return Object.fromEntries(type.members.map(({ name, type: member }) => [name, receiveValue((value as Record<string, unknown>)[name], member)]));
    case 'union': {
      const { $tag: tag } = value as { $tag: string };
      const member = type.members.find(({ name }) => name === tag);
      return { [tag]: member === undefined ? null : receiveValue((value as Record<string, unknown>)[tag], member.type) };
    }
    default: return type.kind === 'plain' && /^(U?HUGEINT|BIGNUM)$/.test(type.name) ? BigInt(String(value)) : value;
  }
}
