/**
 * Grants (security.md 4): what a node asks for that restricted code may not have, in plain words, and the hash under which a person's
 * leave is kept. The hash is of the code and of what it asks for: another address, method, secret, header, folder, program or kernel
 * asks anew; layout does not. The code is the node's own, that of its helpers and packages, and that of the Python nodes before it,
 * whose functions and pickled values run in it, with the wires that they come by.
 */
import type { Graph } from './graph/graph.ts';
import { isolationOf } from './graph/isolation.ts';
import { definitionError, type GraphNode } from './graph/node.ts';
import type { PackagePin } from './packages/locked.ts';
import type { Sha256 } from './ports.ts';

/** What one node asks for. */
export interface Ask {
  /** Path of the node. */
  readonly node: string;
  readonly hash: string;
  /** `send GET to https://example.org/data.json`. */
  readonly words: string;
}

/** A kernel as it would be started: the command, and a hash of what it is. */
interface KernelCommand { readonly argv: readonly string[]; readonly hash: string }

/** What is asked of the host to tell what a node asks for. */
export interface AskFacts {
  readonly sha256: Sha256;
  /** The kernel of this name; `undefined` where there is none, or the host knows no kernels. */
  kernels?(name: string): KernelCommand | undefined;
  /** The helpers of a node, by name. */
  modules?(node: GraphNode): Readonly<Record<string, string>>;
  /** The locked packages of a node. */
  packages?(node: GraphNode): readonly PackagePin[];
}

/** What a node asks for; `undefined` when it asks for nothing. */
export function askOf(node: GraphNode, facts: AskFacts): Ask | undefined {
  const { kind, analysis, params } = node.description;
  const isolation = isolationOf(node);
  const words: string[] = [];
  const what: unknown[] = [];
  if (analysis.network !== undefined) {
    const { origin, method, secrets } = analysis.network;
    const secret = secrets.length === 0 ? '' : `, with the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.join(', ')}`;
    words.push(`send ${method} to ${origin}${secret}`);
    what.push('network', kind, origin, method, secrets);
  }
  if (typeof params.kernel === 'string' && kind === 'python') {
    const kernel = facts.kernels?.(params.kernel);
    const command = kernel === undefined ? '' : ` (${kernel.argv.map(shown).join(' ')})`;
    words.push(`start the Jupyter kernel ${shown(params.kernel)}${command} ${isolation === undefined ? 'with your rights' : 'walled off'}`);
    what.push('kernel', params.kernel, kernel?.argv ?? [], kernel?.hash ?? '', isolation !== undefined);
  }
  if (isolation !== undefined) {
    const { network, files, programs } = isolation;
    if (network.length > 0) words.push(`send requests to ${joined(network)}`);
    if (files.length > 0) words.push(`read ${joined(files.map(shown))}`);
    if (programs.length > 0) words.push(`start ${joined(programs.map(shown))}`);
    if (network.length + files.length + programs.length > 0) what.push('isolated', kind, network, files, programs);
  }
  if (words.length === 0) return undefined;
  const code = kind === 'python' ? codeOf(node, facts) : [];
  return { node: node.path, hash: facts.sha256(JSON.stringify([...what, analysis.normal, ...code])), words: joined(words) };
}

/** All that a notebook asks for, in the order of its page; of nodes with errors nothing, since they do not run. */
export function asksOf(graph: Graph, facts: AskFacts): readonly Ask[] {
  return [...graph.nodes()].flatMap((node) => (definitionError(node) === undefined ? askOf(node, facts) ?? [] : []));
}

/** Kinds by which Python's functions and objects reach a node: a boundary hands on what the nodes inside it give, an input what its boundary was given. */
const CARRIERS: ReadonlySet<string> = new Set(['python', 'graph', 'input']);

/** All code that runs with a Python node: helpers and packages, and the Python before it with its own. */
function codeOf(node: GraphNode, { modules, packages }: AskFacts): readonly unknown[] {
  const carried = (one: GraphNode): GraphNode['ports'] => one.ports.filter(({ source }) => CARRIERS.has(source.node.description.kind));
  const seen = new Set<GraphNode>([node]);
  for (const one of seen) for (const { source } of carried(one)) seen.add(source.node);
  return [...seen].map((one) => [
    one.path, one === node ? '' : one.description.analysis.normal, Object.entries(modules?.(one) ?? {}).sort(), packages?.(one) ?? [],
    carried(one).map(({ name, source }) => [name, source.node.path, source.output]).sort(),
  ]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
}

const joined = (items: readonly string[]): string => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`);
/** A text that somebody else chose: what could be taken for something else stands in quotes, and nothing moves the cursor or hides. */
const shown = (text: string): string => (/^[\p{L}\p{N}\p{M}_@%+=:./{}-]+$/u.test(text) ? text
  : JSON.stringify(text).replace(/[^\p{L}\p{N}\p{M}\p{P}\p{S} ]/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`));
