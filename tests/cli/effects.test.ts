/** P7 on the real command line: processes that are killed between call and receipt, a person's word on it, and leave for the network. */
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, js, type Finished, type Line, type Place } from '../support/cli.ts';
import { loopback, type Loopback } from '../support/loopback.ts';

let place: Place;
let server: Loopback;
beforeAll(async () => {
  server = await loopback((asked, response) => { response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ auth: asked.headers.authorization !== undefined })); });
});
afterAll(() => server.close());

const last = ({ lines }: Finished): Line => lines.at(-1) as Line;
const doubts = async (): Promise<Line[]> => last(await place.telar(['doubt', 'list', '--json'])).doubts as Line[];
const saving = (file: string): string => `---\ntelar: 1\n---\n${js('poem', '"hila el alba"')}${fence('yaml', '#kept .save', `from: poem\nfile: ${file}`)}`;

/** Makes a place; the file that a save wrote is made older, so that a second write would show. */
function fresh(text: string): Place {
  place?.remove();
  place = createPlace({ 'main.telar.md': text });
  return place;
}
const OLD = new Date('2020-01-01T00:00:00Z');
const age = (name: string): void => { utimesSync(place.path(name), OLD, OLD); };
const isOld = (name: string): boolean => statSync(place.path(name)).mtimeMs === OLD.getTime();
afterAll(() => { place.remove(); });

test('P7 a save is written by one process and reused by the next', async () => {
  fresh(saving('out/poem.txt'));
  expect((await place.run()).ran).toEqual(['kept', 'poem']);
  age('out/poem.txt');
  expect((await place.run()).ran).toEqual([]);
  expect(isOld('out/poem.txt')).toBe(true);
  expect((await place.run('main.telar.md', ['--from', 'kept'])).ran).toEqual(['kept']);
  expect(isOld('out/poem.txt')).toBe(false);
});

test('P7 of several processes at once exactly one writes; the others reuse its receipt, or say that it is being made', async () => {
  fresh(saving('out/poem.txt'));
  const ends = await Promise.all([1, 2, 3].map(() => place.run()));
  const said = ends.map(({ nodes }) => nodes.kept?.how ?? nodes.kept?.error?.code);
  expect(said.filter((one) => one === 'ran')).toHaveLength(1);
  expect(said.every((one) => ['ran', 'reused', 'in-doubt'].includes(one as string)), said.join(', ')).toBe(true);
  expect(await doubts()).toEqual([]);
  expect((await place.run()).nodes.kept?.how).toBe('reused');
});

test('P7 killed between the call and its receipt it is in doubt, and `done` leaves a receipt', async () => {
  fresh(saving('out/poem.txt'));
  const killed = await place.run('main.telar.md', ['--fault', 'effect-made:kill']);
  expect(killed.code).not.toBe(0);
  age('out/poem.txt');
  const [doubt] = await doubts();
  expect(doubt).toMatchObject({ node: 'kept', file: 'main.telar.md', what: 'write out/poem.txt', evidence: 'written', open: true, writes: { path: 'out/poem.txt', bytes: 12 } });
  const again = await place.run();
  expect([again.code, again.unwell]).toEqual([1, { kept: 'in-doubt' }]);
  const told = await place.telar(['doubt', 'list']);
  expect(told.stdout).toMatch(/^[0-9a-f]{12} {2}write out\/poem\.txt\n {2}node kept of main\.telar\.md, since 20.*\n {2}the file has exactly the bytes/);
  const done = await place.telar(['doubt', 'resolve', (doubt!.id as string).slice(0, 12), 'done']);
  expect([done.code, done.stdout]).toEqual([0, 'kept: it has its receipt now, and is not made again.\n']);
  const after = await place.run();
  expect([after.code, after.ran, after.nodes.kept?.how]).toEqual([0, [], 'reused']);
  expect(isOld('out/poem.txt')).toBe(true);
  expect(JSON.parse((await place.telar(['show', 'main.telar.md', 'kept', '-f', 'json'])).stdout)).toMatchObject({ file: 'out/poem.txt', bytes: 12 });
  expect(await doubts()).toEqual([]);
});

test('P7 killed before the call it is in doubt too, and `again` makes it once', async () => {
  fresh(saving('out/poem.txt'));
  await place.run('main.telar.md', ['--fault', 'effect-intended:kill']);
  expect(existsSync(place.path('out/poem.txt'))).toBe(false);
  const [doubt] = await doubts();
  expect(doubt).toMatchObject({ evidence: 'missing' });
  const resolved = last(await place.telar(['doubt', 'resolve', doubt!.id as string, 'again', '--json']));
  expect(resolved).toEqual({ type: 'doubts', resolved: { id: doubt!.id, how: 'again' }, doubts: [] });
  expect((await place.run()).nodes.kept).toMatchObject({ state: 'fresh', how: 'ran' });
  expect(place.read('out/poem.txt')).toBe('hila el alba');
  expect((await place.run()).ran).toEqual([]);
});

test('P7 killed while the file is written the old one is whole, and it is in doubt', async () => {
  fresh(saving('out/poem.txt'));
  place.write('out/poem.txt', 'older');
  await place.run('main.telar.md', ['--fault', 'file-written:kill']);
  expect(place.read('out/poem.txt')).toBe('older');
  expect((await doubts())[0]).toMatchObject({ evidence: 'other' });
});

