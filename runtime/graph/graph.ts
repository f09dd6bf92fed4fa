/**
 * Graph: nodes and wires of a notebook, kept up to date edit by edit. An edit costs the edited node, the readers of the names
 * that it gained or lost, and the part of the order that a new wire turns round (G10); the result is the same as building
 * anew (a property test holds the two together). It knows no values and no runs.
 */
import type { Problem } from '../../contracts/errors.ts';
import type { Document, NotebookCell } from '../document/document.ts';
import type { Describe, GraphNode, InputPort, Scope } from './node.ts';
import { problemsOf } from './node.ts';
import { DEEPEST, documentProblems, joinPath, readUse, type Nested, type Project } from './project.ts';
import { outputsOf, resolve } from './resolve.ts';
import { admitEdge, canonicalOrder, findCycles } from './topology.ts';

/** Most nodes that notebooks inside notebooks may add up to: a few small files that use each other twice each are more than any memory. */
const MOST_NODES = 100_000;

/** Counts of work done since the graph was made: a measure of cost that no machine's speed changes. */
export interface Work { described: number; resolved: number; sorted: number }

/** The graph of one project. */
export class Graph {
  readonly work: Work = { described: 0, resolved: 0, sorted: 0 };
  readonly #describe: Describe;
  #project: Project;
  #root: Scope;
  #nodes = new Map<string, GraphNode>();
  #depends = new Map<GraphNode, readonly { scope: Scope; name: string }[]>();
  #dirty = new Set<GraphNode>();
  #ranked = false;
  #nextRank = 0;
  #order: GraphNode[] | undefined;

  constructor(project: Project, describe: Describe) {
    this.#describe = describe;
    this.#project = project;
    this.#root = newScope('', project.root, undefined, {});
    this.#fill(this.#root, project.path, [project.path]);
    this.#settle();
  }

