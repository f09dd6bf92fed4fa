/**
 * Our own contracts hold: those of core modules, tested on the modules themselves in the sandbox, and those of the node kinds, whose
 * examples `examples.test.ts` runs. That each line can fail is proved here for the small modules; `telar contract test contracts` proves all.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { readContract } from '../../nodes/contract/read.ts';
import { testContract } from '../../nodes/contract/run.ts';
import { truthOf } from '../../nodes/contract/truth.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openBench } from '../../runtime/hosts/cli/contract/bench.node.ts';
import { compiled } from '../../runtime/hosts/cli/contract/compile.node.ts';
import { judgeContracts } from '../../runtime/hosts/cli/contract/judge.node.ts';
import { testKind, type KindReport } from '../../runtime/hosts/cli/contract/notebooks.node.ts';
import { contractPaths, loadContract, type Readable } from '../../runtime/hosts/cli/contract/load.node.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bench = openBench(root, new AbortController().signal);
afterAll(() => bench.close());

const files = contractPaths([join(root, 'contracts/runtime')]).map((path) => loadContract(path, { text: () => undefined }) as Readable);
/** Modules whose mutants are few and fast. */
const PROVED = new Set(['changes', 'languages', 'name', 'nearest', 'paths'].map((name) => `${name}.contract.yaml`));

describe('core modules', () => {
  test('K5 at least ten modules of the runtime are under contract, without a fault and without a pending line', async () => {
    expect(files.filter(({ contract }) => contract.file?.startsWith('runtime/')).length).toBeGreaterThanOrEqual(10);
    const { findings, judged } = await judgeContracts(files);
    expect(findings).toEqual([]);
    for (const { truth } of judged) expect(Object.keys(truth.counts).filter((status) => truth.counts[status as keyof typeof truth.counts] > 0 && !['expression', 'step'].includes(status))).toEqual([]);
    for (const { code } of files) expect(code?.text, code?.path).toBeDefined();
  });

  test.each(files.map((file) => [basename(file.path), file] as const))('K5 %s holds', async (name, { contract, code, root: place }) => {
    const proofs = PROVED.has(name);
    const report = await testContract(contract, { code: await compiled(code!, place), file: code!.shown }, bench, { proofs });
    expect(report.lines.filter(({ ok }) => ok !== true).map(({ id, text, expected, actual, error }) => ({ id, text, expected, actual, error }))).toEqual([]);
    expect(report.properties.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.ok).toBe(true);
    if (proofs) expect([report.verified, report.lacks]).toEqual([true, []]);
  });

  test('K5 a module that is broken on purpose is red', async () => {
    const { contract, code, root: place } = files.find(({ path }) => path.endsWith('languages.contract.yaml'))!;
    const broken = (await compiled(code!, place)).replace('[a-z0-9_]*', '[a-z0-9_-]*');
    const report = await testContract(contract, { code: broken }, bench);
    expect(report.lines.filter(({ ok }) => ok === false).map(({ text }) => text)).toEqual(["isId('a-b') === false"]);
  });
});

describe('node kinds', () => {
  const folder = join(root, 'contracts/nodes');
  test.each(readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml')).sort())('K5 %s is read by the same reader, without a fault, and its examples are notebooks', (path) => {
    const { contract, problems } = readContract(readFileSync(join(folder, path), 'utf8'), path);
    expect(problems).toEqual([]);
    expect(contract?.kind).toBe(true);
    const { lines } = truthOf(contract!, sha256);
    expect(contract!.tests.every(({ notebook }) => notebook !== undefined)).toBe(true);
    expect(lines.every(({ status }) => status === 'notebook')).toBe(true);
  });

  test('K5 examples that do not hold are red with their values, and files lead nowhere else', async () => {
    const kind = (example: string): string => `metadata: {id: core.x, version: 1.0.0, name: X, description: x}\ninterface: {ports: {}, params: {}, outputs: {}}\ndependencies: {internal: []}\nconstraints: {behavior: {effect: pure}}\nacceptance_tests:\n  - ${example}\n`;
    const tested = (example: string): Promise<KindReport> => testKind(readContract(kind(example)).contract!, new AbortController().signal);
    const notebook = JSON.stringify('```javascript {#a}\n1 + 1\n```\n```javascript {#b}\nnone\n```\n');
    const report = await tested(`{id: sums, name: x, notebook: ${notebook}, expect: {a: 2, b: {error: missing-name}, c: 1}}`);
    expect([report.ok, report.lines.map(({ ok, expected, actual }) => [ok, expected, actual])]).toEqual([false, [[true, undefined, undefined], [true, undefined, undefined], [false, '1', '"no such node"']]]);
    await expect(tested(`{id: out, name: x, notebook: ${notebook}, files: {../../../outside.txt: x}, expect: {a: 2}}`)).rejects.toMatchObject({ code: 'refused' });
  });
});
