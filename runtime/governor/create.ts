/** Makes a governor: the rules of `policy.ts` over what a sampler sees. It answers at once, from what was seen last. */
import { choosePolicy, classLimits, ESTIMATES, estimateOf, refusal, roomIn, type Chosen } from './policy.ts';
import type { Governor, Policy, Sample } from './governor.ts';

/** Sees the machine. */
export interface Sampler {
  /** What is seen now, without waiting. */
  now(): Sample;
  /** Looks at what takes its time (battery, video memory), so that later samples have it; never throws. */
  look(): Promise<void>;
}

/** What a governor may be told. */
export interface GovernorOptions {
  /** Asked for by a person; it is kept whatever is seen. */
  readonly policy?: Policy;
  readonly sampler: Sampler;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Milliseconds after which who was let in has taken its memory, or never will; and bytes that a model takes in one. */
const STARTING = 10_000;
const LOADED_PER_MS = 200_000;
/** Milliseconds between two long looks. */
const LOOKS = 30_000;

export function createGovernor({ policy: asked, sampler, now }: GovernorOptions): Governor {
  /** What was let in and cannot be seen in a sample yet. */
  const promises = new Set<{ readonly bytes: number; readonly until: number }>();
  let looked = -Infinity;
  let closed = false;

  const chosen = (sample: Sample): Chosen => choosePolicy(asked, sample.power);

  function look(): void {
    if (closed || now() - looked < LOOKS) return;
    looked = now();
    void sampler.look();
  }

  function promised(): number {
    let sum = 0;
    for (const promise of promises) if (promise.until <= now()) promises.delete(promise); else sum += promise.bytes;
    return sum;
  }

  return {
    get policy() { return chosen(sampler.now()).policy; },
    room(need) {
      look();
      const sample = sampler.now();
      const { policy } = chosen(sample);
      const before = promised();
      const bytes = Math.max(0, need.bytes);
      // What is no number is no small one.
      if (!(bytes <= roomIn(policy, sample, before))) return { ok: false, reason: refusal(need, policy, sample, before) };
      const promise = { bytes, until: now() + STARTING + bytes / LOADED_PER_MS };
      promises.add(promise);
      return { ok: true, taken: () => { promises.delete(promise); } };
    },
    limits(workerClass) {
      const sample = sampler.now();
      return classLimits(chosen(sample).policy, sample.cores, workerClass);
    },
    view() {
      const sample = sampler.now();
      const { policy, because } = chosen(sample);
      const classes = Object.fromEntries(Object.keys(ESTIMATES).map((name) => [name, { ...classLimits(policy, sample.cores, name), estimate: estimateOf(name) }]));
      return { policy, because, sample, room: roomIn(policy, sample, promised()), classes };
    },
    close() {
      closed = true;
      promises.clear();
    },
  };
}
