/**
 * Plan: which nodes a run is about, in which order, and what is decided before any value is known. The decision of a step
 * whose inputs come from other steps is made when its last input arrives (`runtime/scheduler/decide.ts`).
 */
import { TelarError, type Problem } from '../../contracts/errors.ts';
import { nearest } from '../../nodes/nearest.ts';
import type { Graph } from './graph.ts';
import { definitionError, enclosureOf, outputPorts, templatePath, type GraphNode, type InputPort } from './node.ts';

/** What a person may ask of a plan. */
export interface PlanOptions {
  /** These and what they need (P10). */
  readonly to?: readonly string[];
  /** These and their dependents again; ancestors as planned. */
  readonly from?: readonly string[];
  /** Everything again. */
  readonly noReuse?: boolean;
  /** What nodes ask for (the network) is allowed for this once. */
  readonly trust?: boolean;
}

/** Why a node will not run, known before the run. */
export type Stop =
  | { readonly state: 'failed'; readonly problem: Problem }
  | { readonly state: 'disabled' }
  | { readonly state: 'unavailable'; readonly reason: string }
  | { readonly state: 'blocked'; readonly by: readonly string[]; readonly because: 'failed' | 'disabled' | 'unavailable' };

/** A frozen order with targets. */
export interface Plan {
  readonly graph: Graph;
  /** Nodes of the run in canonical order. */
  readonly order: readonly GraphNode[];
  readonly targets: readonly string[];
  /** Nodes that run even if a row would do. */
  readonly forced: ReadonlySet<GraphNode>;
  readonly stops: ReadonlyMap<GraphNode, Stop>;
  /** By node: outputs that somebody reads, so that they are kept. */
  wanted(node: GraphNode): readonly string[];
}

/**
 * Freezes a plan.
 * @param lacks why a node's engines cannot run here, or `undefined`
 * @throws TelarError `usage` for an empty target list or an id that is not there
 */
export function makePlan(graph: Graph, options: PlanOptions, lacks: (node: GraphNode) => string | undefined): Plan {
  const from = named(graph, options.from, '--from');
  const to = named(graph, options.to, '--to');
  const again = options.noReuse === true ? [...graph.nodes()] : [...closure(from, (node) => node.readers.keys())];
  const chosen = to.length === 0 ? undefined : closure(to, allSources);
  const order = chosen === undefined ? graph.order() : graph.order().filter((node) => chosen.has(node));
  return { graph, order, targets: to.map((node) => node.path), forced: new Set(again), stops: findStops(order, lacks), wanted };
}

/** Outputs besides `value` that a node reads, sorted. */
function wanted(node: GraphNode): readonly string[] {
  const names = new Set<string>();
  for (const reader of node.readers.keys()) {
    for (const port of reader.ports) if (port.source.node === node && port.source.output !== 'value') names.add(port.source.output);
  }
  return [...names].sort();
}

/** What a node needs. Nothing inside a closed boundary runs without it. */
function allSources(node: GraphNode): GraphNode[] {
  const sources = node.ports.map((port) => port.source.node);
  const outer = node.scope.boundary === undefined ? undefined : enclosureOf(node);
  return outer === undefined ? sources : [...sources, outer];
}

function closure(start: readonly GraphNode[], next: (node: GraphNode) => Iterable<GraphNode>): Set<GraphNode> {
  const seen = new Set(start);
  for (const node of seen) for (const other of next(node)) seen.add(other);
  return seen;
}

function named(graph: Graph, paths: readonly string[] | undefined, flag: string): GraphNode[] {
  if (paths === undefined) return [];
  if (paths.length === 0) throw new TelarError('usage', `${flag} names no node. Give ids, separated by commas.`);
  return paths.flatMap((path) => {
    const node = graph.node(path);
    if (node !== undefined) return node.inner === undefined ? [node] : [node, ...graph.nodes(node.inner)];
    throw noNode(flag, path, graph);
  });
}

/** The error of a path that names no node. @param flag that said it */
export function noNode(flag: string, path: string, graph: Graph): TelarError {
  const template = templatePath(path);
  if (template !== path && graph.node(template) !== undefined) return new TelarError('usage', `${flag}: all elements of \`${template}\` go together; say \`${template}\`.`, { node: path });
  const near = nearest(path, [...graph.nodes()].map((one) => one.path));
  return new TelarError('usage', `${flag}: there is no node \`${path}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`, { node: path });
}

/** Definition errors, disabled and unavailable nodes, and all that hangs on them, with root causes. */
function findStops(order: readonly GraphNode[], lacks: (node: GraphNode) => string | undefined): Map<GraphNode, Stop> {
  const stops = new Map<GraphNode, Stop>();
  for (const node of order) {
    const problem = definitionError(node);
    const reason = node.cell.disabled || problem !== undefined ? undefined : lacks(node);
    if (isDisabled(node)) stops.set(node, { state: 'disabled' });
    else if (problem !== undefined) stops.set(node, { state: 'failed', problem });
    else if (reason !== undefined) stops.set(node, { state: 'unavailable', reason });
  }
  for (const node of order) {
    if (stops.has(node)) continue;
    const roots = new Set<string>();
    let because: 'failed' | 'disabled' | 'unavailable' = 'failed';
    for (const port of node.ports) {
      const source = stops.has(port.source.node) ? port.source.node : insideOf(port);
      const stop = stops.get(source);
      if (stop === undefined || port.optional) continue;
      because = stop.state === 'blocked' ? stop.because : stop.state;
      for (const root of stop.state === 'blocked' ? stop.by : [source.path]) roots.add(root);
    }
    if (roots.size > 0) stops.set(node, { state: 'blocked', by: [...roots].sort(), because });
  }
  // Nothing inside a closed boundary runs without it, also what depends on no wire.
  for (const node of order) {
    if (node.scope.boundary === undefined || stops.has(node)) continue;
    for (let outer = enclosureOf(node); outer !== undefined; outer = enclosureOf(outer)) {
      const stop = stops.get(outer);
      if (stop === undefined) continue;
      stops.set(node, stop.state === 'blocked' ? stop : { state: 'blocked', by: [outer.path], because: stop.state });
      break;
    }
  }
  return stops;
}

/** Who gives a port its value: of a closed boundary, the node inside. */
function insideOf({ source }: InputPort): GraphNode {
  if (source.node.inner === undefined) return source.node;
  const inner = outputPorts(source.node).find((one) => one.name === source.output);
  return inner === undefined ? source.node : insideOf(inner);
}

/** A node of a disabled nested notebook is disabled with it. */
function isDisabled(node: GraphNode): boolean {
  for (let one: GraphNode | undefined = node; one !== undefined; one = one.scope.boundary) if (one.cell.disabled) return true;
  return false;
}
