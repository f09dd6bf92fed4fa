/** The kind `save` on a real disk: what it writes in which format, and where it refuses to write. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { ARROW } from '../../nodes/data/media.ts';
import { save } from '../../nodes/save/index.ts';
import { createFiles } from '../../runtime/adapters/files.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { parquetOf } from '../../runtime/hosts/cli/parquet.node.ts';
import { tableFromArrow } from '../../runtime/scheduler/context-arrow.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import { NumberArray } from '../../runtime/values/array.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { analyse } from '../support/steps.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'telar-save-')));
const root = join(home, 'root');
const blobs = memoryBlobs();
beforeAll(() => { mkdirSync(join(root, 'nb'), { recursive: true }); });
afterAll(() => { rmSync(home, { recursive: true, force: true }); });

const table = (columns: Record<string, readonly [string, readonly unknown[]]>) => ({
  rows: Object.values(columns)[0]![1].length, columns: Object.entries(columns).map(([name, [type]]) => ({ name, type })),
  column: (name: string) => columns[name]![1], row: (index: number) => Object.fromEntries(Object.entries(columns).map(([name, [, values]]) => [name, values[index]])),
});
const MONTHS = table({ m: ['INTEGER', [1, 2]], t: ['DOUBLE', [4.5, null]], note: ['VARCHAR', ['a,b', '']], day: ['DATE', [new Tagged('date', '2014-01-02'), null]] });

/** Saves a value. @returns the receipt and what the file has */
async function kept(file: string, value: unknown, options: { readonly format?: string; readonly mediaType?: string; readonly from?: string; readonly inputs?: Record<string, unknown>; readonly effect?: 'pure' } = {}): Promise<{ receipt: unknown; bytes: Uint8Array; warnings: readonly string[] }> {
  const body = `from: ${options.from ?? 'it'}\nfile: ${JSON.stringify(file)}\n${options.format === undefined ? '' : `format: ${options.format}\n`}`;
  const analysis = await analyse(save, body);
  expect(analysis.problems).toEqual([]);
  const inputs = Object.fromEntries(Object.entries({ it: value, ...options.inputs }).map(([name, one]) => [name, { ref: storeValue(one, blobs, name === 'it' && options.mediaType !== undefined ? { mediaType: options.mediaType } : {}).ref! }]));
  const context = createStepContext({
    blobs, files: createFiles(root), sha256, executors: new Map(), folder: 'nb', effect: options.effect ?? 'effect', parquet: parquetOf,
    limits: { time: 1000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, emit: () => undefined,
  });
  const outcome = await save.run!({
    node: 'kept', cell: { id: 'kept', kind: 'save', language: 'yaml', body, params: {} }, analysis, inputs, wanted: [], params: {}, file: 'nb/a.telar.md', line: 10, modules: {}, folder: 'nb',
  }, context);
  const receipt = loadValue(outcome.outputs.value!.ref!, blobs) as { file: string };
  return { receipt, bytes: new Uint8Array(readFileSync(join(root, 'nb', receipt.file))), warnings: outcome.warnings ?? [] };
}

const text = async (...args: Parameters<typeof kept>): Promise<string> => new TextDecoder().decode((await kept(...args)).bytes);
const refused = (...args: Parameters<typeof kept>): Promise<TelarError> => kept(...args).then(() => { throw new Error('it was written'); }, (error: TelarError) => error);

test('P7 the value is the receipt, the file is whole, its folders are made, and nothing else is left beside it', async () => {
  const { receipt, bytes } = await kept('out/deep/a.txt', 'hila el alba');
  expect(receipt).toEqual({ file: 'out/deep/a.txt', bytes: 12, sha256: sha256('hila el alba') });
  expect(new TextDecoder().decode(bytes)).toBe('hila el alba');
  expect(readdirSync(join(root, 'nb/out/deep'))).toEqual(['a.txt']);
});

test('C8 a table by extension: CSV, JSON, JSON lines, Arrow, Parquet', async () => {
  expect(await text('a.csv', MONTHS)).toBe('m,t,note,day\n1,4.5,"a,b",2014-01-02\n2,,"",\n');
  expect(JSON.parse(await text('a.json', MONTHS))).toEqual([{ m: 1, t: 4.5, note: 'a,b', day: '2014-01-02' }, { m: 2, t: null, note: '', day: null }]);
  expect((await text('a.jsonl', MONTHS)).trim().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([{ m: 1, t: 4.5, note: 'a,b', day: '2014-01-02' }, { m: 2, t: null, note: '', day: null }]);
  const arrow = tableFromArrow((await kept('a.arrow', MONTHS)).bytes);
  expect([arrow.rows, arrow.columns.map(({ type }) => type)]).toEqual([2, ['INTEGER', 'DOUBLE', 'VARCHAR', 'DATE']]);
  const { bytes } = await kept('a.parquet', MONTHS);
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('PAR1');
});

test('C8 what Parquet has no exact type for is told', async () => {
  const { warnings } = await kept('big.parquet', table({ n: ['HUGEINT', [2n ** 100n]] }));
  expect(warnings).toEqual([expect.stringContaining('no exact type for n')]);
});

test('C8 records, lists, arrays and texts', async () => {
  expect(JSON.parse(await text('r.json', { a: [1, 2n ** 60n] }))).toEqual({ a: [1, String(2n ** 60n)] });
  expect(await text('r.csv', [{ a: 1 }, { a: 2 }])).toBe('a\n1\n2\n');
  expect(await text('n.csv', NumberArray.of(new Float64Array([1.5, 2])))).toMatch(/^\w+\n1\.5\n2\n$/);
  expect(await text('l.jsonl', [1, 'two', null])).toBe('1\n"two"\nnull\n');
  expect(await text('page.html', '<p>one</p>')).toBe('<p>one</p>');
  expect(await text('odd.name', 'as it is', { format: 'text' })).toBe('as it is');
  expect(await text('quoted.json', 'a "b"')).toBe('"a \\"b\\""\n');
});

test('C8 bytes are written as they are, whatever the name says', async () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 255]);
  for (const name of ['a.png', 'b.parquet', 'c.txt']) expect((await kept(name, png)).bytes).toEqual(png);
  expect((await kept('d.arrow', png, { mediaType: ARROW })).bytes).toEqual(png);
});

