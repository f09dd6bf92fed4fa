/** B40 `kill -9` of real runs: nothing acknowledged is lost, and the store is clean. Seeds are kept: the same passings on every machine. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../runtime/faults.ts';
import { createPlace, js, py, sql, yaml, type Place } from '../support/cli.ts';
import { chance, expectWhole, Ledger, MANY, mixed, start } from './workload.ts';

/** The arrows of C2: those that a run passes which makes no effect. */
const ARROWS = FAULT_POINTS.slice(0, FAULT_POINTS.indexOf('acknowledged') + 1);

let place: Place;
let versions = 0;
beforeAll(() => { place = createPlace({ 'main.telar.md': mixed(false), 'slow.telar.md': mixed(true) }); });
afterAll(() => { place.remove(); });

const run = (version: number, more: readonly string[] = [], file = 'main.telar.md', begun?: (child: ChildProcess) => void) => start(place, ['run', file, '--json', '--set', `n=${version}`, ...more], begun);
/** These take half a minute, and more where others use the machine. */
const long = { timeout: 300_000 * MANY };

async function expectClean(one: Place): Promise<void> {
  expectWhole(one.root);
  const fsck = await one.telar(['fsck', '--json']);
  expect(fsck.lines.at(-1)).toMatchObject({ type: 'fsck', damaged: [], missing: [] });
  expect(fsck.code).toBe(0);
}

describe('B40 kill -9', () => {
  test.each(ARROWS)('C2 B40 at %s: what was acknowledged is reused, the store is clean', async (point) => {
    const ledger = new Ledger();
    const version = versions += 1;
    const ended = await run(version, ['--fault', point === 'run' ? point : `${point}@2`]);
    expect(ended.killed).toBe(true);
    ledger.hear(ended);
    expectWhole(place.root, 3);
    ledger.finish(await run(version));
  });

  test('B40 at passings drawn by chance', long, async () => {
    const draw = chance(40);
    let kills = 0;
    while (kills < 25 * MANY) {
      const ledger = new Ledger();
      const version = versions += 1;
      // Again and again at the same version: what a killed run left is the ground of the next.
      for (let turn = 0; turn < 6; turn += 1) {
        const ended = await run(version, ['--fault', `any@${1 + Math.floor(draw() * 30)}`]);
        ledger.hear(ended);
        if (!ended.killed) break;
        kills += 1;
      }
      expectWhole(place.root, 3);
      ledger.finish(await run(version));
    }
    await expectClean(place);
  });

  test('B40 at moments drawn by chance', long, async () => {
    const draw = chance(41);
    let kills = 0;
    while (kills < 25 * MANY) {
      const ledger = new Ledger();
      const version = versions += 1;
      for (let turn = 0; turn < 6; turn += 1) {
        const delay = draw() * 250;
        const ended = await run(version, [], 'slow.telar.md', (child) => { child.stdout!.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay)); });
        ledger.hear(ended);
        if (!ended.killed) break;
        kills += 1;
      }
      ledger.finish(await run(version, [], 'slow.telar.md'));
    }
    await expectClean(place);
  });

  test('B40 thirty steps, killed twenty times between the first and the last commit of a run: then green, and each acknowledged step is reused', long, async () => {
    const chain = Array.from({ length: 26 }, (_, at) => js(`s${at}`, at === 0 ? 'seed + 1' : at % 5 === 0 ? `("x" + s${at - 1}.length).repeat(40_000)` : `[s${at - 1}, ${at}].flat().slice(-9).join("") + "${at}"`));
    const thirty = createPlace({ 'main.telar.md': yaml('seed', 'input', 'type: integer\ndefault: 7') + sql('rows', 'select range r from range(10)') + py('sum_of', 'sum(row.r for row in rows)') + chain.join('') + js('end_', '[s25.length, sum_of]') });
    try {
      const draw = chance(42);
      let ledger = new Ledger();
      let seed = 7;
      let acknowledged = 0;
      const go = (more: readonly string[] = []) => start(thirty, ['run', 'main.telar.md', '--json', '--jobs', '1', '--set', `seed=${seed}`, ...more]);
      for (let kills = 0; kills < 20;) {
        // Six passings are those of the first commit, of the run itself; a step has six to ten.
        const ended = await go(['--fault', `any@${7 + Math.floor(draw() * 20)}`]);
        if (ended.killed) {
          kills += 1;
          const before = ledger.acknowledged.size;
          ledger.hear(ended);
          acknowledged += ledger.acknowledged.size - before;
        } else { // all thirty are done before the twentieth kill: the same again with another seed
          ledger.finish(ended);
          ledger = new Ledger();
          seed += 1;
        }
      }
      expect(acknowledged).toBeGreaterThan(10);
      const last = await go();
      ledger.finish(last);
      expect(Object.keys(last.lines.at(-1)!.nodes as object).length).toBe(30);
      await expectClean(thirty);
    } finally {
      thirty.remove();
    }
  });
});
