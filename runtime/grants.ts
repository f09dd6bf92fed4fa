/**
 * Grants (security.md 4): what a node asks for that restricted code may not have, in plain words, and the hash under which a person's
 * leave is kept. The hash is of the code and of what it asks for: another address, method, secret or header asks anew; layout does not.
 */
import type { Graph } from './graph/graph.ts';
import { definitionError, type GraphNode } from './graph/node.ts';
import type { Sha256 } from './ports.ts';

/** What one node asks for. */
export interface Ask {
  /** Path of the node. */
  readonly node: string;
  readonly hash: string;
  /** `send GET to https://example.org/data.json`. */
  readonly words: string;
}

/** What a node asks for; `undefined` when it asks for nothing. */
export function askOf(node: GraphNode, sha256: Sha256): Ask | undefined {
  const { kind, analysis } = node.description;
  const { network } = analysis;
  if (network === undefined) return undefined;
  const { origin, method, secrets } = network;
  const secret = secrets.length === 0 ? '' : `, with the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.join(', ')}`;
  return {
    node: node.path, hash: sha256(JSON.stringify(['network', kind, origin, method, secrets, analysis.normal])),
    words: `send ${method} to ${origin}${secret}`,
  };
}

/** All that a notebook asks for, in the order of its page; of nodes with errors nothing, since they do not run. */
export function asksOf(graph: Graph, sha256: Sha256): readonly Ask[] {
  return [...graph.nodes()].flatMap((node) => (definitionError(node) === undefined ? askOf(node, sha256) ?? [] : []));
}
