/** The kinds `contract` and `implementation`: a contract's value with its status, tests that are run, functions that reach readers. */
import { mkdirSync, mkdtempSync, realpathSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { NodeStatus } from '../../contracts/protocol.ts';
import type { ContractValue } from '../../nodes/contract/kind.ts';
import { withoutExports } from '../../nodes/implementation/source.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { fence, js, yaml } from '../support/cli.ts';

const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-kind-'));
mkdirSync(join(root, '.telar'));
const host = openHost(root, { text: () => undefined });
afterAll(async () => { await host.close(); rmSync(root, { recursive: true, force: true }); });

const adder = (id: string, { needs = '[]', version = '1.0.0', then = 'add(1, 2) === 3', extra = '' } = {}): string => `metadata: {id: ${id}, version: ${version}, name: Adder, description: Adds., language: JavaScript, file: adder.js}
interface: {exports: {add: {type: function, parameters: {a: {type: number}, b: {type: number}}, returns: {type: number}}}}
dependencies: {internal: ${needs}, external: {}}
constraints: {quality: {max_lines: 5}}
acceptance_tests:
  - {id: T1, name: adds, when: 'add(1, 2)', then: ['${then}']}
${extra}`;

let folders = 0;
interface Ran { readonly nodes: ReadonlyMap<string, NodeStatus>; value(id: string): unknown; again(): Promise<Ran>; write(name: string, text: string): void; problems(): readonly string[] }

/** Runs a notebook in a folder of its own. */
async function run(text: string, files: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const folder = `n${folders += 1}`;
  const write = (name: string, content: string): void => {
    mkdirSync(dirname(join(root, folder, name)), { recursive: true });
    writeFileSync(join(root, folder, name), content);
  };
  for (const [name, content] of Object.entries({ ...files, 'main.telar.md': `---\ntelar: 1\n---\n${text}` })) write(name, content);
  const go = async (): Promise<Ran> => {
    const notebook = await host.runtime.open(`${folder}/main.telar.md`);
    const { nodes } = await notebook.run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => undefined });
    return { nodes, write, again: go, problems: () => notebook.problems().map(({ code, message, line }) => `${line} ${code}: ${message}`), value: (id) => loadValue(nodes.get(id)?.outputs?.value?.ref as never, host.store.blobs) };
  };
  return go();
}

const GOOD = 'function add(a, b) { return a + b; }';