test('C8 a value without such a form fails, says what to do, and bears the line of `from`', async () => {
  for (const file of ['x.svg', 'x.csv', 'x.txt', 'x.png', 'x.parquet']) {
    const error = await refused(file, [1, [2]]);
    expect([error.code, error.line]).toEqual(['value-type', 10]);
    expect(error.message).toContain('json takes all');
    expect(existsSync(join(root, 'nb', file))).toBe(false);
  }
});

test('P7 a name is filled in from wires, and a member of a value is one', async () => {
  const { receipt } = await kept('out/{{ year }}-{{ who.name }}.txt', 'x', { inputs: { year: 2014, who: { name: 'ana' } } });
  expect(receipt).toMatchObject({ file: 'out/2014-ana.txt' });
  expect(await text('m.txt', { title: 'Alba', n: 2 }, { from: 'it.title' })).toBe('Alba');
  expect((await refused('m.txt', { title: 'Alba' }, { from: 'it.titel' })).message).toContain('has no member `titel`');
});

test('P7 nothing is written outside the workspace, into what is hidden, over a notebook, or through a link', async () => {
  mkdirSync(join(root, '.git'), { recursive: true });
  mkdirSync(join(home, 'elsewhere'), { recursive: true });
  symlinkSync(join(home, 'elsewhere'), join(root, 'nb/link'));
  symlinkSync(join(home, 'elsewhere/x.txt'), join(root, 'nb/file-link.txt'));
  writeFileSync(join(root, 'nb/book.telar.md'), '---\ntelar: 1\n---\n');
  symlinkSync(join(root, 'nb/book.telar.md'), join(root, 'nb/innocent.md'));
  const paths = [
    '../../out.txt', '/tmp/x.txt', 'C:/x.txt', 'file:///tmp/x.txt', '../.git/hooks/pre-commit.txt', '../.GIT/x.txt', '../.telar/x.txt', '.envrc.txt', '.github/workflows/a.yml',
    'link/x.txt', 'innocent.md', 'out', 'a\0b.txt', '',
  ];
  mkdirSync(join(root, 'nb/out'), { recursive: true });
  for (const path of paths) {
    const error = await refused(`{{ name }}`, 'x', { format: 'text', inputs: { name: path } });
    expect([path, error.code, error.line]).toEqual([path, 'refused', 11]);
  }
  for (const name of ['book.telar.md', 'BOOK.Telar.MD', 'book.telar.layout.json', 'book.telar.lock']) expect((await refused('{{ name }}', 'x', { format: 'text', inputs: { name } })).code).toBe('refused');
  expect(readFileSync(join(root, 'nb/book.telar.md'), 'utf8')).toBe('---\ntelar: 1\n---\n');
  // A link that leads to nothing outside is replaced, not followed.
  await kept('file-link.txt', 'x');
  expect(readdirSync(join(home, 'elsewhere'))).toEqual([]);
});

test('P7 a step of another class cannot write', async () => {
  expect((await refused('p.txt', 'x', { effect: 'pure' })).code).toBe('refused');
  expect(existsSync(join(root, 'nb/p.txt'))).toBe(false);
});

test('P7 a file keeps its mode when it is replaced', async () => {
  writeFileSync(join(root, 'nb/mode.txt'), 'old', { mode: 0o600 });
  await kept('mode.txt', 'new');
  expect(statSync(join(root, 'nb/mode.txt')).mode & 0o777).toBe(0o600);
});

test('D4 what a body lacks is a problem with its place', async () => {
  const problems = async (body: string): Promise<string[]> => (await analyse(save, body)).problems.map(({ code, at }) => `${code} ${body.slice(at.from, at.to)}`);
  expect(await problems('')).toEqual(['missing-key ']);
  expect(await problems('from: a')).toEqual(['missing-key from: a']);
  expect(await problems('file: a.csv')).toEqual(['missing-key file: a.csv']);
  expect(await problems('from: a b\nfile: a.csv')).toEqual(['bad-value a b']);
  expect(await problems('from: a\nfile: a.xyz')).toEqual(['bad-value a.xyz']);
  expect(await problems('from: a\nfile: a.csv\nformat: xls')).toEqual(['bad-value xls']);
  expect(await problems('from: a\nfile: b.telar.md')).toEqual(['bad-value b.telar.md']);
  expect(await problems('from: a\nfiel: a.csv')).toEqual(['unknown-key fiel', 'missing-key from: a\nfiel: a.csv']);
  expect(await problems('from: a\nfile: "{{#each}}.csv"')).toHaveLength(1);
  const { reads } = await analyse(save, 'from: stats.mean\nfile: out/{{ year }}.csv');
  expect(reads.map(({ name, members }) => [name, members])).toEqual([['stats', ['mean']], ['year', undefined]]);
});
