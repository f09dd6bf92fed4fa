/** The journal on a real disk: one writer for each file, bounds, torn ends, disks that fail, and reading it while it grows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOUNDS, filesAmong, nameOf, surplus } from '../../runtime/journal/files.ts';
import { openJournal } from '../../runtime/journal/journal.node.ts';
import { journalOf } from '../../runtime/journal/operations.ts';
import { JournalReader } from '../../runtime/journal/read.node.ts';
import type { JournalRecord } from '../../runtime/journal/record.ts';
import { createRedactor } from '../../runtime/journal/redact.ts';
import { NODE } from '../support/cli.ts';

const DAY = 86_400_000;
const BEGUN = Date.UTC(2026, 10, 20, 12);
const redact = createRedactor();

let state: string;
beforeEach(() => { state = mkdtempSync(join(realpathSync(tmpdir()), 'telar-journal-')); });
afterEach(() => { rmSync(state, { recursive: true, force: true }); });

const names = (): string[] => readdirSync(join(state, 'journal')).filter((name) => name.endsWith('.jsonl')).sort();
const all = (): JournalRecord[] => [...new JournalReader(state).look(() => true)].flat();
const messages = (): string[] => all().map(({ msg }) => msg);

test('W14 records are lines of JSON with the field names of pino, and nothing is touched before the first', async () => {
  const journal = openJournal(state, { redact, now: () => BEGUN });
  expect(existsSync(join(state, 'journal'))).toBe(false);
  journal.write('warn', 'a worker is silent', { event: 'silent', run: 'r1', node: 'a/b', worker: 'python-1', epoch: 3 });
  journal.write('trace', 'not kept', {});
  await journal.close();
  expect(names()).toEqual(['2026-11-20.jsonl']);
  const path = join(state, 'journal', '2026-11-20.jsonl');
  expect(readFileSync(path, 'utf8')).toBe(`{"level":40,"time":${BEGUN},"pid":${process.pid},"event":"silent","run":"r1","node":"a/b","worker":"python-1","epoch":3,"msg":"a worker is silent"}\n`);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o077).toBe(0);
});

test.skipIf(process.platform === 'win32')('W14 a link in the place of its file is not written through: what it leads to stays as it is', async () => {
  mkdirSync(join(state, 'journal'));
  const profile = join(state, 'profile');
  writeFileSync(profile, 'mine\n');
  symlinkSync(profile, join(state, 'journal', '2026-11-20.jsonl'));
  const troubles: string[] = [];
  const journal = openJournal(state, { redact, now: () => BEGUN, onTrouble: (message) => { troubles.push(message); } });
  journal.write('error', '$(touch pwned)');
  await journal.close();
  expect([readFileSync(profile, 'utf8'), troubles]).toEqual(['mine\n', [expect.stringContaining('ELOOP')]]);
});

test('W14 a field cannot take the place of level, time, pid or message', async () => {
  const journal = openJournal(state, { redact, now: () => BEGUN });
  journal.write('info', 'said', { level: 99, time: 1, pid: 1, msg: 'other' });
  await journal.close();
  expect(all()).toEqual([{ level: 30, time: BEGUN, pid: process.pid, msg: 'said' }]);
});

test('W14 two writers at once have a file each, and readers merge them by time', async () => {
  let now = BEGUN;
  const [first, second] = [openJournal(state, { redact, now: () => now, bounds: { pause: 0 } }), openJournal(state, { redact, now: () => now, bounds: { pause: 0 } })];
  for (let i = 0; i < 20; i++) { now += 1; (i % 3 === 0 ? second : first).write('info', `m${i}`); }
  await new Promise((resolve) => { setTimeout(resolve, 30); });
  await Promise.all([first.close(), second.close()]);
  expect(names()).toEqual(['2026-11-20.2.jsonl', '2026-11-20.jsonl']);
  expect(messages()).toEqual(Array.from({ length: 20 }, (_, i) => `m${i}`));
  const third = openJournal(state, { redact, now: () => now + 1 });
  third.write('info', 'last');
  await third.close();
  expect(names()).toHaveLength(2);
});

test('W14 a process that ends without closing keeps its records; one that is killed leaves its place to the next', async () => {
  const source = (end: string): string => `
    const { openJournal } = await import(${JSON.stringify(new URL('../../runtime/journal/journal.node.ts', import.meta.url).href)});
    const journal = openJournal(${JSON.stringify(state)});
    journal.write('info', 'begun'); ${end}`;
  const act = async (end: string): Promise<void> => {
    const child = spawn(NODE, ['--input-type=module', '-e', source(end)], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', () => { child.kill('SIGKILL'); });
    await once(child, 'close');
  };
  await act('process.exit(3);');
  expect(messages()).toEqual(['begun']);
  await act(`setTimeout(() => { journal.write('info', 'never flushed'); process.stdout.write('x'); }, 300); setTimeout(() => {}, 60_000);`);
  expect(messages()).toEqual(['begun', 'begun']);
  const journal = openJournal(state, { redact });
  journal.write('info', 'next');
  await journal.close();
  expect(names()).toHaveLength(1);
  expect(messages()).toEqual(['begun', 'begun', 'next']);
});

test('W14 a torn last line is skipped by readers and ended by the next writer', async () => {
  const write = async (msg: string): Promise<void> => {
    const journal = openJournal(state, { redact, now: () => BEGUN });
    journal.write('info', msg);
    await journal.close();
  };
  await write('one');
  appendFileSync(join(state, 'journal', '2026-11-20.jsonl'), '{"level":30,"time":17');
  expect(messages()).toEqual(['one']);
  await write('two');
  expect(messages()).toEqual(['one', 'two']);
  appendFileSync(join(state, 'journal', '2026-11-20.jsonl'), `\0\0\n"text"\n[1]\n{"level":"30"}\n`);
  await write('three');
  expect(messages()).toEqual(['one', 'two', 'three']);
});

test('W14 a day is bounded: a full file makes room once, and the newest records stay', async () => {
  let now = BEGUN;
  const journal = openJournal(state, { redact, now: () => now, bounds: { file: 4_000, waiting: 1_000_000, pause: 0 } });
  for (let i = 0; i < 200; i++) {
    now += 1;
    journal.write('info', `m${i}`, { filler: 'x'.repeat(50) });
    if (i % 5 === 4) await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
  await journal.close();
  expect(names()).toEqual(['2026-11-20.jsonl', '2026-11-20.older.jsonl']);
  for (const name of names()) expect(statSync(join(state, 'journal', name)).size).toBeLessThanOrEqual(4_000);
  const kept = messages().map((msg) => Number(msg.slice(1)));
  expect(kept.at(-1)).toBe(199);
  expect(kept).toEqual(kept.map((_, i) => (kept[0] as number) + i));
  expect(kept.length).toBeGreaterThan(25);
});

test('W14 a file a day, five kept, also when the clock jumps', async () => {
  const write = async (time: number): Promise<void> => {
    const journal = openJournal(state, { redact, now: () => time });
    journal.write('info', new Date(time).toISOString());
    await journal.close();
  };
  for (let day = 0; day < 8; day++) await write(BEGUN + day * DAY);
  expect(names()).toEqual(['2026-11-23.jsonl', '2026-11-24.jsonl', '2026-11-25.jsonl', '2026-11-26.jsonl', '2026-11-27.jsonl']);
  // A day ahead, ten years ahead, and back: what is written now is kept, and no jump takes more than its own day.
  await write(BEGUN + 3_650 * DAY);
  await write(BEGUN + 7 * DAY);
  expect(names()).toHaveLength(5);
  await write(BEGUN - 30 * DAY);
  expect(names()).toContain('2026-10-21.jsonl');
  expect(names()).toContain('2026-11-27.jsonl');
  const midnight = Date.UTC(2026, 10, 27, 23, 59, 59, 999);
  let now = midnight;
  const journal = openJournal(state, { redact, now: () => now, bounds: { pause: 0 } });
  journal.write('info', 'before');
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  now += 1;
  journal.write('info', 'after');
  await journal.close();
  expect(names().slice(-2)[0]).toBe('2026-11-28.jsonl');
});

test('W14 what goes is of the oldest days, until the rest is small enough; what is written today stays', () => {
  const file = fc.record({ day: fc.integer({ min: 1, max: 28 }).map((day) => `2026-02-${String(day).padStart(2, '0')}`), slot: fc.integer({ min: 1, max: 4 }), older: fc.boolean(), size: fc.nat(1_000) });
  fc.assert(fc.property(fc.uniqueArray(file, { selector: ({ day, slot, older }) => `${day}${slot}${older}` }), fc.integer({ min: 1, max: 28 }), (given, date) => {
    const today = `2026-02-${String(date).padStart(2, '0')}`;
    const files = given.map((one) => ({ ...one, name: nameOf(one.day, one.slot, one.older) }));
    expect(filesAmong(files.map(({ name }) => name))).toHaveLength(files.length);
    const gone = new Set(surplus(files, today, { days: 5, total: 3_000 }));
    const left = files.filter(({ name }) => !gone.has(name));
    expect(left.every((one) => one.day !== today || !gone.has(one.name))).toBe(true);
    expect(files.some((one) => one.day === today && !one.older && gone.has(one.name))).toBe(false);
    expect(new Set(left.map(({ day }) => day)).size).toBeLessThanOrEqual(6);
    const others = left.filter((one) => one.day !== today || one.older);
    if (left.reduce((sum, { size }) => sum + size, 0) > 3_000) expect(others).toEqual([]);
    for (const one of left) for (const other of files) if (gone.has(other.name) && other.day > one.day && one.day !== today) expect.fail(`${other.name} went before ${one.name}`);
  }), { numRuns: 300, seed: 43 });
});

test('W14 a journal that cannot be written loses records, counts them, and says so once', async () => {
  writeFileSync(join(state, 'journal'), 'in the way');
  const said: string[] = [];
  const journal = openJournal(state, { redact, onTrouble: (message) => { said.push(message); }, bounds: { pause: 0 } });
  for (let i = 0; i < 3; i++) { journal.write('info', `lost ${i}`); await new Promise((resolve) => { setTimeout(resolve, 10); }); }
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/cannot be written.*The run goes on/);
  rmSync(join(state, 'journal'));
  journal.write('info', 'kept');
  await journal.close();
  expect(messages()).toEqual(['3 records before this one are lost', 'kept']);
  expect(said).toHaveLength(1);
});

test('W14 a record of more than 64 KiB is cut and told so; what waits for the disk is bounded', async () => {
  const journal = openJournal(state, { redact, bounds: { waiting: 200_000, pause: 60_000 } });
  journal.write('info', 'long '.repeat(50_000), { node: 'a', big: 'y'.repeat(1_000_000), deep: Array.from({ length: 500 }, () => 'z'.repeat(500)) });
  for (let i = 0; i < 1_000; i++) journal.write('info', 'x'.repeat(1_000));
  await journal.close();
  const told = all().find(({ event }) => event === 'lost');
  const [cut, ...rest] = all().filter(({ event }) => event !== 'lost');
  expect(told?.lost).toBeGreaterThan(700);
  expect(cut).toMatchObject({ node: 'a', cut: expect.any(Number) as number });
  expect(JSON.stringify(cut).length).toBeLessThan(BOUNDS.record);
  expect(rest.length + (told?.lost as number)).toBe(1_000);
});

test('W14 following tells each record once: over days, full files, new writers and torn lines', async () => {
  let now = BEGUN;
  const seen: string[] = [];
  const stop = new AbortController();
  const followed = (async () => { for await (const records of new JournalReader(state).follow(() => true, stop.signal)) seen.push(...records.map(({ msg }) => msg)); })();
  const journals = [1, 2].map(() => openJournal(state, { redact, now: () => now, bounds: { file: 6_000, pause: 0 } }));
  for (let i = 0; i < 60; i++) {
    now += DAY / 40;
    journals[i % 2]?.write('info', `m${i}`, { filler: 'x'.repeat(200) });
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  mkdirSync(join(state, 'journal', 'folder.jsonl'));
  await Promise.all(journals.map((journal) => journal.close()));
  while (seen.length < 60) await new Promise((resolve) => { setTimeout(resolve, 20); });
  stop.abort();
  await followed;
  expect(new Set(seen).size).toBe(60);
  expect(seen).toHaveLength(60);
});

test('W14 a run is told by its beginning, its steps and its end with counts; reused steps only by their number', async () => {
  const journal = openJournal(state, { redact });
  const tell = journalOf(journal);
  const run = 'r1';
  tell({ type: 'run', run, file: 'a.telar.md', targets: [], nodes: 4 });
  for (const [node, status] of [
    ['a', { state: 'running' }], ['a', { state: 'fresh', how: 'ran', reason: 'its code changed', ms: 12.4 }], ['b', { state: 'fresh', how: 'reused' }],
    ['c', { state: 'failed', error: { code: 'lost', message: 'the engine ended' } }], ['d', { state: 'failed', error: { code: 'in-doubt', message: 'nobody knows' } }], ['e', { state: 'cancelled', by: ['c'] }],
  ] as const) tell({ type: 'node', run, node, status });
  tell({ type: 'end', run, status: 'failed', ms: 20 });
  await journal.close();
  expect(all().map(({ level, event, node, msg }) => [level, event, node, msg])).toEqual([
    [30, 'run', undefined, 'run of a.telar.md begun'], [20, 'step', 'a', 'step begun'], [30, 'step', 'a', 'step ended (its code changed)'],
    [50, 'step', 'c', 'step failed: the engine ended'], [40, 'doubt', 'd', 'effect in doubt: nobody knows'], [20, 'step', 'e', 'cancelled, because of c'],
    [50, 'end', undefined, 'run ended: failed, 1 ran, 1 reused, 2 failed, 1 cancelled'],
  ]);
  expect(all().every((record) => record.run === run)).toBe(true);
});
