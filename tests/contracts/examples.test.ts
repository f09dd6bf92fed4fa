/** The examples of the contracts, run by the host that people use: one workspace, a folder for each example. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parseContract } from '../../contracts/contract.ts';
import { runExample } from '../../runtime/hosts/cli/contract/notebooks.node.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';

const contracts = fileURLToPath(new URL('../../contracts/nodes', import.meta.url));
const paths = readdirSync(contracts, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml')).sort();
const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-examples-'));
mkdirSync(join(root, '.telar'));
const host = openHost(root, { text: () => undefined });

afterAll(async () => {
  await host.close();
  rmSync(root, { recursive: true, force: true });
});

for (const path of paths) {
  const contract = parseContract(readFileSync(join(contracts, path), 'utf8'), path);
  describe(path, () => {
    test.each(contract.tests.filter((one) => one.notebook !== undefined))('S5 $id: $name', async (example) => {
      expect(Object.keys(example.expect ?? {}).length).toBeGreaterThan(0);
      expect(await runExample(host, `${contract.id}/${example.id}`, example, new AbortController().signal)).toEqual(example.expect);
    });
  });
}
