/** B42 a full disk at each n-th write of a run: each step that could not be kept fails as `disk-full`, what was acknowledged stays, and with room it goes on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { armFault, FAULT_POINTS, FAULTS } from '../../runtime/faults.ts';
import { lay, run, type Done } from './here.ts';
import { expectWhole } from './workload.ts';

const ends: (() => void)[] = [];
afterEach(() => { for (const end of ends.splice(0).reverse()) end(); });

/** A run that meets a full disk; `undefined` when the store could not even be opened, or closed. */
async function meets(root: string): Promise<Done | undefined> {
  try {
    const done = await run(root);
    for (const [node, status] of done.result.nodes) {
      // A reader starts before its source's row is durable; when that is given up, so is the value it reads.
      if (status.state === 'failed') expect(['disk-full', 'value-missing'], `${node}: ${status.error?.message}`).toContain(status.error?.code);
      else expect(['fresh', 'cancelled'], node).toContain(status.state);
    }
    if (done.closing !== undefined) expect(done.closing).toMatchObject({ name: 'TelarError', code: 'disk-full' });
    const codes = [...done.result.nodes.values()].map(({ error }) => error?.code);
    if (codes.includes('value-missing')) expect(codes).toContain('disk-full');
    return done;
  } catch (error) {
    expect(error).toBeInstanceOf(TelarError);
    expect((error as TelarError).code).toBe('disk-full');
    return undefined;
  }
}

/** With room again: green, and what was acknowledged is not done again. */
async function expectResumed(root: string, before: Done | undefined): Promise<void> {
  const after = await run(root);
  expect([...after.result.nodes.values()].map(({ state }) => state)).toEqual(Array(7).fill('fresh'));
  expect(after.ran.filter((node) => before?.ran.includes(node))).toEqual([]);
  expect(after.reports).toEqual([]);
  expectWhole(root);
}

describe('B42 the disk is full', { timeout: 300_000 }, () => {
  for (const stays of [false, true]) {
    test(`C2 B42 at each n-th write, ${stays ? 'and stays so' : 'once'}`, async () => {
      let passed = 0;
      for (let nth = 1; ; nth += stays ? 3 : 1) {
        passed = 0;
        const root = lay();
        for (const point of FAULT_POINTS.filter((each) => FAULTS[each].full === true)) {
          ends.push(armFault(point, () => {
            passed += 1;
            if (stays ? passed >= nth : passed === nth) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28, syscall: 'write' });
          }));
        }
        const done = await meets(root);
        for (const end of ends.splice(0)) end();
        await expectResumed(root, done);
        rmSync(root, { recursive: true });
        if (passed < nth) break;
      }
      expect(passed).toBeGreaterThan(15);
    });
  }

  const mount = (size: number, folder: string): void => { execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', folder], { stdio: 'ignore' }); };
  const canMount = ((): boolean => {
    const folder = mkdtempSync(join(tmpdir(), 'telar-mount-'));
    try { mount(64, folder); execFileSync('umount', [folder]); return true; } catch { return false; } finally { rmSync(folder, { recursive: true }); }
  })();

  test.runIf(canMount)('B42 on disks of any size, then with room', async () => {
    const outcomes = new Set<string>();
    for (let size = 180; size <= 1_300; size += 60) {
      const root = mkdtempSync(join(tmpdir(), 'telar-full-'));
      mount(size, root);
      ends.push(() => { execFileSync('umount', ['-l', root]); });
      writeFileSync(join(root, 'ballast'), new Uint8Array(16 * 1024));
      lay(undefined, root);
      const done = await meets(root);
      outcomes.add(done?.result.status ?? 'not opened');
      execFileSync('mount', ['-o', 'remount,size=8m', root]);
      await expectResumed(root, done);
    }
    expect([...outcomes].sort()).toEqual(expect.arrayContaining(['failed', 'ok']));
  });
});