describe('contract', () => {
  test('K5 the value is the contract with its status: draft, generated, verified, drifted, by what lies beside it', async () => {
    const { formatContractLock } = await import('../../nodes/contract/lock.ts');
    const { digestsOf } = await import('../../nodes/contract/digest.ts');
    const { readContract } = await import('../../nodes/contract/read.ts');
    const text = adder('ADDER');
    const ran = await run(yaml('c', 'contract', 'file: lib/adder.contract.yaml'), { 'lib/adder.contract.yaml': text });
    const status = (one: Ran): string => (one.value('c') as ContractValue).status;
    expect(ran.value('c')).toMatchObject({ id: 'ADDER', status: 'draft', source: 'lib/adder.contract.yaml', exports: ['add'], counts: { expression: 1 }, yaml: text });
    ran.write('lib/adder.js', GOOD);
    expect(status(await ran.again())).toBe('generated');
    const read = readContract(text).contract!;
    ran.write('lib/adder.contract.lock', formatContractLock({ id: 'ADDER', version: '1.0.0', digests: digestsOf(read, GOOD, host.sha256), interface: {}, lines: {}, waived: [] }));
    const verified = await ran.again();
    expect(status(verified)).toBe('verified');
    expect((await verified.again()).nodes.get('c')).toMatchObject({ state: 'fresh', how: 'reused' });
    ran.write('lib/adder.js', `${GOOD} // changed`);
    expect((await ran.again()).value('c')).toMatchObject({ status: 'drifted', drift: [{ part: 'code' }], why: 'the code changed since 1.0.0 was verified' });
  });

  test('K5 errors of the YAML are told at their lines in the notebook', async () => {
    const ran = await run(yaml('c', 'contract', adder('ADDER').replace('dependencies', 'dependancies')));
    expect(ran.problems()).toEqual([expect.stringMatching(/^5 missing-key: .*dependencies/), expect.stringMatching(/^7 unknown-key: .*Did you mean `dependencies`/)]);
    expect(ran.nodes.get('c')).toMatchObject({ state: 'failed' });
  });

  test('K5 a file that is no contract fails with its place', async () => {
    const ran = await run(yaml('c', 'contract', 'file: c.contract.yaml'), { 'c.contract.yaml': 'metadata: [' });
    expect(ran.nodes.get('c')?.error).toMatchObject({ code: 'bad-file', message: expect.stringContaining('c.contract.yaml:1:') });
    expect((await run(yaml('c', 'contract', 'file: ../../x.contract.yaml'))).nodes.get('c')?.error?.code).toBe('refused');
  });

  test('K5 contracts are wired by metadata.id, and a version that does not fit is refused', async () => {
    const ran = await run(`${yaml('a', 'contract', adder('APP-1', { needs: '[LIB-1@^1.0.0]' }))}${yaml('b', 'contract', adder('LIB-1', { version: '1.2.0' }))}`);
    expect(Object.keys((ran.value('a') as ContractValue).needs)).toEqual(['LIB-1']);
    const old = await run(`${yaml('a', 'contract', adder('APP-1', { needs: '[LIB-1@^2.0.0]' }))}${yaml('b', 'contract', adder('LIB-1', { version: '1.2.0' }))}`);
    expect(old.nodes.get('a')?.error).toMatchObject({ code: 'bad-value', message: expect.stringContaining('needs LIB-1 in ^2.0.0, and it is 1.2.0') });
    expect((await run(yaml('a', 'contract', adder('APP-1', { needs: '[ELSEWHERE]' })))).nodes.get('a')?.state).toBe('fresh');
  });
});