  get root(): Scope { return this.#root; }
  get project(): Project { return this.#project; }
  node(path: string): GraphNode | undefined { return this.#nodes.get(path); }
  get size(): number { return this.#nodes.size; }

  /** All nodes in page order; a nested notebook's stand before its boundary. */
  *nodes(scope: Scope = this.#root): Generator<GraphNode> {
    for (const node of scope.nodes) {
      if (node.inner !== undefined) yield* this.nodes(node.inner);
      yield node;
    }
  }

  /** Canonical order of all nodes (G2); kept until a wire or the page's order changes. */
  order(): readonly GraphNode[] {
    this.#order ??= canonicalOrder([...this.nodes()]);
    return this.#order;
  }

  /** Problems of the documents and of all nodes, in page order. */
  problems(): Problem[] {
    const found = documentProblems(this.#project).filter((problem) => problem.node === undefined);
    for (const node of this.nodes()) found.push(...problemsOf(node));
    return found;
  }

  /**
   * Takes a new state of the files. Cells whose text did not change keep their node and its wires.
   * @returns paths of the nodes that were described or wired anew
   */
  update(project: Project): ReadonlySet<string> {
    const touched = new Set<string>();
    const before = this.#project;
    this.#project = project;
    if (sameNested(before, project)) this.#diff(this.#root, project.root, project.path, [project.path], touched);
    else {
      for (const node of this.#nodes.values()) touched.add(node.path);
      this.#nodes = new Map();
      this.#depends = new Map();
      this.#dirty = new Set();
      this.#ranked = false;
      this.#root = newScope('', project.root, undefined, {});
      this.#fill(this.#root, project.path, [project.path]);
    }
    for (const node of this.#settle()) touched.add(node.path);
    return touched;
  }

  #diff(scope: Scope, document: Document, path: string, trail: readonly string[], touched: Set<string>): void {
    scope.document = document;
    const take = (node: GraphNode, cell: NotebookCell): void => {
      if (sameCell(node.cell, cell)) node.cell = cell;
      else { touched.add(node.path); this.#redescribe(node, cell, path, trail); }
    };
    const { cells } = document;
    // Most edits leave the ids and their order as they are.
    if (cells.length === scope.nodes.length && cells.every((cell, i) => cell.id === scope.nodes[i]?.id)) {
      scope.nodes.forEach((node, i) => { take(node, cells[i] as NotebookCell); });
      return;
    }
    const old = new Map(scope.byId);
    const nodes: GraphNode[] = [];
    for (const cell of cells) {
      const node = old.get(cell.id);
      if (node === undefined) {
        if (!scope.byId.has(cell.id)) nodes.push(this.#add(scope, cell, path, trail));
        continue;
      }
      old.delete(cell.id);
      nodes.push(node);
      take(node, cell);
    }
    for (const node of old.values()) this.#remove(node);
    if (nodes.length !== scope.nodes.length || nodes.some((node, i) => node !== scope.nodes[i])) this.#order = undefined;
    scope.nodes = nodes;
  }

  #fill(scope: Scope, path: string, trail: readonly string[]): void {
    for (const cell of scope.document.cells) {
      if (!scope.byId.has(cell.id)) scope.nodes.push(this.#add(scope, cell, path, trail));
    }
  }

  #add(scope: Scope, cell: NotebookCell, path: string, trail: readonly string[]): GraphNode {
    const node: GraphNode = {
      path: scope.path === '' ? cell.id : `${scope.path}/${cell.id}`, id: cell.id, scope, cell,
      description: this.#described(cell), outputs: [], ports: [], findings: [], cycles: [], readers: new Map(), rank: this.#nextRank++,
    };
    this.#nodes.set(node.path, node);
    scope.byId.set(node.id, node);
    this.#publish(node);
    this.#dirty.add(node);
    this.#wake(scope, node.id);
    this.#open(node, path, trail);
    if (scope.boundary !== undefined) this.#dirty.add(scope.boundary);
    this.#order = undefined;
    return node;
  }

  #redescribe(node: GraphNode, cell: NotebookCell, path: string, trail: readonly string[]): void {
    const reopened = node.description.kind === 'graph' || cell.kind === 'graph';
    const { disabled } = node.cell;
    this.#withdraw(node);
    node.cell = cell;
    node.description = this.#described(cell);
    this.#publish(node);
    this.#dirty.add(node);
    if (disabled !== cell.disabled) this.#wakeAll(node);
    if (reopened) {
      this.#close(node);
      this.#open(node, path, trail);
      this.#wake(node.scope, node.id);
    }
    for (const inner of node.inner?.nodes ?? []) if (inner.description.kind === 'input') this.#dirty.add(inner);
  }

  #remove(node: GraphNode): void {
    this.#close(node);
    this.#withdraw(node);
    this.#wake(node.scope, node.id);
    this.#wire(node, [], []);
    node.scope.byId.delete(node.id);
    this.#nodes.delete(node.path);
    for (const { scope, name } of this.#depends.get(node) ?? []) scope.readers.get(name)?.delete(node);
    this.#depends.delete(node);
    this.#dirty.delete(node);
    if (node.scope.boundary !== undefined) this.#dirty.add(node.scope.boundary);
  }

  #described(cell: NotebookCell): GraphNode['description'] {
    this.work.described += 1;
    return this.#describe(cell);
  }

  /** Reads the notebook inside a `graph` node, unless it is on the way here (G9: that is a cycle). */
  #open(node: GraphNode, path: string, trail: readonly string[]): void {
    if (node.description.kind !== 'graph') return;
    const { use, constants } = readUse(node.cell);
    if (use === undefined) return;
    const target = joinPath(path, use);
    const finding = (code: Problem['code'], message: string): void => {
      node.description = { ...node.description, flaws: [...node.description.flaws, { code, severity: 'error', message, at: { part: 'body', offset: 0 } }] };
    };
    if (trail.includes(target)) { finding('cycle', `Circular: ${[...trail, target].join(' uses ')}. A notebook cannot use itself.`); return; }
    const nested: Nested | undefined = this.#project.nested.get(target);
    if (trail.length >= DEEPEST) { finding('bad-value', `${target} is nested more than ${DEEPEST} notebooks deep. Use it further up.`); return; }
    if (nested === undefined || 'problem' in nested) { finding('missing-file', nested?.problem ?? `There is no notebook ${target}.`); return; }
    if (this.#nodes.size + nested.document.cells.length > MOST_NODES) { finding('bad-value', `With ${target} here the notebook would have too many nodes (more than ${MOST_NODES}). Use it less often.`); return; }
    node.inner = newScope(node.path, nested.document, node, constants);
    this.#fill(node.inner, target, [...trail, target]);
  }

  #close(node: GraphNode): void {
    if (node.inner === undefined) return;
    for (const inner of node.inner.nodes) this.#remove(inner);
    delete node.inner;
  }

  /** Puts the node's names into its scope; readers of a name that changed hands are resolved again. */
  #publish(node: GraphNode): void {
    node.outputs = outputsOf(node);
    for (const name of namesOf(node)) {
      addTo(node.scope.definers, name, node);
      const folded = foldedName(name);
      if (folded !== undefined) addTo(node.scope.definers, folded, node);
      this.#wake(node.scope, name);
    }
  }

  #withdraw(node: GraphNode): void {
    for (const name of namesOf(node)) {
      node.scope.definers.get(name)?.delete(node);
      const folded = foldedName(name);
      if (folded !== undefined) node.scope.definers.get(folded)?.delete(node);
      if (node.scope.definers.get(name)?.size === 0) node.scope.definers.delete(name);
      this.#wake(node.scope, name);
    }
  }

  #wakeAll(node: GraphNode): void { for (const name of namesOf(node)) this.#wake(node.scope, name); }

  #wake(scope: Scope, name: string): void {
    for (const reader of scope.readers.get(name) ?? []) this.#dirty.add(reader);
    for (const reader of scope.readers.get(`~${name.toLowerCase()}`) ?? []) this.#dirty.add(reader);
  }

  /** Resolves what is dirty, moves wires, and brings order and cycles up to date. */
  #settle(): ReadonlySet<GraphNode> {
    const done = new Set<GraphNode>();
    const added: [GraphNode, GraphNode][] = [];
    let cut = false;
    for (const node of this.#dirty) {
      this.work.resolved += 1;
      done.add(node);
      const resolution = resolve(node);
      for (const { scope, name } of this.#depends.get(node) ?? []) scope.readers.get(name)?.delete(node);
      for (const { scope, name } of resolution.depends) addTo(scope.readers, name, node);
      this.#depends.set(node, resolution.depends);
      node.findings = resolution.findings;
      cut = this.#wire(node, resolution.ports, added) || cut;
    }
    this.#dirty.clear();
    if (added.length > 0 || cut) this.#order = undefined;
    this.#rank(added);
    return done;
  }

  /** Replaces a node's ports. @returns whether a wire went away */
  #wire(node: GraphNode, ports: readonly InputPort[], added: [GraphNode, GraphNode][]): boolean {
    const before = new Set(node.ports.map((port) => port.source.node));
    const after = new Set(ports.map((port) => port.source.node));
    let cut = false;
    for (const source of before) if (!after.has(source)) { source.readers.delete(node); cut = true; }
    for (const source of after) {
      if (!before.has(source)) added.push([source, node]);
      source.readers.set(node, ports.filter((port) => port.source.node === source).length);
    }
    node.ports = ports;
    return cut;
  }

