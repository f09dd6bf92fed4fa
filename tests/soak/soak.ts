/**
 * `npm run soak`: the long form of the tests that draw by chance. Ten times the kills (B40: 500), every byte and cut of B41, and 100,000 scripts
 * against the reference (B44). It takes hours; it ends with the status of the tests.
 *
 *     node tests/soak/soak.ts [crash|fuzz]
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PARTS: Readonly<Record<string, { readonly files: readonly string[]; readonly env: Readonly<Record<string, string>> }>> = {
  crash: { files: ['tests/crash', 'tests/checkpoints'], env: { TELAR_SOAK: '1' } },
  fuzz: { files: ['tests/run/invariants.test.ts'], env: { TELAR_FUZZ: '100000' } },
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  console.error(`soak: there is no part \`${unknown}\`; there are ${Object.keys(PARTS).join(' and ')}.`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../../', import.meta.url));
let failed = 0;
for (const [name, { files, env }] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`soak: ${name}`);
  // The timeouts of single tests are meant for their short form.
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=14400000', ...files], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