test('P7 verify and fork write nothing again; a fork that reaches a save skips it, and makes it with `--effects`', async () => {
  fresh(`---\ntelar: 1\n---\n${fence('yaml', '#word .input', 'type: string\ndefault: alba')}${js('poem', '`hila el ${word}`')}${fence('yaml', '#kept .save', 'from: poem\nfile: out/poem.txt')}`);
  const first = await place.run();
  const id = first.lines.find((line) => line.type === 'run')?.run as string;
  age('out/poem.txt');
  const verify = await place.telar(['verify', 'last', '--json']);
  expect([verify.code, last(verify)]).toMatchObject([0, { divergent: [] }]);
  const same = await place.telar(['fork', id, '--at', 'poem', '--json']);
  expect(last(same).nodes).toMatchObject({ poem: { how: 'ran' }, kept: { how: 'reused' } });
  const other = await place.telar(['fork', id, '--set', 'word=sol', '--json']);
  expect(last(other).nodes).toMatchObject({ poem: { how: 'ran' }, kept: { state: 'skipped' } });
  expect(isOld('out/poem.txt')).toBe(true);
  const made = await place.telar(['fork', id, '--set', 'word=sol', '--effects', '--json']);
  expect(last(made).nodes).toMatchObject({ kept: { how: 'ran' } });
  expect(place.read('out/poem.txt')).toBe('hila el sol');
});

test('P7 a receipt outlives the runs that `gc` forgets', async () => {
  fresh(saving('out/poem.txt'));
  await place.run();
  age('out/poem.txt');
  place.write('main.telar.md', saving('out/other.txt'));
  await place.run();
  const swept = last(await place.telar(['gc', '--keep', '1', '--json']));
  expect((swept.runs as Line[]).length).toBe(1);
  place.write('main.telar.md', saving('out/poem.txt'));
  expect((await place.run()).ran).toEqual([]);
  expect(isOld('out/poem.txt')).toBe(true);
});

test('P8 a function that an effect makes reaches no reader, since each would make it again', async () => {
  fresh(`---\ntelar: 1\n---\n${fence('javascript', '#sender effect=effect', 'function twice(n) { return n * 2 }\ntwice(1)')}${js('reader', 'twice(4)')}`);
  const { nodes } = await place.run();
  expect(nodes.sender?.state).toBe('fresh');
  expect(nodes.reader?.error).toMatchObject({ code: 'refused', message: expect.stringContaining('which is made once') });
});

test('P7 a file that is not as it was written is told, and not written again unasked', async () => {
  fresh(saving('out/poem.txt'));
  await place.run();
  place.write('out/poem.txt', 'other words');
  const again = await place.telar(['run', 'main.telar.md']);
  expect(again.stdout).toContain('but out/poem.txt is not as it was written; `--from kept` writes it again');
  expect(place.read('out/poem.txt')).toBe('other words');
});

test('P7 `doubt` says what it does not understand', async () => {
  fresh(saving('out/poem.txt'));
  for (const args of [['doubt'], ['doubt', 'lst'], ['doubt', 'list', 'x'], ['doubt', 'resolve'], ['doubt', 'resolve', 'abc'], ['doubt', 'resolve', 'abc', 'maybe'], ['doubt', 'resolve', 'abc', 'done']]) {
    const { code, stderr } = await place.telar(args);
    expect([args.join(' '), code, stderr.startsWith('telar: ')]).toEqual([args.join(' '), 2, true]);
  }
  expect((await place.telar(['doubt', 'list'])).stdout).toBe('Nothing is in doubt.\n');
});

test('S4 leave: unavailable and exit 4 without it, `--trust` for one run, `telar trust` until the code changes', async () => {
  const web = (path: string): string => `---\ntelar: 1\n---\n${fence('yaml', '#web .http', `url: ${server.origin}${path}\nheaders: {authorization: {secret: TELAR_TEST_TOKEN}}`)}`;
  fresh(web('/a'));
  const env = { TELAR_TEST_TOKEN: 'tok-51c7e9d2' };
  const without = await place.run('main.telar.md', [], { env });
  expect([without.code, without.unwell]).toEqual([4, { web: 'unavailable' }]);
  expect((await place.run('main.telar.md', ['--trust'], { env })).code).toBe(0);
  expect((await place.run('main.telar.md', [], { env })).code).toBe(0);
  expect((await place.run('main.telar.md', ['--no-reuse'], { env })).code).toBe(4);
  const trust = await place.telar(['trust', 'main.telar.md'], { env });
  expect([trust.code, trust.stdout]).toEqual([0, `web may send GET to ${server.origin}, with the secret TELAR_TEST_TOKEN\nAllowed until the code of this node changes.\n`]);
  expect(last(await place.telar(['trust', 'main.telar.md', '--json']))).toMatchObject({ type: 'trust', allowed: [{ node: 'web', before: true }] });
  const reused = await place.run('main.telar.md', [], { env });
  expect([reused.code, reused.ran]).toEqual([0, []]);
  const changed = await place.run('main.telar.md', [], { env: { TELAR_TEST_TOKEN: 'tok-8a8a8a8a' } });
  expect(changed.ran).toEqual(['web']);
  place.write('main.telar.md', web('/b'));
  expect((await place.run('main.telar.md', [], { env })).code).toBe(4);
  expect(server.asked.length).toBe(2);
});

test('S10 after all that the secret is in no file of the workspace', () => {
  const files = readdirSync(place.root, { recursive: true, encoding: 'utf8' }).map((name) => place.path(name)).filter((path) => statSync(path).isFile());
  expect(files.length).toBeGreaterThan(2);
  for (const path of files) for (const secret of ['tok-51c7e9d2', 'tok-8a8a8a8a']) expect([path, readFileSync(path).includes(secret)]).toEqual([path, false]);
  expect(statSync(place.path('.telar/secrets.key')).mode & 0o777).toBe(0o600);
});

test('S4 a notebook that asks for nothing needs no leave', async () => {
  fresh(saving('a.txt'));
  expect((await place.telar(['trust', 'main.telar.md'])).stdout).toBe('main.telar.md asks for nothing.\n');
});