  /** Keeps ranks forward; with a cycle in the graph, ranks are off until it is healed. */
  #rank(added: readonly [GraphNode, GraphNode][]): void {
    if (this.#ranked) {
      const pending = new Map<GraphNode, Set<GraphNode>>();
      for (const [from, to] of added) pending.set(from, (pending.get(from) ?? new Set()).add(to));
      if (added.every(([from, to]) => { pending.get(from)!.delete(to); return admitEdge(from, to, pending); })) return;
      this.#ranked = false;
    }
    this.work.sorted += 1;
    const nodes = [...this.nodes()];
    for (const node of nodes) if (node.cycles.length > 0) node.cycles = [];
    this.#order = canonicalOrder(nodes);
    const straight = this.#order.length === nodes.length;
    if (!straight) {
      findCycles(nodes);
      this.#order = canonicalOrder(nodes);
    }
    this.#order.forEach((node, i) => { node.rank = i; });
    this.#nextRank = nodes.length;
    this.#ranked = straight;
  }
}

/** Builds the graph of a project. O(n + edges), beside what `describe` costs. */
export function buildGraph(project: Project, describe: Describe): Graph { return new Graph(project, describe); }

function newScope(path: string, document: Document, boundary: GraphNode | undefined, constants: Readonly<Record<string, unknown>>): Scope {
  return { path, document, nodes: [], byId: new Map(), definers: new Map(), readers: new Map(), constants, ...(boundary === undefined ? {} : { boundary }) };
}

const namesOf = (node: GraphNode): string[] => [node.id, ...node.outputs.filter((name) => name !== 'value')];

/** The extra key of a name that has capitals, for readers without case; ids never have any. */
function foldedName(name: string): string | undefined {
  const lower = name.toLowerCase();
  return lower === name ? undefined : `~${lower}`;
}

function addTo(map: Map<string, Set<GraphNode>>, name: string, node: GraphNode): void {
  const set = map.get(name);
  if (set === undefined) map.set(name, new Set([node])); else set.add(node);
}

function sameCell(a: NotebookCell, b: NotebookCell): boolean {
  return a.body === b.body && a.kind === b.kind && a.language === b.language && a.disabled === b.disabled
    && a.attributes.length === b.attributes.length
    && a.attributes.every((one, i) => one.key === b.attributes[i]?.key && one.value === b.attributes[i]?.value);
}

function sameNested(a: Project, b: Project): boolean {
  if (a.path !== b.path || a.nested.size !== b.nested.size) return false;
  for (const [path, one] of a.nested) {
    const other = b.nested.get(path);
    const text = (nested: Nested | undefined): string | undefined => (nested === undefined ? undefined : 'document' in nested ? nested.document.text : nested.problem);
    if (text(one) !== text(other)) return false;
  }
  return true;
}
