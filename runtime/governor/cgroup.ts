/**
 * What a control group of Linux leaves of the memory: the least that this process's group and those above it allow. Files that are only cached
 * count as free, since they go when memory is asked for.
 */

/** Reads one of the system's small files; `undefined` when it is not there. */
export type ReadText = (path: string) => string | undefined;

const ROOT = '/sys/fs/cgroup';

/** The tightest limit, and what is left of it; `undefined` where there is none. */
export function groupMemory(read: ReadText): { readonly limit: number; readonly available: number } | undefined {
  let found: { limit: number; available: number } | undefined;
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const old = controllers === 'memory' || controllers?.split(',').includes('memory') === true;
    if (controllers !== '' && !old) continue;
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const one = limitAt(read, old ? `${ROOT}/memory${at === '/' ? '' : at}` : `${ROOT}${at === '/' ? '' : at}`, old);
      if (one !== undefined && (found === undefined || one.available < found.available)) found = one;
      if (at === '' || at === '/') break;
    }
  }
  return found;
}

function limitAt(read: ReadText, folder: string, old: boolean): { limit: number; available: number } | undefined {
  const limit = Number(read(`${folder}/${old ? 'memory.limit_in_bytes' : 'memory.max'}`)?.trim());
  // The older kind says "none" by a number that no machine has.
  if (!Number.isFinite(limit) || limit <= 0 || limit > 2 ** 60) return undefined;
  const used = Number(read(`${folder}/${old ? 'memory.usage_in_bytes' : 'memory.current'}`)?.trim());
  if (!Number.isFinite(used)) return undefined;
  const cached = Number((old ? /^total_inactive_file (\d+)$/m : /^inactive_file (\d+)$/m).exec(read(`${folder}/memory.stat`) ?? '')?.[1] ?? 0);
  return { limit, available: Math.max(0, Math.min(limit, limit - used + cached)) };
}
