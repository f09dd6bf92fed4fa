/** The governor of this machine, by what a person asked for: `--policy`, else TELAR_POLICY, else what the machine says. Nothing is looked at yet. */
import { TelarError } from '../../contracts/errors.ts';
import { createGovernor } from './create.ts';
import type { Governor, Policy, Sample } from './governor.ts';
import { POLICIES } from './policy.ts';
import { createSampler } from './sample.node.ts';

/** The policy that was asked for. @throws TelarError `usage` */
export function askedPolicy(option: string | undefined): Policy | undefined {
  const said = option ?? process.env.TELAR_POLICY;
  if (said === undefined || said === '') return undefined;
  const found = POLICIES.find((policy) => policy === said);
  if (found === undefined) throw new TelarError('usage', `${option === undefined ? 'TELAR_POLICY' : '--policy'} is one of ${POLICIES.join(', ')}; \`${said}\` is not.`);
  return found;
}

/** Asks a governor that is made at the first question. @throws TelarError `usage` */
export function openRoom(option?: string): Governor['room'] {
  let governor: Governor | undefined;
  return (need) => (governor ??= openGovernor(option)).room(need);
}

/** A governor, and a look at what takes its time (battery, video memory), for whoever wants to wait for it. @throws TelarError `usage` */
export function openGovernor(option?: string, vram?: () => Promise<Sample['vram']>): Governor & { look(): Promise<void> } {
  const asked = askedPolicy(option);
  const sampler = createSampler(vram);
  const governor = createGovernor({ ...(asked === undefined ? {} : { policy: asked }), sampler, now: () => performance.now() });
  return { ...governor, get policy() { return governor.policy; }, look: () => sampler.look() };
}
