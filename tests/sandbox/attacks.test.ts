/**
 * T1: attacks on the restricted realms, each with a canary that would show its success. After each the same engine does an honest step,
 * which sees nothing of it; this process, the workspace and its store are as before. What each engine's own tests attack is not repeated.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { childFlags } from '../../runtime/executors/python/engine.node.ts';
import { FrameReader } from '../../runtime/executors/python/frames.node.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { openTable } from '../../runtime/values/table.ts';
import { engine as javascript, run as runJavaScript } from '../support/javascript.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { pythonBench } from '../support/python.ts';

const bench = pythonBench();
const home = join(bench.root, '..');
const secret = join(home, 'secret.txt');
let knocked = 0;
let server: Server;
let port = 0;
beforeAll(async () => {
  writeFileSync(secret, 'canary');
  mkdirSync(join(bench.root, '.telar'));
  writeFileSync(join(bench.root, '.telar/secrets.key'), 'canary');
  writeFileSync(join(bench.root, 'data.csv'), 'a\n1\n');
  process.env.TELAR_CANARY = 'canary';
  server = createServer((socket) => { knocked += 1; socket.destroy(); });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address() as { port: number });
  await bench.run('1');
});
afterAll(async () => {
  delete process.env.TELAR_CANARY;
  await Promise.all([bench.close(), javascript.close(), new Promise((done) => server.close(done))]);
});

/** The workspace and what lies beside it, as they must stay. */
const untouched = (): void => {
  expect(knocked).toBe(0);
  expect([readFileSync(secret, 'utf8'), readdirSync(bench.root).sort(), readdirSync(join(bench.root, '.telar'))]).toEqual(['canary', ['.telar', 'data.csv'], ['secrets.key']]);
};

