/** `data` with `url:` over the real client and real engines, to a server on the loopback: the same values as from a file, and nothing else than what was granted. */
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { data } from '../../nodes/data/index.ts';
import { createFiles } from '../../runtime/adapters/files.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import { parquetOf } from '../../runtime/hosts/cli/parquet.node.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { analyse } from '../support/steps.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'telar-url-')));
const blobs = memoryBlobs();
const sql = createNativeSql({ root, scratch: join(root, '.telar/scratch') });
let server: Loopback;
let other: Loopback;
const CSV = 'day,mm,place\n2014-01-01,0.5,"a;b"\n2014-01-02,,c\n';
const served: Record<string, [Uint8Array | string, string]> = {
  '/rain.csv': [CSV, 'application/octet-stream'], '/table': [CSV, 'text/csv; charset=utf-8'], '/rain.csv.gz': [gzipSync(CSV), 'application/gzip'], '/records.json': ['[{"n": 9007199254740993}, {"n": 2}]', 'text/plain'], '/lines': ['{"n": 1}\n{"n": 2}\n', 'application/x-ndjson'],
  '/settings.json': ['{"unit": "°C", "limits": [1, 2]}', 'application/json'], '/poem.txt': ['hila el alba', 'text/plain'], '/poem.md': ['# hila', 'text/plain'], '/a.png': [new Uint8Array([137, 80]), 'image/png'], '/broken.csv': ['a,b\n1,2\n3\n', 'text/csv'], '/words': ['a text', 'text/plain'],
  '/a.arrow': [tableToIPC(tableFromArrays({ n: Int32Array.from([1, 2, 3]) }), 'stream'), 'application/vnd.apache.arrow.stream'],
};
beforeAll(async () => {
  const { outputs } = await sql.execute({ engine: 'sql', code: 'select i::integer as i, i / 2 as d from range(3) r(i)', file: 'a', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' }, {}, { blobs, limits: { time: 20_000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, emit: () => undefined });
  const context = createStepContext({ blobs, files: createFiles(root), sha256, executors: new Map(), folder: '', limits: { time: 20_000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, parquet: parquetOf, emit: () => undefined });
  served['/p.parquet'] = [(await context.encode(outputs.value!.ref!, 'parquet')).bytes, 'application/octet-stream'];
  server = await loopback(({ url }, response) => {
    if (url === '/away') { response.writeHead(302, { location: `${other.origin}/x` }).end(); return; }
    const found = served[url.split('?')[0]!];
    if (found === undefined) response.writeHead(404).end(); else response.writeHead(200, { 'content-type': found[1] }).end(found[0]);
  });
  other = await loopback((_, response) => { response.writeHead(200).end('elsewhere'); });
});
afterAll(async () => { await Promise.all([sql.close(), server.close(), other.close()]); rmSync(root, { recursive: true, force: true }); });

async function outcome(body: string) {
  const analysis = await analyse(data, body);
  expect(analysis.problems).toEqual([]);
  const context = createStepContext({
    blobs, files: createFiles(root), sha256, executors: new Map([['sql', sql]]), folder: '', effect: analysis.effect ?? 'pure', limits: { time: 20_000, memory: 1e9, output: 1_000_000 }, signal: new AbortController().signal, emit: () => undefined,
    ...(analysis.network === undefined ? {} : { network: systemNetwork, origins: [analysis.network.origin] }),
  });
  const got = await data.run!({ node: 'it', cell: { id: 'it', kind: 'data', language: '', body, params: {} }, analysis, inputs: {}, wanted: [], params: {}, file: 'a.telar.md', line: 10, modules: {}, folder: '' }, context);
  return { ref: got.outputs.value!.ref!, reads: context.reads() };
}
const fault = (body: string): Promise<TelarError> => outcome(body).then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);

test('C8 an address gives the same value as the file, whatever it is, and nothing is recorded as read beside the notebook', async () => {
  for (const path of ['/rain.csv', '/rain.csv.gz', '/records.json', '/settings.json', '/poem.txt', '/poem.md', '/a.png', '/p.parquet', '/a.arrow']) {
    writeFileSync(join(root, path), served[path]![0]);
    const [{ ref: fromFile }, { ref: fromUrl, reads }] = [await outcome(`file: ${path.slice(1)}`), await outcome(`url: ${server.origin}${path}`)];
    rmSync(join(root, path));
    expect([path, fromUrl]).toEqual([path, fromFile]);
    expect(reads).toEqual([]);
  }
});

test('C8 where the address does not tell the format, the server does, and `format` says it over both', async () => {
  const { ref } = await outcome(`url: ${server.origin}/rain.csv`);
  expect((await outcome(`url: ${server.origin}/table?a=1`)).ref).toEqual(ref);
  expect((await outcome(`url: ${server.origin}/lines`)).ref.form).toBe('table');
  expect(loadValue((await outcome(`url: ${server.origin}/words`)).ref, blobs)).toBe('a text');
  expect(loadValue((await outcome(`url: ${server.origin}/table\nformat: text`)).ref, blobs)).toBe(CSV);
  expect((await outcome(`url: ${server.origin}/words\nformat: csv`)).ref.form).toBe('table');
  expect((await outcome(`url: ${server.origin}/rain.csv\ntypes: {mm: "decimal(6,2)"}\ncolumns: [mm]`)).ref.form).toBe('table');
});

test('S4 an address is `observe` and asks for its origin, and for no file', async () => {
  expect(await analyse(data, 'url: https://example.org/a/rain.csv')).toMatchObject({ effect: 'observe', network: { origin: 'https://example.org', method: 'GET', secrets: [] } });
  expect((await analyse(data, 'url: https://example.org/a/rain.csv')).files).toBeUndefined();
  expect((await analyse(data, 'file: rain.csv')).network).toBeUndefined();
});

test('P9 what is wrong is told by the address and the line; another origin is not asked', async () => {
  expect(await fault(`url: ${server.origin}/none.csv`)).toMatchObject({ code: 'network', data: { status: 404, line: 10 } });
  const broken = await fault(`url: ${server.origin}/broken.csv`);
  expect(broken).toMatchObject({ code: 'bad-file', data: { line: 10, fileLine: 3 } });
  expect(broken.message).toContain(`${server.origin}/broken.csv`);
  expect(broken.message).not.toContain('download');
  expect(await fault(`url: ${server.origin}/away`)).toMatchObject({ code: 'refused', data: { line: 10 } });
  expect(other.asked).toEqual([]);
});

test('S7 what was fetched is gone from the scratch folder after the step, and no SQL of a notebook finds it', async () => {
  await outcome(`url: ${server.origin}/rain.csv`);
  const left = readdirSync(join(root, '.telar/scratch'), { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => /download/.test(name))).toEqual([]);
  const program = { engine: 'sql', file: 'a', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' };
  const context = { blobs, limits: { time: 20_000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, emit: () => undefined };
  await expect(sql.execute({ ...program, code: "from 'download.csv'" }, {}, context)).rejects.toMatchObject({ code: expect.stringMatching(/exception|refused|missing-file/) });
  const ref = { form: 'bytes' as const, hash: blobs.put(new TextEncoder().encode('a\n1\n')), bytes: 4 };
  for (const name of ['../x.csv', '/tmp/x.csv', 'a/b.csv', '.x']) await expect(sql.execute({ ...program, code: 'select 1', given: { [name]: 'p' } }, { p: { ref } }, context)).rejects.toMatchObject({ code: 'refused' });
});

test('S7 a given file that cannot be laid out fails its step, leaves nothing of it, and costs no process', async () => {
  const program = { engine: 'sql', file: 'a', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' };
  const homes = (): string[] => readdirSync(join(root, '.telar/scratch'), { recursive: true, encoding: 'utf8' }).filter((name) => /empty-\w+$/.test(name));
  const ref = { form: 'bytes' as const, hash: blobs.put(new TextEncoder().encode('a\n1\n')), bytes: 4 };
  const run = (given: typeof blobs) => sql.execute({ ...program, code: "from 'x.csv'", given: { 'x.csv': 'p' } }, { p: { ref } }, { blobs: given, limits: { time: 20_000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, emit: () => undefined });
  await run(blobs);
  const before = homes();
  for (let i = 0; i < 3; i += 1) await expect(run({ ...blobs, path: () => join(root, 'gone') })).rejects.toThrow();
  await run(blobs);
  expect(homes()).toEqual(before);
});
