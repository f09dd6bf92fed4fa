/**
 * What the graph is made of, past the file: nodes, ports and edges. A node's path is its place among nested notebooks
 * (`by_station/monthly`) and its only identity (G11). Nothing here knows runs.
 */
import type { ModelProfile } from '../../contracts/models.ts';
import type { Analysis } from '../../contracts/node.ts';
import type { Problem } from '../../contracts/errors.ts';
import type { Document, NotebookCell } from '../document/document.ts';
import { bodyOffsetToText, offsetToPlace } from '../document/places.ts';
import { isolationFaults } from './isolation.ts';

/** A node's output, as a place where a wire begins. */
export interface Source { readonly node: GraphNode; readonly output: string }

/** An input of a node with where it comes from. The name may be dotted: a member of a nested notebook. */
export interface InputPort {
  readonly name: string;
  readonly source: Source;
  readonly optional: boolean;
  /** Read by the node's `when=` alone: no part of its key, and not handed to its step. */
  readonly gate?: true;
}

/** A node's `when=`: the expression as written, and its analysis. */
export interface Condition { readonly text: string; readonly analysis: Analysis }

/** What is known of a cell alone: its kind, its body, its keys. */
export interface Description {
  /** Engines that a step of it uses. */
  readonly engines: readonly string[];
  readonly kind: string;
  readonly analysis: Analysis;
  /** Keys of the fence line in their parsed types, defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly when?: Condition;
  /** Of a node that asks a model: its profile, as it was found for the notebook's folder, or why there is none. */
  readonly model?: FoundModel;
  readonly flaws: readonly Flaw[];
}

/** What looking for a model came to; `path` of a profile that cannot be read. */
export type FoundModel = { readonly profile: ModelProfile; readonly reason?: undefined; readonly path?: undefined } | { readonly reason: string; readonly path?: string; readonly profile?: undefined };

/**
 * A finding in a cell, with its place in the cell's own text: the page above may grow, and names elsewhere may come and go,
 * without touching it. Place, and words that speak of others, are made when somebody asks.
 */
export interface Flaw extends Pick<Problem, 'code' | 'severity'> {
  readonly message: string | (() => string);
  readonly data?: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);
  /** Offset in the body, or from the beginning of the fence. */
  readonly at: { readonly part: 'fence' | 'body'; readonly offset: number };
}

/** Describes a cell; depends on the cell alone (G6). */
export type Describe = (cell: NotebookCell) => Description;

/** A node of the graph. Mutable inside `runtime/graph/`, read-only to all others. */
export interface GraphNode {
  readonly path: string;
  readonly id: string;
  readonly scope: Scope;
  cell: NotebookCell;
  description: Description;
  /** Output names: `value` first, then what the body binds for others. */
  outputs: readonly string[];
  ports: readonly InputPort[];
  /** Findings of name resolution; the description has its own. */
  findings: readonly Flaw[];
  /** Cycles this node is on, each as the whole path. */
  cycles: readonly (readonly GraphNode[])[];
  /** Nodes that read this one, with the number of ports that do. */
  readonly readers: Map<GraphNode, number>;
  /** The notebook inside, for a `graph` node whose file could be read. */
  inner?: Scope;
  /** Place in an order in which every wire points forward; kept up to date edit by edit. */
  rank: number;
}

/** A notebook's own room of names: the root, or one inside a `graph` node (G9). */
export interface Scope {
  /** `''` for the root, else the path of the boundary node. */
  readonly path: string;
  document: Document;
  readonly boundary?: GraphNode;
  nodes: GraphNode[];
  readonly byId: Map<string, GraphNode>;
  /** Who defines a name, and who reads it; `~name` in lower case for readers without case. */
  readonly definers: Map<string, Set<GraphNode>>;
  readonly readers: Map<string, Set<GraphNode>>;
  /** Constants of the boundary's `with:`. */
  readonly constants: Readonly<Record<string, unknown>>;
}

/** The port that a node goes over with `each=`. */
export function eachOf({ description: { params } }: Pick<GraphNode, 'description'>): string | undefined {
  return params.each as string | undefined;
}

/**
 * Whether a boundary is closed: its notebook runs as a whole, for each element or under a condition, so readers are wired to the
 * boundary itself, and what its fence wires in are ports of its own (`in.station`) beside its outputs.
 */
export function isClosed(node: Pick<GraphNode, 'description'>): boolean {
  return node.description.kind === 'graph' && (node.description.when !== undefined || eachOf(node) !== undefined);
}

