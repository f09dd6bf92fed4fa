/** The commands that keep a store in order: `pin`, `gc`, `fsck`. */
import type { ChildProcess } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { createPlace, js, sql, type Line, type Place } from '../support/cli.ts';

let place: Place;
afterEach(() => { place.remove(); });

const notebook = (more: string): string => `${js('big', "Array.from({ length: 20000 }, (_, i) => 'word' + i).join(' ')")}${js('size', `big.length + ${more}`)}${sql('table', 'select range::INTEGER n, repeat(\'x\', 90) t from range(2000)')}`;

/** Runs the notebook as many times, each time another one. @returns ids of the runs, oldest first */
async function runs(times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let time = 0; time < times; time++) {
    place.write('a.telar.md', notebook(String(time)));
    ids.push((await place.run()).lines.at(-1)?.run as string);
  }
  return ids;
}

const json = async (args: readonly string[]): Promise<Line> => (await place.telar([...args, '--json'])).lines.at(-1) as Line;

/** Files of values, largest first. */
function blobFiles(): string[] {
  const root = place.path('.telar/blobs');
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
    .sort((a, b) => readFileSync(b).length - readFileSync(a).length);
}

function spoil(path: string): string {
  const bytes = readFileSync(path);
  bytes[7] = (bytes[7] as number) ^ 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  return path.split('/').slice(-2).join('');
}

describe('C6 retention on the command line', () => {
  test('C6 gc shows first, keeps the newest and the pinned, and says what went', { timeout: 60_000 }, async () => {
    place = createPlace({ 'a.telar.md': '' });
    const [first, second, third] = await runs(3) as [string, string, string];
    expect((await place.telar(['pin', first])).stdout).toContain('is pinned');
    const would = await place.telar(['gc', '--keep', '1', '--dry-run']);
    expect(would.stdout).toContain(`would go: 1 run`);
    expect(would.stdout).toContain(second);
    expect((await json(['runs'])).runs.length).toBe(3);
    expect(await json(['gc', '--keep', '1'])).toMatchObject({ dryRun: false, runs: [{ run: second, file: 'a.telar.md' }], rows: 1, condemned: 2, values: 0, living: 0 });
    expect((await json(['runs'])).runs.map((one: { run: string }) => one.run)).toEqual([third, first]);
    expect((await place.telar(['show', 'a.telar.md', 'size', '--run', first])).stdout.trim()).toBe('188889');
    expect((await place.telar(['unpin', first])).stdout).toContain('not pinned any more');
    expect((await json(['gc', '--keep', '0'])).runs.length).toBe(2);
    expect((await place.telar(['gc'])).stdout).toContain('waiting:');
    // All of it is computed again.
    expect((await place.run()).ran).toEqual(['big', 'size', 'table']);
  });

  test('CLI gc and pin refuse what they cannot use', { timeout: 30_000 }, async () => {
    place = createPlace({ 'a.telar.md': '' });
    for (const [args, words] of [[['gc', '--keep', 'all'], '--keep'], [['pin', 'r1'], 'no runs yet'], [['gc', 'a.telar.md'], 'too many']] as const) {
      const done = await place.telar(args);
      expect(done.code).toBe(2);
      expect(done.stderr).toContain(words);
    }
    expect((await place.telar(['gc'])).stdout).toBe('There is nothing to collect.\n');
    expect(await json(['fsck'])).toMatchObject({ values: 0, damaged: [], missing: [], orphans: 0 });
  });
});

test('C2 a run that goes on is told as running, and as unfinished when its process was killed', { timeout: 60_000 }, async () => {
  place = createPlace({ 'a.telar.md': js('slow', 'for (;;) {}') });
  let child: ChildProcess | undefined;
  const gone = place.telar(['run', 'a.telar.md'], { begun: (begun) => { child = begun; } });
  const status = async (word: string): Promise<void> => {
    for (;;) {
      const { stdout } = await place.telar(['runs']);
      if (stdout.includes(word)) return;
      await new Promise((done) => { setTimeout(done, 50); });
    }
  };
  await status('  running  ');
  expect((await json(['gc', '--keep', '0'])).living).toBe(1);
  child?.kill('SIGKILL');
  await gone;
  await status('  unfinished  ');
  expect((await json(['gc', '--keep', '0'])).runs.length).toBe(1);
});

