/**
 * LangGraph.js with its SQLite saver, beside B6 and B7. Runs in a process of its own, under a Node that its native part was built for.
 * Prints JSON: milliseconds per executed step with a result of 1 KiB, whether each commit is
 * synced, and megabytes that twenty steps leave which carry an unchanged 1 MiB.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'telar-bench-peer-'));
const State = Annotation.Root({ turn: Annotation(), value: Annotation() });

/** One node that is run again until `turns`. */
function loop(file, turns, next) {
  const saver = SqliteSaver.fromConnString(join(folder, file));
  const graph = new StateGraph(State)
    .addNode('step', ({ turn, value }) => ({ turn: turn + 1, ...next(turn, value) }))
    .addEdge(START, 'step').addConditionalEdges('step', ({ turn }) => (turn < turns ? 'step' : END)).compile({ checkpointer: saver });
  return { invoke: (thread, value) => graph.invoke({ turn: 0, value }, { configurable: { thread_id: thread }, recursionLimit: turns + 5 }), saver };
}

try {
  const turns = 200;
  const small = loop('small.db', turns, (turn) => ({ value: `${turn}`.padEnd(1024, 'x') }));
  const taken = [];
  for (let pass = 0; pass < 5; pass++) {
    const from = performance.now();
    await small.invoke(`t${pass}`, '');
    taken.push((performance.now() - from) / turns);
  }
  const synced = small.saver.db.pragma('synchronous', { simple: true }) >= 2;
  small.saver.db.close();
  const large = loop('large.db', 20, () => ({}));
  await large.invoke('t', 'x'.repeat(2 ** 20));
  large.saver.db.close();
  const bytes = readdirSync(folder).filter((name) => name.startsWith('large.db')).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(JSON.stringify({ step: taken.sort((a, b) => a - b)[2], megabytes: bytes / 1e6, synced, node: process.versions.node }));
} finally {
  rmSync(folder, { recursive: true });
}
