/** A worker whose engine names values that it never made. */
import { text } from 'node:stream/consumers';
import type { Executor } from '../../runtime/ports.ts';
import type { WorkerSettings } from '../../runtime/workers/processes.node.ts';
import { serve } from '../../runtime/workers/serve.node.ts';

const liar: Executor = {
  engine: 'liar', concurrency: 1,
  identity: () => ({}),
  available: () => ({ ok: true }),
  execute: () => Promise.resolve({ outputs: { value: { ref: { form: 'text', hash: 'f'.repeat(64), bytes: 4 }, summary: { type: 'text', preview: '' } } }, reads: [] }),
  close: () => Promise.resolve(),
};

const settings = JSON.parse(await text(process.stdin)) as WorkerSettings;
const worker = serve({ settings, executor: liar, createExecutor: () => Promise.resolve(liar), network: { ask: () => Promise.reject(new Error('no network')) } });
await worker.ended;
process.exit(0);
