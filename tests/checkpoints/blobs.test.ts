import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { armFault } from '../../runtime/faults.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { finally_, freshFolder, openIn } from './workbench.ts';

const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => (index * 7) % 256);

describe('values as files', () => {
  for (const size of [10, 200_000]) {
    test(`C1 a value of ${size} bytes has a read-only file for engines that read by path`, async () => {
      const { store } = openIn(freshFolder());
      const bytes = bytesOf(size);
      const hash = store.blobs.put(bytes);
      await store.flush();
      const path = store.blobs.path(hash) as string;
      expect(Uint8Array.from(readFileSync(path))).toEqual(bytes);
      expect(statSync(path).mode & 0o222).toBe(0);
      expect(store.blobs.path(hash)).toBe(path);
    });

    test(`C1 a finished file of ${size} bytes is taken over, once and again`, async () => {
      const folder = freshFolder();
      const { store } = openIn(folder);
      const bytes = bytesOf(size);
      for (const name of ['first', 'second']) {
        writeFileSync(join(folder, name), bytes);
        expect(store.blobs.adopt(join(folder, name))).toBe(sha256(bytes));
        expect(existsSync(join(folder, name))).toBe(false);
      }
      await store.close();
      expect(openIn(folder).store.blobs.get(sha256(bytes))).toEqual(bytes);
    });
  }

  test('C1 a value that did not change is stored once, and a large one outside of the database', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    for (let index = 0; index < 20; index++) await store.addRow(rowOf(store, sha256, `k${index}`, { value: 'x'.repeat(2 ** 20) }));
    await store.close();
    const files = readdirSync(join(folder, '.telar'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.map((entry) => statSync(join(entry.parentPath, entry.name)).size).reduce((sum, size) => sum + size, 0);
    // B7: a counter that does not depend on the machine.
    expect(bytes).toBeLessThan(1.1e6);
  });

  test('C2 temporary files of a process that is gone are removed at the next open; those of a living one are not', () => {
    const folder = freshFolder();
    const blobs = join(folder, '.telar', 'blobs');
    mkdirSync(blobs, { recursive: true });
    for (const owner of [2 ** 30, process.ppid]) writeFileSync(join(blobs, `.tmp-${owner}-0`), 'x');
    openIn(folder);
    expect(readdirSync(blobs)).toEqual([`.tmp-${process.ppid}-0`]);
  });
});

describe('group commit', () => {
  test('B6 rows and steps of one turn are committed together, fifty rows at a time', async () => {
    const { store } = openIn(freshFolder());
    let commits = 0;
    finally_(armFault('committing', () => { commits++; }));
    store.openRun(runOf('r'));
    await Promise.all(Array.from({ length: 200 }, (_, index) => {
      const row = rowOf(store, sha256, `k${index}`, { value: `${index}` });
      store.addStep(stepOf('r', `n${index}`, { key: row.key }));
      return store.addRow(row);
    }));
    expect(commits).toBe(4);
    for (let index = 0; index < 300; index++) store.setAnalysis(`a${index}`, '{}');
    await store.flush();
    expect(commits).toBe(5);
  });

  test('B6 small values that nobody has named yet do not gather in memory without end', async () => {
    const { store } = openIn(freshFolder());
    for (let index = 0; index < 150; index++) store.blobs.put(Uint8Array.from({ length: 60_000 }, (_, at) => (at + index) % 251));
    expect(store.blobs.pending.size).toBe(150);
    await new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); });
    expect(store.blobs.pending.size).toBe(0);
  });

  test('C2 nothing is acknowledged before it is committed', async () => {
    const { store } = openIn(freshFolder());
    const order: string[] = [];
    finally_(armFault('committed', () => order.push('committed')));
    await store.addRow(rowOf(store, sha256, 'k', { value: 'v' })).then(() => order.push('acknowledged'));
    expect(order).toEqual(['committed', 'acknowledged']);
  });
});
