/**
 * Order and cycles. Two orders are kept apart: `rank`, which is updated edit by edit and only has to point forward (so that
 * a new wire that could close a cycle is found in its neighbourhood), and the canonical order of a plan, in which ties are
 * broken by the page (G2) and which is the same on every machine whatever the history of edits (G6).
 */
import { MinHeap } from './heap.ts';
import type { GraphNode } from './node.ts';

/**
 * Canonical topological order (Kahn's algorithm with a heap over page positions). Nodes that are known to be on a cycle come
 * once nothing else can go on, then what hangs on them; while no cycle is known, those are left out. O((n + edges) log n), and linear when the page already is in order.
 * @param nodes all nodes, in page order
 */
export function canonicalOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const position = new Map<GraphNode, number>();
  nodes.forEach((node, i) => position.set(node, i));
  const waiting = new Int32Array(nodes.length);
  nodes.forEach((node) => { for (const reader of node.readers.keys()) waiting[position.get(reader) as number]! += 1; });
  const heap = new MinHeap(nodes.length);
  const order: GraphNode[] = [];
  const done = new Uint8Array(nodes.length);
  nodes.forEach((_, i) => { if (waiting[i] === 0) heap.push(i); });
  const drain = (): void => {
    while (heap.size > 0) {
      const at = heap.pop();
      const node = nodes[at] as GraphNode;
      done[at] = 1;
      order.push(node);
      for (const reader of node.readers.keys()) {
        const i = position.get(reader) as number;
        if (--waiting[i]! === 0 && done[i] === 0) heap.push(i);
      }
    }
  };
  drain();
  if (order.length < nodes.length) {
    nodes.forEach((node, i) => { if (done[i] === 0 && node.cycles.length > 0) { done[i] = 1; waiting[i] = 0; heap.push(i); } });
    drain();
  }
  return order;
}

/**
 * Restores "every wire points forward" in `rank` after a wire `from -> to` was added (Pearce and Kelly, 2006): only nodes
 * ranked between the two are visited.
 * @param pending wires that are there but not admitted yet: the search must not follow them
 * @returns false when the wire closes a cycle; ranks are then unchanged
 */
export function admitEdge(from: GraphNode, to: GraphNode, pending: ReadonlyMap<GraphNode, ReadonlySet<GraphNode>>): boolean {
  if (from === to) return false;
  if (from.rank < to.rank) return true;
  const ahead = reach([to], (node) => [...node.readers.keys()].filter((reader) => pending.get(node)?.has(reader) !== true), (node) => node.rank <= from.rank);
  if (ahead.has(from)) return false;
  const behind = reach([from], (node) => node.ports.map((port) => port.source.node).filter((source) => pending.get(source)?.has(node) !== true), (node) => node.rank >= to.rank);
  const byRank = (a: GraphNode, b: GraphNode): number => a.rank - b.rank;
  const moved = [...[...behind].sort(byRank), ...[...ahead].sort(byRank)];
  const ranks = moved.map((node) => node.rank).sort((a, b) => a - b);
  moved.forEach((node, i) => { node.rank = ranks[i] as number; });
  return true;
}

function reach(start: GraphNode[], next: (node: GraphNode) => Iterable<GraphNode>, within: (node: GraphNode) => boolean): Set<GraphNode> {
  const seen = new Set(start);
  const stack = [...start];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const other of next(node)) if (!seen.has(other) && within(other)) { seen.add(other); stack.push(other); }
  }
  return seen;
}

/** Most cycles that are told apart; a knot of more is told by these. */
const MOST_CYCLES = 64;

/**
 * Sets `cycles` on every node that is on one: for each wire inside a strongly connected component, the shortest cycle through it, so that
 * cycles that share a node are each reported and the number stays bounded by the wires (G3).
 */
export function findCycles(nodes: readonly GraphNode[]): void {
  const position = new Map(nodes.map((node, i) => [node, i]));
  const byPage = (a: GraphNode, b: GraphNode): number => position.get(a)! - position.get(b)!;
  for (const component of components(nodes)) {
    component.sort(byPage);
    const members = new Set(component);
    // The page's order, not the order in which wires came: the same text tells the same cycles (G6).
    const next = new Map(component.map((node) => [node, [...node.readers.keys()].filter((reader) => members.has(reader)).sort(byPage)]));
    const told = new Map<GraphNode, Set<GraphNode>>(component.map((node) => [node, new Set()]));
    let count = 0;
    for (const node of component) {
      for (const reader of next.get(node)!) {
        if (told.get(node)!.has(reader) || (count >= MOST_CYCLES && node.cycles.length > 0)) continue;
        const cycle = shortest(reader, node, next);
        count += 1;
        cycle.forEach((one, i) => {
          one.cycles = [...one.cycles, cycle];
          told.get(one)!.add(cycle[(i + 1) % cycle.length] as GraphNode);
        });
      }
    }
  }
}

/** Shortest path from `from` to `to` along `next`, both ends included. */
function shortest(from: GraphNode, to: GraphNode, next: ReadonlyMap<GraphNode, readonly GraphNode[]>): GraphNode[] {
  const cameFrom = new Map<GraphNode, GraphNode | undefined>([[from, undefined]]);
  const queue = [from];
  for (let i = 0; i < queue.length && !cameFrom.has(to); i++) {
    for (const reader of next.get(queue[i] as GraphNode)!) if (!cameFrom.has(reader)) { cameFrom.set(reader, queue[i]); queue.push(reader); }
  }
  const path: GraphNode[] = [];
  for (let node: GraphNode | undefined = to; node !== undefined; node = cameFrom.get(node)) path.unshift(node);
  return path;
}

/** Strongly connected components that hold a cycle (Tarjan, without recursion). */
function components(nodes: readonly GraphNode[]): GraphNode[][] {
  const index = new Map<GraphNode, number>();
  const low = new Map<GraphNode, number>();
  const onStack = new Set<GraphNode>();
  const stack: GraphNode[] = [];
  const found: GraphNode[][] = [];
  for (const root of nodes) {
    if (index.has(root)) continue;
    const calls: { node: GraphNode; rest: Iterator<GraphNode> }[] = [];
    const enter = (node: GraphNode): void => {
      index.set(node, index.size);
      low.set(node, index.size - 1);
      stack.push(node);
      onStack.add(node);
      calls.push({ node, rest: node.readers.keys() });
    };
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { node } = call;
      const next = call.rest.next();
      if (!next.done) {
        if (!index.has(next.value)) enter(next.value);
        else if (onStack.has(next.value)) low.set(node, Math.min(low.get(node)!, index.get(next.value)!));
        continue;
      }
      calls.pop();
      const parent = calls.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(node)!));
      if (low.get(node) !== index.get(node)) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) onStack.delete(member);
      if (component.length > 1 || node.readers.has(node)) found.push(component.reverse());
    }
  }
  return found;
}
