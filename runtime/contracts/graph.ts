/**
 * The dependency graph of contracts, judged before anything is generated: ids that nobody has or two have, versions out of their
 * range, and cycles, each with its path and the edge to take out. It reads contracts and no code.
 */
import { nearest } from '../../nodes/nearest.ts';
import { readRange, readVersion, satisfies } from '../../nodes/contract/semver.ts';

/** What the graph asks of a contract. Lines and columns are of its file, from 1. */
export interface GraphContract {
  readonly id: string;
  readonly version: string;
  readonly file: string;
  readonly needs: readonly Need[];
}

/** A dependency as it is written: an id, and the versions that do. */
interface Need { readonly id: string; readonly range?: string; readonly line: number; readonly column: number }

/** A finding, at the dependency it is about. */
interface GraphFinding {
  readonly code: 'missing-name' | 'duplicate-id' | 'cycle' | 'bad-value';
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An edge: `from` needs `to`. */
interface Edge { readonly from: string; readonly to: string; readonly range?: string }

/** A cycle as a path of ids that ends where it began, and the edge whose removal breaks it. */
interface Cycle { readonly path: readonly string[]; readonly cut: Edge; readonly why: string }

/** What is known of a set of contracts. */
export interface ContractGraph {
  /** Ids, each after what it needs; those on a cycle, and what needs them, come last. */
  readonly order: readonly string[];
  readonly edges: readonly Edge[];
  readonly cycles: readonly Cycle[];
  readonly findings: readonly GraphFinding[];
}

/** Most cycles that are told apart. */
const MOST_CYCLES = 32;

/** Builds the graph. */
export function buildContractGraph(contracts: readonly GraphContract[]): ContractGraph {
  const findings: GraphFinding[] = [];
  const byId = Map.groupBy(contracts, ({ id }) => id);
  for (const [id, same] of byId) {
    if (same.length > 1) for (const one of same) findings.push({ code: 'duplicate-id', message: `The id ${id} is borne by ${same.map(({ file }) => file).join(' and ')}; give each contract its own.`, file: one.file, line: 1, column: 1, data: { id, files: same.map(({ file }) => file) } });
  }
  const edges: Edge[] = [];
  const written = new Map<Edge, { readonly contract: GraphContract; readonly need: Need }>();
  for (const contract of contracts) {
    for (const need of contract.needs) {
      const place = { file: contract.file, line: need.line, column: need.column };
      const [target] = byId.get(need.id) ?? [];
      if (target === undefined) {
        const near = nearest(need.id, [...byId.keys()].filter((id) => id !== contract.id));
        findings.push({ code: 'missing-name', ...place, message: `${contract.id} needs ${need.id}, and no contract here bears that id.${near === undefined ? ' Add its file to the paths.' : ` Did you mean ${near}?`}`, data: { id: need.id, ...(near === undefined ? {} : { nearest: near }) } });
        continue;
      }
      const edge: Edge = { from: contract.id, to: need.id, ...(need.range === undefined ? {} : { range: need.range }) };
      edges.push(edge);
      written.set(edge, { contract, need });
      const fault = versionFault(contract, need, target);
      if (fault !== undefined) findings.push({ code: 'bad-value', ...place, message: fault, data: { id: need.id, range: need.range, version: target.version } });
    }
  }
  const cycles = cyclesOf(edges, [...byId.keys()]);
  for (const cycle of cycles) {
    const at = [...written].find(([edge]) => edge.from === cycle.cut.from && edge.to === cycle.cut.to)?.[1];
    const said = cycle.path.length === 2 ? `${cycle.path[0]} needs itself. Take the line out.`
      : `These contracts need each other in a ring: ${cycle.path.join(' → ')}. Take out ${cycle.cut.from} → ${cycle.cut.to}: ${cycle.why}.`;
    findings.push({ code: 'cycle', message: said, file: at?.contract.file ?? '', line: at?.need.line ?? 1, column: at?.need.column ?? 1, data: { path: cycle.path, cut: { from: cycle.cut.from, to: cycle.cut.to } } });
  }
  return { order: orderOf(edges, [...byId.keys()]), edges, cycles, findings };
}

function versionFault(contract: GraphContract, { id, range }: Need, target: GraphContract): string | undefined {
  if (range === undefined) return undefined;
  const read = readRange(range);
  if (read === undefined) return `\`${range}\` is no range of versions; write it like \`${id}@^${/^\d/.test(target.version) ? target.version : '1.0.0'}\`.`;
  const version = readVersion(target.version);
  if (version === undefined || satisfies(version, read)) return undefined;
  return `${contract.id} needs ${id} in ${range}, and ${target.file} is ${target.version}. Raise one of them, or widen the range.`;
}

/** Kahn's algorithm in the order of the contracts; what no order can reach stands at the end. */
function orderOf(edges: readonly Edge[], ids: readonly string[]): string[] {
  const readers = Map.groupBy(edges, ({ to }) => to);
  const waits = new Map(ids.map((id) => [id, 0]));
  for (const { from } of edges) waits.set(from, waits.get(from)! + 1);
  const order = ids.filter((id) => waits.get(id) === 0);
  for (let i = 0; i < order.length; i += 1) {
    for (const { from } of readers.get(order[i]!) ?? []) {
      waits.set(from, waits.get(from)! - 1);
      if (waits.get(from) === 0) order.push(from);
    }
  }
  const done = new Set(order);
  return [...order, ...ids.filter((id) => !done.has(id))];
}

/**
 * Cycles, one at a time: the shortest that is left, then its edge is cut and the rest looked at again. So as many are told as edges
 * have to go, and taking out all that are named leaves no cycle.
 */
function cyclesOf(all: readonly Edge[], ids: readonly string[]): Cycle[] {
  const found: Cycle[] = [];
  const needed = new Map(ids.map((id) => [id, new Set(all.filter(({ to, from }) => to === id && from !== id).map(({ from }) => from)).size]));
  let edges = onCycles(all);
  while (edges.length > 0 && found.length < MOST_CYCLES) {
    const path = shortestCycle(edges, ids);
    const ring = path.slice(1).map((to, i) => edges.find((edge) => edge.from === path[i] && edge.to === to)!);
    // The edge that leaves the fewest cycles; of equals the one out of the contract that most others stand on.
    const left = new Map(ring.map((edge) => [edge, onCycles(edges.filter((one) => one.from !== edge.from || one.to !== edge.to)).length]));
    const cut = ring.reduce((best, edge) => ((left.get(edge)! - left.get(best)! || needed.get(best.from)! - needed.get(edge.from)!) < 0 ? edge : best));
    const gain = left.get(cut) === 0 && edges.length > ring.length ? 'this breaks every ring that it is in' : `${needed.get(cut.from)} ${needed.get(cut.from) === 1 ? 'contract needs' : 'contracts need'} ${cut.from}, so it should stand on its own`;
    found.push({ path, cut, why: gain });
    edges = onCycles(edges.filter((one) => one.from !== cut.from || one.to !== cut.to));
  }
  return found;
}

/** The edges that lie on some cycle: whatever has no way in, or no way out, is peeled off, until nothing is. Bridges between two cycles are peeled by `shortestCycle`. */
function onCycles(edges: readonly Edge[]): readonly Edge[] {
  for (let rest = edges; ;) {
    const into = new Set(rest.map(({ to }) => to));
    const outOf = new Set(rest.map(({ from }) => from));
    const next = rest.filter(({ from, to }) => into.has(from) && outOf.has(to));
    if (next.length === rest.length) return rest;
    rest = next;
  }
}

/** The shortest cycle, the first of equals in the order of the ids, from its first id round to it. */
function shortestCycle(edges: readonly Edge[], ids: readonly string[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from);
  let best: string[] | undefined;
  for (const start of ids) {
    if (!next.has(start)) continue;
    const cameFrom = new Map<string, string>();
    const queue = [start];
    for (let i = 0; i < queue.length && !cameFrom.has(start); i += 1) {
      for (const { to } of next.get(queue[i]!) ?? []) if (!cameFrom.has(to)) { cameFrom.set(to, queue[i]!); queue.push(to); }
    }
    if (!cameFrom.has(start)) continue;
    const path = [start];
    for (let id = cameFrom.get(start)!; id !== start; id = cameFrom.get(id)!) path.unshift(id);
    path.unshift(start);
    if (best === undefined || path.length < best.length) best = path;
  }
  return best ?? [];
}