describe('C3 fsck on the command line', () => {
  test('C3 a damaged value is told, and computed again by --repair from the record alone', { timeout: 60_000 }, async () => {
    place = createPlace({ 'a.telar.md': '' });
    const [id] = await runs(1) as [string];
    expect((await place.telar(['fsck'])).code).toBe(0);
    // The notebook of now is another one: the run's own text is what is done again.
    place.write('a.telar.md', js('other', '1'));
    const [big, column] = blobFiles() as [string, string];
    const damaged = [spoil(big), spoil(column)].sort();
    const told = await place.telar(['fsck', '--json']);
    expect(told.code).toBe(1);
    expect(told.lines.at(-1)).toMatchObject({ damaged, missing: [], broken: 0, pages: [] });
    const repaired = await place.telar(['fsck', '--repair', '--json']);
    expect(repaired.code).toBe(0);
    expect(repaired.lines.at(-1)).toMatchObject({ damaged, repaired: damaged, dropped: [], left: [] });
    expect(await json(['fsck'])).toMatchObject({ damaged: [], missing: [] });
    expect((await place.telar(['verify', id])).code).toBe(0);
  });

  test('C3 a missing value is computed again; one that came out of chance cannot be, and its result is dropped', { timeout: 60_000 }, async () => {
    place = createPlace({ 'a.telar.md': `${js('big', "'x'.repeat(100000)")}${js('chance', 'Array.from({ length: 9000 }, () => Math.random()).join()')}` });
    const { lines } = await place.run();
    for (const path of blobFiles()) rmSync(path);
    const repaired = await place.telar(['fsck', '--repair', '--json']);
    expect(repaired.code).toBe(1);
    const told = repaired.lines.at(-1) as Line;
    expect([told.missing.length, told.repaired.length, told.dropped]).toEqual([2, 1, [{ run: lines.at(-1)?.run, key: expect.any(String) }]]);
    expect((await place.telar(['fsck'])).code).toBe(0);
    expect((await place.run()).ran).toEqual(['chance']);
  });

  test('C3 a database with a page that cannot be read: --repair salvages the rest, says so, and the next fsck is clean', { timeout: 60_000 }, async () => {
    place = createPlace({ 'a.telar.md': notebook('0') });
    const ids = [(await place.run()).lines.at(-1)?.run, (await place.run()).lines.at(-1)?.run];
    const path = place.path('.telar/telar.db');
    const database = new DatabaseSync(path);
    const { rootpage } = database.prepare("select rootpage from sqlite_schema where name = 'small'").get() as { rootpage: number };
    database.close();
    const bytes = readFileSync(path);
    const cell = bytes.readUInt16BE((rootpage - 1) * 1024 + 12);
    bytes[(rootpage - 1) * 1024 + cell] = 8;
    writeFileSync(path, bytes);
    const told = await place.telar(['fsck']);
    expect([told.code, told.stdout.includes('fsck --repair')]).toEqual([1, true]);
    const repaired = await place.telar(['fsck', '--repair', '--json']);
    expect([repaired.code, repaired.lines.at(-1)?.records > 0]).toEqual([1, true]);
    expect(repaired.lines.at(-1)?.pages.at(-1)).toMatch(/telar\.db\.damaged-1.*could not be read/);
    const clean = await place.telar(['fsck']);
    expect([clean.code, clean.stdout.startsWith('clean')]).toEqual([0, true]);
    expect((await json(['runs'])).runs.map((one: { run: string }) => one.run)).toEqual(ids.toReversed());
  });

  test('C3 a text of the notebook is taken from the workspace when it is still the same', { timeout: 60_000 }, async () => {
    place = createPlace({ 'a.telar.md': `${js('one', '1')}\n${'A long notebook. '.repeat(5000)}` });
    await place.run();
    for (const path of blobFiles()) rmSync(path);
    expect((await json(['fsck'])).missing.length).toBe(1);
    expect((await json(['fsck', '--repair'])).repaired.length).toBe(1);
    expect((await place.telar(['fsck'])).code).toBe(0);
    for (const path of blobFiles()) rmSync(path);
    place.write('a.telar.md', 'another one');
    const done = await place.telar(['fsck', '--repair']);
    expect([done.code, done.stdout.includes('a text of a past run')]).toEqual([1, true]);
  });
});
