/** A governor that knows no machine: the same limits whatever happens. For hosts that cannot see theirs, and for tests. */
import type { Governor, Policy, Sample } from './governor.ts';

/** @param most workers of each class at once @param warm of them kept ready */
export function createFixedGovernor(most: number, warm = 0, policy: Policy = 'balanced'): Governor {
  const sample: Sample = { cores: most, memory: { total: 0, available: 0 } };
  return {
    policy,
    room: () => ({ ok: true }),
    limits: () => ({ most, warm }),
    view: () => ({ policy, because: 'limits that were set', sample, room: 0, classes: {} }),
    close() { /* it looks at nothing */ },
  };
}
