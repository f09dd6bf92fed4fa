/** R6: which failures are tried again, how long that waits, and what is told of it. No test waits. */
import { expect, test } from 'vitest';
import { TelarError, type ErrorCode } from '../../contracts/errors.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { systemClock } from '../../runtime/adapters/clock.node.ts';
import { backOff } from '../../runtime/scheduler/retry.ts';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;

/** Lets the first programs fail. */
function failing(bench: Bench, times: number, code: ErrorCode): { tries: number } {
  const count = { tries: 0 };
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = (program, inputs, context) => {
    count.tries += 1;
    return count.tries <= times ? Promise.reject(new TelarError(code, 'not now')) : execute(program, inputs, context);
  };
  return count;
}

test('R6 a failure that may pass is tried again, told each time; it is not in the key', async () => {
  const bench = createBench(note(js('a', '41 + 1', 'retries=3')));
  const count = failing(bench, 2, 'lost');
  const result = await bench.run();
  expect(count.tries).toBe(3);
  expect(bench.value(result, 'a')).toBe(42);
  expect(result.nodes.get('a')).toMatchObject({ state: 'fresh', how: 'ran', reason: 'try 2 of 4 failed (lost: not now)' });
  const said = result.operations.flatMap((one) => (one.type === 'stream' && one.stream === 'stderr' ? [one.text] : []));
  expect(said).toEqual([expect.stringMatching(/^try 1 of 4 failed \(lost: not now\); again in 0\.[3-5] s\n$/), expect.stringMatching(/^try 2 of 4 failed .*; again in (0\.[5-9]|1\.0) s\n$/)]);
  expect(bench.slept).toHaveLength(2);
  expect(bench.store.logs(result.run, 'a').map(({ text }) => text)).toEqual(said);
  bench.write(note(js('a', '41 + 1')));
  expect((await bench.run()).nodes.get('a')).toMatchObject({ how: 'reused', key: result.nodes.get('a')?.key });
});

test.each(['exception', 'lost', 'memory', 'timeout', 'network'] as const)('R6 %s may pass: it is tried as often as said, and then fails', async (code) => {
  const bench = createBench(note(js('a', '1', 'retries=2'), js('b', 'a')));
  const count = failing(bench, 99, code);
  const result = await bench.run();
  expect(count.tries).toBe(3);
  expect(result.nodes.get('a')).toMatchObject({ state: 'failed', error: { code, message: 'not now' } });
  expect(result.nodes.get('b')?.state).toBe('cancelled');
});

test.each(['syntax', 'check-red', 'covenant', 'refused', 'bad-input', 'value-type', 'output-limit', 'missing-file', 'internal'] as const)('R6 %s will not pass: it is not tried again', async (code) => {
  const bench = createBench(note(js('a', '1', 'retries=2')));
  const count = failing(bench, 99, code);
  await bench.run();
  expect(count.tries).toBe(1);
  expect(bench.slept).toEqual([]);
});

test('R6 a step without retries= fails at once, and out of memory fails the step, not the run', async () => {
  const bench = createBench(note(js('a', '1'), js('b', '2')));
  const count = failing(bench, 1, 'memory');
  const result = await bench.run({ jobs: 1 });
  expect(count.tries).toBe(2);
  expect(result.nodes.get('a')).toMatchObject({ state: 'failed', error: { code: 'memory' } });
  expect(bench.value(result, 'b')).toBe(2);
});

test('R6 a cancel ends the waiting', async () => {
  const stop = new AbortController();
  const started = performance.now();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort();
  await sleeping;
  await systemClock.sleep(60_000, stop.signal);
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('R6 a run that is cancelled while a step waits to be tried again leaves it cancelled', async () => {
  const bench = createBench(note(js('a', '1', 'retries=5')));
  const stop = new AbortController();
  const count = { tries: 0 };
  bench.engine.execute = () => { count.tries += 1; setTimeout(() => { stop.abort(); }, 0); return new Promise((_, reject) => { setTimeout(() => { reject(new TelarError('lost', 'gone')); }, 5); }); };
  const result = await bench.run({ signal: stop.signal });
  expect(count.tries).toBe(1);
  expect(result.nodes.get('a')?.state).toBe('cancelled');
});

test('R6 the waits double up to half a minute, and differ from step to step', () => {
  const waits = Array.from({ length: 12 }, (_, index) => backOff(index + 1, 'run/a', sha256));
  waits.forEach((wait, index) => {
    const most = Math.min(30_000, 500 * 2 ** index);
    expect(wait).toBeGreaterThanOrEqual(most / 2);
    expect(wait).toBeLessThanOrEqual(most);
  });
  expect(new Set(Array.from({ length: 20 }, (_, index) => backOff(1, `run/${index}`, sha256))).size).toBeGreaterThan(15);
});

test('R6 retries= that is no number of times is a problem at its place', async () => {
  for (const bad of ['-1', '21', 'often']) {
    const bench = createBench(note(js('a', '1', `retries=${bad}`)));
    const [problem, ...more] = (await bench.notebook()).problems();
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ code: 'bad-value', node: 'a', line: 4 });
  }
});
