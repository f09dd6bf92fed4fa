/** Native DuckDB passes the suite; and what only it can. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readError } from '../../runtime/executors/sql/messages.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { openTable } from '../../runtime/values/table.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { sqlExecutorSuite } from '../suites/sql-executor.ts';

sqlExecutorSuite((root) => createNativeSql({ root }), { rows: 1_000_000, extensions: true });

it('R6 a full disk is told as one, whether DuckDB or the child finds it; a text of the notebook is not taken for it', () => {
  const words = 'There is no room left on the disk for what this SQL gives; make room and run again.';
  expect(readError(new Error('ENOSPC: no space left on device, write'))).toEqual({ ok: false, code: 'disk-full', message: words });
  expect(readError(new Error('IO Error: Could not write file "x": No space left on device'))).toMatchObject({ code: 'disk-full', message: words });
  expect(readError(new Error('Invalid Input Error: no space left on device'))).toMatchObject({ code: 'exception' });
});

describe('native DuckDB', () => {
  const root = mkdtempSync(join(tmpdir(), 'telar-native-'));
  const executor = createNativeSql({ root });
  const blobs = memoryBlobs();
  const execute = (code: string, files: string[], settings: Record<string, unknown> = {}) => executor.execute(
    { engine: 'sql', code, file: 'a.telar.md', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '', files, settings }, {},
    { blobs, limits: { time: 30_000, memory: 2 ** 30, output: 2 ** 30 }, signal: new AbortController().signal, emit: () => undefined });

  beforeAll(async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`copy (select i::smallint i, 'row ' || i t, (i / 4)::decimal(9,2) d, [i] l from range(5000) r(i)) to '${join(root, 'p.parquet')}' (row_group_size 2048)`);
    connection.closeSync();
    instance.closeSync();
    writeFileSync(join(root, 'broken.parquet'), readFileSync(join(root, 'p.parquet')).subarray(0, 500));
    writeFileSync(join(root, 'broken.json'), '[{"a": 1},\n{"a": ]');
    writeFileSync(join(root, 'latin.csv'), Buffer.from('name,n\ncaf\u00e9,1\n', 'latin1'));
  });
  afterAll(async () => { await executor.close(); rmSync(root, { recursive: true, force: true }); });

  it('P9 Parquet is read with its exact types, and by many row groups gives the same hash', async () => {
    const { ref } = (await execute("from 'p.parquet'", ['p.parquet'])).outputs.value ?? {};
    if (ref === undefined) throw new Error('no value');
    expect(openTable(ref, blobs)).toMatchObject({ rows: 5000, columns: [{ type: 'SMALLINT' }, { type: 'VARCHAR' }, { type: 'DECIMAL(9,2)' }, { type: 'BIGINT[]' }] });
    const made = (await execute("select i::smallint i, 'row ' || i t, (i / 4)::decimal(9,2) d, [i] l from range(5000) r(i)", [])).outputs.value?.ref;
    expect(made?.hash).toBe(ref.hash);
  });

  it('P9 broken files say which', async () => {
    for (const [code, file] of [["from 'broken.parquet'", 'broken.parquet'], ["from read_json('broken.json')", 'broken.json'], ["from read_csv('latin.csv', delim = ',', header = true)", 'latin.csv']] as const) {
      await expect(execute(code, [file]), file).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(file) });
    }
  });

  it('P9 a file of the same name in the process’s own folder is not taken', async () => {
    writeFileSync(join(root, 'package.json'), '[{"own": 1}]');
    const { ref } = (await execute("from read_json('package.json')", ['package.json'])).outputs.value ?? {};
    expect(ref === undefined ? [] : openTable(ref, blobs).columns).toMatchObject([{ name: 'own' }]);
  });

  it('P9 a file that changes while a step reads it is recorded as what it never is again', async () => {
    const fresh = createNativeSql({ root });
    const path = join(root, 'turning.csv');
    writeFileSync(path, 'n\n1\n');
    const before = createHash('sha256').update(readFileSync(path)).digest('hex');
    const program = { engine: 'sql', code: "select n from read_csv('turning.csv')", file: 'a.telar.md', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '', files: ['turning.csv'] };
    const running = fresh.execute(program, {}, { blobs, limits: { time: 30_000, memory: 2 ** 30, output: 2 ** 30 }, signal: new AbortController().signal, emit: () => undefined });
    // The process of the engine takes longer than this to start.
    await new Promise((resolve) => { setTimeout(resolve, 30); });
    writeFileSync(path, 'n\n2\n');
    const { outputs, reads } = await running;
    await fresh.close();
    expect(openTable(outputs.value!.ref!, blobs).column('n')).toEqual([2]);
    expect(reads).toEqual([{ what: 'file', path: 'turning.csv', saw: expect.not.stringMatching(before) as string }]);
  });

  it('R6 an engine whose process cannot start fails its step, and closes all the same', async () => {
    const { execPath } = process;
    const fresh = createNativeSql({ root });
    process.execPath = join(root, 'no-such-node');
    try {
      const program = { engine: 'sql', code: 'select 1', file: 'a.telar.md', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' };
      await expect(fresh.execute(program, {}, { blobs, limits: { time: 5_000, memory: 2 ** 30, output: 2 ** 30 }, signal: new AbortController().signal, emit: () => undefined })).rejects.toMatchObject({ code: 'lost' });
      await fresh.close();
    } finally {
      process.execPath = execPath;
    }
  });

  it('C8 a bound text keeps every character, a mark of byte order at its beginning too', async () => {
    const bytes = new TextEncoder().encode('\ufeffa');
    const ref = { form: 'text' as const, hash: blobs.put(bytes), bytes: bytes.length };
    const program = { engine: 'sql', code: 'select length({{ t }}) as n', file: 'a.telar.md', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' };
    const { outputs } = await executor.execute(program, { t: { ref } }, { blobs, limits: { time: 30_000, memory: 2 ** 30, output: 2 ** 30 }, signal: new AbortController().signal, emit: () => undefined });
    expect(openTable(outputs.value!.ref!, blobs).column('n')).toEqual([2]);
  });

  it('P1 threads=n is part of the identity', async () => {
    expect(executor.identity({ settings: { threads: 4 } }).threads).toBe('4');
    expect((await execute("select current_setting('threads')::int t", [], { threads: 2 })).outputs.value?.summary.preview).toContain('2');
  });

  it('R5 nothing is left behind: children end and their folders go', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'telar-scratch-'));
    const other = createNativeSql({ root, scratch });
    expect(readdirSync(scratch)).toEqual([]);
    await other.execute({ engine: 'sql', code: 'select * from range(500000)', file: 'a', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '' }, {}, { blobs, limits: { time: 30_000, memory: 2 ** 30, output: 2 ** 30 }, signal: new AbortController().signal, emit: () => undefined });
    await other.close();
    expect(readdirSync(scratch)).toEqual([]);
    rmSync(scratch, { recursive: true });
  });
});
