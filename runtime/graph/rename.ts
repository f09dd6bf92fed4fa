/**
 * What a rename rewrites in bodies, and in `when=`, `each=` and `of=`: the places where a node's id stands as a name that means this node. It asks the graph, not
 * the letters: a local name, a name that a wire on the fence brings in, or another node's output of the same name stay as they
 * are. Wires, `outputs` and the id itself are the document's own (`runtime/document/edit-name.ts`).
 */
import { qualifiersOf } from '../../nodes/sql/qualifiers.ts';
import type { Reference } from '../document/document.ts';
import type { Graph } from './graph.ts';
import { eachOf } from './node.ts';
import { definersOf } from './resolve.ts';

/**
 * Places of a node's name in the bodies of its own notebook: in each reader, and in its own body where it binds its id.
 * @param id of a node of the root notebook; an unknown one has no references
 */
export function referencesTo(graph: Graph, id: string): Reference[] {
  const { root } = graph;
  const target = root.byId.get(id);
  if (target === undefined) return [];
  const found: Reference[] = [];
  for (const node of root.nodes) {
    const { reads, binds } = node.description.analysis;
    const wired = new Set(node.cell.wires.map((wire) => wire.port));
    const means = (name: string, fold: boolean): boolean => {
      if (wired.has(name) || !(name === id || (fold && name.toLowerCase() === id))) return false;
      const definers = definersOf(root, name, fold, node);
      return definers.length === 1 && definers[0] === target;
    };
    const named = node === target ? binds.filter((bind) => bind.name === id)
      : reads.filter((read) => read.builtin !== true && means(read.name, read.fold === true));
    const qualified = node.description.kind === 'sql' && named.some((one) => 'fold' in one && one.fold === true) ? qualifiersOf(node.cell.body, id) : [];
    const ranges = [...new Map([...named.flatMap((one) => one.ranges), ...qualified].map((range) => [range.from, range])).values()];
    const when = (node.description.when?.analysis.reads ?? []).filter((read) => read.builtin !== true && means(read.name, false)).flatMap((read) => read.ranges);
    // `each=` names an input; where the input has its name from the node, it goes with it.
    const each = eachOf(node);
    const goes = node !== target && named.length > 0 && (each === id || each?.startsWith(`${id}.`) === true);
    // `of=` of an implementation names its contract's node.
    const of = node !== target && node.description.kind === 'implementation' && node.description.params.of === id && means(id, false);
    const whole = [{ from: 0, to: id.length }];
    const keys = { ...(when.length > 0 ? { when } : {}), ...(goes ? { each: whole } : {}), ...(of ? { of: whole } : {}) };
    if (ranges.length > 0 || when.length > 0 || of) found.push({ id: node.id, ranges, ...(Object.keys(keys).length > 0 ? { keys } : {}) });
  }
  return found;
}