describe('Python', () => {
  const hard = { time: 120, memory: 64e6, output: 1e6 };
  /** What an honest step sees: all that a hostile one before it could have left. */
  const honest = async (): Promise<void> => {
    expect(await bench.value([
      'import os, sys, json, pathlib, threading, asyncio, gc, signal, math',
      'open("/tmp/mine", "w").write("ok")',
      '[os.listdir("/tmp"), sorted(k for k in os.environ), json.loads("[1]"), pathlib.Path("/tmp/mine").read_text(), len([1, 2]), sorted([2, 1]), math.pi > 3, "left" in globals(), hasattr(sys, "left"), "left" in sys.modules, sys.gettrace() is None, threading.active_count(), len(asyncio.all_tasks(asyncio.get_event_loop())), sys.getrecursionlimit(), gc.isenabled(), hasattr(json.JSONEncoder, "left")]',
    ].join('\n'))).toEqual([['mine'], ['HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR', 'TZ'], [1], 'ok', 2, [1, 2], true, false, false, false, true, 1, 0, 1000, true, false]);
  };
  /** Stopped within a second of its limit. */
  const stopped = async (code: string, around: object = {}): Promise<TelarError> => {
    const from = performance.now();
    const error = await bench.error(code, { ...hard, ...around });
    expect(performance.now() - from).toBeLessThan(hard.time + 1000 + 1500); // a new child may have to start first
    return error;
  };

  /** Tries each in one step, with names of its own: the error that it ended with. What ends the step itself is tried alone. */
  const tried = async (codes: readonly string[]): Promise<readonly (readonly [string, string])[]> => {
    const said = await bench.value(`import json\ndef tried(code):\n  try:\n    exec(compile(code, "x", "exec"), {})\n    return "reached"\n  except BaseException as error:\n    return f"{type(error).__name__}: {error}"\n[tried(code) for code in json.loads(${JSON.stringify(JSON.stringify(codes))})]`, { ...hard, time: 10_000 }) as readonly string[];
    return codes.map((code, i) => [code, said[i]!]);
  };

  it.each([
    ['a loop', 'while True: pass', 'timeout'], ['a loop that catches', 'while True:\n  try:\n    while True: pass\n  except BaseException: pass', 'timeout'], ['a loop in C', 'sum(iter(int, 1))', 'timeout'],
    ['a huge integer', 'x = 10 ** 10 ** 9', 'timeout|memory|exception'], ['shifts', 'x = 1\nwhile True: x <<= x.bit_length()', 'timeout|memory|exception'], ['a backtracking expression', 'import re\nre.match(r"(a+)+$", "a" * 40 + "b")', 'timeout'],
    ['a finaliser', 'class A:\n  def __del__(self):\n    while True: pass\na = A()\ndel a', 'timeout'], ['a decimal', 'import decimal\ndecimal.getcontext().prec = 10**8\ndecimal.Decimal(2).sqrt()', 'timeout|memory|exception'], ['a tower of sorts', 'class A:\n  def __lt__(self, other):\n    while True: pass\nsorted([A(), A()])', 'timeout'],
    ['a representation', 'class A:\n  def __repr__(self):\n    while True: pass\nA()', 'timeout'], ['a task', 'import asyncio\nasync def f():\n  while True: await asyncio.sleep(0)\nawait f()', 'timeout'],
  ])('T1 no end by %s', async (_, code, codes) => {
    expect((await stopped(code)).code).toMatch(new RegExp(`^(?:${codes})$`));
    await honest();
  });

  it.each([
    ['bytes', 'x = bytearray(2**31 - 1)'], ['growing bytes', 'x = b""\nwhile True: x += bytes(4_000_000)'], ['lists', 'x = [0]\nwhile True: x += x'], ['texts', 'x = "ab"\nwhile True: x += x'], ['a map', 'x = {}\ni = 0\nwhile True:\n  x[i] = bytes(1000)\n  i += 1'],
    ['typed arrays', 'import array\nx = array.array("d", [0.0])\nwhile True: x.extend(x)'], ['unpacking', 'import zlib\nd = zlib.decompressobj()\nc = zlib.compress(bytes(50_000_000))\nx = [zlib.decompress(c) for _ in range(50)]'], ['a format', 'x = "%2000000000d" % 1'], ['products', 'import itertools\nx = list(itertools.product(range(1000), repeat=3))'], ['files in /tmp', 'i = 0\nwhile True:\n  open(f"/tmp/{i}", "wb").write(bytes(1_000_000))\n  i += 1'],
  ])('T1 no memory by %s', async (_, code) => {
    const error = await stopped(code, { time: 5000 });
    expect(error.code).toMatch(/^(?:memory|exception)$/);
    if (error.code === 'exception') expect(error.message).toMatch(/MemoryError|No space|OSError|fatal|OverflowError/i);
    await honest();
  }, 20_000);

  it.each([
    ['a function', 'def f(): return f()\nf()'], ['a function without limit', 'import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()'], ['JSON', 'import json\njson.loads("[" * 200_000)'], ['code', 'compile("(" * 100_000, "x", "exec")'], ['nested code', 'eval("+".join(["1"] * 100_000))'],
    ['a representation', 'x = []\nfor _ in range(100_000): x = [x]\nrepr(x)'], ['a comparison', 'x = y = []\nfor _ in range(200_000): x, y = [x], [y]\nx == y'], ['a class', 'class A:\n  def __getattr__(self, name): return getattr(self, name + "x")\nA().x'],
  ])('T1 no depth by %s', async (_, code) => {
    expect((await stopped(code, { time: 5000 })).code).toMatch(/^(?:exception|memory|syntax|lost)$/);
    await honest();
  });

  it('T1 no way out by objects: no JavaScript, no other door, no code', async () => {
    const codes = [
      'import js', 'import pyodide_js\npyodide_js.constructor.constructor("return process")()', 'from pyodide.code import run_js\nrun_js("process")', 'import pyodide_js._module', 'from js import process',
      'import _telar.step as s\ns.host.constructor.constructor("return process")()', 'import _telar.step as s\ns.host.bytes.constructor("return process")()', 'import _telar.step as s\ns.host.constructor.getPrototypeOf(s.host.ask).constructor("return process")()',
      'import _telar.step as s\ns.host.bytes("../../../../../etc/passwd")', 'import _telar.step as s\ns.host.bytes("/etc/passwd")',
      'import _telar.step as s\ns.host.process', 'import _telar.step as s\ns.host.emit = print', 'import ctypes\nassert ctypes.CDLL(None).system(b"touch /notebook/made") == 0',
      'import _posixsubprocess as p\np.fork_exec([b"true"], [b"/bin/true"], True, (), None, None, -1, -1, -1, -1, -1, -1, 1, 2, True, False, 0, None, None, None, -1, None)', 'import os\nos.fork()', 'import os\nos.execv("/bin/sh", ["sh"])', 'import os\nos.posix_spawn("/bin/true", ["true"], {})', 'import multiprocessing\nmultiprocessing.Process(target=print).start()', 'import subprocess\nsubprocess.run(["true"])',
      'import threading\nthreading.Thread(target=print).start()', 'import _thread\n_thread.start_new_thread(print, ())', 'import concurrent.futures as c\nc.ThreadPoolExecutor().submit(print).result()', 'import webbrowser\nassert webbrowser.open("http://127.0.0.1")', `import pty\npty.spawn("sh")`,
    ];
    for (const [code, said] of await tried(codes)) expect([code, said]).toEqual([code, expect.not.stringMatching(/^reached|canary|root:/)]);
    for (const code of ['import ctypes\nctypes.string_at(0x7fffffff, 10**9)', 'import os\nos.fork()', 'import _telar.step as s\ns.host.enter("../..")\nopen("/notebook/secret.txt").read()']) expect([code, (await bench.error(code, { ...hard, time: 5000 })).code]).toEqual([code, expect.stringMatching(/^(?:exception|memory)$/)]);
    await honest();
    untouched();
  });

  it('T1 no files, environment, store or network, by any spelling', async () => {
    const paths = [secret, '../secret.txt', '/notebook/../../secret.txt', '.telar/secrets.key', './.TELAR/secrets.key', '.telar', '/proc/self/environ', '/proc/self/mem', '/proc/1/environ', '/dev/mem', `file://${secret}`, '//etc/passwd', '/etc/passwd'];
    for (const [code, said] of await tried(paths.map((path) => `raise RuntimeError("reached " + str(open(${JSON.stringify(path)}, "rb").read()[:50]))`))) expect([code, said]).toEqual([code, expect.stringMatching(/^(?:FileNotFoundError|PermissionError|OSError|IsADirectoryError): /)]);
    const writes = ['open(".telar/made", "w")', 'open("made", "w")', 'import os\nos.makedirs(".telar/x")', 'import os\nos.rename("data.csv", "made")', 'import os\nos.remove("data.csv")', 'import shutil\nshutil.rmtree("/notebook")', 'import os\nos.symlink("/etc", "made")', 'import os\nos.truncate("data.csv", 0)', 'import os\nos.chmod("data.csv", 0)', 'import os\nos.mknod("made")'];
    const asks = [
      `import urllib.request\nurllib.request.urlopen("http://127.0.0.1:${port}")`, `import urllib.request\nurllib.request.urlopen("file://${secret}").read()`, `import ftplib\nftplib.FTP("127.0.0.1")`, `import smtplib\nsmtplib.SMTP("127.0.0.1", ${port})`, `import xmlrpc.client\nxmlrpc.client.ServerProxy("http://127.0.0.1:${port}").x()`,
      `import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${port}))`, `import _socket\n_socket.socket().connect(("127.0.0.1", ${port}))`, `import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", ${port}))`, `from js import XMLHttpRequest`, `import _telar.step as s\ns.host.ask('{"url": "http://127.0.0.1:${port}/", "method": "GET", "headers": {}}', b"").head.index("status")`, 'import micropip',
    ];
    for (const [code, said] of await tried([...writes, ...asks])) expect([code, said]).toEqual([code, expect.not.stringMatching(/^reached|canary/)]);
    expect((await bench.error(`import asyncio\nawait asyncio.open_connection("127.0.0.1", ${port})`, { ...hard, time: 5000 })).code).toBe('exception');
    await honest();
    untouched();
  });

  it.each([
    ['names', 'import sys, json, builtins\nbuiltins.left = builtins.len = sys.left = json.loads = 1\nsys.modules["left"] = sys'], ['attributes of classes', 'import json, pathlib\njson.JSONEncoder.left = 1\npathlib.Path.read_text = lambda self: "evil"'], ['the environment and files', 'import os\nos.environ["left"] = "1"\nos.environ.pop("TZ")\nos.makedirs("/tmp/left/left")\nopen("/tmp/left/x", "w").write("x")'],
    ['tasks', 'import asyncio\nasync def f():\n  while True: await asyncio.sleep(0.01)\nleft = asyncio.ensure_future(f())\n1'], ['timers', 'import asyncio, sys\nasyncio.get_event_loop().call_later(0.05, lambda: setattr(sys, "left", 1))\n1'], ['exits', 'import atexit, signal\natexit.register(lambda: 1 / 0)\n1'], ['traces', 'import sys, gc\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\ngc.disable()\nsys.setrecursionlimit(50000)\n1'],
    ['hooks', 'import sys\nsys.addaudithook(lambda event, facts: 1 / 0 if event == "compile" else None)\n1'], ['changed functions', 'import statistics, json\ndef evil(*a, **k): return 1\njson.loads.__code__ = evil.__code__\njson.loads.__defaults__ = None\n1'], ['finders', 'import sys\nclass F:\n  @staticmethod\n  def find_spec(name, *a):\n    raise SystemExit\nsys.meta_path.insert(0, F)\nsys.path.insert(0, "/tmp")\n1'],
    ['streams', 'import sys\nsys.stdout.close()\nsys.stderr = None\n1'], ['finalisers', 'import sys\nclass A:\n  def __del__(self): sys.left = 1\nA.a = a = A()\n1'], ['rounding', 'import decimal, locale, random\ndecimal.getcontext().prec = 1\nrandom.random = lambda: 4\n1'], ['an exit', 'raise SystemExit(3)'], ['the runner itself', 'import _telar.step as s, _telar.reset as r\ns.run = r.end = s.give = None\n1'],
  ])('T1 the next step sees no leftovers: %s', async (_, code) => {
    await bench.run(code, { ...hard, time: 5000 }).catch(() => undefined);
    await new Promise((done) => setTimeout(done, 60));
    await honest();
  });

  it('T1 what it prints and returns is bounded, and frames that no honest child sends are no frames', async () => {
    for (const code of ['while True: print("x" * 100_000)', 'import sys\nwhile True: sys.stderr.write("x" * 100_000)', 'bytes(5_000_000)', '["x" * 1000] * 10_000', '{i: i for i in range(1_000_000)}']) expect((await stopped(code, { time: 5000 })).code, code).toMatch(/^(?:output-limit|memory)$/);
    await honest();
    const taken: number[] = [];
    const reader = new FrameReader((kind) => taken.push(kind));
    expect(() => { reader.push(new Uint8Array([3, 255, 255, 255, 255, 1])); }).toThrow(/a frame of 4294967295 bytes/);
    expect(taken).toEqual([]);
  });
});

