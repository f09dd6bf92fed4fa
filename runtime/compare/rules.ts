/**
 * Rules: when two values of an output count as equal (C4). What a fence's `compare=` says, else what holds for the form of a value:
 * tables as multisets of rows unless the query orders them, floats to 1e-9; all else by its bytes.
 */
import type { Comparator, Comparators } from '../../nodes/comparators.ts';
import type { Description } from '../graph/node.ts';

/** Relative difference to which the floats of tables are compared where nobody says: honest sums on several threads stay far below it. */
const TABLE_TOLERANCE = 1e-9;

/** How values of one form are compared: the largest relative difference of two equal numbers, and whether order counts. */
export interface Manner { readonly tolerance: number; readonly ordered: boolean }

/** When two values count as equal. A form without a manner is compared by its bytes. */
export interface Rule {
  /** Whatever they are. */
  readonly ignore?: true;
  readonly tables?: Manner;
  /** Records, texts, arrays and all else. */
  readonly others?: Manner;
}

/** The usual rule of an output whose rows stand in an order. */
export const USUAL: Rule = { tables: { tolerance: TABLE_TOLERANCE, ordered: true } };

/**
 * The rule of a node's output, by its fence's `compare=`, else the usual one. A query in SQL orders its rows only by an ORDER BY of
 * its own; the rows that any other kind gives stand in an order.
 */
export function ruleFor(node: { readonly description: Pick<Description, 'kind' | 'params' | 'analysis'> }, output: string): Rule {
  const { kind, params, analysis } = node.description;
  const ordered = kind !== 'sql' || analysis.ordered === true;
  const asked = params.compare as Comparators | undefined;
  const comparator = asked === undefined ? undefined : own(asked, output) ?? own(asked, '*');
  switch (comparator?.how) {
    case 'exact': return {};
    case 'ignore': return { ignore: true };
    case 'close': return { tables: { tolerance: comparator.tolerance, ordered }, others: { tolerance: comparator.tolerance, ordered: true } };
    case 'unordered': return { tables: { tolerance: TABLE_TOLERANCE, ordered: false }, others: { tolerance: 0, ordered: false } };
    default: return { tables: { tolerance: TABLE_TOLERANCE, ordered } };
  }
}

const own = (all: Comparators, name: string): Comparator | undefined => (Object.hasOwn(all, name) ? all[name] : undefined);
