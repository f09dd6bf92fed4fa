/** The governor gives out what there is and no more, and says with figures why not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupMemory } from '../../runtime/governor/cgroup.ts';
import { createGovernor, type Sampler } from '../../runtime/governor/create.ts';
import type { Policy, Sample } from '../../runtime/governor/governor.ts';
import { choosePolicy, classLimits, ESTIMATES, POLICIES, roomIn } from '../../runtime/governor/policy.ts';
import { createSampler } from '../../runtime/governor/sample.node.ts';

const policy = fc.constantFrom<Policy>(...POLICIES);
const memory = fc.tuple(fc.integer({ min: 0, max: 2 ** 40 }), fc.double({ min: 0, max: 1, noNaN: true })).map(([total, part]) => ({ total, available: Math.floor(total * part) }));

/** A governor over a machine that a test moves. */
function onMachine(sample: Sample, asked?: Policy): { governor: ReturnType<typeof createGovernor>; machine: { sample: Sample; at: number } } {
  const machine = { sample, at: 0 };
  const sampler: Sampler = { now: () => machine.sample, look: () => Promise.resolve() };
  return { governor: createGovernor({ ...(asked === undefined ? {} : { policy: asked }), sampler, now: () => machine.at }), machine };
}

const laptop: Sample = { cores: 8, memory: { total: 16e9, available: 10e9 } };

describe('W15 room', () => {
  test('W15 never is more given out than there is, whatever is asked for and whenever it is taken', () => {
    const act = fc.oneof(
      fc.record({ what: fc.constant('ask' as const), bytes: fc.integer({ min: 0, max: 2 ** 38 }) }),
      fc.record({ what: fc.constant('take' as const), which: fc.nat(20) }),
      fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60_000 }) }),
    );
    fc.assert(fc.property(policy, memory, fc.array(act, { maxLength: 60 }), (asked, given, acts) => {
      const { governor, machine } = onMachine({ cores: 4, memory: given }, asked);
      let left = given.available;
      const open: { bytes: number; taken: () => void }[] = [];
      for (const one of acts) {
        if (one.what === 'ask') {
          const room = governor.room({ what: 'it', bytes: one.bytes });
          const promised = open.reduce((sum, { bytes }) => sum + bytes, 0);
          if (room.ok) {
            expect(promised + one.bytes).toBeLessThanOrEqual(left);
            open.push({ bytes: one.bytes, taken: () => { room.taken?.(); } });
          } else expect(room.reason).toMatch(/needs about [\d.]+ (?:MB|GB|TB), and there is room for/);
        } else {
          // A worker takes its memory in time, or is told of by `taken`: either way it is seen in the next sample.
          const done = one.what === 'take' ? open.splice(one.which, 1) : open.splice(0);
          if (one.what === 'wait') machine.at += 10_000 + 2 ** 38 / 200_000 + one.ms;
          for (const { bytes, taken } of done) { left -= bytes; if (one.what === 'take') taken(); }
          machine.sample = { cores: 4, memory: { total: given.total, available: left } };
        }
        expect(left).toBeGreaterThanOrEqual(0);
        expect(governor.view().room).toBeLessThanOrEqual(left);
      }
    }), { numRuns: 300, seed: 15 });
  });

  test('W15 more memory never means less room, and a policy that gives more gives more', () => {
    fc.assert(fc.property(policy, memory, fc.integer({ min: 0, max: 2 ** 38 }), fc.integer({ min: 0, max: 2 ** 36 }), (asked, given, more, promised) => {
      const room = roomIn(asked, { memory: given }, promised);
      expect(roomIn(asked, { memory: { ...given, available: Math.min(given.total, given.available + more) } }, promised)).toBeGreaterThanOrEqual(room);
      expect(roomIn(asked, { memory: given }, promised + more)).toBeLessThanOrEqual(room);
      const [sprint, balanced, conserve] = (['sprint', 'balanced', 'conserve'] as const).map((one) => roomIn(one, { memory: given }, promised)) as [number, number, number];
      expect(sprint).toBeGreaterThanOrEqual(balanced);
      expect(balanced).toBeGreaterThanOrEqual(conserve);
      expect(sprint).toBeLessThanOrEqual(given.available);
    }), { numRuns: 300, seed: 16 });
  });

  test('W15 a model of a terabyte is refused with figures, and so is what is no number', () => {
    const { governor } = onMachine(laptop, 'sprint');
    expect(governor.room({ what: 'huge.gguf', bytes: 1e12 })).toEqual({
      ok: false,
      reason: 'huge.gguf needs about 1.0 TB, and there is room for 9.0 GB: of 16.0 GB memory 10.0 GB are available, policy sprint gives out 95 % of what is beyond 512 MB. It is too large for this machine; take something smaller.',
    });
    expect(governor.room({ what: 'it', bytes: Number.NaN }).ok).toBe(false);
    expect(governor.room({ what: 'it', bytes: Infinity }).ok).toBe(false);
  });

  test('W15 what was promised counts until it is taken, and no longer than it takes to start', () => {
    const { governor, machine } = onMachine(laptop);
    const before = governor.view().room;
    const first = governor.room({ what: 'a', bytes: 5e9 });
    expect(governor.view().room).toBe(before - 5e9);
    const second = governor.room({ what: 'b', bytes: 5e9 });
    expect(second).toMatchObject({ ok: false, reason: expect.stringMatching(/b needs about 5\.0 GB.*5\.0 GB are promised.*--policy sprint/) as string });
    if (first.ok) first.taken?.();
    machine.sample = { ...laptop, memory: { total: 16e9, available: 5e9 } };
    expect(governor.view().room).toBe(2.72e9);
    machine.sample = laptop;
    governor.room({ what: 'c', bytes: 1e9 });
    machine.at += 14_999;
    expect(governor.view().room).toBe(before - 1e9);
    machine.at += 1;
    expect(governor.view().room).toBe(before);
  });

  test('W15 a small machine with a little memory still lets one of each worker start', () => {
    const { governor } = onMachine({ cores: 2, memory: { total: 4e9, available: 3e9 } });
    for (const [name, bytes] of Object.entries(ESTIMATES)) expect(governor.room({ what: name, bytes }).ok).toBe(true);
  });
});

