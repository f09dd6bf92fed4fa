/** What the tests of comparing share: values in a store that counts its reads, and rules by name. */
import type { OutputValue } from '../../contracts/node.ts';
import { parseComparators } from '../../nodes/comparators.ts';
import { compareValues, type Comparison } from '../../runtime/compare/compare.ts';
import { ruleFor, type Rule } from '../../runtime/compare/rules.ts';
import { storeValue, type StoreOptions } from '../../runtime/values/kinds.ts';
import { PlainTableView } from '../../runtime/values/table.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

/** Columns by name: type and values. */
export type Columns = Readonly<Record<string, readonly [type: string, values: readonly unknown[]]>>;

/** The rule of a fence, of a query that orders nothing unless it is said. */
export function rule(compare?: string, kind: 'sql' | 'python' = 'sql', output = 'value'): Rule {
  const params = compare === undefined ? {} : { compare: parseComparators(compare) };
  return ruleFor({ description: { kind, params, analysis: { reads: [], binds: [], imports: [], normal: '', problems: [] } } }, output);
}

/** A store, and ways to put values into it and to compare them. */
export function bench(): { readonly blobs: ReturnType<typeof memoryBlobs>; table(columns: Columns): OutputValue; value(value: unknown, options?: StoreOptions): OutputValue; compare(a: OutputValue, b: OutputValue, by?: Rule): Comparison } {
  const blobs = memoryBlobs();
  return {
    blobs,
    table: (columns) => storeValue(new PlainTableView(Object.entries(columns).map(([name, [type, values]]) => ({ name, type, values })), Object.values(columns)[0]?.[1].length ?? 0), blobs),
    value: (value, options) => storeValue(value, blobs, options),
    compare: (a, b, by = rule()) => compareValues(a, b, by, blobs),
  };
}

/** A record, whatever the value is. */
export const record: StoreOptions = { form: 'record' };
