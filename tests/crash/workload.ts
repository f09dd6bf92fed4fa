/**
 * Real runs that are killed: a `telar run` process over a notebook, what it acknowledged before its end, and what must hold of its store
 * afterwards. A step counts as acknowledged when its `node` line was printed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Damage } from '../../runtime/checkpoints/store.ts';
import { js, NODE, type Place, py, sql, TELAR, yaml, type Line } from '../support/cli.ts';

/** `TELAR_SOAK=1`: ten times as much of all that is drawn by chance. */
export const MANY = process.env.TELAR_SOAK === '1' ? 10 : 1;

/** Numbers in [0, 1) from a seed; the same on every machine. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * All engines, small and large values, a diamond: twelve steps. `n` makes most of it new: what templates do, which is quick; what
 * JavaScript does too, if `slow`. SQL and Python are slow to start, and done once.
 */
export function mixed(slow: boolean): string {
  const text = (id: string, body: string): string => `\`\`\`text {#${id} .text}\n${body}\n\`\`\`\n\n`;
  return `---
telar: 1
outputs: [told]
---
${yaml('n', 'input', 'type: integer\ndefault: 0')}${sql('rows', 'select range r, range * 3 p from range(100)')}${py('total', 'sum(row.p for row in rows)')}${
  js('many', `Array.from({ length: 3000 }, (_, at) => at${slow ? ' + n' : ''})`)}${text('big', '{{#each many}}A line as long as others are, {{ this }}, {{ ../n }}. {{/each}}')}${text('short', '{{ n }} of {{ total }}')}${
  text('left', '{{ short }}, {{ big.length }}')}${text('right', '{{ big }} {{ short }}')}${text('both', '{{ left }} {{ right.length }}')}${
  text('more', '{{ right }} {{ both }}')}${slow ? js('last', '[both.length, more.length]') : text('last', '{{ both.length }} {{ more.length }}')}${text('told', '{{ last }} of {{ n }}')}`;
}

/** How a run ended, and what it said. */
export interface Ended { readonly code: number | null; readonly killed: boolean; readonly lines: readonly Line[]; readonly stderr: string }

/** Runs a command of which the end may be violent. @param begun gets the process, so as to kill it */
export function start(place: Place, args: readonly string[], begun: (child: ChildProcess) => void = () => {}, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(NODE, [TELAR, ...args], { cwd: place.root, env: { PATH: process.env.PATH, HOME: process.env.HOME, TELAR_CACHE: process.env.TELAR_CACHE, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.once('close', (code, signal) => {
      // What stands after the last line break may be half a line.
      const lines = stdout.split('\n').slice(0, -1).filter((line) => line.startsWith('{"type":')).map((line) => JSON.parse(line) as Line);
      resolve({ code, killed: signal === 'SIGKILL', lines, stderr });
    });
    begun(child);
  });
}

/** What was acknowledged of one version of a notebook, over several runs of it: a step is done once, and reused from then on. */
export class Ledger {
  readonly acknowledged = new Set<string>();

  /** Takes in what a run said. Fails when it did again what was acknowledged. */
  hear({ lines }: Ended): void {
    for (const { type, node, status } of lines) {
      if (type !== 'node' || status.state !== 'fresh' || status.how !== 'ran') continue;
      expect([...this.acknowledged], `${node} was acknowledged and is done again: ${status.reason}`).not.toContain(node);
      this.acknowledged.add(node as string);
    }
  }

  /** The run that nobody kills: green, with all that was acknowledged reused. */
  finish(ended: Ended): void {
    const before = new Set(this.acknowledged);
    this.hear(ended);
    expect(ended.stderr).toBe('');
    expect(ended.code).toBe(0);
    const summary = ended.lines.at(-1) as Line;
    for (const [id, { state, how }] of Object.entries(summary.nodes as Record<string, { state: string; how: string }>)) {
      expect([id, state, how]).toEqual([id, 'fresh', before.has(id) ? 'reused' : how]);
    }
  }
}

/**
 * Reads a store: SQLite finds no fault, no record is damaged, every row has its values and every value its hash, and nothing is left over.
 * @param newest how many runs are looked through
 */
export function expectWhole(root: string, newest = Infinity): void {
  const damage: Damage[] = [];
  const store = openStore(root, { onDamage: (found) => { damage.push(found); } });
  try {
    for (const run of store.runs().slice(0, newest)) {
      for (const step of store.steps(run.id)) {
        if (step.row === undefined) continue;
        const row = store.row(step.row);
        if (row === undefined) throw new Error(`${run.id}: ${step.node} names a row that is not there`);
        for (const { ref } of Object.values(row.outputs)) {
          if (ref === undefined || ref.form === 'live') continue;
          const bytes = store.blobs.get(ref.hash);
          expect(bytes && sha256(bytes), `${step.node} of ${run.id}`).toBe(ref.hash);
        }
      }
    }
    expect(damage).toEqual([]);
    expect(readdirSync(join(root, '.telar', 'blobs')).filter((name) => name.startsWith('.tmp'))).toEqual([]);
  } finally {
    void store.close();
  }
  const database = new DatabaseSync(join(root, '.telar', 'telar.db'), { readOnly: true });
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
}
