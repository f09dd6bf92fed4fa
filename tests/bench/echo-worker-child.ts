/** A worker whose engine gives back what it got: what is left is the link. Beside it, told by an argument, zeromq.js alone: a DEALER that echoes. */
import { text } from 'node:stream/consumers';
import { Dealer } from 'zeromq';
import type { Executor } from '../../runtime/ports.ts';
import type { WorkerSettings } from '../../runtime/workers/processes.node.ts';
import { serve } from '../../runtime/workers/serve.node.ts';

const echo: Executor = {
  engine: 'echo', concurrency: 1,
  identity: () => ({}),
  available: () => ({ ok: true }),
  execute: (_, { x }, { blobs }) => {
    const bytes = x !== undefined && 'ref' in x ? blobs.get(x.ref.hash)! : new Uint8Array();
    bytes[0] = (bytes[0]! + 1) % 256;
    return Promise.resolve({ outputs: { value: { ref: { form: 'bytes', hash: blobs.put(bytes), bytes: bytes.length }, summary: { type: 'bytes', preview: '' } } }, reads: [] });
  },
  close: () => Promise.resolve(),
};

const address = process.argv[2];
if (address === undefined) {
  const settings = JSON.parse(await text(process.stdin)) as WorkerSettings;
  const worker = serve({ settings, executor: echo, createExecutor: () => Promise.resolve(echo), network: { ask: () => Promise.reject(new Error('no network')) } });
  await worker.ended;
  process.exit(0);
}
const socket = new Dealer({ linger: 0, routingId: 'echo' });
socket.connect(address);
await socket.send('ready');
for await (const frames of socket) await socket.send(frames);
