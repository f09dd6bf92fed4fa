/**
 * Samples of this machine. Memory, processors and load come from Node and the system's own files, in microseconds; on Linux `os.freemem` is
 * what is available, and a control group may leave less. Battery, and memory on macOS, where Node counts only what nobody has ever used,
 * come from systeminformation: 22 ms to load, and it asks other programs on some systems; so beside, and only once somebody wants workers.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import { groupMemory } from './cgroup.ts';
import type { Sampler } from './create.ts';
import type { Sample } from './governor.ts';

function readText(path: string): string | undefined {
  try { return readFileSync(path, 'utf8'); } catch { return undefined; }
}

/** @param vram asks for the memory of the graphics card; absent: nobody wants to know */
export function createSampler(vram?: () => Promise<Sample['vram']>): Sampler {
  let seen: Pick<Sample, 'power' | 'vram'> = {};
  let available: number | undefined;

  function memory(): Sample['memory'] {
    const free = process.platform === 'darwin' ? available ?? freemem() : freemem();
    const group = process.platform === 'linux' ? groupMemory(readText) : undefined;
    return { total: Math.min(totalmem(), group?.limit ?? Infinity), available: Math.max(0, Math.min(free, group?.available ?? Infinity)) };
  }

  return {
    now() {
      const cores = availableParallelism();
      // Windows has no such figure; Node says 0.
      return { cores, memory: memory(), ...(process.platform === 'win32' ? {} : { load: Math.round((loadavg()[0] as number) / cores * 100) / 100 }), ...seen };
    },
    async look() {
      try {
        const { default: information } = await import('systeminformation');
        const [battery, figures, card] = await Promise.all([information.battery(), process.platform === 'darwin' ? information.mem() : undefined, vram?.()]);
        available = figures?.available;
        seen = {
          power: battery.hasBattery ? { battery: true, onBattery: !battery.acConnected, percent: battery.percent } : { battery: false, onBattery: false },
          ...(card === undefined ? {} : { vram: card }),
        };
      } catch { /* what cannot be seen stays unknown */ }
    },
  };
}
