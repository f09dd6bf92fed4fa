/** What a step says is gathered on its way to the coordinator. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createStreams } from '../../runtime/workers/streams.node.ts';

test('W10 W13 a step that talks without end and by turns is no flood, and no word of it is lost', async () => {
  const told: [stream: string, text: string][] = [];
  const streams = createStreams((_, stream, text) => { told.push([stream, text]); });
  const wanted = { stdout: '', stderr: '' };
  const from = performance.now();
  for (let at = 0; at < 100_000; at += 1) {
    for (const stream of ['stdout', 'stderr'] as const) {
      streams.add('t', stream, `${at}\n`);
      wanted[stream] += `${at}\n`;
    }
    streams.add('t', 'progress', String(at));
    if (at % 100 === 0) await new Promise(setImmediate);
  }
  streams.flush();
  const said = (stream: string): string => told.filter(([of]) => of === stream).map(([, text]) => text).join('');
  expect([said('stdout') === wanted.stdout, said('stderr') === wanted.stderr]).toEqual([true, true]);
  expect(told.findLast(([stream]) => stream === 'progress')?.[1]).toBe('99999');
  expect(told.length).toBeLessThan(1_000 + (performance.now() - from) * 10);
});

test('W13 the first word is told at once, and what follows in its order', async () => {
  const told: string[] = [];
  const streams = createStreams((task, stream, text) => { told.push(`${task} ${stream} ${text}`); });
  streams.add('t', 'stdout', 'a');
  streams.add('t', 'stdout', 'b');
  streams.add('t', 'stderr', 'c');
  streams.add('t', 'stdout', 'd');
  await new Promise(setImmediate);
  expect(told).toEqual(['t stdout ab', 't stderr c', 't stdout d']);
  streams.add('u', 'progress', '0.5');
  await sleep(30);
  expect(told.at(-1)).toBe('u progress 0.5');
});
