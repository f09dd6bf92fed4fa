/**
 * B1 to B4: the graph and the scheduler. Peers: marimo's own dataflow package (from PyPI, where a Python with it is at hand),
 * and the Observable runtime. B1 and B2 measure the graph with cells already parsed, on both sides.
 */
import { Runtime } from '@observablehq/runtime';
import { buildGraph } from '../../runtime/graph/graph.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { Outbox } from '../../runtime/scheduler/outbox.ts';
import { runWave } from '../../runtime/scheduler/wave.ts';
import type { Operation } from '../../contracts/protocol.ts';
import { describer, js, projectOf } from '../support/graphs.ts';
import { time, type Figure } from './bench.ts';
import { ask, python } from './peer.ts';

const chain = (n: number): string => Array.from({ length: n }, (_, i) => js(`x${i}`, i === 0 ? '1' : `x${i - 1} + 1`)).join('\n');

/** marimo's figures in ms: register a chain of n cells, then one edit; undefined where marimo is not installed. */
function marimo(n: number): { build: number; edit: number } | undefined {
  const script = `
import time, statistics
from marimo._runtime.dataflow import DirectedGraph
from marimo._ast.compiler import compile_cell
def cells(n): return [(str(i), compile_cell(f"x{i} = x{i-1} + 1" if i else "x0 = 1", str(i))) for i in range(n)]
def build(cs):
    g = DirectedGraph()
    for i, c in cs: g.register_cell(i, c)
    return g
cs = cells(${n}); times = []
for _ in range(3):
    t = time.perf_counter(); g = build(cs); times.append(time.perf_counter() - t)
edits = []
for k in range(9):
    fresh = compile_cell(f"x1000 = x999 + x998 + {k}", "1000")
    t = time.perf_counter(); g.delete_cell("1000"); g.register_cell("1000", fresh); edits.append(time.perf_counter() - t)
print([statistics.median(times) * 1000, statistics.median(edits) * 1000])`;
  const [build, edit] = ask<readonly number[]>(python, ['-c', script]) ?? [];
  return build === undefined || edit === undefined ? undefined : { build, edit };
}

/** Layers of no-op nodes, each reading two of the layer before. */
interface Dot { readonly readers: Map<Dot, number>; readonly id: string }
function layers(count: number, width: number): Dot[] {
  const dots: Dot[] = [];
  for (let i = 0; i < count * width; i++) {
    const dot: Dot = { readers: new Map(), id: `n${i}` };
    if (i >= width) for (const back of [0, 1]) (dots[i - width - (i % width) + ((i % width) + back) % width] as Dot).readers.set(dot, 1);
    dots.push(dot);
  }
  return dots;
}

function observable(count: number, width: number): { recompute(): Promise<void>; dispose(): void } {
  const runtime = new Runtime();
  const module = runtime.module();
  let done = 0;
  let wake: () => void = () => undefined;
  const observe = { fulfilled: () => { if (++done === count * width) wake(); } };
  const first = Array.from({ length: width }, (_, i) => module.variable(observe).define(`n${i}`, [], () => 1));
  for (let i = width; i < count * width; i++) {
    const at = i - width - (i % width);
    module.variable(observe).define(`n${i}`, [0, 1].map((back) => `n${at + ((i % width) + back) % width}`), () => 1);
  }
  return {
    recompute: () => new Promise((resolve) => { done = 0; wake = resolve; first.forEach((variable, i) => { variable.define(`n${i}`, [], () => 1); }); }),
    dispose: () => { runtime.dispose(); },
  };
}

export async function figures(): Promise<readonly Figure[]> {
  const found: Figure[] = [];
  const n = 2000;
  const peer = marimo(n);
  const note = peer === undefined ? 'marimo is not installed here: `npm run bench:peers`' : undefined;
  const project = await projectOf({ 'main.telar.md': chain(n) });
  const build = await time(() => buildGraph(project, (cell) => describer.describe(cell)), { runs: 15, warmup: 5 });
  found.push({ id: 'B1', what: 'build a graph, chain of 2,000', ours: build, unit: 'ms', reach: { most: 40 }, ...(peer === undefined ? {} : { peer: { name: 'marimo', value: peer.build } }), ...(note === undefined ? {} : { note }) });
  const large = await projectOf({ 'main.telar.md': chain(20_000) });
  const largeTime = await time(() => buildGraph(large, (cell) => describer.describe(cell)), { runs: 15, warmup: 5 });
  found.push({ id: 'B1', what: 'growth exponent from 2,000 to 20,000', ours: Math.log10(largeTime / build), unit: '', reach: { most: 1.15 } });

  const graph = buildGraph(project, (cell) => describer.describe(cell));
  let turn = 0;
  const edit = await time((document) => graph.update({ ...project, root: document }), {
    runs: 51, warmup: 10,
    prepare: async () => {
      const document = parseDocument(chain(n).replace('x999 + 1', `x999 + x998 + ${turn++}`), 'main.telar.md');
      await describer.prepare([document]);
      return document;
    },
  });
  found.push({ id: 'B2', what: 'one edit in a graph of 2,000', ours: edit, unit: 'ms', reach: { most: 0.3 }, ...(peer === undefined ? {} : { peer: { name: 'marimo', value: peer.edit } }), ...(note === undefined ? {} : { note }) });

  const dots = layers(100, 100);
  const wave = async (): Promise<void> => {
    let told = 0;
    const outbox = new Outbox(() => { told += 1; });
    await runWave(dots, (dot) => { outbox.send((): Operation => ({ type: 'node', run: 'r', node: dot.id, status: { state: 'fresh', how: 'ran' } })); });
    if (told !== dots.length) throw new Error(`${told} events`);
  };
  const ours = await time(wave, { runs: 21, warmup: 5 });
  const theirs = observable(100, 100);
  await theirs.recompute();
  const beside = await time(() => theirs.recompute(), { runs: 9, warmup: 3 });
  theirs.dispose();
  found.push({ id: 'B3', what: 'recompute per no-op node, 10,000 in 100 layers, with events', ours: ours * 1000 / dots.length, unit: 'µs', peer: { name: 'Observable', value: beside * 1000 / dots.length }, reach: { most: 5 } });

  const line = layers(5000, 1);
  const first = await time(() => runWave(line, () => undefined), { runs: 21, warmup: 5 });
  const chainOf = await time(async () => {
    const runtime = new Runtime();
    const module = runtime.module();
    for (let i = 0; i < 5000; i++) module.define(`n${i}`, i === 0 ? [] : [`n${i - 1}`], () => 1);
    await module.value('n4999');
    runtime.dispose();
  }, { runs: 3, warmup: 1 });
  found.push({ id: 'B4', what: 'first compute of a chain of 5,000 with one reader', ours: first, unit: 'ms', peer: { name: 'Observable', value: chainOf }, reach: { most: 30 } });
  return found;
}
