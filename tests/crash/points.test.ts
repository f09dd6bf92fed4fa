/**
 * B40 `kill -9` at each named point beyond those that every run passes (`kill.test.ts`): effects, retention, bundles, migrations, the link. Each listed
 * point is passed by something that is done here or there: one that nobody passes would be a promise without a test.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { FAULT_POINTS, FAULTS, type FaultPoint } from '../../runtime/faults.ts';
import { isSame, readRecords } from '../../runtime/workers/records.node.ts';
import { createPlace, fence, js, NODE, yaml, type Place } from '../support/cli.ts';
import { expectWhole, start } from './workload.ts';

const ARROWS = FAULT_POINTS.slice(0, FAULT_POINTS.indexOf('acknowledged') + 1);
const EFFECTS = ['effect-noted', 'effect-intended', 'effect-made', 'file-written', 'file-renamed'] as const satisfies readonly FaultPoint[];
const COLLECTING = ['gc-rows', 'gc-blobs'] as const satisfies readonly FaultPoint[];
const BUNDLING = ['bundle-writing', 'bundle-written'] as const satisfies readonly FaultPoint[];

const LINK = FAULT_POINTS.slice(FAULT_POINTS.indexOf('worker-ready'));

/** A workspace of a test: they are at work side by side. */
function lay({ onTestFinished }: TestContext, files: Parameters<typeof createPlace>[0]): Place {
  const place = createPlace(files);
  onTestFinished(() => { place.remove(); });
  return place;
}

/** A command that is killed at a point. */
async function killed(place: Place, point: FaultPoint, args: readonly string[]): Promise<void> {
  expect((await start(place, args, undefined, { TELAR_FAULT: point })).killed).toBe(true);
  expectWhole(place.root);
}

const leftovers = (place: Place, folder = '.'): string[] => readdirSync(place.path(folder)).filter((name) => name.endsWith('.tmp'));
const WHOLE = 'x'.repeat(100_000);
/** A large value and a small one: from an engine, which a worker may do, and from templates, which are quick. */
const values = js('big', '"x".repeat(100_000)') + js('small', 'big.length');
const quick = fence('text', '#big .text', WHOLE) + fence('text', '#small .text', '{{ big.length }}');

test('C2 B40 every listed point is visited', () => {
  expect([...ARROWS, ...EFFECTS, ...COLLECTING, ...BUNDLING, 'bundle-importing', 'migrating', ...LINK]).toEqual(FAULT_POINTS);
  expect(LINK).toEqual(['worker-ready', 'lease-granted', 'task-sent', 'task-received', 'task-begun', 'result-ready', 'result-sent', 'result-received', 'result-kept', 'result-settled']);
});

describe.concurrent('B40 effects', { timeout: 120_000 }, () => {
  test.for(EFFECTS)('B40 killed at %s: the effect is in doubt, its file is as before or whole, and a word of a person ends it', async (point, context) => {
    const place = lay(context, { 'main.telar.md': quick + yaml('kept', 'save', 'from: big\nfile: out/big.txt') });
    mkdirSync(place.path('out'));
    await killed(place, point, ['run', 'main.telar.md']);
    const written = point === 'effect-made' || point === 'file-renamed';
    expect(existsSync(place.path('out/big.txt'))).toBe(written);
    if (written) expect(place.read('out/big.txt')).toBe(WHOLE);
    const again = await place.run();
    expect(again.unwell).toEqual({ kept: 'in-doubt' });
    expect(again.ran).not.toContain('big');
    const { doubts } = (await place.telar(['doubt', 'list', '--json'])).lines.at(-1)! as unknown as { doubts: readonly { id: string; evidence: string }[] };
    expect(doubts.map(({ evidence }) => evidence)).toEqual([written ? 'written' : 'missing']);
    await place.telar(['doubt', 'resolve', doubts[0]!.id, written ? 'done' : 'again']);
    expect(leftovers(place, 'out')).toEqual([]);
    const healed = await place.run();
    expect([healed.code, healed.unwell, healed.ran]).toEqual([0, {}, written ? [] : ['kept']]);
    expect(place.read('out/big.txt')).toBe(WHOLE);
    expect(readdirSync(place.path('out')).filter((name) => name !== 'big.txt')).toEqual([]);
  });
});

describe.concurrent('B40 retention', { timeout: 120_000 }, () => {
  test.for(COLLECTING)('B40 killed at %s: what a run names is there, and another gc ends the work', async (point, context) => {
    const place = lay(context, { 'main.telar.md': quick });
    await place.run();
    place.write('main.telar.md', quick.replaceAll('xx', 'yy'));
    await place.run();
    const collect = (hours: number, fault?: FaultPoint) => spawnSync(NODE, [join(import.meta.dirname, 'collect-child.ts'), place.root, String(hours), ...(fault === undefined ? [] : [fault])], { encoding: 'utf8' });
    if (point === 'gc-blobs') expect(collect(0).status).toBe(0); // what nothing names waits for an hour
    expect(collect(2, point).signal).toBe('SIGKILL');
    expectWhole(place.root);
    expect([collect(2).status, collect(4).status]).toEqual([0, 0]);
    expectWhole(place.root);
    const after = await place.run();
    expect([after.code, after.unwell]).toEqual([0, {}]);
    expect((await place.telar(['fsck', '--json'])).lines.at(-1)).toMatchObject({ damaged: [], missing: [] });
  });
});