describe('W15 policies', () => {
  test('W15 on battery it conserves, unless it is told otherwise; else it is balanced', () => {
    const battery = { battery: true, onBattery: true, percent: 54 };
    expect(choosePolicy(undefined, battery)).toEqual({ policy: 'conserve', because: 'on battery (54 %)' });
    expect(choosePolicy('sprint', battery)).toEqual({ policy: 'sprint', because: 'asked for' });
    expect(choosePolicy(undefined, { ...battery, onBattery: false })).toEqual({ policy: 'balanced', because: 'the default' });
    const { governor, machine } = onMachine(laptop);
    expect([governor.policy, governor.limits('python')]).toEqual(['balanced', { most: 8, warm: 1 }]);
    machine.sample = { ...laptop, power: battery };
    expect([governor.policy, governor.limits('python'), governor.view().because]).toEqual(['conserve', { most: 4, warm: 0 }, 'on battery (54 %)']);
  });

  test('W15 there is always room for one worker, never more warm ones than workers, and one model at a time', () => {
    fc.assert(fc.property(policy, fc.integer({ min: 1, max: 256 }), fc.constantFrom(...Object.keys(ESTIMATES), 'other'), (asked, cores, name) => {
      const { most, warm } = classLimits(asked, cores, name);
      expect(most).toBeGreaterThanOrEqual(1);
      expect(most).toBeLessThanOrEqual(cores);
      expect(warm).toBeLessThanOrEqual(most);
      if (name === 'llama') expect(most).toBe(1);
    }), { numRuns: 200, seed: 17 });
  });
});

describe('W15 samples', () => {
  test('W15 this machine is seen as it is, at once', async () => {
    const sampler = createSampler();
    const { cores, memory: seen, load } = sampler.now();
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(seen.available).toBeGreaterThan(0);
    expect(seen.available).toBeLessThanOrEqual(seen.total);
    if (process.platform !== 'win32') expect(load).toBeGreaterThanOrEqual(0);
    await sampler.look();
    expect(typeof sampler.now().power?.onBattery).toBe('boolean');
  });

  const reads = (files: Readonly<Record<string, string>>) => (path: string): string | undefined => files[path];
  test('W15 a control group, or one above it, leaves less than the machine has', () => {
    expect(groupMemory(reads({}))).toBeUndefined();
    expect(groupMemory(reads({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/memory.current': '5\n' }))).toBeUndefined();
    expect(groupMemory(reads({
      '/proc/self/cgroup': '0::/a.slice/b.scope\n', '/sys/fs/cgroup/a.slice/b.scope/memory.max': 'max\n', '/sys/fs/cgroup/a.slice/b.scope/memory.current': '1\n',
      '/sys/fs/cgroup/a.slice/memory.max': '1000\n', '/sys/fs/cgroup/a.slice/memory.current': '900\n', '/sys/fs/cgroup/a.slice/memory.stat': 'anon 1\ninactive_file 300\n',
    }))).toEqual({ limit: 1000, available: 400 });
    expect(groupMemory(reads({
      '/proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/d/1\n0::/\n', '/sys/fs/cgroup/memory/d/1/memory.limit_in_bytes': '500\n', '/sys/fs/cgroup/memory/d/1/memory.usage_in_bytes': '200\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n', '/sys/fs/cgroup/memory/memory.usage_in_bytes': '7\n',
    }))).toEqual({ limit: 500, available: 300 });
  });
});
