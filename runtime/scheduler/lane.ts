/**
 * Lane: where the steps of a run find their inputs, and leave what they gave. The run itself is one; each element of an `each=`
 * has its own inside it, and so has a nested notebook under a `when=`. What a lane does not have, the one around it may.
 *
 * The road not taken: a copy of the graph for each element. Nodes stay what the text says; only values and paths differ.
 */
import type { OutputValue } from '../../contracts/node.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { eachOf, isClosed, outputPorts, type GraphNode, type InputPort, type Source } from '../graph/node.ts';

/** Outputs of a step by name. */
export type Outputs = Readonly<Record<string, OutputValue>>;

/** One element of what an `each=` goes over. */
export interface Element {
  readonly ref: ValueRef;
  /** Puts its value into the store, for a step that reads it. */
  keep(): void;
}

/** What became of one element: `lane` has it. */
export interface Line { readonly key: string; readonly lane: Lane }

/** A lane. */
export class Lane {
  readonly parent: Lane | undefined;
  /** The node that this lane is inside of: one with `each=` or `when=`. */
  readonly at: GraphNode | undefined;
  /** The KEY of its element; `undefined` where it has none. */
  readonly key: string | undefined;
  readonly element: Element | undefined;
  readonly results = new Map<GraphNode, Outputs>();
  readonly status = new Map<GraphNode, NodeStatus>();
  readonly #path: string;
  #lines: Map<GraphNode, readonly Line[]> | undefined;
  #inside: Map<GraphNode, Lane> | undefined;

  /** @param element without one the line does not go on */
  constructor(parent?: Lane, at?: GraphNode, key?: string, element?: Element) {
    this.parent = parent;
    this.at = at;
    this.key = key;
    this.element = element;
    this.#path = parent === undefined || at === undefined ? '' : `${parent.pathOf(at)}${key === undefined ? '' : `[${key}]`}`;
  }

  /** A node's path here: `monthly`, `label[KEY]`, `by_station[KEY]/monthly`. */
  pathOf(node: GraphNode): string {
    return this.at === undefined ? node.path : `${this.#path}${node.path.slice(this.at.path.length)}`;
  }

  /** The lane that has what became of a node: this one, or one around it. */
  laneOf(node: GraphNode): Lane | undefined { return this.status.has(node) ? this : this.parent?.laneOf(node); }

  outputsOf(node: GraphNode): Outputs | undefined { return this.results.get(node) ?? this.parent?.outputsOf(node); }

  statusOf(node: GraphNode): NodeStatus | undefined { return this.status.get(node) ?? this.parent?.statusOf(node); }

  /** The value that a port has here; `undefined` for none. */
  refOf(node: GraphNode, port: InputPort): ValueRef | undefined {
    if (this.takes(node, port)) return this.element?.ref;
    return this.outputsOf(port.source.node)?.[port.source.output]?.ref;
  }

  /** Whether a port gets this lane's element instead of the whole value: the node's own, or the `given` of the notebook's input. */
  takes(node: GraphNode, port: InputPort): boolean {
    const { at } = this;
    if (this.key === undefined || at === undefined) return false;
    if (node === at) return port.name === portOfEach(at);
    return node.scope.boundary === at && node.id === eachOf(at) && port.name === 'given';
  }

  /** The lines of a node with `each=`, once it has some. */
  linesOf(node: GraphNode): readonly Line[] | undefined { return this.#lines?.get(node) ?? this.parent?.linesOf(node); }

  setLines(node: GraphNode, lines: readonly Line[]): void { (this.#lines ??= new Map()).set(node, lines); }

  /** The lane inside a closed boundary without `each=`. */
  insideOf(node: GraphNode): Lane | undefined { return this.#inside?.get(node) ?? this.parent?.insideOf(node); }

  enter(node: GraphNode): Lane {
    const lane = new Lane(this, node);
    (this.#inside ??= new Map()).set(node, lane);
    return lane;
  }

  /** Everything inside, in the order in which it began: this lane, then those of notebooks and elements. */
  *all(): Generator<Lane> {
    yield this;
    for (const lane of this.#inside?.values() ?? []) yield* lane.all();
    for (const lines of this.#lines?.values() ?? []) for (const { lane } of lines) yield* lane.all();
  }
}

/** The port of a node, or of its boundary's fence, that its `each=` goes over. */
export function portOfEach(node: GraphNode): string | undefined {
  const each = eachOf(node);
  return each === undefined || node.inner === undefined ? each : `in.${each}`;
}

/** Where a port's value was made: through closed boundaries, to the step inside or the node with `each=`. */
export function originOf({ source }: InputPort, lane: Lane): Source & { readonly lane: Lane } {
  let { node, output } = source;
  let home = lane.laneOf(node) ?? lane;
  while (isClosed(node) && eachOf(node) === undefined) {
    const inner = outputPorts(node).find((one) => one.name === output);
    const inside = home.insideOf(node);
    if (inner === undefined || inside === undefined) break;
    home = inside;
    ({ node, output } = inner.source);
  }
  return { node, output, lane: home };
}
