/** Past runs in tests: a workspace with the real host in this process, its real engines and store, to run, verify and look. */
import { afterEach } from 'vitest';
import { openHost, type Host } from '../../runtime/hosts/cli/host.node.ts';
import type { ReplayPorts } from '../../runtime/replay/replica.ts';
import { openReplay, type Replay } from '../../runtime/replay/replay.ts';
import { verifyRun, type VerifyReport, type VerifyRequest } from '../../runtime/replay/verify.ts';
import type { RunOptions } from '../../runtime/runtime.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { createPlace, type Place } from './cli.ts';

/** An open workspace. */
export interface Past {
  readonly place: Place;
  readonly host: Host;
  /** Runs the notebook as it is now. */
  run(options?: Partial<RunOptions>): Promise<RunResult>;
  /** Opens a run, does something with it, and closes it. */
  replay<T>(run: string, act: (replay: Replay) => Promise<T>, ports?: ReplayPorts): Promise<T>;
  verify(run: string, request?: Partial<VerifyRequest>, ports?: ReplayPorts): Promise<VerifyReport>;
}

const open: Past[] = [];
afterEach(async () => {
  for (const { host, place } of open.splice(0)) { await host.close(); place.remove(); }
});

/** Lays files into a new workspace and opens it; it is closed and removed after the test. The first notebook is the one that is run. */
export function openPlace(files: Readonly<Record<string, string | Uint8Array>>): Past {
  const place = createPlace(files);
  const host = openHost(place.path(Object.keys(files).find((name) => name.endsWith('.telar.md')) as string), { text: () => undefined });
  const { signal } = new AbortController();
  const replay: Past['replay'] = async (run, act, ports = host) => {
    const one = await openReplay(ports, run);
    try { return await act(one); } finally { await one.close(); }
  };
  const past: Past = {
    place, host, replay,
    run: async (options = {}) => (await host.open()).run({ jobs: 2, failFast: false, signal, emit: () => undefined, ...options }),
    verify: (run, request = {}, ports = host) => replay(run, (one) => verifyRun(one, { jobs: 2, signal, ...request }), ports),
  };
  open.push(past);
  return past;
}
