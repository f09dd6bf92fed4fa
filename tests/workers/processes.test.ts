/** The processes of workers and their slot, where the disk or the workspace is not what it should be. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import { removeDeadSlot, takeSlot } from '../../runtime/workers/endpoint.node.ts';
import { TIMING } from '../../runtime/workers/link/timing.ts';
import { createProcesses } from '../../runtime/workers/processes.node.ts';
import { createStatus } from '../../runtime/workers/status.node.ts';
import { links, until } from '../support/processes.ts';

let state: string;
beforeEach(() => { state = mkdtempSync(join(realpathSync(tmpdir()), 'telar-processes-')); });
afterEach(() => { rmSync(state, { recursive: true, force: true }); });

test('W12 a worker whose record cannot be written is ended: nobody would find it again', async () => {
  const slot = takeSlot(state);
  const told: string[] = [];
  const processes = createProcesses(slot, { root: state, state, timing: TIMING, scratch: join(state, 'scratch', 'workers') }, {
    spawned: () => { told.push('spawned'); }, failed: (worker, reason) => { told.push(`${worker}: ${reason.slice(0, 6)}`); }, exited: () => { told.push('exited'); },
  });
  rmSync(join(slot.folder, 'records'), { recursive: true });
  processes.spawn('javascript', 'javascript-1');
  expect([told, processes.count()]).toEqual([['javascript-1: ENOENT'], 0]);
  await until('it has ended', () => links().length === 0);
  await processes.close();
  slot.leave();
});

test('W12 a workspace that names a file of somebody else as its socket loses nobody that file', () => {
  const victim = join(state, 'other.sock');
  writeFileSync(victim, '');
  mkdirSync(join(state, 'workers', '0'), { recursive: true });
  writeFileSync(join(state, 'workers', '0', 'invitation'), JSON.stringify({ incarnation: 'x', address: `ipc://${victim}`, pid: 1 }));
  removeDeadSlot(state, 0);
  expect([existsSync(victim), existsSync(join(state, 'workers', '0'))]).toEqual([true, false]);
});

test('W12 what a kill left half written goes with its slot', () => {
  const halves = [join(state, 'workers', '0', 'records', 'sql-1.json.7.tmp'), join(state, 'living', 'workers-0.json.tmp')];
  const write = (): void => {
    for (const half of halves) {
      mkdirSync(join(half, '..'), { recursive: true });
      writeFileSync(half, '{');
    }
  };
  write();
  removeDeadSlot(state, 0);
  expect(halves.filter(existsSync)).toEqual([]);
  write();
  const slot = takeSlot(state);
  createStatus(state, 0, createFixedGovernor(1), () => []).end();
  slot.leave();
  expect([halves.filter(existsSync), existsSync(slot.folder)]).toEqual([[], false]);
});
