/** `telar contract` as a person calls it: the seed's contract from a draft to a verified one, drift, rings, versions. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, type Finished, type Line, type Place } from '../support/cli.ts';
import { inside } from '../support/inside.ts';

const repository = join(import.meta.dirname, '../..');
const telio = readFileSync(join(repository, 'samples/contracts/TELIO-U001.contract.yaml'), 'utf8');
const store = `const DEFAULT_STATE = { arke: { type: null }, kayros: { start: null, totalDays: 0 } };
const copy = (value) => JSON.parse(JSON.stringify(value));
let state = copy(DEFAULT_STATE);
/** The state, or a part of it. */
export function getState(key) {
  if (key === undefined) return state;
  return key.split('.').reduce((at, part) => at?.[part], state);
}
/** Sets a part of the state. */
export function setState(key, value) {
  const parts = key.split('.');
  const last = parts.pop();
  let at = state;
  for (const part of parts) at = at[part] ??= {};
  at[last] = value;
  Events.emit('state:changed', { key, value });
  return save();
}
/** Back to the defaults. */
export function resetModule(module) {
  state[module] = copy(DEFAULT_STATE[module] ?? {});
  return save();
}
function save() {
  try {
    localStorage.setItem('TELIOS_STATE', JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}
`;
const small = (id: string, { needs = '', version = '1.0.0', exports = 'f: {type: function}' } = {}): string => `metadata: {id: ${id}, version: ${version}, name: ${id}, description: x, language: JavaScript, file: ${id.toLowerCase()}.js}
interface:
  exports:
    ${exports}
dependencies:
  internal: [${needs}]
  external: {}
constraints: {}
acceptance_tests:
  - {id: T1, name: one, when: f(), then: [f() === 1]}
`;

const ajv = new Ajv2020({ allErrors: true, strict: false });
for (const name of ['problem', 'contract-result', 'contract-lock']) ajv.addSchema(JSON.parse(readFileSync(join(repository, `contracts/schema/${name}.schema.json`), 'utf8')) as object);
const keeps = (name: string, value: unknown): void => { const validate = ajv.getSchema(`urn:telar:schema:${name}:1`)!; validate(value); expect(validate.errors ?? [], JSON.stringify(value)).toEqual([]); };

let place: Place;
beforeAll(() => { place = createPlace({ 'telio/TELIO-U001.contract.yaml': telio }); });
afterAll(() => { place.remove(); });

const contract = (...words: string[]): Promise<Finished> => inside(place.root, ['contract', ...words]);
/** How a call is refused. */
const refusal = async (...words: string[]): Promise<string> => (await contract(...words)).stderr.replace(/^telar: /, '');
/** The JSON result, which keeps to its schema, and the exit status. */
async function json(...words: string[]): Promise<{ readonly code: number | null; readonly line: Line }> {
  const { code, lines } = await contract(...words, '--json');
  const line = lines.at(-1) as Line;
  keeps('contract-result', line);
  return { code, line };
}

describe('the way of a contract', () => {
  const file = 'telio/TELIO-U001.contract.yaml';

  test('K4 from draft to verified: what a file says of its status is never believed', { timeout: 60_000 }, async () => {
    expect((await json('status', file)).line).toMatchObject({ contracts: [{ id: 'TELIO-U001', status: 'draft', declared: 'pending' }] });
    expect(await contract('test', file)).toMatchObject({ code: 2, stdout: expect.stringContaining('its code telio/src/store.js is not there') });
    place.write('telio/src/store.js', store);
    expect((await json('status', file)).line.contracts).toMatchObject([{ status: 'generated', code: 'telio/src/store.js' }]);

    const check = await json('check', file);
    expect([check.code, check.line.contracts[0].counts]).toMatchObject([0, { expression: 2, step: 4, pending: 2 }]);
    expect(check.line.problems.map(({ code, severity, line }: Line) => [code, severity, line])).toEqual([['pending', 'warning', 87], ['pending', 'warning', 88], ['missing-name', 'warning', 50]]);

    const green = await json('test', file, '--no-proofs');
    expect([green.code, green.line.verified, green.line.contracts[0].report.ok]).toEqual([0, 0, true]);
    expect(existsSync(place.path('telio/TELIO-U001.contract.lock'))).toBe(false);

    expect(await json('accept', file, 'T003', '3')).toMatchObject({ code: 0, line: { section: 'idioms', item: 'App does not break', line: { id: 'T003.3', status: 'idiom' } } });
    expect(await contract('accept', file, 'T003', '2')).toMatchObject({ code: 2, stderr: expect.stringContaining('Say what it means: --check') });
    expect(await refusal('accept', place.path(file), 'T003', '2', '--check', 'it is good')).toContain('cannot be frozen');
    expect(await json('accept', file, 'T003', '2', '--check', "getState('arke.type') === 'fire'")).toMatchObject({ code: 0, line: { section: 'frozen', line: { status: 'frozen' } } });
    expect(await refusal('accept', place.path(file), 'T003', '3')).toContain('needs no acceptance');
    expect(place.read(file).startsWith(telio)).toBe(true);

    const tested = await json('test', file);
    expect([tested.code, tested.line.verified, tested.line.contracts[0].lock]).toEqual([0, 1, 'telio/TELIO-U001.contract.lock']);
    expect(tested.line.contracts[0].report.proofs).toMatchObject({ greenOnStub: [], vacuous: [] });
    const lock = place.read('telio/TELIO-U001.contract.lock');
    keeps('contract-lock', JSON.parse(lock));
    expect(lock).not.toContain(place.root);
    expect((await json('status', 'telio')).line.contracts).toMatchObject([{ status: 'verified', accepted: '1.0.0', declared: 'pending' }]);
    // Once as a process of its own, as a person calls it.
    expect(await place.telar(['contract', 'drift', 'telio'])).toMatchObject({ code: 0, stdout: expect.stringContaining('no drift') });
  });

  test('K4 drift is told without running, by part', async () => {
    place.write('telio/src/store.js', `${store}// later\n`);
    expect(await json('drift', 'telio')).toMatchObject({ code: 3, line: { drifted: 1, contracts: [{ status: 'drifted', drift: [{ part: 'code' }] }] } });
    expect((await json('check', 'telio')).line.problems.map(({ code }: Line) => code)).toEqual(['drifted', 'missing-name']);
    place.write('telio/src/store.js', store);
    expect((await contract('drift', 'telio')).code).toBe(0);
    rmSync(place.path('telio/src/store.js'));
    expect(await json('test', 'telio')).toMatchObject({ code: 3, line: { red: 0, contracts: [{ why: 'its code telio/src/store.js is not there' }] } });
    place.write('telio/src/store.js', store);
  });

  test('K4 red code is status 3 with the values, and its lock stays as it was', async () => {
    const lock = place.read('telio/TELIO-U001.contract.lock');
    place.write('telio/src/store.js', store.replace('at[last] = value;', 'at[last] = String(value);'));
    const red = await contract('test', file, '--no-proofs');
    expect([red.code, red.stdout]).toEqual([3, expect.stringMatching(/red[\s\S]*79:\d+: T002\.1 getState\('kayros\.totalDays'\) === 1096\n\s+expected 1096\n\s+came {5}"1096"/)]);
    expect(place.read('telio/TELIO-U001.contract.lock')).toBe(lock);
    place.write('telio/src/store.js', store);
    place.write('other.js', store.replace('return true;', 'return 1;'));
    expect(await json('test', file, '--no-proofs', '--code', 'other.js')).toMatchObject({ code: 0, line: { contracts: [{ code: 'other.js' }] } });
  });

  test('K4 what is told of a green contract: no error that a line demands, what each pending constraint needs, waived lines as waived', async () => {
    place.write('told.contract.yaml', `${small('TOLD').replace('constraints: {}', 'constraints: {quality: {max_lines: lots, frob: 7}}').replace('when: f(), then: [f() === 1]', 'when: f(), then: [f throws RangeError, it is fast]')}waivers:\n  - {line: it is fast, reason: no clock}\n`);
    place.write('told.js', '/** Never. */\nexport function f() { throw new RangeError("never"); }\n');
    const { code, stdout } = await contract('test', 'told.contract.yaml', '--no-proofs');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/green, not verified {2}1 of 2 lines green, 1 waived[\s\S]*– told\.contract\.yaml:8:\d+: max_lines: "lots": a number of lines is needed\n {2}– told\.contract\.yaml:8:\d+: frob: 7: nothing here checks it/)]);
    expect(stdout).not.toMatch(/✗|not judged/);
  });

  test('K1 `check` tells types and constraints that nothing knows, code that is not parsed, and a language that is not tested', async () => {
    const exports = 'f: {type: funktion, parameters: {a: {type: numbre}, b: {type: any}, c: gadget, d: "string | null", e: Date, g: 7}, returns: {type: 7}}';
    place.write('odd.contract.yaml', small('ODD', { exports }).replace('external: {}', 'external: []').replace('constraints: {}', 'constraints: {quality: {max_lines: lots, frob: 7, max_linse: 5, no_dependencies: true, glow: {is: true, shown_by: [T1]}}, performance: {max_f_time: soon}}').replace('when: f()', 'when: "f(1,"'));
    const { code, line } = await json('check', 'odd.contract.yaml');
    expect([code, line.problems.map((one: Line) => `${one.line} ${one.severity} ${one.code} ${one.message}`)]).toEqual([2, [
      expect.stringMatching(/^4 error bad-value `funktion` is no type .*Did you mean `function`/), expect.stringMatching(/^4 error bad-value `numbre` .*Did you mean `number`/), expect.stringMatching(/^4 warning bad-value `gadget`/),
      expect.stringMatching(/^4 error bad-value A type is/), expect.stringMatching(/^4 error bad-value `type` must be/), expect.stringMatching(/^7 warning bad-value `dependencies.external` is a map/),
      expect.stringMatching(/^10 warning pending .* cannot be done: f\(1, \(JavaScript: Unexpected token\)/),
      expect.stringMatching(/^8 warning bad-value `max_lines` .*a number of lines/), expect.stringMatching(/^8 warning unknown-key `frob` .*no constraint `frob`/), expect.stringMatching(/^8 warning unknown-key `max_linse` .*Did you mean `max_lines`/), expect.stringMatching(/^8 warning bad-value `max_f_time` .*a time/),
    ]]);
    place.write('cobol.contract.yaml', small('COBOL').replace('JavaScript', 'Cobol'));
    expect((await json('check', 'cobol.contract.yaml')).line.problems[0]).toMatchObject({ severity: 'warning', line: 1, column: 78, message: expect.stringMatching(/^Code in Cobol is not tested here/) });
  });
  test('K4 an interface that changed under the same version is refused, and the lock is not written', async () => {
    const before = place.read(file);
    place.write(file, before.replace('key: { type: string, required: false', 'key: { type: string, required: true'));
    const { code, stderr } = await contract('test', file, '--no-proofs');
    expect([code, stderr]).toEqual([2, expect.stringContaining('version-too-low: TELIO-U001: This difference is major, and the version is still 1.0.0; it is 2.0.0 or later. (interface.exports.getState.parameters.key: it must be given now')]);
    place.write(file, before);
  });
});

