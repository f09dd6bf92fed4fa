/** Whether this machine can wall steps off; suites that need it say why they are left out, and leave nothing behind. */
import { describe, it } from 'vitest';
import { isolationAvailable } from '../../runtime/sandbox/isolate.node.ts';

const able = isolationAvailable();

/** The reason why there is no wall; `undefined` where there is one. */
export const noWall: string | undefined = able.ok ? undefined : able.reason;

/** A suite behind the wall. Its body is not even read where it is left out, or where `lacks` says what else is missing. */
export function describeWalled(name: string, body: () => void, lacks: string | undefined = noWall): void {
  if (lacks === undefined) describe(name, body);
  else describe(name, () => { it.todo(`left out: ${lacks}`); });
}
