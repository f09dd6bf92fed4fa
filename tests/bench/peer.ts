/** Peers that are installed apart (`npm run bench:peers`): where they are, and how they are asked. A missing one gives no figure. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('peers/', import.meta.url));
const windows = process.platform === 'win32';

/** The Python that has marimo: `TELAR_BENCH_PYTHON`, or the virtual environment of `npm run bench:peers`. */
export const python = process.env.TELAR_BENCH_PYTHON ?? join(folder, '.python', ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));

/** What a program prints as JSON; undefined when it cannot run here. */
export function ask<T>(program: string, args: readonly string[]): T | undefined {
  try {
    return JSON.parse(execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 })) as T;
  } catch {
    return undefined;
  }
}

/** Figures of LangGraph.js: milliseconds a step, whether its commits are synced, megabytes of twenty steps, and under which Node. */
export interface LangGraph { readonly step: number; readonly synced: boolean; readonly megabytes: number; readonly node: string }

/** LangGraph.js on the first Node that its native part was built for: this one, or one on the path. */
export function langGraph(): LangGraph | undefined {
  const others = (process.env.PATH ?? '').split(delimiter).filter((one) => !one.includes('node_modules')).map((one) => join(one, windows ? 'node.exe' : 'node'));
  for (const node of [process.execPath, ...others]) {
    const figures = existsSync(node) ? ask<LangGraph>(node, ['langgraph.mjs']) : undefined;
    if (figures !== undefined) return figures;
  }
  return undefined;
}
