/** Replicas (C1, C4): what stands in them, and that nothing leads out of them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReplay } from '../../runtime/replay/replay.ts';
import { js, py } from '../support/cli.ts';
import { openPlace } from '../support/replay.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array): string => new TextDecoder().decode(found);

test('C7 no path leads out of a replica, or where something else stands', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1') });
  const replica = past.host.replica();
  try {
    const content = { what: 'bytes', bytes: bytes('x') } as const;
    for (const path of ['../out.txt', '/etc/out.txt', 'a/../../out.txt', 'a\0b', '', '.', `${'n'.repeat(300)}.txt`]) expect([path, replica.put(path, content)]).toEqual([path, false]);
    expect(replica.put('a', content)).toBe(true);
    expect(replica.put('a/b', content)).toBe(false);
    expect(replica.put('folder', { what: 'folder' })).toBe(true);
    expect(replica.put('folder', content)).toBe(false);
    expect(replica.put('huge', { what: 'size', size: 1e30 })).toBe(false);
    expect(replica.put('lost', { what: 'blob', hash: 'f'.repeat(64) })).toBe(false);
    expect(replica.put('nowhere', { what: 'workspace' })).toBe(false);
    expect(readdirSync(past.place.root).sort()).toEqual(['.telar', 'main.telar.md']);
  } finally { await replica.close(); }
  expect(readdirSync(past.place.path('.telar/scratch')).filter((name) => name.startsWith('replica-'))).toEqual([]);
});

test('C1 large values and files of the workspace stand in a replica without being written again, and closing it takes none away', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1'), 'data.txt': 'd'.repeat(100_000) });
  const hash = past.host.store.blobs.put(bytes('v'.repeat(100_000)));
  const replica = past.host.replica();
  const at = (path: string): string => replica.ports.files.absolute!(path);
  replica.put('deep/value', { what: 'blob', hash });
  replica.put('data.txt', { what: 'workspace' });
  expect(statSync(at('deep/value')).ino).toBe(statSync(past.host.store.blobs.path(hash) as string).ino);
  expect(statSync(at('data.txt')).ino).toBe(statSync(past.place.path('data.txt')).ino);
  expect(replica.ports.observer.fileHash('deep/value')).toBe(hash);
  expect(past.host.observer.fileHash('deep/value')).toBeUndefined();
  await replica.close();
  expect(past.place.read('data.txt')).toHaveLength(100_000);
  expect(past.host.store.blobs.get(hash)).toHaveLength(100_000);
});

test('C4 values made in a replica are seen there, and are not in the store', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1') });
  const replica = past.host.replica();
  const { results } = replica;
  const made = [bytes('small'), bytes('l'.repeat(200_000))].map((value) => results.put(value));
  for (const hash of made) {
    expect([results.has(hash), past.host.store.blobs.has(hash)]).toEqual([true, false]);
    expect(results.get(hash)).toEqual(new Uint8Array(readFileSync(results.path(hash) as string)));
    expect(results.size(hash)).toBe(results.get(hash)?.length);
  }
  const folder = join(results.path(made[1] as string) as string, '..');
  const kept = past.host.store.blobs.put(bytes('kept'));
  expect(text(results.get(kept) as Uint8Array)).toBe('kept');
  await replica.close();
  expect(existsSync(folder)).toBe(false);
});

test('C4 edits take the place of what the run had; of the workspace of now comes what the run did not look at, and nothing that it found missing', async () => {
  const past = openPlace({
    'main.telar.md': py('looks', 'import os\n[open("read.txt").read(), os.path.exists("missing.txt"), sorted(os.listdir("listed"))]'),
    'read.txt': 'then', 'beside.txt': 'then', 'listed/a.txt': 'a', 'node_modules/x/index.js': '', 'sub/deep.txt': 'deep',
  });
  const { run, status } = await past.run();
  expect(status).toBe('ok');
  for (const path of ['read.txt', 'beside.txt', 'missing.txt', 'listed/b.txt', 'fresh/new.txt']) past.place.write(path, 'now');
  const replay = await openReplay(past.host, run, { rest: 'workspace', edits: new Map([['main.telar.md', bytes(js('other', '2'))], ['sub/deep.txt', bytes('edited')]]) });
  try {
    const { files } = replay.ports;
    const at = (path: string): string | undefined => (files.stat(path) === undefined ? undefined : text(files.read(path)));
    expect(Object.fromEntries(['read.txt', 'beside.txt', 'missing.txt', 'fresh/new.txt', 'sub/deep.txt', 'node_modules/x/index.js'].map((path) => [path, at(path)]))).toEqual({
      'read.txt': 'then', 'beside.txt': 'now', 'missing.txt': undefined, 'fresh/new.txt': 'now', 'sub/deep.txt': 'edited', 'node_modules/x/index.js': undefined,
    });
    expect(files.list('listed')).toEqual(['a.txt']);
    expect([...replay.notebook.graph.nodes()].map((node) => node.path)).toEqual(['other']);
    files.write('written.txt', bytes('to the workspace'));
    expect(past.place.read('written.txt')).toBe('to the workspace');
    expect(past.place.read('main.telar.md')).toContain('looks');
  } finally { await replay.close(); }
});