describe.concurrent('B40 bundles', { timeout: 120_000 }, () => {
  test.for(BUNDLING)('B40 killed at %s: there is no half bundle, and the next one is whole', async (point, context) => {
    const place = lay(context, { 'main.telar.md': quick });
    await place.run();
    await killed(place, point, ['bundle', 'last', '-o', 'a.telarrun']);
    expect(existsSync(place.path('a.telarrun'))).toBe(false);
    expect((await place.telar(['bundle', 'last', '-o', 'a.telarrun'])).code).toBe(0);
    expect(leftovers(place)).toEqual([]);
    expect((await place.telar(['bundle', 'verify', 'a.telarrun'])).code).toBe(0);
  });

  test('B40 killed at bundle-importing: the run is not there, and is when it is imported again', async (context) => {
    const [place, other] = [lay(context, { 'main.telar.md': quick }), lay(context, { 'other.telar.md': fence('text', '#a .text', '1') })];
    await place.run();
    await place.telar(['bundle', 'last', '-o', other.path('a.telarrun')]);
    await killed(other, 'bundle-importing', ['bundle', 'import', 'a.telarrun']);
    const runs = async (): Promise<number> => ((await other.telar(['runs', '--json'])).lines.at(-1)!.runs as unknown[]).length;
    expect(await runs()).toBe(0);
    expect((await other.telar(['bundle', 'import', 'a.telarrun'])).code).toBe(0);
    expect(await runs()).toBe(1);
    expectWhole(other.root);
  });
});

test.concurrent('B40 killed at migrating: the store is of its old generation still, and comes to the new one at the next opening', async (context) => {
  const place = lay(context, { 'main.telar.md': fence('text', '#a .text', '1') });
  cpSync(join(import.meta.dirname, '../golden/generation-1/store'), place.path('.telar'), { recursive: true });
  expect((await start(place, ['runs'], undefined, { TELAR_FAULT: 'migrating' })).killed).toBe(true);
  const before = await place.telar(['runs', '--json']);
  expect(before.code).toBe(0);
  expect((before.lines.at(-1)!.runs as unknown[]).length).toBeGreaterThan(0);
  expectWhole(place.root);
});

describe.concurrent('B40 the link', { timeout: 120_000 }, () => {
  const heavy = ['run', 'main.telar.md', '--worker', 'heavy', '--json'];
  const expectClean = (place: Place): void => {
    expectWhole(place.root);
    expect(existsSync(place.path('.telar/workers/0'))).toBe(false);
    expect(readdirSync(place.path('.telar/scratch'), { recursive: true }).filter((name) => name !== 'workers')).toEqual([]);
  };

  test.for(LINK.filter((point) => FAULTS[point].worker === true))('B40 a worker is killed at %s: the run is green, and nothing is done that is not needed', async (point, context) => {
    const place = lay(context, { 'main.telar.md': values });
    const ended = await start(place, heavy, undefined, { TELAR_FAULT: point });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect((await place.telar(['show', 'main.telar.md', 'small'])).stdout.trim()).toBe('100000');
    expectClean(place);
  });

  test.for(LINK.filter((point) => FAULTS[point].worker !== true))('B40 the run is killed at %s: the next one finds the worker, ends the work, and leaves none', async (point, context) => {
    const place = lay(context, { 'main.telar.md': values });
    await killed(place, point, heavy);
    const left = readRecords(place.path('.telar'), 0);
    expect([left.length, left.every(isSame)]).toEqual([1, true]);
    const again = await start(place, heavy);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect((await place.telar(['show', 'main.telar.md', 'small'])).stdout.trim()).toBe('100000');
    expect(left.filter(isSame)).toEqual([]);
    expectClean(place);
  });
});

const FULL: Readonly<Partial<Record<FaultPoint, readonly string[]>>> = {
  'file-written': ['run', 'save.telar.md'], 'effect-noted': ['run', 'save.telar.md', '--from', 'kept'], 'bundle-writing': ['bundle', 'last', '-o', 'a.telarrun'], 'bundle-written': ['bundle', 'last', '-o', 'a.telarrun'],
  'gc-rows': ['gc', '--keep', '0'], migrating: ['runs', '--workspace', 'old'],
};

test.concurrent('B42 a disk that is full while a file is saved, values are collected, a bundle is written or a store is migrated: it is said, and with room it is done', { timeout: 120_000 }, async (context) => {
  expect(FAULT_POINTS.filter((point) => FAULTS[point].full === true && !ARROWS.includes(point)).sort()).toEqual(Object.keys(FULL).sort());
  const place = lay(context, { 'main.telar.md': quick, 'save.telar.md': fence('text', '#a .text', 'one') + yaml('kept', 'save', 'from: a\nfile: a.txt') });
  cpSync(join(import.meta.dirname, '../golden/generation-1/store'), place.path('old/.telar'), { recursive: true });
  await place.run();
  for (const [point, args] of Object.entries(FULL)) {
    const full = await place.telar(args, { env: { TELAR_FAULT: `${point}:disk-full` } });
    expect([point, full.code]).toEqual([point, 1]);
    expect(full.stdout + full.stderr).toMatch(/no room/);
    expect(full.stderr).not.toMatch(/^ +at /m);
    expect([point, (await place.telar(args)).code]).toEqual([point, 0]);
    rmSync(place.path('a.telarrun'), { force: true });
  }
  expect(leftovers(place)).toEqual([]);
  expectWhole(place.root);
});
