/** The Python engine: bodies, values, isolation of steps, what it saw of the files. Limits and walls: `python-sandbox.test.ts`. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FRAME } from '../../runtime/executors/python/frames.node.ts';
import { ensureSnapshot } from '../../runtime/executors/python/snapshot.node.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { PlainTableView } from '../../runtime/values/table.ts';
import { pythonBench } from '../support/python.ts';

const bench = pythonBench({ spares: 0 });
const { run, value, error, input, read } = bench;
afterAll(() => bench.close());
beforeEach(() => { bench.streamed.length = 0; });
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

const weather = new PlainTableView([
  { name: 'm', type: 'INTEGER', values: [1, 2, null] },
  { name: 't', type: 'DOUBLE', values: [1.5, 9.5, 4.5] },
  { name: 'city', type: 'VARCHAR', values: ['ü', null, 'z'] },
], 3);

describe('identity and start', () => {
  it('P1 the identity is told without starting anything, and is the same after', async () => {
    const fresh = pythonBench();
    const before = fresh.python.identity();
    expect(before).toMatchObject({ python: expect.stringMatching(/^3\./), pyodide: expect.stringMatching(/^\d/), bootstrap: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await run('1');
    expect(bench.python.identity()).toEqual(before);
    expect(fresh.python.available()).toEqual({ ok: true });
    await fresh.close();
  });

  it('R6 an engine that cannot be snapshotted starts cold', async () => {
    bench.put('file', 'not a folder');
    const cold = pythonBench({ cache: join(bench.root, 'file'), spares: 0 });
    expect(await cold.value('list({"b", "a", "c", "d"})')).toEqual(await value('list({"b", "a", "c", "d"})'));
    await cold.close();
    const none = pythonBench({ node: join(bench.root, 'no-such-program') });
    expect(await none.error('1')).toMatchObject({ code: 'lost', message: expect.stringContaining('did not start') });
    await none.close();
  });

  it('R6 a step takes the child that is being warmed up, and an engine without spares has no other; warming an engine that ends is no error', async () => {
    const one = pythonBench({ spares: 0 });
    const warming = one.python.warm!();
    await one.value('1');
    await warming;
    expect(readdirSync(join(one.root, '../scratch'))).toHaveLength(1);
    await one.close();
    const ending = pythonBench({ spares: 0 });
    const begun = ending.python.warm!();
    await ending.close();
    await begun;
  });

  it.skipIf(process.platform === 'win32')('R6 of several processes that want a snapshot at once one makes it, and what a killed one left goes', async () => {
    const cache = join(bench.root, 'cache');
    const told = join(bench.root, 'made');
    const maker = join(bench.root, 'maker.cjs');
    writeFileSync(maker, `#!${process.execPath}\nconst fs = require('node:fs'); fs.appendFileSync(${JSON.stringify(told)}, 'x');\nsetTimeout(() => fs.writeFileSync(JSON.parse(process.argv.at(-1)).make, 'memory'), 200);\n`, { mode: 0o755 });
    mkdirSync(join(cache, 'making-999999999-left'), { recursive: true });
    const { signal } = new AbortController();
    const paths = await Promise.all([1, 2].map(() => ensureSnapshot(maker, cache, '/', { pyodide: '0' }, signal)));
    expect(paths[0]).toMatch(/\.snapshot$/);
    expect(paths[1]).toBe(paths[0]);
    expect([readFileSync(told, 'utf8'), readdirSync(cache).filter((name) => name.startsWith('making'))]).toEqual(['x', []]);
    await expect(ensureSnapshot(maker, cache, '/', { pyodide: '1' }, AbortSignal.abort())).resolves.toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('R6 who has made a snapshot and does not come to its end is not waited for', async () => {
    const cache = join(bench.root, 'cache-of-one-that-stays');
    const maker = join(bench.root, 'maker-that-stays.cjs');
    const told = join(bench.root, 'stays');
    writeFileSync(maker, `#!${process.execPath}\nconst fs = require('node:fs'); fs.writeFileSync(${JSON.stringify(told)}, String(process.pid));\nfs.writeFileSync(JSON.parse(process.argv.at(-1)).make, 'memory'); fs.writeSync(3, Buffer.of(${FRAME.made}, 0, 0, 0, 0)); setInterval(() => {}, 1000);\n`, { mode: 0o755 });
    const path = await ensureSnapshot(maker, cache, '/', { pyodide: '0' }, AbortSignal.timeout(20_000));
    expect(readFileSync(path!, 'utf8')).toBe('memory');
    expect(readdirSync(cache).filter((name) => name.startsWith('making'))).toEqual([]);
    expect(() => process.kill(Number(readFileSync(told, 'utf8')), 0)).toThrow('ESRCH');
  });
});

describe('bodies', () => {
  it('C8 the value is the last expression, else nothing, else what the body binds to its own id', async () => {
    expect(await value('a = 1\na + 1')).toBe(2);
    expect(await value('a = 1')).toBe(null);
    expect(await value('node = "mine"\n5')).toBe('mine');
    expect(await value('if True:\n  (node, b) = (1, 2)\n5')).toBe(1);
    expect(await value('import os as node\n5')).toBe(5);
    expect(await value('for node in range(3): pass\n5')).toBe(5);
    expect(await value('')).toBe(null);
  });

  it('C1 wanted names are stored, other bound ones are told only', async () => {
    const { outputs } = await run('a = [1]\nb = "text"\n_c = 1\na', { wanted: ['a'], binds: ['a', 'b'] });
    expect(read(outputs.a!.ref)).toEqual([1]);
    expect(outputs.b).toEqual({ summary: { type: 'text of 4 characters', preview: 'text' } });
    expect(Object.keys(outputs)).toEqual(['value', 'a', 'b']);
    expect((await run('if False: c = 1', { wanted: ['c'], binds: ['c'] })).warnings).toEqual(['A reader wants “c”, which this run did not define.']);
  });

  it('R4 output is streamed in order', async () => {
    await run('import sys\nprint("a", end="")\nprint("é", file=sys.stderr)\nprint("b")\nsys.stdout.write("c")');
    expect(bench.streamed.join('|')).toBe('stdout:a|stderr:é\n|stdout:b\n|stdout:c');
  });

  it('await is allowed at the top level, and so is asyncio.run', async () => {
    expect(await value('import asyncio\nasync def f(): return 3\nx = await f()\nawait asyncio.sleep(0.01)\nx + 1')).toBe(4);
    expect(await value('import asyncio\nasync def f():\n  await asyncio.sleep(0.01)\n  return 5\nasyncio.run(f())')).toBe(5);
  });

  it('errors name the line in the notebook and show the frames of the notebook only', async () => {
    const failed = await error('def f(x):\n  return 1 / x\n\nf(0)');
    expect(failed.toJSON()).toMatchObject({ code: 'exception', message: 'ZeroDivisionError: division by zero', line: 11, data: { type: 'ZeroDivisionError' } });
    expect(failed.data.traceback).toMatch(/^Traceback[^\n]+\n {2}File "notes.telar.md", line 13, in <module>\n {4}f\(0\)[^]*line 11, in f\n {4}return 1 \/ x[^]*ZeroDivisionError: division by zero\n$/);
    expect(failed.data.traceback).not.toContain('_telar');
    expect((await error('x = 1\nx +')).toJSON()).toMatchObject({ code: 'syntax', line: 11 });
    expect((await error('return 5')).toJSON()).toMatchObject({ code: 'syntax', line: 10 });
    expect((await error('import helpers', { modules: { helpers: 'x = 1\nraise KeyError(3)' } })).toJSON()).toMatchObject({ code: 'exception', line: 10, data: { type: 'KeyError', traceback: expect.stringContaining('File "helpers.py", line 2') } });
  });

  it('R5 asking a person, and the network, are told as what is not there', async () => {
    expect((await error('input("name? ")')).message).toMatch(/^EOFError: EOF when reading a line\. .*input node.*--set/);
    expect((await error('raise EOFError("mine")')).message).toBe('EOFError: mine');
    for (const code of ['import urllib.request\nurllib.request.urlopen("http://example.com")', 'import socket\nsocket.create_connection(("example.com", 80))']) {
      expect(await error(code)).toMatchObject({ code: 'exception', line: 11, message: expect.stringMatching(/isolated=true network=/) });
    }
    expect((await error('raise OSError(2, "other")')).message).not.toContain('network');
  });

  it('R6 a full disk is told as one: here the code says what the child says then', async () => {
    expect(await error('class JsException(Exception): pass\nraise JsException("Error: ENOSPC: no space left on device, write")')).toMatchObject({ code: 'disk-full', message: expect.stringContaining('make room') });
  });

  it('exit, interrupts and deep recursion are failures of the step alone', async () => {
    expect((await error('exit(3)')).message).toMatch(/exit\(3\)|name 'exit'/);
    expect((await error('import sys\nsys.exit(3)')).message).toBe('The code called exit(3); a step ends by itself.');
    expect(await error('raise KeyboardInterrupt')).toMatchObject({ code: 'exception' });
    expect(await error('def f(n): return f(n + 1)\nf(0)')).toMatchObject({ code: 'exception', data: { type: 'RecursionError' } });
    expect(await value('1')).toBe(1);
  });
});

describe('values', () => {
  it('C8 each form reaches Python as its own type', async () => {
    expect(await value('(type(x).__name__, x)[0]', { inputs: { x: input('ü') } })).toBe('str');
    expect(await value('[type(x).__name__, x[0]]', { inputs: { x: input(new Uint8Array([7])) } })).toEqual(['bytes', 7]);
    expect(await value('[type(x).__name__, x.typecode, sum(x)]', { inputs: { x: input(new Float64Array([1.5, 2])) } })).toEqual(['array', 'd', 3.5]);
    expect(await value('[type(y).__name__ for y in x]', { inputs: { x: input([1, 2n ** 70n, null, true, 'a', { a: 1 }]) } })).toEqual(['int', 'int', 'NoneType', 'bool', 'str', 'dict']);
  });

  it('C8 an object that pickles is opaque, one that cannot be found elsewhere is live', async () => {
    const { outputs } = await run('import pathlib\npathlib.PurePosixPath("/a/b")');
    expect(outputs.value!.ref!.form).toBe('opaque');
    expect(await value('x.name', { inputs: { x: { ref: outputs.value!.ref! } } })).toBe('b');
    const forms = async (code: string, around = {}): Promise<unknown> => (await run(code, around)).outputs.value!.ref;
    expect(await forms('def f(): pass\nf')).toMatchObject({ form: 'live', live: { what: 'function', language: 'python' } });
    expect(await forms('class A: pass\nA')).toMatchObject({ form: 'live', live: { what: 'class' } });
    expect(await forms('class A: pass\n[A()]')).toMatchObject({ form: 'live', live: { what: 'object' } });
    expect(await forms('import helpers\nhelpers.A()', { modules: { helpers: 'class A: pass' } })).toMatchObject({ form: 'live' });
    expect(await forms('(x for x in [])')).toMatchObject({ form: 'live', live: { what: 'object' } });
    expect(await forms('import math\nmath')).toMatchObject({ form: 'live' });
  });

  it('C8 a table is a sequence of rows, read by column', async () => {
    const inputs = { t: input(weather) };
    expect(await value('[len(t), t.columns, t["m"].to_list(), t[1]["t"], t[-1].city, [row.t for row in t if row["m"]], t[1:]["t"].to_list(), bool(t)]', { inputs }))
      .toEqual([3, ['m', 't', 'city'], [1, 2, null], 9.5, 'z', [1.5, 9.5], [9.5, 4.5], true]);
    expect(await value('max(t, key=lambda row: row["t"])', { inputs })).toEqual({ m: 2, t: 9.5, city: null });
    expect(await value('dict(t[0]) == t.to_list()[0] == {"m": 1, "t": 1.5, "city": "ü"} and t[0].m == 1', { inputs })).toBe(true);
    expect((await error('t[0].nothing', { inputs })).message).toContain('no column \'nothing\'; it has m, t, city');
  });

  it('C8 untouched columns are handed on by reference, with their exact types', async () => {
    const t = input(weather);
    const { outputs } = await run('t', { inputs: { t } });
    expect(outputs.value!.ref).toEqual('ref' in t && t.ref);
    const picked = (await run('t.select("city", "m").with_column("n", lambda row: len(row.city or ""))', { inputs: { t } })).outputs.value!;
    expect(picked.summary).toMatchObject({ type: 'table 3 × 3', rows: 3, columns: [{ name: 'city', type: 'VARCHAR' }, { name: 'm', type: 'INTEGER' }, { name: 'n', type: 'BIGINT' }] });
    const blobs = (ref: { hash: string }): string[] => (JSON.parse(new TextDecoder().decode(bench.blobs.get(ref.hash)!)) as { columns: { blob: string }[] }).columns.map(({ blob }) => blob);
    expect(blobs(picked.ref!)[0]).toBe(blobs('ref' in t ? t.ref : { hash: '' })[2]);
    expect((await run('t.filter(lambda row: row.m).sort("t", reverse=True)', { inputs: { t } })).outputs.value!.summary.columns).toEqual([{ name: 'm', type: 'INTEGER' }, { name: 't', type: 'DOUBLE' }, { name: 'city', type: 'VARCHAR' }]);
  });

  it('C8 columns of every kind are read exactly, also where Python has no such value', async () => {
    const t = input(new PlainTableView([
      { name: 'd', type: 'DATE', values: [new Tagged('date', '2020-02-29'), null, new Tagged('date', 'infinity')] },
      { name: 'e', type: 'DATE', values: [new Tagged('date', '2020-02-29'), null, new Tagged('date', '1600-01-01')] },
      { name: 's', type: 'TIMESTAMP', values: [new Tagged('timestamp', '2020-01-31T12:34:56.5'), null, new Tagged('timestamp', '1969-12-31T23:59:59')] },
      { name: 'z', type: 'TIMESTAMP WITH TIME ZONE', values: [new Tagged('timestamptz', '2020-01-31T12:00:00+02:00'), null, null] },
      { name: 'n', type: 'TIMESTAMP_NS', values: [new Tagged('timestamp', '2020-01-31T12:34:56.123456789'), null, null] },
      { name: 'b', type: 'BOOLEAN', values: [true, null, false] },
      { name: 'h', type: 'BIGINT', values: [2n ** 60n, null, -1n] },
      { name: 'l', type: 'INTEGER[]', values: [[1, null], null, []] },
    ], 3));
    expect(await value('[repr(column.to_list()) for column in map(t.__getitem__, t.columns)]', { inputs: { t } })).toEqual([
      "[datetime.date(2020, 2, 29), None, Exact('date', 'infinity')]", '[datetime.date(2020, 2, 29), None, datetime.date(1600, 1, 1)]',
      '[datetime.datetime(2020, 1, 31, 12, 34, 56, 500000), None, datetime.datetime(1969, 12, 31, 23, 59, 59)]', '[datetime.datetime(2020, 1, 31, 10, 0, tzinfo=datetime.timezone.utc), None, None]',
      "[Exact('timestamp', '2020-01-31T12:34:56.123456789'), None, None]", '[True, None, False]', '[1152921504606846976, None, -1]', '[[1, None], None, []]',
    ]);
    expect((await run('t[:]', { inputs: { t } })).outputs.value!.ref).toEqual('ref' in t && t.ref); // written anew, and the same to the byte
  });

  it('C8 a table can be made in Python, with types told from its values or stated', async () => {
    const { outputs } = await run('from telar import Table\nimport datetime as d\nTable.from_rows([{"a": 1, "b": 1.0, "c": d.date(2020, 1, 2)}, {"a": None, "b": 2.5, "c": None}], types={"a": "TINYINT"})');
    expect(outputs.value!.summary.columns).toEqual([{ name: 'a', type: 'TINYINT' }, { name: 'b', type: 'DOUBLE' }, { name: 'c', type: 'DATE' }]);
    expect(await value('[type(v).__name__ for v in t[0].values()] + [len(t)]', { inputs: { t: { ref: outputs.value!.ref! } } })).toEqual(['int', 'float', 'date', 2]);
    expect(await error('from telar import Table\nTable.from_columns({"a": ["x"]}, {"a": "INTEGER"})')).toMatchObject({ code: 'value-type', message: expect.stringContaining('“a”') });
    expect((await error('from telar import Table\nTable.from_columns({"a": [1], "b": []})')).message).toContain('one length');
  });

  it('a dotted port is a member of a namespace', async () => {
    const inputs = { 'by.monthly': input([1, 2]), 'by.n': input(5), 'a.b.c': input('deep') };
    expect(await value('[by.monthly, by["n"], a.b.c, sorted(by)]', { inputs })).toEqual([[1, 2], 5, 'deep', ['monthly', 'n']]);
  });

  it('P8 a function comes by running its producer here, once, with its own inputs', async () => {
    const producer = bench.program('print("again")\nimport helpers\ndef f(x): return x * k + helpers.one\nclass A:\n  n = 4', { id: 'fs', line: 3, modules: { helpers: 'one = 1' } });
    const from = (output: string) => ({ producer, inputs: { k: input(10) }, output });
    expect(await value('[f(2), A.n, f.__globals__["A"] is A]', { inputs: { f: from('f'), A: from('A') } })).toEqual([21, 4, true]);
    expect(bench.streamed).toEqual([]);
    expect((await error('f(0, 1)', { inputs: { f: from('f') } })).toJSON()).toMatchObject({ line: 10 });
    expect((await error('1', { inputs: { g: from('g') } })).message).toContain('did not define \'g\'');
    const nested = { producer: bench.program('def g(): return f(1)', { id: 'gs' }), inputs: { f: from('f') }, output: 'g' };
    expect(await value('g()', { inputs: { g: nested } })).toBe(11);
  });

  it('P8 a producer of another folder sees the files of its own, and what it reads is told from where its reader stands', async () => {
    bench.put('part/rate.txt', '10');
    bench.put('rate.txt', '999');
    bench.put('other/keep.txt', '');
    const producer = bench.program('rate = float(open("rate.txt").read())\ndef scale(x): return x * rate', { id: 'scale', folder: 'part' });
    const scale = { producer, inputs: {}, output: 'value' };
    expect(await value('int(scale(2))', { inputs: { scale } })).toBe(20);
    const { reads } = await run('[scale(2), float(open("rate.txt").read())]', { inputs: { scale } });
    expect(reads.filter(({ what }) => what === 'file')).toEqual([{ what: 'file', path: 'part/rate.txt', saw: sha('10') }, { what: 'file', path: 'rate.txt', saw: sha('999') }]);
    const beside = await run('scale(2)', { folder: 'other', inputs: { scale } });
    expect(beside.reads.filter(({ what }) => what === 'file')).toEqual([{ what: 'file', path: '../part/rate.txt', saw: sha('10') }]);
  });

  it('a live value of another language, or without its producer, is refused by name', async () => {
    expect(await error('f', { inputs: { f: { producer: { ...bench.program(''), engine: 'javascript' }, inputs: {}, output: 'f' } } })).toMatchObject({ code: 'value-type', data: { port: 'f' } });
    expect(await error('x', { inputs: { x: { ref: { form: 'record', hash: '0'.repeat(64), bytes: 1 } } } })).toMatchObject({ code: 'value-missing' });
  });

  it('displays lie beside the value', async () => {
    const { displays, outputs } = await run('class A:\n  def _repr_html_(self): return "<b>1</b>"\n  def _repr_png_(self): return b"png"\n  def _repr_mimebundle_(self): return {"text/markdown": "*a*", "text/plain": "a"}\nA()');
    expect(displays!.map(({ mediaType, hash }) => [mediaType, new TextDecoder().decode(bench.blobs.get(hash))])).toEqual([['text/markdown', '*a*'], ['text/html', '<b>1</b>'], ['image/png', 'png']]);
    expect(outputs.value!.ref!.form).toBe('live');
  });
});

describe('R7 the covenant', () => {
  it('R7 an input changed in place is told, and reaches nobody', async () => {
    const inputs = { xs: input([1, { a: [2] }]), ok: input([1]) };
    const { warnings, outputs } = await run('xs[1]["a"].append(3)\nok + [1]\nxs', { inputs });
    expect(warnings).toEqual([expect.stringContaining('“xs” was changed in place')]);
    expect(read(outputs.value!.ref)).toEqual([1, { a: [2, 3] }]);
    expect(await value('xs', { inputs })).toEqual([1, { a: [2] }]);
    expect((await run('x[0] = 9.0', { inputs: { x: input(new Float64Array([1, 2])) } })).warnings).toHaveLength(1);
  });

  it('R7 reading changes nothing', async () => {
    const inputs = { xs: input([3, 1, new Set(['a', 'b'])]), t: input(weather) };
    expect((await run('sorted(xs[:2]), t.to_list(), [*xs[2]]', { inputs })).warnings).toBeUndefined();
  });
});

describe('one step never shows in the next', () => {
  it('R7 names, modules, builtins, environment, folder, /tmp and settings are as new', async () => {
    await run([
      'import builtins, math, os, sys, decimal, json, helpers', 'leak = 1', 'builtins.len = lambda x: 99', 'builtins.evil = 1', 'math.pi = 3', 'json.extra = 1', 'os.environ["A"] = "b"',
      'os.chdir("/tmp")', 'open("/tmp/x", "w").write("1")', 'os.makedirs("/tmp/d/e")', 'sys.path.append("/tmp")', 'decimal.getcontext().prec = 3', 'sys.setrecursionlimit(5000)', 'sys.stdout = None',
    ].join('\n'), { modules: { helpers: 'x = 1' } });
    expect(await value([
      'import builtins, math, os, sys, decimal, json, importlib.util', 'print("seen")',
      '["leak" in globals(), len([1]), hasattr(builtins, "evil"), math.pi > 3.1, hasattr(json, "extra"), "A" in os.environ, os.getcwd(), os.listdir("/tmp"), "/tmp" in sys.path, decimal.getcontext().prec, sys.getrecursionlimit(), importlib.util.find_spec("helpers")]',
    ].join('\n'))).toEqual([false, 1, false, true, false, false, '/notebook', [], false, 28, 1000, null]);
    expect(bench.streamed).toEqual(['stdout:seen\n']);
  });

  it('P9 a helper of the same name but another text is the new one', async () => {
    expect(await value('import helpers\nhelpers.x', { modules: { helpers: 'x = 1' } })).toBe(1);
    expect(await value('import helpers\nhelpers.x', { modules: { helpers: 'x = 2' } })).toBe(2);
    expect(await value('from pack.inner import y\nimport pack\n[y, pack.z]', { modules: { pack: 'z = 1', 'pack.inner': 'from . import z\ny = z + 1' } })).toEqual([2, 1]);
  });

  it('R9 chance is fresh in each step, and the same for a seed', async () => {
    const draw = 'import random\nrandom.random()';
    expect(await value(draw)).not.toBe(await value(draw));
    expect(await value(draw, { seed: 7 })).toBe(await value(draw, { seed: 7 }));
    expect(await value('list({"b", "a", "c"})')).toEqual(await value('list({"b", "a", "c"})'));
  });

  it('a task that the step left behind does not go on', async () => {
    await run('import asyncio\nasync def later():\n  await asyncio.sleep(0.05)\n  print("late")\ntask = asyncio.ensure_future(later())\nawait asyncio.sleep(0)');
    await run('import asyncio\nawait asyncio.sleep(0.1)');
    expect(bench.streamed).toEqual([]);
  });
});

describe('P9 the notebook’s folder', () => {
  it('P9 opens, stats, listings and misses are recorded with what they saw', async () => {
    bench.put('folder/a.txt', 'hello');
    bench.put('folder/sub/b.txt', 'there');
    const { reads } = await run('import os\nopen("a.txt").read(); open("sub/b.txt").read(); os.listdir("."); os.path.exists("no.txt"); os.stat("sub/b.txt"); os.path.isdir("sub")', { folder: 'folder' });
    const told = reads.map(({ what, path, saw }) => `${what} ${path} ${saw}`);
    expect(told).toEqual(expect.arrayContaining([
      `file a.txt ${sha('hello')}`, `file sub/b.txt ${sha('there')}`, `list . ${sha('a.txt\nsub')}`, 'missing no.txt ', 'stat sub/b.txt file:5', 'stat sub folder:0',
    ]));
    expect((await run('1', { folder: 'folder' })).reads).toEqual([]);
  });

  it('P9 an import looks at no file, and an error neither', async () => {
    bench.put('folder/json5.py', '');
    expect((await run('import statistics\ntry:\n  import json5\nexcept ImportError as e:\n  print(e)', { folder: 'folder' })).reads).toEqual([]);
  });

  it('P9 a file changed between two steps is seen anew', async () => {
    bench.put('f.txt', 'one');
    expect(await value('open("f.txt").read()')).toBe('one');
    bench.put('f.txt', 'second');
    expect(await value('open("f.txt").read()')).toBe('second');
  });

  it('P9 the folder is read-only, and the error says where to write', async () => {
    const failed = await error('open("new.txt", "w")');
    expect(failed.message).toMatch(/Permission denied.*read-only.*\/tmp.*`telar show FILE ID -o PATH`/);
    bench.put('old.txt', 'x');
    for (const code of ['open("old.txt", "a")', 'import os; os.remove("old.txt")', 'import os; os.mkdir("d")', 'import os; os.rename("old.txt", "n")', 'import os; os.chmod("old.txt", 0)']) {
      expect(await error(code)).toMatchObject({ code: 'exception', data: { type: 'PermissionError' } });
    }
    expect(await value('open("/tmp/a", "w").write("abc"); open("/tmp/a").read()')).toBe('abc');
  });

  it('S6 hidden folders, and links that leave the workspace, are not there', async () => {
    bench.put('.git/config', 'secret');
    bench.put('.telar/store', 'secret');
    symlinkSync('/etc', join(bench.root, 'out'));
    symlinkSync(join(bench.root, '.git'), join(bench.root, 'git'));
    symlinkSync('/etc/passwd', join(bench.root, 'key'));
    symlinkSync('nowhere', join(bench.root, 'dangling'));
    symlinkSync('old.txt', join(bench.root, 'link.txt'));
    expect(await value('import os\n[os.path.exists("dangling"), os.path.exists(".git"), os.path.exists(".TELAR/store"), [n for n in os.listdir(".") if n[0] == "."], open("link.txt").read()]')).toEqual([false, false, false, [], 'x']);
    for (const [path, type] of [['out/passwd', 'NotADirectoryError'], ['git/config', 'NotADirectoryError'], ['key', 'PermissionError']]) {
      expect(await error(`open(${JSON.stringify(path)}).read()`)).toMatchObject({ data: { type } });
    }
  });

  it('a file read past its end, by seek and by pieces', async () => {
    bench.put('big.bin', 'abc'.repeat(100_000));
    expect(await value('f = open("big.bin", "rb")\nf.seek(-3, 2)\na = f.read(10)\nf.seek(1)\n[a.decode(), f.read(2).decode(), f.tell(), len(f.read()), f.read().decode()]')).toEqual(['abc', 'bc', 3, 299_997, '']);
  });
});