describe('implementation', () => {
  test('K5 a green one gives its report, and its exports are functions to readers, by node id and by metadata.id', async () => {
    for (const of of ['c', 'ADD-1']) {
      const ran = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', `export ${GOOD}`, `.implementation of=${of}`)}${js('sum', 'add(40, 2)')}`);
      expect(ran.problems()).toEqual([]);
      expect(ran.value('sum')).toBe(42);
      expect(ran.value('code')).toMatchObject({ contract: 'ADD-1', ok: true, verified: false, lines: [{ id: 'T1.1', ok: true, status: 'expression' }], constraints: [{ name: 'max_lines', status: 'held' }] });
    }
  });

  test('K5 a red one fails with the first line that does not hold and its values, and no reader runs', async () => {
    const ran = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', 'function add(a, b) { return a - b; }', '.implementation of=c')}${js('sum', 'add(40, 2)')}`);
    expect(ran.nodes.get('code')?.error).toEqual({ code: 'check-red', line: 15, message: 'ADD-1 T1.1 does not hold: add(1, 2) === 3. Expected 3, came -1.', data: { contract: 'ADD-1', red: 1, test: 'T1', id: 'T1.1', text: 'add(1, 2) === 3', expected: '3', actual: '-1' } });
    expect(ran.nodes.get('sum')).toMatchObject({ state: 'cancelled', by: ['code'] });
  });

  test('K5 a broken constraint is red too, and an export that is missing', async () => {
    const long = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', `${GOOD}\nconst a1 = 1;\nconst b = 2;\nconst c = 3;\nconst d = 4;\nconst e = 5;`, '.implementation of=c')}`);
    expect(long.nodes.get('code')?.error).toMatchObject({ code: 'check-red', message: 'ADD-1 breaks max_lines: 5. 6 lines.' });
    const none = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', 'function sum(a, b) { return a + b; }', '.implementation of=c')}`);
    expect(none.nodes.get('code')?.error).toMatchObject({ code: 'check-red', message: expect.stringContaining('add') });
  });

  test('K5 an edit of the contract runs the tests again, one of prose does not; nothing that differs from run to run is in the report', async () => {
    const ran = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', GOOD, '.implementation of=c')}`);
    const hash = (one: Ran): string | undefined => one.nodes.get('code')?.outputs?.value?.ref?.hash;
    expect((await ran.again()).nodes.get('code')).toMatchObject({ how: 'reused' });
    const notebook = await host.runtime.open(`n${folders}/main.telar.md`);
    const again = await notebook.run({ jobs: 1, failFast: false, from: ['code'], signal: new AbortController().signal, emit: () => undefined });
    expect(again.nodes.get('code')).toMatchObject({ how: 'ran', outputs: { value: { ref: { hash: hash(ran) } } } });
    ran.write('main.telar.md', `---\ntelar: 1\n---\nProse.\n\n${yaml('c', 'contract', adder('ADD-1', { then: 'add(1, 2) === 4' }))}${js('code', GOOD, '.implementation of=c')}`);
    expect((await ran.again()).nodes.get('code')?.error?.message).toContain('Expected 4, came 3');
  });

  test('K5 with proofs=true it is verified; pending lines are remarks', async () => {
    const proved = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', GOOD, '.implementation of=c proofs=true')}`);
    expect(proved.value('code')).toMatchObject({ ok: true, verified: true, proofs: { greenOnStub: [], vacuous: [] } });
    const pending = await run(`${yaml('c', 'contract', adder('ADD-1', { then: 'people like it' }))}${js('code', GOOD, '.implementation of=c')}`);
    expect(pending.value('code')).toMatchObject({ ok: true, verified: false, lacks: expect.arrayContaining(['1 line is pending']) });
  });

  test('K5 what is under no contract is told: no key, no node, no contract, no language', async () => {
    const told = async (keys: string, language = 'javascript'): Promise<unknown> => {
      const ran = await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('plain', '1')}${fence(language, `#code .implementation ${keys}`, GOOD)}`);
      return ran.nodes.get('code')?.error?.code;
    };
    expect([await told(''), await told('of=d'), await told('of=plain'), await told('of=c', 'sql')]).toEqual(['missing-key', 'missing-name', 'value-type', 'bad-value']);
  });

  test('K5 code that needs the world of its contract to load is tested all the same; only its readers have nothing of it', async () => {
    const text = adder('ADD-1').replace('dependencies:', 'effects: [localStorage]\ndependencies:');
    const body = 'const had = localStorage.getItem("x");\nfunction add(a, b) { return a + b; }';
    expect((await run(`${yaml('c', 'contract', text)}${js('code', body, '.implementation of=c')}`)).value('code')).toMatchObject({ ok: true });
    expect((await run(`${yaml('c', 'contract', text)}${js('code', body, '.implementation of=c')}${js('sum', 'add(1, 2)')}`)).nodes.get('code')?.error?.code).toBe('exception');
  });

  test('K5 an `export` is blanked where it stands, and places stay', () => {
    const code = 'export function a() {}\nexport const b = 1,\n  c = 2;\nfunction d() {}\nexport { d, a as e };\nexport default function f() {}\n';
    const bare = withoutExports(code);
    expect(bare).toBe(`       function a() {}\n       const b = 1,\n  c = 2;\nfunction d() {}\n${' '.repeat(21)}\n               function f() {}\n`);
    expect(bare.length).toBe(code.length);
    expect(withoutExports('export const = 1')).toBe('export const = 1');
  });

  test('K5 renaming the contract\'s node renames it in `of=`', async () => {
    const { referencesTo } = await import('../../runtime/graph/rename.ts');
    await run(`${yaml('c', 'contract', adder('ADD-1'))}${js('code', GOOD, '.implementation of=c')}`);
    const notebook = await host.runtime.open(`n${folders}/main.telar.md`);
    expect(referencesTo(notebook.graph, 'c')).toEqual([{ id: 'code', ranges: [], keys: { of: [{ from: 0, to: 1 }] } }]);
  });
});

test('K5 the seed\'s contract stands in a notebook as it is', async () => {
  const telio = readFileSync(new URL('../../samples/contracts/TELIO-U001.contract.yaml', import.meta.url), 'utf8');
  const ran = await run(yaml('c', 'contract', telio));
  expect(ran.problems()).toEqual([]);
  expect(ran.value('c')).toMatchObject({ id: 'TELIO-U001', status: 'draft', declared: 'pending', counts: { expression: 2, step: 4, pending: 2 } });
});
