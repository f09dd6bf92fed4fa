/**
 * Whether what an `each=` gathered is what its elements gave, in the order of what it went over. Verify does elements again and
 * gathers nothing; so a gathering is put together here once more, from the results in the bundle.
 */
import type { OutputValue } from '../../contracts/node.ts';
import { refComponent, type Components } from '../graph/fingerprint.ts';
import { eachOf, outputPorts, type GraphNode } from '../graph/node.ts';
import type { Replay } from '../replay/replay.ts';
import { turnsOf } from '../scheduler/elements.ts';
import { gather, gatherKey, type Part } from '../scheduler/gather.ts';
import { Lane, portOfEach } from '../scheduler/lane.ts';
import { forged } from './format.ts';

/** What checking needs of an open run. */
export type Opened = Pick<Replay, 'steps' | 'node' | 'row' | 'host' | 'results'>;

/**
 * Checks a gathering at the top of the notebook.
 * @param components its record's
 * @throws TelarError `forged`
 */
export function checkGathered(node: GraphNode, components: Components, opened: Opened): void {
  const { sha256 } = opened.host;
  const row = opened.row(node.path);
  const keys = keysOf(node, opened);
  if (row === undefined || keys === undefined) return;
  const names = Object.keys(row.outputs);
  const parts: Part[] = [];
  for (const key of keys) {
    const outputs = elementOutputs(node, key, names, opened);
    // What is not there was skipped, or its result was not kept.
    if (Object.keys(outputs).length > 0) parts.push({ key, outputs });
  }
  const again = gatherKey(parts, names, sha256).components;
  if (again.code !== components.code) return;
  if (JSON.stringify(sorted(again)) !== JSON.stringify(sorted(components))) throw forged(`the step ${node.path}`, 'gathers something else than its elements gave.');
  const values = gather(parts, names, opened.results);
  for (const name of names) {
    if (values[name]?.ref?.hash !== row.outputs[name]?.ref?.hash) throw forged(`the step ${node.path}`, `has another ${name} than its elements give together.`);
  }
}

const sorted = (components: Components): [string, string][] => Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1));

/** The keys of what a node goes over; over a node with `each=` itself, that one's. `undefined` where the value was not kept. */
function keysOf(node: GraphNode, opened: Opened): readonly string[] | undefined {
  const port = node.ports.find(({ name }) => name === portOfEach(node));
  if (port === undefined) return undefined;
  const { node: source, output } = port.source;
  if (eachOf(source) !== undefined) return keysOf(source, opened);
  const value = opened.row(source.path)?.outputs[output];
  if (value?.ref === undefined) return undefined;
  const lane = new Lane();
  lane.results.set(source, { [output]: value });
  const turns = turnsOf(node, lane, { blobs: opened.results, sha256: opened.host.sha256 });
  if (node.inner === undefined) {
    for (const { key, element } of turns) {
      const given = opened.steps.get(`${node.path}[${key}]`)?.components?.[`input.${port.name}`];
      if (given !== undefined && element !== undefined && given !== refComponent(element.ref)) throw forged(`the step ${node.path}[${key}]`, 'was done on another element than there is.');
    }
  }
  return turns.map(({ key }) => key);
}

/** What an element gave, by the names that are gathered: of a notebook, from the nodes inside that its outputs name. */
function elementOutputs(node: GraphNode, key: string, names: readonly string[], opened: Opened): Record<string, OutputValue> {
  const place = `${node.path}[${key}]`;
  const found = names.flatMap((name) => {
    const source = outputPorts(node).find((port) => port.name === name)?.source;
    const inner = source === undefined ? opened.row(place)?.outputs[name] : opened.row(`${place}${source.node.path.slice(node.path.length)}`)?.outputs[source.output];
    return inner?.ref === undefined ? [] : [[name, inner] as const];
  });
  return Object.fromEntries(found);
}
