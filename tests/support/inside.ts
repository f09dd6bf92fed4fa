/** The command line in this process, in a folder: the same `main`, without a start of Node for each call. One call at a time. */
import { vi } from 'vitest';
import { main } from '../../runtime/hosts/cli.node.ts';
import type { Finished, Line } from './cli.ts';

/** Runs a command as if it were given in a folder. */
export async function inside(folder: string, args: readonly string[]): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  const from = process.cwd();
  const began = performance.now();
  const spies = (['stdout', 'stderr'] as const).map((name) => vi.spyOn(process[name], 'write').mockImplementation((text) => {
    said[name] += typeof text === 'string' ? text : new TextDecoder().decode(text);
    return true;
  }));
  process.chdir(folder);
  try {
    const code = await main(args);
    const lines = said.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
    return { code, ...said, lines, ms: performance.now() - began };
  } finally {
    process.chdir(from);
    for (const spy of spies) spy.mockRestore();
  }
}
