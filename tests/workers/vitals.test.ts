/** The progress of a compute child: who computes moves, who is stopped or waits for ever does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { cpuOfDescendants, cpuOfTree, memoryOfTree } from '../../runtime/executors/vitals.node.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await gone;
  }
});

/** Starts a program, and gives its number when it says that it begins. */
async function start(code: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
  children.push(child);
  await once(child.stdout!, 'data');
  return child as ChildProcess & { readonly pid: number };
}
async function moved(pid: number, of: (pid: number) => number = cpuOfTree): Promise<number> {
  const before = of(pid);
  await sleep(600);
  return of(pid) - before;
}
const SAY = "require('fs').writeSync(1, 'x');";

test.runIf(process.platform === 'linux')('W6 a child that loops makes progress, one that waits for ever or was stopped does not, and one that is gone is none', async () => {
  const [loops, waits] = await Promise.all([start(`${SAY} for (;;);`), start(`${SAY} Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`)]);
  // On a machine with much to do even a loop may have to wait for its turn, and a start may still end.
  await expect.poll(() => moved(loops.pid)).toBeGreaterThan(0);
  await expect.poll(() => moved(process.pid, cpuOfDescendants)).toBeGreaterThan(0);
  await expect.poll(() => moved(waits.pid)).toBe(0);
  loops.kill('SIGSTOP');
  await sleep(50);
  expect(await moved(loops.pid)).toBe(0);
  loops.kill('SIGKILL');
  await once(loops, 'exit');
  expect(cpuOfTree(loops.pid)).toBe(0);
  expect(cpuOfTree(undefined)).toBe(0);
  expect([memoryOfTree(loops.pid, true), memoryOfTree(undefined, true)]).toEqual([undefined, undefined]);
});

test.runIf(process.platform === 'linux')('W6 memory is that of the process, and with its descendants also of those that another thread of it started', async () => {
  const code = "require('child_process').spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] }).once('spawn', () => process.stdout.write('x'));";
  const { pid } = await start(`new (require('worker_threads').Worker)(${JSON.stringify(code)}, { eval: true });`);
  const alone = memoryOfTree(pid, false)!;
  expect(alone).toBeGreaterThan(20e6);
  expect(memoryOfTree(pid, true)! - alone).toBeGreaterThan(100_000);
});
