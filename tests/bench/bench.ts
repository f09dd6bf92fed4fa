/** How benchmarks are written: a figure of ours, the peer's beside it in the same process run, medians, and what is to be reached. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One line of the table. */
export interface Figure {
  /** Budget: `B1`. */
  readonly id: string;
  readonly what: string;
  /** Median of ours, in `unit`. */
  readonly ours: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number };
  /** What is to be reached: a most for our figure, and a most for ours divided by the peer's. */
  readonly reach: { readonly most?: number; readonly ratio?: number };
  /** Why a peer is missing, or what else a reader has to know. */
  readonly note?: string;
}

/** Median of a list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median milliseconds of several runs, after warm-up. `prepare` is not timed. */
export async function time<T>(act: (state: T) => unknown, options: { readonly runs?: number; readonly warmup?: number; readonly prepare?: () => T | Promise<T> } = {}): Promise<number> {
  const { runs = 9, warmup = 2, prepare } = options;
  const taken: number[] = [];
  for (let i = 0; i < warmup + runs; i++) {
    const state = await prepare?.() as T;
    const start = performance.now();
    await act(state);
    if (i >= warmup) taken.push(performance.now() - start);
  }
  return median(taken);
}

/** Whether a figure reaches what it shall. */
export function isMet({ ours, peer, reach }: Figure): boolean {
  return (reach.most === undefined || ours <= reach.most) && (reach.ratio === undefined || peer === undefined || ours / peer.value <= reach.ratio);
}

/** Does something in a new folder (under `TELAR_BENCH_FOLDER`, else the temporary one), which is then removed. */
export async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(realpathSync(process.env.TELAR_BENCH_FOLDER ?? tmpdir()), 'telar-bench-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