/** The innermost closed boundary that a node is inside of. */
export function enclosureOf(node: GraphNode): GraphNode | undefined {
  let { boundary } = node.scope;
  while (boundary !== undefined && !isClosed(boundary)) boundary = boundary.scope.boundary;
  return boundary;
}

/** A boundary's ports that are its notebook's outputs; none of any other node. */
export function outputPorts(node: GraphNode): readonly InputPort[] {
  return node.inner === undefined ? [] : node.ports.filter((port) => port.source.node.scope === node.inner);
}

/** A path without the keys of elements: `by_station[sea]/monthly` is a doing of `by_station/monthly`. */
export function templatePath(path: string): string { return path.replace(/\[[^\]]*\]/g, ''); }

/** Folder of the notebook that holds a node, relative to the workspace root; `''` for the root. */
export function folderOf(node: GraphNode): string {
  const { file } = node.scope.document;
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}

/** All problems of a node: the document's about it, its body's, its names', its cycles'. */
export function problemsOf(node: GraphNode): readonly Problem[] {
  const { description, findings, cycles } = node;
  return [
    ...written(node), ...description.flaws.map((flaw) => placed(node, flaw)), ...findings.map((flaw) => placed(node, flaw)), ...isolationFlaws(node).map((flaw) => placed(node, flaw)),
    ...cycles.map((cycle) => cycleProblem(node, cycle)),
  ];
}

/** The first error of a node: what makes it `failed` before it could run. */
export function definitionError(node: GraphNode): Problem | undefined {
  const isError = (one: { readonly severity: Problem['severity'] }): boolean => one.severity === 'error';
  const flaw = node.description.flaws.find(isError) ?? node.findings.find(isError) ?? isolationFlaws(node)[0];
  return written(node).find(isError) ?? (flaw === undefined ? undefined : placed(node, flaw))
    ?? (node.cycles[0] === undefined ? undefined : cycleProblem(node, node.cycles[0]));
}

const byNode = new WeakMap<Document, ReadonlyMap<string, readonly Problem[]>>();

/** What parsing found about a node. */
function written(node: GraphNode): readonly Problem[] {
  const { document } = node.scope;
  let known = byNode.get(document);
  if (known === undefined) byNode.set(document, known = Map.groupBy(document.problems.filter((one) => one.node !== undefined), (one) => one.node as string));
  const found = known.get(node.id) ?? [];
  return found.length === 0 ? found : found.map((problem) => ({ ...problem, node: node.path }));
}

/** A flaw with its place of now. */
function placed(node: GraphNode, { code, severity, message, data, at }: Flaw): Problem {
  const { document } = node.scope;
  const offset = at.part === 'fence' ? node.cell.fenceAt.from + at.offset : bodyOffsetToText(document, node.cell, at.offset);
  return {
    code, severity, message: typeof message === 'string' ? message : message(), file: document.file, ...offsetToPlace(document, offset), node: node.path,
    ...(data === undefined ? {} : { data: typeof data === 'function' ? data() : data }),
  };
}

/** What is wrong with what a node asks for; it hangs on the front matter too, so it is made when somebody asks. */
function isolationFlaws(node: GraphNode): readonly Flaw[] {
  return isolationFaults(node).map(({ key, message }) => {
    const at = node.cell.attributes.find((one) => one.key === key)?.at.from ?? node.cell.fenceAt.from;
    return { code: 'bad-value', severity: 'error', message, at: { part: 'fence', offset: at - node.cell.fenceAt.from } };
  });
}

function cycleProblem(node: GraphNode, cycle: readonly GraphNode[]): Problem {
  const start = cycle.indexOf(node);
  const round = [...cycle.slice(start), ...cycle.slice(0, start), node];
  const names = round.slice(1).map((reader, i) => readName(reader, round[i] as GraphNode));
  const steps = round.slice(1).map((reader, i) => `${(round[i] as GraphNode).path} gives \`${names[i]}\` to ${reader.path}`);
  return {
    code: 'cycle', severity: 'error', file: node.scope.document.file, line: node.cell.line, column: 1, node: node.path,
    message: `Circular: ${steps.join(', ')}. Cut one of these wires, or disable one of the nodes.`,
    data: { path: round.map((one) => one.path), names },
  };
}

function readName(reader: GraphNode, from: GraphNode): string {
  return reader.ports.find((port) => port.source.node === from)?.name ?? from.id;
}