it('T1 who breaks out into the process around Python finds nothing there: no files, network, programs, signals or code', async () => {
  const out = join(home, 'escaped/out');
  mkdirSync(out, { recursive: true });
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const script = path('escaped.js');
  const facts = { harden: new URL('../../runtime/executors/python/harden.node.ts', import.meta.url).href, outside: secret, out, port, parent: process.pid };
  const flags = childFlags([script, path('../../runtime/executors/python/'), path('../../package.json')], out);
  const got = await new Promise<Record<string, string>>((done, fail) => {
    execFile(process.execPath, [...flags, script, JSON.stringify(facts)], { env: { TZ: 'UTC' } }, (error, stdout) => { if (error === null) done(JSON.parse(stdout) as Record<string, string>); else fail(error); });
  });
  expect(Object.keys(got).length).toBeGreaterThan(40);
  expect(Object.entries(got).filter(([, said]) => !said.startsWith('no: '))).toEqual([]);
  expect([readdirSync(out), existsSync(`${secret}.made`)]).toEqual([[], false]);
  untouched();
});

describe('JavaScript', () => {
  const hard = { time: 120, memory: 32e6, output: 1e6 };
  it.each([
    '[].constructor.constructor("return process")()', '(async () => {}).constructor("return import(\'fs\')")()', 'Reflect.construct(Function, ["return process"])()', 'new Proxy(console.log, {}).constructor("return process")()', 'Object.getPrototypeOf(console.log).constructor("return this.process.env")()', 'await import("node:process")', 'await import("data:text/javascript,export default 1")', 'await import("std")', 'await import("os")', 'new Worker("x")', 'std.getenv("PATH")', 'os.exec(["true"])', 'new XMLHttpRequest()', 'new WebSocket("ws://127.0.0.1")',
    'process.binding("fs")', 'process.getBuiltinModule("fs")', 'setTimeout(() => {}, 0)', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)', '(function f() { return f() })()', '"x".padEnd(2 ** 30)', 'new Array(2 ** 32 - 1).fill(0)', 'new BigInt64Array(2 ** 27)', '2n ** (2n ** 40n)', 'JSON.stringify((() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a })())',
  ])('T1 refused: %s', async (code) => {
    const error = await runJavaScript(code, {}, { ...hard, time: 3000 }).then(() => undefined, (one: TelarError) => one);
    expect(error?.code).toMatch(/^(?:exception|memory|timeout)$/);
    expect((await runJavaScript('[typeof left, [1, 2].map((n) => n + 1)]')).value).toEqual(['undefined', [2, 3]]);
    untouched();
  });

  it('T1 the next body sees no leftovers', async () => {
    await runJavaScript('globalThis.left = 1; Array.prototype.map = () => "evil"; Object.prototype.left = 1; console.log = null; Promise.resolve().then(() => { globalThis.left = 2 }); 1', {}, hard).catch(() => undefined);
    expect((await runJavaScript('[typeof left, [1].map((n) => n + 1), "left" in {}]')).value).toEqual(['undefined', [2], false]);
  });
});

