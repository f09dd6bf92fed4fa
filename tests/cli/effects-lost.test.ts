/** P7 on the real command line: the database of `.telar/` is lost, or a receipt in it damaged, and no effect is made again for that. */
import { existsSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { fence, type Line, type Place } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';


const placeOf = usePlaces();
const OLD = new Date('2020-01-01T00:00:00Z');
const TEXT = `---\ntelar: 1\n---\n${fence('text', '#poem .text', 'hila el alba')}${fence('yaml', '#kept .save', 'from: poem\nfile: out/poem.txt')}`;

function fresh(): Place {
  return placeOf({ 'main.telar.md': TEXT });
}
/** The file that was written is made older, so that a second write shows. */
const age = (place: Place): void => { if (existsSync(place.path('out/poem.txt'))) utimesSync(place.path('out/poem.txt'), OLD, OLD); };
const isOld = (place: Place): boolean => statSync(place.path('out/poem.txt')).mtimeMs === OLD.getTime();
const doubts = async (place: Place): Promise<Line[]> => (await place.telar(['doubt', 'list', '--json'])).lines.at(-1)!.doubts as Line[];

const LOSSES: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => rmSync(path), truncated: (path) => truncateSync(path, 3_000), garbage: (path) => writeFileSync(path, 'not a database '.repeat(900)),
};
/** A log that was written ahead would bring all of a small database back. */
function lose(place: Place, how: string): void {
  const path = place.path('.telar/telar.db');
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
  LOSSES[how]!(path);
}

test.each(['removed', 'truncated', 'garbage'])('P7 C3 B41 the database is %s after a save: it is not written again, its receipt is there', async (how) => {
  const place = fresh();
  const first = await place.run();
  age(place);
  lose(place, how);
  const again = await place.run();
  expect([again.code, again.ran, again.nodes.kept?.how]).toEqual([0, ['poem'], 'reused']);
  expect(isOld(place)).toBe(true);
  expect(again.nodes.kept?.outputs).toEqual(first.nodes.kept?.outputs);
  expect((await place.telar(['show', 'main.telar.md', 'kept'])).stdout).toContain('out/poem.txt');
  const fsck = await place.telar(['fsck', '--json']);
  expect([fsck.code, fsck.lines.at(-1)]).toMatchObject([0, { broken: 0, damaged: [], missing: [] }]);
  expect((await place.run('main.telar.md', ['--from', 'kept'])).ran).toEqual(['kept']);
  expect(isOld(place)).toBe(false);
});

test('P7 a plan tells of the receipt before any run, and writes nothing', async () => {
  const place = fresh();
  await place.run();
  lose(place, 'removed');
  await place.run('main.telar.md', ['--to', 'poem']);
  const plan = await place.telar(['plan', 'main.telar.md', '--json']);
  expect((plan.lines.at(-1)!.steps as Line[]).find((step) => step.node === 'kept')).toMatchObject({ decision: 'reuse' });
});

test('P7 C3 a flipped bit in the row of a receipt: the journal has it still', async () => {
  const place = fresh();
  await place.run();
  age(place);
  const database = new DatabaseSync(place.path('.telar/telar.db'));
  expect(database.prepare("update rows set body = replace(body, '\"effect\":\"effect\"', '\"effect\":\"effebt\"') where instr(body, '\"effect\":\"effect\"')").run().changes).toBe(1);
  database.close();
  const again = await place.run();
  expect([again.code, again.ran, again.nodes.kept?.how, isOld(place)]).toEqual([0, [], 'reused', true]);
});

test('P7 C3 a damaged line of the journal: the run says so and goes on, fsck finds it, and --repair writes it anew from the database', async () => {
  const place = fresh();
  await place.run();
  age(place);
  const journal = place.path('.telar/effects.jsonl');
  const lines = readFileSync(journal, 'utf8');
  writeFileSync(journal, lines.replace('"receipt"', '"rexeipt"'));
  const again = await place.telar(['run', 'main.telar.md']);
  expect([again.code, again.stderr.includes('Line 2 of')]).toEqual([0, true]);
  const found = await place.telar(['fsck']);
  expect([found.code, found.stdout]).toEqual([1, expect.stringContaining('1 record of effects')]);
  await place.telar(['fsck', '--repair']);
  expect((await place.telar(['fsck', '--json'])).code).toBe(0);
  lose(place, 'garbage');
  expect([(await place.run()).ran, isOld(place)]).toEqual([['poem'], true]);
});

test('P7 who deletes .telar has it forgotten, and the effect is made again', async () => {
  const place = fresh();
  await place.run();
  age(place);
  rmSync(place.path('.telar'), { recursive: true });
  expect((await place.run()).ran).toEqual(['kept', 'poem']);
  expect(isOld(place)).toBe(false);
});

// Where a process is killed, and what is known then: its first line is the intent's, its second the receipt's.
const KILLS: readonly (readonly [fault: string, then: 'in doubt' | 'made', written: boolean])[] = [
  ['effect-noted@1', 'in doubt', false], ['effect-intended', 'in doubt', false], ['file-written', 'in doubt', false],
  ['file-renamed', 'in doubt', true], ['effect-made', 'in doubt', true], ['effect-noted@2', 'made', true],
];

// Before and after the receipt with both losses; between them one loss does, since no line is added there.
test.each(KILLS.flatMap((kill, at) => (at === 0 || at === 5 ? ['removed', 'garbage'] : [at % 2 === 0 ? 'removed' : 'garbage']).map((how) => [...kill, how] as const)))('P7 B40 B41 killed at %s, it is %s (written: %s), also when the database is %s then', async (fault, then, written, how) => {
  const place = fresh();
  expect((await place.run('main.telar.md', ['--fault', fault])).code).toBe(null);
  expect(existsSync(place.path('out/poem.txt'))).toBe(written);
  age(place);
  lose(place, how);
  const listed = await doubts(place);
  expect(listed.map(({ node, evidence }) => [node, evidence])).toEqual(then === 'made' ? [] : [['kept', written ? 'written' : 'missing']]);
  const again = await place.run();
  expect([again.unwell, again.ran]).toEqual([then === 'made' ? {} : { kept: 'in-doubt' }, ['poem']]);
  if (then === 'in doubt') {
    expect((await place.telar(['doubt', 'resolve', listed[0]!.id as string, written ? 'done' : 'again'])).code).toBe(0);
    lose(place, 'removed');
    expect((await place.run()).ran).toEqual(written ? ['poem'] : ['kept', 'poem']);
  }
  expect(readFileSync(place.path('out/poem.txt'), 'utf8')).toBe('hila el alba');
  expect(isOld(place)).toBe(written);
  expect(await doubts(place)).toEqual([]);
});
