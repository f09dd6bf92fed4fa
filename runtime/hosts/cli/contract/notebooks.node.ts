/**
 * The examples of a node kind's contract: each is a notebook, run by the host that people use in a folder of its own, and what must come
 * of its nodes. A notebook is no code, so that an example can fail is not proved here.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { NodeStatus } from '../../../../contracts/protocol.ts';
import { truthOf } from '../../../../nodes/contract/truth.ts';
import type { CodeContract, LineReport, TestReport } from '../../../../nodes/contract/types.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import { makeTemporary } from '../../../adapters/temporary.node.ts';
import { loadValue } from '../../../values/kinds.ts';
import { plainJson, tableJson } from '../../../values/plain.ts';
import { isTableView } from '../../../values/summary.ts';
import { openHost, type Host } from '../host.node.ts';

/** One example, as contracts have it. */
export interface Example { readonly id: string; readonly notebook?: string; readonly expect?: Readonly<Record<string, unknown>>; readonly files?: Readonly<Record<string, string>> }

/** How a kind's contract came out: a report of code without its language. */
export type KindReport = Omit<TestReport, 'language'>;

/**
 * Runs an example.
 * @param folder of its own, below the host's workspace
 * @returns what came of each node that it expects something of, in the words of `expect`
 */
export async function runExample(host: Host, folder: string, { notebook = '', expect = {}, files }: Example, signal: AbortSignal): Promise<Record<string, unknown>> {
  const text = notebook.startsWith('---') ? notebook : `---\ntelar: 1\n---\n${notebook}`;
  // The host's files lead nowhere else, whatever a contract calls them.
  for (const [name, content] of Object.entries({ ...files, 'main.telar.md': text })) host.files.write(`${folder}/${name}`, new TextEncoder().encode(content));
  const { nodes } = await (await host.runtime.open(`${folder}/main.telar.md`)).run({ jobs: 2, failFast: false, signal, emit: () => undefined });
  return Object.fromEntries(Object.keys(expect).map((id) => [id, cameOf(nodes.get(id), host)]));
}

function cameOf(status: NodeStatus | undefined, host: Host): unknown {
  if (status?.state === 'failed') return { error: status.error?.code };
  const ref = status?.outputs?.value?.ref;
  if (ref === undefined) return status?.state ?? 'no such node';
  const value = loadValue(ref, host.store.blobs);
  return JSON.parse(isTableView(value) ? [...tableJson(value)].join('') : JSON.stringify(plainJson(value))) as unknown;
}

/** Runs all examples of a kind's contract, in a workspace that is gone afterwards. */
export async function testKind(contract: CodeContract, signal: AbortSignal): Promise<KindReport> {
  const began = performance.now();
  const root = makeTemporary('telar-kind-');
  mkdirSync(join(root, '.telar'));
  const host = openHost(root, { text: () => undefined });
  const lines: LineReport[] = [];
  try {
    for (const { test, lines: expected } of truthOf(contract, sha256).tests) {
      const from = performance.now();
      const came = await runExample(host, test.id, test, signal);
      const ms = performance.now() - from;
      for (const [at, line] of expected.entries()) {
        const [id, wanted] = Object.entries(test.expect ?? {})[at] ?? [];
        const ok = id !== undefined && isDeepStrictEqual(came[id], wanted);
        lines.push({ ...line, ok, ms, ...(ok ? {} : { expected: JSON.stringify(wanted) ?? 'nothing', actual: JSON.stringify(came[id ?? '']) ?? 'nothing' }) });
      }
    }
  } finally {
    await host.close();
    rmSync(root, { recursive: true, force: true });
  }
  const red = lines.filter(({ ok }) => ok !== true).length;
  return {
    contract: contract.id, version: contract.version, lines, properties: [], constraints: [], ok: red === 0, verified: false, ms: performance.now() - began,
    tests: contract.tests.map(({ id, name }) => ({ id, name, ok: lines.every((line) => line.test !== id || line.ok === true), ms: lines.find((line) => line.test === id)?.ms ?? 0 })),
    lacks: red > 0 ? [`${red} ${red === 1 ? 'example is' : 'examples are'} red`] : ['that a notebook can fail is not proved'],
  };
}
