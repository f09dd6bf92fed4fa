/** Causes found by experiment (C4, R9). The most usual ones in Python are shown through the command line, in `e2e/checkpoints.test.ts`. */
import { expect, test } from 'vitest';
import type { Executor } from '../../runtime/ports.ts';
import type { ReplayPorts } from '../../runtime/replay/replica.ts';
import { js, py, sql } from '../support/cli.ts';
import { openPlace } from '../support/replay.ts';

const CHANCE = 'chance that no seed= fixes (random)';
const ENTROPY = "the system's entropy (os.urandom)";

test('C4 clock, chance and entropy are told apart in JavaScript and Python, also where two of them meet', async () => {
  const past = openPlace({
    'main.telar.md': js('dice', 'Math.random()') + js('now', 'new Date().toISOString()') + js('both', '`${Date.now()} ${Math.random()}`')
      + py('uuid', 'import uuid\nstr(uuid.uuid4())') + py('numpy', 'import secrets\nsecrets.token_hex(4)') + py('pair', 'import os, random\n[os.urandom(2).hex(), random.random()]')
      + py('wait', 'import time, random\nend = time.time() + 0.01\nwhile time.time() < end: pass\nrandom.random()') + py('reads', 'end > 0') + js('honest', '[1, 2].map((x) => x * 2)'),
  });
  const { run } = await past.run();
  const { divergent, identical } = await past.verify(run);
  expect(Object.fromEntries(divergent.map((one) => [`${one.node}.${one.output}`, one.cause]))).toEqual({
    'dice.value': CHANCE, 'now.value': 'the clock', 'both.value': `the clock and ${CHANCE}`, 'uuid.value': ENTROPY, 'numpy.value': ENTROPY,
    'pair.value': `${CHANCE} and ${ENTROPY}`, 'wait.value': CHANCE,
    // With a clock that stands still it would wait for ever, so nothing can be said of when it ends.
    'wait.end': 'unknown',
  });
  expect(identical).toBe(2);
}, 120_000);

test('R9 chance with a seed is the same again, and is verified', async () => {
  const past = openPlace({ 'main.telar.md': py('seeded', 'import random\nrandom.random()', 'seed=7') + js('too', 'Math.random()', 'seed=7') + sql('three', 'select random() r from range(3)', 'seed=7') });
  const { run } = await past.run();
  const { divergent, total } = await past.verify(run);
  expect(divergent).toEqual([]);
  expect(total).toBeGreaterThanOrEqual(2);
});

/** The host, with engines in its replicas that say another identity, or do something else. */
const changed = (host: ReplayPorts, change: (executor: Executor) => Partial<Executor>): ReplayPorts => ({
  ...host,
  replica: () => {
    const made = host.replica();
    // The engines are objects of classes: what is not changed is asked of them.
    const engines = [...made.ports.executors].map(([name, one]): [string, Executor] => {
      const part = change(one);
      return [name, {
        engine: one.engine, concurrency: one.concurrency, available: () => one.available(), identity: (program) => one.identity(program),
        execute: (program, inputs, context) => one.execute(program, inputs, context), close: () => one.close(), ...part,
      }];
    });
    return { ...made, ports: { ...made.ports, executors: new Map(engines) } };
  },
});

test('C4 an engine that is another now is the cause, and is named; with no reason at all it is `unknown`, not guessed', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '40 + 2') });
  const { run } = await past.run();
  const other: Executor['execute'] = () => Promise.resolve({ outputs: { value: { summary: { type: 'integer', preview: '43' }, ref: { form: 'record', hash: past.host.store.blobs.put(new TextEncoder().encode('43')), bytes: 2 } } }, reads: [] });
  expect((await past.verify(run, {}, changed(past.host, () => ({ execute: other })))).divergent).toMatchObject([{ node: 'one', output: 'value', cause: 'unknown' }]);
  const newer = changed(past.host, (one) => ({ execute: other, identity: () => ({ ...one.identity(), bridge: 'of tomorrow' }) }));
  expect((await past.verify(run, {}, newer)).divergent[0]?.cause).toMatch(/^the engine javascript is another now \(bridge .* -> of tomorrow\)$/);
  expect((await past.verify(run, {}, changed(past.host, () => ({ available: () => ({ ok: false, reason: 'not here' }) })))).leftOut).toEqual([{ node: 'one', why: 'unavailable', reason: 'not here' }]);
});
