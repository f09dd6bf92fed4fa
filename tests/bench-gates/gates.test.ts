/**
 * What of the budgets can be held without a clock: counters of work, transactions, bytes and loaded modules. They are the
 * same on every machine, so they gate where times could not. The times are in `tests/bench/`.
 */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { buildGraph, type Graph } from '../../runtime/graph/graph.ts';
import { Outbox } from '../../runtime/scheduler/outbox.ts';
import { runWave } from '../../runtime/scheduler/wave.ts';
import { createPlace, js, py, sql } from '../support/cli.ts';
import { describer, graphOf, projectOf } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(realpathSync(tmpdir()), 'telar-gates-')); });
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Shapes of `n` nodes: each reads the one before; each reads two of the row above; all read the first. */
const shapes: Readonly<Record<string, (n: number) => string>> = {
  chain: (n) => Array.from({ length: n }, (_, i) => js(`x${i}`, i === 0 ? '1' : `x${i - 1} + 1`)).join(''),
  layers: (n) => Array.from({ length: n }, (_, i) => js(`x${i}`, i < 20 ? '1' : `x${i - 20} + x${i - 20 - (i % 20) + ((i + 1) % 20)}`)).join(''),
  star: (n) => Array.from({ length: n }, (_, i) => js(`x${i}`, i === 0 ? '1' : `x0 + ${i}`)).join(''),
};

const total = ({ work }: Graph): number => Object.values(work).reduce((sum, one) => sum + one, 0);

for (const [name, shape] of Object.entries(shapes)) {
  test(`B1 the work of building a graph grows with its size and not faster: ${name}`, async () => {
    const work = async (n: number): Promise<number> => {
      const project = await projectOf({ 'main.telar.md': shape(n) });
      return total(buildGraph(project, (cell) => describer.describe(cell)));
    };
    const [small, large] = [await work(400), await work(4000)];
    expect(small).toBeGreaterThan(400);
    expect(Math.log10(large / small)).toBeLessThan(1.15);
  });
}

test('B2 an edit does the same work in a graph of 200 and of 4,000', async () => {
  const work = async (n: number): Promise<number> => {
    const graph = await graphOf(shapes.chain!(n));
    const document = parseDocument(shapes.chain!(n).replace('x99 + 1', 'x99 + x98 + 7'), 'main.telar.md');
    await describer.prepare([document]);
    const before = total(graph);
    graph.update({ ...graph.project, root: document });
    expect(graph.node('x100')?.ports.map((port) => port.name).sort()).toEqual(['x98', 'x99']);
    return total(graph) - before;
  };
  const [small, large] = [await work(200), await work(4000)];
  expect(large).toBe(small);
  expect(large).toBeLessThan(10);
});

test('B3 B4 a wave does each node once, and tells each once', async () => {
  interface Dot { readonly readers: Map<Dot, number>; readonly id: number }
  const dots: Dot[] = [];
  for (let i = 0; i < 5000; i++) {
    const dot: Dot = { readers: new Map(), id: i };
    if (i > 0) dots[i - 1]!.readers.set(dot, 1);
    dots.push(dot);
  }
  const done: number[] = [];
  let told = 0;
  const outbox = new Outbox(() => { told += 1; });
  await runWave(dots, (dot) => {
    done.push(dot.id);
    outbox.send(() => ({ type: 'node', run: 'r', node: String(dot.id), status: { state: 'fresh', how: 'ran' } }));
  });
  expect(done).toEqual(dots.map((dot) => dot.id));
  expect(told).toBe(5000);
});

/** Counts the transactions that are committed while something is done. */
async function commitsOf(act: () => Promise<unknown>): Promise<number> {
  const executed = vi.spyOn(DatabaseSync.prototype, 'exec');
  await act();
  const commits = executed.mock.calls.filter(([text]) => text === 'begin immediate').length;
  executed.mockRestore();
  return commits;
}

test('B5 a run of 500 steps that are all reused starts no engine and commits a few times', async () => {
  const text = shapes.chain!(500);
  const first = openStore(folder);
  await createBench(text, first).run();
  await first.close();
  const store = openStore(folder);
  const bench = createBench(text, store);
  const commits = await commitsOf(async () => {
    const result = await bench.run();
    expect([...result.nodes.values()].filter((node) => node.how === 'reused')).toHaveLength(500);
  });
  await store.close();
  expect(bench.engine.began).toEqual([]);
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThanOrEqual(4);
});

test('B6 steps that are executed share their transactions', async () => {
  const store = openStore(folder);
  const bench = createBench(Array.from({ length: 400 }, (_, i) => js(`x${i}`, `'${i}'.padEnd(1024, 'x')`)).join(''), store);
  const commits = await commitsOf(async () => {
    const result = await bench.run({ jobs: 8 });
    expect([...result.nodes.values()].filter((node) => node.how === 'ran')).toHaveLength(400);
  });
  await store.close();
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThan(200);
});

test('B7 twenty steps that hand on a value of 1 MiB store it once', async () => {
  const store = openStore(folder);
  await createBench(Array.from({ length: 20 }, (_, i) => js(`x${i}`, i === 0 ? `'x'.repeat(${2 ** 20})` : `x${i - 1}`)).join(''), store).run();
  await store.close();
  const files = readdirSync(join(folder, '.telar'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  expect(files.filter((size) => size === 2 ** 20)).toHaveLength(1);
  expect(files.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1.1e6);
});

test('B13 a command whose steps are all reused starts no process and loads neither engine nor parser of any language', async () => {
  const place = await createPlace({
    'three.telar.md': sql('monthly', 'select range m, range * 1.5 t from range(12)') + py('warmest', 'max(monthly, key=lambda row: row["t"])') + js('label', '`${warmest.m}: ${warmest.t}`'),
  });
  try {
    const watched = join(place.root, '.telar', 'watched');
    const NODE_OPTIONS = `--import ${fileURLToPath(new URL('watched-child.ts', import.meta.url))}`;
    const seen = async (): Promise<string> => {
      writeFileSync(watched, '');
      const end = await place.run('three.telar.md', [], { env: { TELAR_WATCHED: watched, NODE_OPTIONS } });
      expect(end.status).toBe('ok');
      return readFileSync(watched, 'utf8');
    };
    const engines = /^process |node_modules\/(?!.*\.json$).*(?:pyodide|duckdb|quickjs|acorn|eslint-scope|tree-sitter|vega|handlebars|apache-arrow|ajv)/gm;
    expect(await seen()).toMatch(/^process /m);
    const second = await seen();
    expect(second).toContain('runtime/scheduler/run-plan.ts');
    expect(second.match(engines)).toBeNull();
  } finally {
    place.remove();
  }
});