describe('SQL', () => {
  const sql = createNativeSql({ root: bench.root });
  afterAll(() => sql.close());
  const blobs = memoryBlobs();
  const execute = async (code: string, { time = 5000, memory = 32 * 2 ** 20, files = [] as string[] } = {}): Promise<unknown[]> => {
    const { ref } = (await sql.execute({ engine: 'sql', code, file: 'a.telar.md', line: 1, id: 'x', wanted: [], binds: [], modules: {}, folder: '', files }, {}, { blobs, limits: { time, memory, output: 2 ** 20 }, signal: new AbortController().signal, emit: () => undefined })).outputs.value!;
    if (ref!.form !== 'table') return [];
    const table = openTable(ref!, blobs);
    return table.columns.map(({ name }) => [...table.column(name)]);
  };
  const honest = async (): Promise<void> => { expect(await execute("select count(*)::integer as n, (select count(*)::integer from duckdb_tables()) as tables, current_setting('threads')::integer as threads from range(3)")).toEqual([[3], [0], [1]]); };

  it('T1 no files, network, extensions, environment or settings, by any statement', async () => {
    for (const code of [
      `select * from read_text('${secret}')`, `select * from read_blob('/proc/self/environ')`, `select * from '${secret}'`, "select * from glob('/*')", "select * from read_text('.telar/secrets.key')", "select * from read_csv('/etc/passwd')", "select * from parquet_scan('/x.parquet')", "select * from sniff_csv('/etc/passwd')",
      "copy (select 1) to 'made.csv'", `copy (select 1) to '${join(home, 'made')}' (format parquet)`, "explain analyze copy (select 1) to 'made.csv'", "attach 'made.db'", `attach '${secret}' as s`, "export database 'made'", "import database '/x'", 'install httpfs', 'load httpfs', "force install 'httpfs'", "load '/tmp/x.duckdb_extension'",
      `select * from read_csv('http://127.0.0.1:${port}/a.csv')`, `select * from 'http://127.0.0.1:${port}/a.parquet'`, `select * from read_text('s3://bucket/a')`, "select getenv('TELAR_CANARY')", 'set enable_external_access = true', "set allowed_paths = ['/']", "set temp_directory = '/tmp'", "set home_directory = '/'", 'set threads = 64', "set memory_limit = '100GB'", 'reset enable_external_access', 'set lock_configuration = false',
      "set log_query_path = 'made.log'", "create secret (type s3, key_id 'a', secret 'b')", "pragma database_list; copy x from '/etc/passwd'", "create table t(a text); copy t from '/etc/passwd'", "prepare p as copy (select 1) to 'made'; execute p", "call pragma_version(); attach ':memory:' as m", "select * from duckdb_secrets(); load json; select * from read_json('/etc/passwd')",
      "select * from query('select * from read_text(''/etc/passwd'')')", "select * from query_table('/etc/passwd')", "create macro m() as table from read_text('/etc/passwd'); from m()", "create view v as from read_text('/etc/passwd'); from v",
    ]) {
      const said = await execute(code).then((got) => JSON.stringify(got), (error: TelarError) => error.code);
      expect([code, said]).toEqual([code, expect.stringMatching(/^(?:refused|exception|syntax|missing-file|bad-file|unavailable)$/)]);
    }
    await execute("pragma enable_profiling; select 1").catch(() => undefined);
    await execute(`pragma enable_profiling; pragma profiling_output = '${join(bench.root, 'made')}'; select 1`).catch(() => undefined);
    await honest();
    untouched();
  });

  it('T1 no end and no memory: stopped, and the next step works', async () => {
    for (const [code, time] of [
      ['select count(*) from range(1000000000) a, range(1000000000) b', 150], ['with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t', 150], ["select regexp_matches(repeat('a', 30) || 'b', '^(a|aa)+$'), sum(sqrt(i)) from range(100000000000) r(i)", 150],
      ["select list(i) from range(1000000000) r(i)", 1500], ["select repeat('x', 2000000000)", 1500], ["select string_agg(repeat('x', 1000000), '') from range(100000)", 1500], ["select * from range(100000000)", 1500], [`select ${'('.repeat(200_000)}1${')'.repeat(200_000)}`.slice(0, 300_000), 1500],
    ] as const) {
      const from = performance.now();
      const said = await execute(code, { time }).then(() => 'done', (error: TelarError) => error.code);
      expect([code, said]).toEqual([code, expect.stringMatching(/^(?:timeout|memory|output-limit|exception|syntax|lost)$/)]);
      expect(performance.now() - from).toBeLessThan(time + 1000);
      await honest();
    }
    untouched();
  }, 40_000);
});
