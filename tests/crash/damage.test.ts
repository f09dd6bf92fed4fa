/**
 * B41 one flipped bit in each value, record and page, and cuts at 512 bytes: found on read, never served, and the run afterwards is green
 * with the results that it had. At the store's own level, byte by byte: `checkpoints/damage.test.ts`.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { lay, run, type Done } from './here.ts';
import { MANY } from './workload.ts';

/** A workspace with one finished run, and what that gave. */
let whole: { readonly root: string; readonly done: Done; readonly database: Uint8Array; readonly blobs: readonly string[] };
beforeEach(async () => {
  const root = lay();
  const done = await run(root);
  const folder = join(root, '.telar', 'blobs');
  const blobs = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  whole = { root, done, database: new Uint8Array(readFileSync(join(root, '.telar', 'telar.db'))), blobs };
  expect(blobs.length).toBeGreaterThanOrEqual(2);
});

const valuesOf = ({ values }: Done): Record<string, string> => Object.fromEntries(Object.entries(values).map(([name, { hash }]) => [name, hash]));

/** Damages a copy, then runs until nothing is reported: green each time, and in the end with the values that were. What only a later reader finds damaged is made by the next run. */
async function survives(what: string, damage: (root: string) => void): Promise<{ reported: boolean }> {
  const root = lay(whole.root);
  try {
    damage(root);
    const runs = [await run(root), await run(root)];
    if (runs[1]!.reports.length > 0) runs.push(await run(root));
    const last = runs.at(-1)!;
    for (const { result } of runs) {
      expect(result.nodes.size, what).toBe(7);
      for (const [node, { state, error }] of result.nodes) expect([what, node, state, error?.message]).toEqual([what, node, 'fresh', undefined]);
    }
    expect(valuesOf(last), what).toEqual(valuesOf(whole.done));
    expect(Object.entries(last.values).filter(([, { there }]) => !there), what).toEqual([]);
    expect(last.reports, what).toEqual([]);
    return { reported: runs[0]!.reports.length > 0 };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function change(path: string, act: (bytes: Uint8Array) => Uint8Array | void): void {
  const bytes = new Uint8Array(readFileSync(path));
  chmodSync(path, 0o644);
  writeFileSync(path, act(bytes) ?? bytes);
}

const flip = (at: number) => (bytes: Uint8Array): void => { bytes[at] = bytes[at]! ^ (1 << (at % 8)); };

describe('B41 damage', { timeout: 300_000 }, () => {
  test('C3 B41 one flipped bit in the file of each value, and each of them cut', async () => {
    for (const blob of whole.blobs) {
      const size = readFileSync(join(whole.root, blob)).byteLength;
      for (const at of [0, Math.floor(size / 2), size - 1]) expect((await survives(`${blob} at ${at}`, (root) => { change(join(root, blob), flip(at)); })).reported).toBe(true);
      for (let cut = 0; cut < size; cut += 512 * (MANY > 1 ? 1 : 24)) await survives(`${blob} cut at ${cut}`, (root) => { change(join(root, blob), (bytes) => bytes.slice(0, cut)); });
    }
  });

  test('B41 one flipped bit in each record and each small value', async () => {
    const database = new DatabaseSync(join(whole.root, '.telar', 'telar.db'), { readOnly: true });
    const places = ['rows', 'steps', 'runs', 'small'].flatMap((table) => {
      const column = table === 'small' ? 'bytes' : 'body';
      return database.prepare(`select rowid r, length(cast(${column} as blob)) size from ${table}`).all().map((found) => ({ table, column, row: found.r as number, size: found.size as number }));
    });
    database.close();
    expect(new Set(places.map(({ table }) => table)).size).toBe(4);
    for (const { table, column, row, size } of places) {
      const at = (row * 7919) % size;
      const { reported } = await survives(`${table} ${row} at ${at}`, (root) => {
        const opened = new DatabaseSync(join(root, '.telar', 'telar.db'));
        const select = opened.prepare(`select cast(${column} as blob) bytes, typeof(${column}) type from ${table} where rowid = ?`).get(row) as { bytes: Uint8Array; type: string };
        const bytes = Uint8Array.from(select.bytes);
        bytes[at] = bytes[at]! ^ 1;
        opened.prepare(`update ${table} set ${column} = ${select.type === 'text' ? 'cast(? as text)' : '?'} where rowid = ?`).run(bytes, row);
        opened.close();
      });
      if (table === 'rows') expect(reported, `${table} ${row}`).toBe(true);
    }
  });

  test('B41 one flipped bit in each page of the database', async () => {
    for (let page = 0; page < whole.database.byteLength; page += 1024) {
      // The head of a page, its pointers, and its cells, which fill it from the end.
      for (const within of MANY > 1 ? [0, 3, 8, 60, 400, 700, 1_020] : [[3, 700], [8, 0]][(page / 1024) % 2]!) {
        await survives(`page ${page / 1024} at ${within}`, (root) => { change(join(root, '.telar', 'telar.db'), flip(page + within)); });
      }
    }
  });

  test('B41 the database cut at 512 bytes', async () => {
    for (let cut = 0; cut < whole.database.byteLength; cut += 512 * (MANY > 1 ? 1 : 5)) {
      await survives(`cut at ${cut}`, (root) => { change(join(root, '.telar', 'telar.db'), (bytes) => bytes.slice(0, cut)); });
    }
  });
});
