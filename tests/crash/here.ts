/** A runtime of this process over a folder of its own, without engines that take processes: thousands of small runs over damaged and full disks. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, vi } from 'vitest';
import type { Operation } from '../../contracts/protocol.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { terminal } from '../../runtime/hosts/cli/terminal.node.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { fence, yaml } from '../support/cli.ts';

const folders: string[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Seven steps, values inside the database and beside it. */
const light = `${yaml('n', 'input', 'type: integer\ndefault: 3')}${yaml('years', 'data', 'file: years.json')}${fence('text', '#some .text', '{{ n }} of {{ years.length }}')}${
  fence('text', '#large .text', '{{#each years}}A line that is as long as many others are, of {{ this }}. {{/each}}')}${fence('text', '#tail .text', '{{ large }} and {{ n }}')}${
  fence('text', '#end .text', '{{ some }}, {{ tail.length }}')}${fence('text', '#note .text', 'alone')}`;

/** A new workspace with the light notebook; or a copy of one, with its store. */
export function lay(from?: string, root = mkdtempSync(join(tmpdir(), 'telar-crash-'))): string {
  folders.push(root);
  if (from !== undefined) cpSync(from, root, { recursive: true });
  else {
    mkdirSync(join(root, '.telar'), { recursive: true });
    writeFileSync(join(root, 'main.telar.md'), light);
    writeFileSync(join(root, 'years.json'), JSON.stringify(Array.from({ length: 1_500 }, (_, at) => 1_500 + at)));
  }
  return root;
}

/** What a run came to. */
export interface Done {
  readonly result: RunResult;
  /** Nodes that were said to be done, in this run. */
  readonly ran: readonly string[];
  /** Per output, the hash that was said, and whether the store gives bytes of that hash. */
  readonly values: Readonly<Record<string, { readonly hash: string; readonly there: boolean }>>;
  /** What was reported as damaged. */
  readonly reports: readonly string[];
  /** What ending it threw, when all was said. */
  readonly closing?: unknown;
}

/** Runs it once, as a process of its own would. @throws what opening and beginning throw */
export async function run(root: string): Promise<Done> {
  const reports: string[] = [];
  const said = vi.spyOn(terminal, 'error').mockImplementation((text) => { reports.push(text); });
  const host = openHost(join(root, 'main.telar.md'), { text: () => undefined });
  try {
    const ran: string[] = [];
    const emit = (operation: Operation): void => {
      if (operation.type === 'node' && operation.status.state === 'fresh' && operation.status.how === 'ran') ran.push(operation.node);
    };
    const result = await (await host.open()).run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit });
    const values: Record<string, { hash: string; there: boolean }> = {};
    for (const [node, { outputs }] of result.nodes) {
      for (const [name, { ref }] of Object.entries(outputs ?? {})) {
        if (ref === undefined) continue;
        const bytes = host.store.blobs.get(ref.hash);
        if (bytes !== undefined && sha256(bytes) !== ref.hash) throw new Error(`${node}.${name}: wrong bytes were served`);
        values[`${node}.${name}`] = { hash: ref.hash, there: bytes !== undefined };
      }
    }
    const closing = await host.close().then(() => undefined, (error: unknown) => error);
    return { result, ran, values, reports, ...(closing === undefined ? {} : { closing }) };
  } catch (error) {
    await host.close().catch(() => undefined);
    throw error;
  } finally {
    said.mockRestore();
  }
}