describe('among contracts', () => {
  test('K4 rings are named with the edge to take out, before anything is tested', async () => {
    place.write('ring/a.contract.yaml', small('A', { needs: 'B' }));
    place.write('ring/b.contract.yaml', small('B', { needs: 'C' }));
    place.write('ring/c.contract.yaml', small('C', { needs: 'A, D@^2' }));
    place.write('ring/d.contract.yaml', small('D', { version: '1.4.0' }));
    for (const name of ['a', 'b', 'c', 'd']) place.write(`ring/${name}.js`, 'export const f = () => 1;');
    const graph = await json('graph', 'ring');
    expect([graph.code, graph.line.cycles]).toEqual([2, [{ path: ['A', 'B', 'C', 'A'], cut: { from: 'A', to: 'B' }, why: expect.any(String) }]]);
    expect(graph.line.problems.map(({ code, file, line, column }: Line) => [code, file, line, column])).toEqual([['bad-value', 'ring/c.contract.yaml', 6, 17], ['cycle', 'ring/a.contract.yaml', 6, 14]]);
    const tested = await json('test', 'ring', '--no-proofs');
    expect([tested.code, tested.line.contracts.map(({ id, why, report }: Line) => [id, why ?? report.ok])]).toEqual([2, [['A', expect.stringContaining('ring')], ['B', expect.stringContaining('ring')], ['C', expect.stringContaining('ring')], ['D', true]]]);
    expect((await json('graph', 'ring/d.contract.yaml')).code).toBe(0);
  });

  test('K4 two files, or a file and a revision of git, differ by what callers notice', async () => {
    place.write('v/old.yaml', small('V'));
    place.write('v/new.yaml', small('V', { exports: 'f: {type: function}\n    g: {type: function}', version: '1.0.1' }));
    expect(await json('diff', 'v/old.yaml', 'v/new.yaml')).toMatchObject({ code: 2, line: { level: 'minor', ok: false, fault: expect.stringContaining('1.1.0 or later'), changes: [{ level: 'minor', path: 'interface.exports.g' }] } });
    expect(await json('diff', 'v/old.yaml', 'v/old.yaml')).toMatchObject({ code: 0, line: { changes: [], ok: true } });
    const git = (...words: string[]): void => { execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd: place.path('v'), stdio: 'ignore' }); };
    git('init', '-q');
    git('add', 'old.yaml');
    git('commit', '-q', '-m', 'one');
    place.write('v/old.yaml', small('V', { exports: 'h: {type: function}', version: '2.0.0' }));
    expect(await json('diff', 'v/old.yaml', '--against', 'HEAD')).toMatchObject({ code: 0, line: { level: 'major', before: '1.0.0', after: '2.0.0', ok: true } });
    expect(await refusal('diff', place.path('v/old.yaml'), '--against', 'nowhere')).toMatch(/^git has no .*old\.yaml in nowhere/);
    expect(await refusal('diff', place.path('v/old.yaml'), '--against', '..')).not.toMatch(/\.\.$/);
    for (const revision of ['--output=x', 'HEAD:../x', 'a b']) expect(await refusal('diff', place.path('v/old.yaml'), `--against=${revision}`)).toContain('is no revision of git');
    rmSync(place.path('v/.git'), { recursive: true });
  });
});

