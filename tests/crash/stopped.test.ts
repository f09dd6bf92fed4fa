/** B40 a process that is stopped while it holds the lock of the database: the others wait, say so, and nothing is lost when it wakes or dies. */
import { readFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { createPlace, js, type Place } from '../support/cli.ts';
import { expectWhole, Ledger, start, type Ended } from './workload.ts';

let place: Place;
let holder: ChildProcess | undefined;
afterEach(() => {
  holder?.kill('SIGKILL');
  place.remove();
});

/** Starts a run that stops itself within its third commit, and waits until it stands still. */
async function stopped(): Promise<{ readonly ended: Promise<Ended> }> {
  place = createPlace({ 'main.telar.md': js('a', '[1]') + js('b', '[...a, 2]') + js('c', '[...b, 3]'), 'other.telar.md': js('z', '26') });
  const ended = start(place, ['run', 'main.telar.md', '--json', '--jobs', '1', '--fault', 'committing:stop@3'], (child) => { holder = child; });
  await expect.poll(() => readFileSync(`/proc/${holder!.pid}/status`, 'utf8'), { timeout: 20_000 }).toMatch(/^State:\s+T/m);
  return { ended };
}

describe.runIf(process.platform === 'linux')('B40 a stopped holder of the lock', { timeout: 120_000 }, () => {
  test('C2 B40 others say `locked` after their patience; it wakes, and all is there', async () => {
    const { ended } = await stopped();
    const other = await place.telar(['run', 'other.telar.md', '--json']);
    expect(other.code).not.toBe(0);
    expect(JSON.stringify(other.lines)).toContain('"locked"');
    holder!.kill('SIGCONT');
    const first = await ended;
    expect([first.code, first.stderr]).toEqual([0, '']);
    const ledger = new Ledger();
    ledger.hear(first);
    ledger.finish(await start(place, ['run', 'main.telar.md', '--json']));
    expect((await place.run('other.telar.md')).code).toBe(0);
    expectWhole(place.root);
  });

  test('B40 it is killed where it stands: the others go on', async () => {
    const { ended } = await stopped();
    holder!.kill('SIGKILL');
    const ledger = new Ledger();
    ledger.hear(await ended);
    ledger.finish(await start(place, ['run', 'main.telar.md', '--json']));
    expect((await place.run('other.telar.md')).code).toBe(0);
    expectWhole(place.root);
  });
});
