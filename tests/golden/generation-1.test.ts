/**
 * A store as the release of generation 1 left it (`generation-1/`, its `.telar` is `store/`): this release opens it, and tells of it
 * what that one did.
 */
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { openStore, type DiskStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Row, RunRecord, StepRecord } from '../../runtime/checkpoints/store.ts';
import { GENERATION } from '../../runtime/checkpoints/schema.node.ts';
import { armFault } from '../../runtime/faults.ts';
import { command } from '../support/cli.ts';

const golden = join(import.meta.dirname, 'generation-1');
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A copy of the workspace. */
function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'telar-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(golden, folder, { recursive: true });
  cpSync(join(golden, 'store'), join(folder, '.telar'), { recursive: true });
  rmSync(join(folder, 'store'), { recursive: true });
  chmodSync(join(folder, '.telar', 'telar.db'), 0o644);
  return folder;
}

function open(folder: string): DiskStore {
  const store = openStore(folder, { onDamage: ({ message }) => { throw new Error(message); } });
  ends.push(() => store.close().catch(() => undefined));
  return store;
}

/** The records as generation 1 wrote them: JSON behind a seal of 32 digits. */
function written<T>(folder: string, table: string): T[] {
  const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
  try {
    return database.prepare(`select body from ${table} order by seq`).all().map(({ body }) => JSON.parse((body as string).slice(32)) as T);
  } finally {
    database.close();
  }
}

function generationOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
  try {
    return Object.values(database.prepare('pragma user_version').get() ?? {})[0];
  } finally {
    database.close();
  }
}

describe('C9 a store of generation 1', () => {
  test('C9 tells every run, step, row and value as they were written', async () => {
    const folder = copy();
    const [runs, rows, steps] = [written<RunRecord>(folder, 'runs'), written<Row>(folder, 'rows'), written<StepRecord>(folder, 'steps')];
    expect([generationOf(folder), runs.length, rows.length, steps.length]).toEqual([1, 2, 14, 24]);
    const store = open(folder);
    expect(store.runs()).toEqual(runs.toReversed());
    for (const run of runs) expect(store.steps(run.id)).toEqual(steps.filter((step) => step.run === run.id));
    for (const row of rows) {
      expect(store.rows(row.key)).toEqual([row]);
      expect(store.row(row.id)).toEqual(row);
      expect(store.holds(row)).toBe(true);
      for (const { ref } of Object.values(row.outputs)) if (ref !== undefined && ref.form !== 'live') expect(store.blobs.get(ref.hash)).toBeDefined();
    }
    for (const node of ['total', 'part/double']) {
      expect(store.history('old.telar.md', node)).toEqual(steps.filter((step) => step.node === node && step.key !== undefined).toReversed());
    }
    expect(store.lastRun('old.telar.md')?.id).toBe(runs[1]?.id);
    expect(store.examine()).toMatchObject({ damaged: [], missing: [], broken: [], pages: [] });
    await store.close();
    expect(generationOf(folder)).toBe(GENERATION);
  });

  test('C9 a migration that ends at its fault point leaves a store that opens, of the old generation', async () => {
    const folder = copy();
    const disarm = armFault('migrating', () => { throw Object.assign(new Error('full'), { code: 'ENOSPC' }); });
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'disk-full' }));
    disarm();
    expect([generationOf(folder), written(folder, 'rows').length]).toEqual([1, 14]);
    expect(readdirSync(join(folder, '.telar')).filter((name) => name.includes('damaged'))).toEqual([]);
    expect(open(folder).runs().length).toBe(2);
  });

  test('C9 what is damaged in it is left behind and the rest is kept', async () => {
    const folder = copy();
    const rows = written<Row>(folder, 'rows');
    const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
    database.exec(`update rows set body = replace(body, '"ms":', '"mz":') where id = '${rows[3]?.id}'`);
    database.close();
    const store = open(folder);
    expect(rows.map((row) => store.row(row.id) !== undefined)).toEqual(rows.map((_, index) => index !== 3));
    expect(store.runs().length).toBe(2);
  });

  test('C9 the command line lists, shows, compares and runs on', { timeout: 60_000 }, async () => {
    const folder = copy();
    const { lines } = await command(['runs', '--json'], folder);
    const runs = lines[0]?.runs as { run: string; status: string }[];
    expect(runs.map((run) => run.status)).toEqual(['failed', 'failed']);
    const [second, first] = runs.map((run) => run.run) as [string, string];
    expect((await command(['show', 'old.telar.md', 'size', '--run', first], folder)).stdout.trim()).toBe('160000');
    const compared = (await command(['compare', first, second, '--json'], folder)).lines.at(-1)?.nodes as { node: string; change: string }[];
    expect(compared.find((one) => one.node === 'year')?.change).toBe('changed');
    expect(compared.find((one) => one.node === 'size')?.change).toBe('same');
    const run = (await command(['run', 'old.telar.md', '--to', 'year,numbers', '--json'], folder)).lines.at(-1);
    expect(run).toMatchObject({ type: 'summary', status: 'ok', nodes: { year: { state: 'fresh' }, numbers: { state: 'fresh' } } });
  });
});
