/**
 * The process of a worker. What it is to be comes through its standard input; nobody starts it by hand, and without that it ends at once.
 * Words on its standard error are for the coordinator, should it die.
 */
import { text } from 'node:stream/consumers';
import type { Executor } from '../ports.ts';
import type { WorkerSettings } from '../workers/processes.node.ts';
import { createExecutor } from './engine.node.ts';

// Who started it may be gone.
process.stderr.on('error', () => { /* nobody reads it */ });
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => { /* the coordinator says when to stop */ });

const settings = JSON.parse(await text(process.stdin)) as WorkerSettings;
if (settings.faults !== undefined) (await import('../adapters/faults.node.ts')).armWorkerFaults(settings.faults);
const newExecutor = (): Promise<Executor> => createExecutor(settings.class, settings);
// The engine starts while the link is loaded.
const first = await newExecutor();
void first.warm?.();
const { serve } = await import('../workers/serve.node.ts');
const worker = serve({
  settings, executor: first, createExecutor: newExecutor,
  network: {
    ask: async (request, limits) => (await import('../adapters/network.node.ts')).systemNetwork.ask(request, limits),
    stream: async (request, limits) => (await import('../adapters/network.node.ts')).systemNetwork.stream(request, limits),
  },
});
process.on('SIGTERM', worker.stop);
await worker.ended;
process.exit(0);
