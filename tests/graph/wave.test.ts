import { expect, test } from 'vitest';
import { runWave } from '../../runtime/scheduler/wave.ts';
import { Slots } from '../../runtime/scheduler/slots.ts';
import { Outbox } from '../../runtime/scheduler/outbox.ts';
import type { Operation } from '../../contracts/protocol.ts';

interface Dot { readonly id: string; readonly readers: Map<Dot, number> }
const dots = (edges: Readonly<Record<string, string>>): Map<string, Dot> => {
  const all = new Map(Object.keys(edges).map((id) => [id, { id, readers: new Map<Dot, number>() }]));
  for (const [id, sources] of Object.entries(edges)) for (const source of sources) all.get(source)!.readers.set(all.get(id)!, 1);
  return all;
};

test('G1 a diamond and a skip edge: each node once, after all that it reads', async () => {
  const all = dots({ a: '', b: 'a', c: 'a', d: 'bca' });
  const done: string[] = [];
  await runWave([...all.values()], (node) => (node.id === 'b' ? Promise.resolve().then(() => { done.push('b'); }) : void done.push(node.id)));
  expect(done).toEqual(['a', 'c', 'b', 'd']);
});

test('G2 of what is ready at once, the first on the page goes first', async () => {
  const all = dots({ a: 'c', b: '', c: '', d: 'b' });
  const order = ['b', 'c', 'a', 'd'].map((id) => all.get(id)!);
  const done: string[] = [];
  await runWave(order, (node) => { done.push(node.id); });
  expect(done).toEqual(['b', 'c', 'a', 'd']);
});

test('R1 independent steps overlap when there is room, and wait when there is none', async () => {
  const most = async (jobs: number, engines: Record<string, number>): Promise<number> => {
    const slots = new Slots(jobs, new Map(Object.entries(engines)));
    let now = 0;
    let highest = 0;
    await Promise.all(Array.from({ length: 6 }, async () => {
      const release = await slots.acquire(['python']);
      highest = Math.max(highest, ++now);
      await new Promise((resolve) => { setTimeout(resolve, 2); });
      now -= 1;
      release();
    }));
    return highest;
  };
  expect(await most(3, { python: 9 })).toBe(3);
  expect(await most(9, { python: 2 })).toBe(2);
});

test('C2 the word that something is kept waits for the disk, and nothing overtakes it', async () => {
  const said: string[] = [];
  const outbox = new Outbox((operation) => { said.push((operation as { node: string }).node); });
  let kept: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => { kept = resolve; });
  const say = (node: string) => (): Operation => ({ type: 'stream', run: 'r', node, stream: 'stdout', text: '' });
  outbox.send(say('a'));
  outbox.send(say('b'), disk);
  outbox.send(say('c'));
  await Promise.resolve();
  expect(said).toEqual(['a']);
  kept();
  await outbox.drained();
  expect(said).toEqual(['a', 'b', 'c']);
});
