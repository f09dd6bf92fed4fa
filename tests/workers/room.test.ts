/** W15 Room for workers, with a governor and workers of the test's own. */
import { expect, test } from 'vitest';
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import type { WorkerView } from '../../runtime/workers/link/supervisor-types.ts';
import { Room } from '../../runtime/workers/room.ts';

const view = (worker: string, state: WorkerView['state'], of = 'python'): WorkerView => ({ worker, class: of, state, since: 0, done: 0 });

function lay(wanted: readonly string[], workers: readonly WorkerView[]): { room: Room; said: string[]; open(): void; later(): void } {
  const said: string[] = [];
  let [ok, now] = [false, 0];
  const governor = { ...createFixedGovernor(2), room: () => (ok ? { ok } as const : { ok, reason: 'It is full.' } as const) };
  const room = new Room(governor, {
    start: (_, worker) => { said.push(`start ${worker}`); }, workers: () => workers, isWanted: (workerClass) => wanted.includes(workerClass),
    retire: (workerClass) => { said.push(`retire ${workerClass}`); }, refuse: (_, worker, reason) => { said.push(`refuse ${worker}: ${reason}`); }, now: () => now,
  });
  return { room, said, open: () => { ok = true; }, later: () => { now += 1_000; room.settle(); } };
}

test('W15 a spare that nobody asks for waits for room, and nobody is ended or refused for it', () => {
  const { room, said, open, later } = lay([], [view('python-1', 'idle'), view('sql-1', 'idle', 'sql'), view('python-2', 'starting')]);
  room.spawn('python', 'python-2');
  later();
  later();
  expect(said).toEqual([]);
  open();
  later();
  expect([said, room.pause]).toEqual([['start python-2'], undefined]);
});

test('W15 for one that is wanted idle workers of other classes make room; when nothing can, it is refused', () => {
  const some = lay(['python'], [view('sql-1', 'idle', 'sql'), view('python-1', 'starting')]);
  some.room.spawn('python', 'python-1');
  some.later();
  expect(some.said).toEqual(['retire sql']);
  expect([some.room.drop('python-1'), some.room.drop('python-1')]).toEqual([true, false]);
  const none = lay(['python'], [view('python-1', 'starting')]);
  none.room.spawn('python', 'python-1');
  none.later();
  expect(none.said).toEqual(['refuse python-1: It is full.']);
});
