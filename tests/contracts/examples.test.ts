/** The examples of the contracts, run by the host that people use: one workspace, a folder for each example. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parseContract, type AcceptanceTest } from '../../contracts/contract.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { plainJson, tableJson } from '../../runtime/values/plain.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { isTableView } from '../../runtime/values/summary.ts';

const contracts = fileURLToPath(new URL('../../contracts/nodes', import.meta.url));
const paths = readdirSync(contracts, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml')).sort();
const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-examples-'));
mkdirSync(join(root, '.telar'));
const host = openHost(root, { text: () => undefined });

afterAll(async () => {
  await host.close();
  rmSync(root, { recursive: true, force: true });
});

/** Lays an example into a folder of its own. @returns its notebook, from the workspace */
function lay(folder: string, example: AcceptanceTest): string {
  const notebook = example.notebook as string;
  const text = notebook.startsWith('---') ? notebook : `---\ntelar: 1\n---\n${notebook}`;
  for (const [name, content] of Object.entries({ ...example.files, 'main.telar.md': text })) {
    const path = join(root, folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return `${folder}/main.telar.md`;
}

/** What came of a node, in the words of `expect`. */
function cameOf(status: NodeStatus | undefined): unknown {
  if (status?.state === 'failed') return { error: status.error?.code };
  const ref = status?.outputs?.value?.ref;
  if (ref === undefined) return status?.state ?? 'no such node';
  const value = loadValue(ref, host.store.blobs);
  return JSON.parse(isTableView(value) ? [...tableJson(value)].join('') : JSON.stringify(plainJson(value)));
}

for (const path of paths) {
  const contract = parseContract(readFileSync(join(contracts, path), 'utf8'), path);
  describe(path, () => {
    test.each(contract.tests.filter((one) => one.notebook !== undefined))('S5 $id: $name', async (example) => {
      const notebook = await host.runtime.open(lay(`${contract.id}/${example.id}`, example));
      const { nodes } = await notebook.run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => {} });
      const wanted = example.expect ?? {};
      expect(Object.keys(wanted).length).toBeGreaterThan(0);
      expect(Object.fromEntries(Object.keys(wanted).map((id) => [id, cameOf(nodes.get(id))]))).toEqual(wanted);
    });
  });
}
