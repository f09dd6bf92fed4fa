/**
 * Gather: what the elements of an `each=` gave, as one value. Tables and records of one shape become a table, all else a list, in
 * the order of the elements. It has a key and a row like a step, so that readers have a value with a hash, and nothing is
 * put together twice.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { OutputValue } from '../../contracts/node.ts';
import type { Blobs, TableView, ValueRef } from '../../contracts/values.ts';
import { actionKey, refComponent, type Components } from '../graph/fingerprint.ts';
import type { Sha256 } from '../ports.ts';
import { NumberArray } from '../values/array.ts';
import { inferType, tableFromRecords } from '../values/infer.ts';
import { loadValue, storeValue } from '../values/kinds.ts';
import { isPlain } from '../values/scalars.ts';
import { isTableView } from '../values/summary.ts';
import { PlainTableView } from '../values/table.ts';
import type { Outputs } from './lane.ts';

/** Raised when the same results would be gathered into another value. */
const GATHER = 'gather@1';

/** What one element gave. */
export interface Part { readonly key: string; readonly outputs: Outputs }

/** Key and components of a gathering. In the components `input.KEY` is the value of an element, `input.KEY/OUTPUT` another output, in order. */
export function gatherKey(parts: readonly Part[], names: readonly string[], sha256: Sha256): { readonly key: string; readonly components: Components } {
  // The order of the elements counts; the components of a key are sorted.
  const components: Record<string, string> = { kind: 'gather', code: GATHER, order: sha256(JSON.stringify([names, ...parts.map(({ key }) => key)])) };
  for (const { key, outputs } of parts) {
    for (const name of names) {
      const ref = outputs[name]?.ref;
      if (ref !== undefined) components[`input.${key}${name === 'value' ? '' : `/${name}`}`] = refComponent(ref);
    }
  }
  return { key: actionKey(components, sha256), components };
}

/** Gathers each output. @throws TelarError `value-type` for what can stand in no list, `value-missing` */
export function gather(parts: readonly Part[], names: readonly string[], blobs: Blobs): Outputs {
  return Object.fromEntries(names.map((name) => [name, gatherOne(parts.flatMap(({ outputs }) => outputs[name]?.ref ?? []), name, blobs)]));
}

function gatherOne(refs: readonly ValueRef[], name: string, blobs: Blobs): OutputValue {
  const apart = refs.find(({ form }) => form === 'live' || form === 'opaque');
  if (apart !== undefined) {
    const what = apart.form === 'live' ? `a ${apart.live?.what ?? 'function'}` : 'a Python object';
    throw new TelarError('value-type', `With \`each=\` the results become a list of data, and the output \`${name}\` is ${what}. Give plain data, or do without \`each=\`.`, { output: name, type: apart.form });
  }
  const values = refs.map((ref) => loadValue(ref, blobs));
  if (values.length > 0 && values.every(isTableView)) return storeValue(concatenated(values), blobs);
  // A chart or a report is a record too, but no row.
  const table = refs.some(({ mediaType }) => mediaType !== undefined) ? undefined : tableOf(values);
  return storeValue(table ?? values.map(plain), blobs, table === undefined ? { form: 'record' } : {});
}

/** One table below the other. A column that one of them lacks is null there. */
function concatenated(tables: readonly TableView[]): PlainTableView {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const names = new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const columns = [...names].map((name) => {
    const values: unknown[] = [];
    const types = new Set<string>();
    for (const table of tables) {
      const column = table.columns.find((one) => one.name === name);
      if (column !== undefined) types.add(column.type);
      const held = column === undefined ? undefined : table.column(name);
      for (let row = 0; row < table.rows; row += 1) values.push(held?.[row] ?? null);
    }
    return { name, type: types.size === 1 ? [...types][0] as string : inferType(values), values };
  });
  return new PlainTableView(columns, rows);
}

/** The table of records of one shape: the same names, and types that go together. */
function tableOf(values: readonly unknown[]): PlainTableView | undefined {
  const [first] = values;
  if (!isPlain(first)) return undefined;
  const names = Object.keys(first);
  const alike = names.length > 0 && values.every((value) => isPlain(value) && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name)));
  if (!alike) return undefined;
  const { columns, rows } = tableFromRecords(values);
  return columns.some(({ type }) => type.includes('JSON')) ? undefined : new PlainTableView(columns, rows);
}

/** An item of a list. Tables and arrays in it are lists themselves. */
function plain(value: unknown): unknown {
  if (isTableView(value)) return Array.from({ length: value.rows }, (_, index) => value.row(index));
  return value instanceof NumberArray ? value.toList() : value;
}