test('K4 code in TypeScript has the lines that a person wrote, and is found through a link to its folder', async () => {
  place.write('typed/t.contract.yaml', small('T').replace('file: t.js', 'file: t.ts').replace('constraints: {}', 'constraints: {quality: {max_lines: 2}}'));
  place.write('typed/t.ts', "import { one } from './one.ts';\nexport const f = (): number => one;\n");
  place.write('typed/one.ts', '// 1\n// 2\n// 3\nexport const one: number = 1;\n');
  symlinkSync(place.path('typed'), place.path('linked'));
  expect(await contract('test', 'linked/t.contract.yaml', '--no-proofs')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of 1 line green') });
});

describe('bad input', () => {
  test('K4 bad usage says what is right', async () => {
    const telioFile = place.path('telio/TELIO-U001.contract.yaml');
    place.write('empty/x.txt', '');
    expect(await contract('tset', '.')).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean `test`?') });
    expect(await refusal('check', 'nowhere.yaml')).toContain('There is no file or folder nowhere.yaml');
    expect(await refusal('status', place.path('empty'))).toContain('There is no contract (*.contract.yaml) in');
    expect(await refusal('waive', telioFile, 'T003', '2')).toContain('--reason');
    expect(await refusal('waive', telioFile, 'T003', '1', '--reason', 'x')).toContain('is not pending');
    expect(await refusal('accept', telioFile, 'T003', '9')).toContain('There is no line T003.9');
    expect(await refusal('diff', telioFile)).toContain('Usage');
    expect(await refusal('test', place.path('ring'), '--code', telioFile)).toContain('--code is the code of one contract');
  });

  test('K4 a contract that is none, code out of the workspace, and a lock that is damaged are findings at their files', async () => {
    place.write('bad/a.contract.yaml', 'metadata: [');
    place.write('bad/b.contract.yaml', small('B').replace('file: b.js', 'file: ../../../etc/hostname'));
    place.write('bad/c.contract.yaml', small('C'));
    place.write('bad/c.contract.lock', '{}');
    place.write('bad/d.contract.yaml', Uint8Array.of(0xff, 0xfe, 0x41));
    place.write('bad/e.contract.yaml', small('E').replace('file: e.js', 'file: out/e.js'));
    symlinkSync(tmpdir(), place.path('bad/out'));
    const { code, line } = await json('check', 'bad');
    expect(code).toBe(2);
    expect(line.problems.map(({ file, code: what }: Line) => [file, what])).toEqual([['bad/a.contract.yaml', 'syntax'], ['bad/b.contract.yaml', 'refused'], ['bad/c.contract.yaml', 'bad-file'], ['bad/d.contract.yaml', 'bad-file'], ['bad/e.contract.yaml', 'refused']]);
    expect((await json('status', 'bad')).code).toBe(2);
    expect((await json('test', 'bad')).line.contracts.map(({ why }: Line) => why)).toEqual(['it cannot be read', 'it has errors', 'it has errors', 'it cannot be read', 'it has errors']);
  });
});
