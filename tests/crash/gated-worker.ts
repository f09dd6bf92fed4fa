/** A worker whose class waits for a file, and writes down what it does: for tests that must know how often a step was done. `code`: what it is called, its gate, its book. */
import { appendFileSync, existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { TelarError } from '../../contracts/errors.ts';
import type { Executor } from '../../runtime/ports.ts';
import { storeValue } from '../../runtime/values/kinds.ts';
import type { WorkerSettings } from '../../runtime/workers/processes.node.ts';
import { serve } from '../../runtime/workers/serve.node.ts';

const gated: Executor = {
  engine: 'gated', concurrency: 1,
  identity: () => ({}),
  available: () => ({ ok: true }),
  async execute({ code }, _inputs, { signal, blobs }) {
    const { name, gate, book } = JSON.parse(code) as { name: string; gate: string; book: string };
    appendFileSync(book, `begin ${name}\n`);
    while (!existsSync(gate)) {
      if (signal.aborted) throw new TelarError('cancelled', 'It was stopped.');
      await sleep(20);
    }
    appendFileSync(book, `end ${name}\n`);
    const { ref, summary } = storeValue(`done ${name}`, blobs);
    return { outputs: { value: { ...(ref === undefined ? {} : { ref }), summary } }, reads: [] };
  },
  close: () => Promise.resolve(),
};

process.stderr.on('error', () => { /* nobody reads it */ });
const settings = JSON.parse(await text(process.stdin)) as WorkerSettings;
const worker = serve({ settings, executor: gated, createExecutor: () => Promise.resolve(gated), network: { ask: () => Promise.reject(new Error('no network')) } });
process.on('SIGTERM', worker.stop);
await worker.ended;
process.exit(0);
