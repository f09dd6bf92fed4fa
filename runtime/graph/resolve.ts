/**
 * A name is a wire: turns what a body reads and what a fence line writes into ports, by the rules of `document.md`. Depends
 * on the scope's names alone, never on the order of the page or of edits (G6).
 */
import { absent } from '../../nodes/javascript/builtins.ts';
import { nearest } from '../../nodes/nearest.ts';
import { parseYamlBody } from '../../nodes/yaml-body.ts';
import type { ProblemCode } from '../../contracts/errors.ts';
import type { Read } from '../../contracts/node.ts';
import type { WrittenWire } from '../document/document.ts';
import { eachOf, isClosed, type Flaw, type GraphNode, type InputPort, type Scope } from './node.ts';

/** Ports and findings of one node, and the names whose definers they depend on. */
export interface Resolution {
  readonly ports: readonly InputPort[];
  readonly findings: readonly Flaw[];
  /** Keys in a scope's `readers`: a name, or `~name` for one that matches without case. */
  readonly depends: readonly { readonly scope: Scope; readonly name: string }[];
}

/** Output names of a node: `value`, and the names that its body binds for others. A name that a wire brings in stays local. */
export function outputsOf(node: Pick<GraphNode, 'id' | 'cell' | 'description'>): string[] {
  const brought = new Set(node.cell.wires.map((wire) => wire.port));
  const names = node.description.analysis.binds
    .filter((bind) => bind.output && bind.name !== node.id && bind.name !== 'value' && !brought.has(bind.name))
    .map((bind) => bind.name);
  return ['value', ...new Set(names)];
}

/** Resolves one node in its scope. */
export function resolve(node: GraphNode): Resolution {
  const one = new Resolver(node);
  const { boundary } = node.scope;
  if (boundary !== undefined && node.description.kind === 'input') one.given(boundary);
  else if (node.description.kind === 'graph') one.boundary();
  else one.body();
  one.condition();
  one.each();
  return one;
}

class Resolver implements Resolution {
  readonly ports: InputPort[] = [];
  readonly findings: Flaw[] = [];
  readonly depends: { scope: Scope; name: string }[] = [];
  readonly #node: GraphNode;
  constructor(node: GraphNode) { this.#node = node; }

  /** An input of a nested notebook: what the boundary's fence wires to it, in the outer names. */
  given(boundary: GraphNode): void {
    const wire = boundary.cell.wires.find((one) => one.port === this.#node.id);
    if (wire !== undefined) this.#written(wire, boundary, 'given');
    // A closed boundary has the same wire for itself, and tells what is wrong with it at its place.
    if (isClosed(boundary)) this.findings.length = 0;
  }

  /** A `graph` node: its ports are its notebook's outputs; what it wires in or sets by `with` must be its notebook's inputs. */
  boundary(): void {
    const { inner, cell } = this.#node;
    if (inner === undefined) return;
    for (const wire of cell.wires) this.#input(inner, wire.port, () => this.#fence(wire.attribute.at.from));
    for (const name of Object.keys(inner.constants)) {
      this.#input(inner, name, () => ({ part: 'body', offset: parseYamlBody(cell.body).keyAt(['with', name]).from }));
    }
    for (const name of outputsOfScope(inner)) {
      this.depends.push({ scope: inner, name });
      const found = definersOf(inner, name, false, undefined);
      const [definer] = found;
      if (definer === undefined || found.length > 1) {
        this.#find('missing-name', () => `${inner.document.file} promises the output \`${name}\`, which ${found.length > 1 ? 'several of its nodes define' : 'none of its nodes defines'}.`);
      } else this.ports.push({ name, source: { node: definer, output: definer.id === name ? 'value' : name }, optional: true });
    }
    if (isClosed(this.#node)) for (const wire of cell.wires) this.#written(wire, this.#node, `in.${wire.port}`);
  }

  #input(inner: Scope, name: string, at: () => Flaw['at']): void {
    if (inner.byId.get(name)?.description.kind === 'input') return;
    const inputs = inner.nodes.filter((one) => one.description.kind === 'input').map((one) => one.id);
    this.#find('unknown-key', () => `${inner.document.file} has no input \`${name}\`; it has ${list(inputs)}.${hint(name, inputs)}`, at());
  }

  /** A body: written wires first, then each free name that somebody defines. */
  body(): void {
    const { cell, description } = this.#node;
    const wired = new Set<string>();
    for (const wire of cell.wires) {
      wired.add(wire.port);
      this.#written(wire, this.#node, wire.port);
    }
    for (const read of description.analysis.reads) if (!wired.has(read.name) && read.builtin !== true) this.#read(read);
  }

  /** The free names of `when=`: an input of the node if it has one of that name, else a wire of its own. */
  condition(): void {
    const { when } = this.#node.description;
    if (when === undefined) return;
    const ports = [...this.ports];
    for (const read of when.analysis.reads) {
      if (read.builtin !== true && !ports.some((port) => isInput(this.#node, port, read.name))) this.#read(read, true);
    }
  }

  /** `each=` must name an input that the node has. */
  each(): void {
    const { kind } = this.#node.description;
    const each = eachOf(this.#node);
    // A notebook that could not be read has a problem already.
    if (each === undefined || (kind === 'graph' && this.#node.inner === undefined)) return;
    const at = this.#key('each');
    if (kind === 'input') this.#find('bad-value', 'An input has one value; write `each=` on the node that reads it.', at);
    else if (kind === 'save') this.#find('bad-value', 'With `each=` every element would write the same file over the last. The value of a node with `each=` is the whole list: save that.', at);
    else {
      const closed = kind === 'graph';
      const names = this.ports.filter((port) => port.gate === undefined && (!closed || port.source.node.scope !== this.#node.inner)).map(({ name }) => (closed ? name.slice(3) : name));
      if (names.includes(each)) return;
      const unwired = closed && this.#node.inner?.byId.get(each)?.description.kind === 'input';
      this.#find('missing-name', unwired ? `\`each=${each}\` needs a wire: say what it goes over by in.${each}=….` : `\`each=${each}\`: this node has no input \`${each}\`; it has ${list(names)}.${hint(each, names)}`, at, { nearest: nearest(each, names) });
    }
  }

  #written(wire: WrittenWire, writer: GraphNode, port: string): void {
    const { scope } = writer;
    this.depends.push({ scope, name: wire.node });
    const at = writer === this.#node ? this.#fence(wire.attribute.valueAt.from) : undefined;
    const definer = scope.byId.get(wire.node);
    if (definer === undefined) {
      this.#find('missing-name', () => `No node \`${wire.node}\` for the wire in.${wire.port}.${hint(wire.node, scope.byId.keys())}`, at);
      return;
    }
    if (definer.description.kind === 'graph') { this.#member(definer, wire.output === undefined ? undefined : [wire.output], port, wire.optional, at, true); return; }
    const output = wire.output ?? 'value';
    if (output !== 'value' && output !== definer.id && !definer.outputs.includes(output)) {
      this.#find('missing-name', () => `Node \`${definer.id}\` has no output \`${output}\`; it has ${list(definer.outputs)}.${hint(output, definer.outputs)}`, at);
    } else this.#port(port, definer, output === definer.id ? 'value' : output, wire.optional);
  }

  #read(read: Read, gate = false): void {
    const { scope, description } = this.#node;
    const analysis = gate ? description.when!.analysis : description.analysis;
    this.depends.push({ scope, name: read.fold === true ? `~${read.name.toLowerCase()}` : read.name });
    const candidates = definersOf(scope, read.name, read.fold === true, this.#node);
    const place = read.ranges[0]?.from;
    const at: Flaw['at'] | undefined = gate ? this.#key('when') : place === undefined ? undefined : { part: 'body', offset: place };
    const others = candidates.filter((one) => one !== this.#node);
    if (read.rebound === true && others.length > 0) {
      this.#find('rebinding', `\`${read.name}\` is read and bound anew here. Say which one it starts from: in.${read.name}=${outputText(others[0] as GraphNode, read.name)}.`, at,
        { candidates: others.map((one) => outputText(one, read.name)) });
      return;
    }
    if (candidates.length > 1) {
      const places = candidates.map((one) => one.id);
      this.#find('ambiguous-name', `\`${read.name}\` is defined by ${list(places)}. Say which one is meant: in.${read.name}=${outputText(candidates[0] as GraphNode, read.name)}.`, at,
        { candidates: candidates.map((one) => outputText(one, read.name)) });
      return;
    }
    const [definer] = read.rebound === true ? others : candidates;
    if (definer === undefined) {
      if (read.optional === true || analysis.open === true) return;
      const names = (): string[] => [...scope.definers.keys()].filter((name) => !name.startsWith('~'));
      const why = analysis.language === 'javascript' ? absent.get(read.name) : undefined;
      this.#find('missing-name', () => `Nothing here is called \`${read.name}\`${why === undefined ? `.${hint(read.name, names())}` : `: ${why}.`}`, at, () => ({ nearest: nearest(read.name, names().sort()) }));
      return;
    }
    const port = gate ? `${GATE}${read.name}` : read.name;
    if (definer.description.kind === 'graph') { this.#member(definer, read.members, port, false, at, false); return; }
    const output = sameName(definer.id, read.name, read.fold === true) ? 'value' : exactOutput(definer, read.name, read.fold === true);
    this.#crossing(definer, output, read.name, at, analysis.language);
    this.#port(port, definer, output, false);
  }

  /** A nested notebook's outputs, one wire each: those used, or all when the name is used bare. */
  #member(boundary: GraphNode, members: readonly string[] | undefined, port: string, optional: boolean, at: Flaw['at'] | undefined, single: boolean): void {
    const { inner } = boundary;
    if (inner === undefined) { this.#port(port, boundary, 'value', optional); return; }
    const offered = outputsOfScope(inner);
    for (const member of members ?? offered) {
      this.depends.push({ scope: inner, name: member });
      const [definer] = offered.includes(member) ? definersOf(inner, member, false, undefined) : [];
      if (definer === undefined) {
        this.#find('missing-name', () => `\`${boundary.id}\` (${inner.document.file}) has no output \`${member}\`; it has ${list(offered)}.${hint(member, offered)}`, at);
      } else {
        const name = single && members !== undefined ? port : `${port}.${member}`;
        if (isClosed(boundary)) this.#port(name, boundary, member, optional);
        else this.#port(name, definer, definer.id === member ? 'value' : member, optional);
      }
    }
  }

  #port(name: string, node: GraphNode, output: string, optional: boolean): void {
    if (!this.ports.some((port) => port.name === name)) this.ports.push({ name, source: { node, output }, optional, ...(name.startsWith(GATE) ? { gate: true } : {}) });
  }

  /** A function or class lives in its own language. */
  #crossing(definer: GraphNode, output: string, name: string, at: Flaw['at'] | undefined, mine: string | undefined): void {
    const bound = definer.description.analysis.binds.find((bind) => bind.name === (output === 'value' ? definer.id : output));
    if (bound === undefined || bound.what === 'value') return;
    const { language } = definer.description.analysis;
    if (language === mine) return;
    this.#find('cross-language', `\`${name}\` is a ${bound.what} in ${language ?? 'another language'}; it cannot be used in ${mine ?? `a ${this.#node.description.kind} node`}. Pass what it returns instead.`, at);
  }

  /** Place of a key's value on the fence line. */
  #key(name: string): Flaw['at'] {
    const { cell } = this.#node;
    return this.#fence(cell.attributes.find(({ key }) => key === name)?.valueAt.from ?? cell.fenceAt.from);
  }

  #fence(offset: number): Flaw['at'] { return { part: 'fence', offset: offset - this.#node.cell.fenceAt.from }; }

  #find(code: ProblemCode, message: Flaw['message'], at: Flaw['at'] = { part: 'fence', offset: 0 }, data?: Flaw['data']): void {
    this.findings.push({ code, severity: 'error', message, at, ...(data === undefined ? {} : { data }) });
  }
}

/** Who defines a name; a disabled definer stands back when another one is there. In the order of their paths. */
export function definersOf(scope: Scope, name: string, fold: boolean, reader: GraphNode | undefined): GraphNode[] {
  const exact = scope.definers.get(name);
  const found = exact !== undefined && exact.size > 0 ? exact : fold ? withoutCase(scope, name.toLowerCase()) : undefined;
  if (found === undefined || found.size === 0) return [];
  const others = found.size === 1 ? [...found] : [...found].filter((node) => node !== reader);
  const enabled = others.length > 1 ? others.filter((node) => !node.cell.disabled) : others;
  const rest = enabled.length === 0 ? others : enabled;
  return rest.length < 2 ? rest : rest.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Definers of a name in any case: those that write it small, and those that do not. */
function withoutCase(scope: Scope, lower: string): Set<GraphNode> {
  return new Set([...scope.definers.get(lower) ?? [], ...scope.definers.get(`~${lower}`) ?? []]);
}

/** The outputs a notebook offers as a node: its front matter's `outputs`, else every node that is not an input. */
function outputsOfScope(scope: Scope): readonly string[] {
  return scope.document.frontMatter.outputs ?? scope.nodes.filter((node) => node.description.kind !== 'input').map((node) => node.id);
}

/** How the ports of `when=` alone are named: no input of a body is called so. */
const GATE = 'when:';

/** Whether a port gives a name of `when=` its value: `year`, or one of its members. A boundary's outputs do not. */
function isInput(node: GraphNode, port: InputPort, name: string): boolean {
  if (port.source.node.scope === node.inner) return false;
  const own = conditionName(node, port);
  return own === name || own.startsWith(`${name}.`);
}

/** What a port is called in the node's `when=`. */
const conditionName = (node: GraphNode, { name, gate }: InputPort): string => (gate === true ? name.slice(GATE.length) : node.inner === undefined ? name : name.slice('in.'.length));

/** The ports that a node's `when=` reads, by the names that they have in it. */
export function conditionPorts(node: GraphNode): ReadonlyMap<string, InputPort> {
  const reads = node.description.when?.analysis.reads ?? [];
  return new Map(node.ports.filter((port) => reads.some((read) => read.builtin !== true && isInput(node, port, read.name))).map((port) => [conditionName(node, port), port]));
}

const sameName = (a: string, b: string, fold: boolean): boolean => a === b || (fold && a.toLowerCase() === b.toLowerCase());
const exactOutput = (node: GraphNode, name: string, fold: boolean): string => node.outputs.find((output) => sameName(output, name, fold)) ?? 'value';
const outputText = (node: GraphNode, name: string): string => (sameName(node.id, name, true) ? node.id : `${node.id}.${exactOutput(node, name, true)}`);
const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.map((name) => `\`${name}\``).join(', '));
const hint = (name: string, names: Iterable<string>): string => {
  const near = nearest(name, [...names].sort());
  return near === undefined ? ' Define it, or mend the name.' : ` Did you mean \`${near}\`?`;
};
