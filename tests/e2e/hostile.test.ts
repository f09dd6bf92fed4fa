/**
 * Hostile notebooks. Looking at one runs, spawns and fetches nothing (D8): every process of the command is started with a
 * canary that sings at any spawn, connection or look-up of a name, and the same canary is shown to sing when a notebook is
 * run. Running one stays inside (security 4, 6, 7): secrets outside and in the environment never reach the store or the
 * screen, nothing is written outside, nobody calls home.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, yaml, type Place, type RunEnd } from '../support/cli.ts';

const CANARY = `import { syncBuiltinESMExports } from 'node:module';
import { appendFileSync } from 'node:fs';
import child from 'node:child_process';
import net from 'node:net';
import dns from 'node:dns';
import dgram from 'node:dgram';
import workers from 'node:worker_threads';
const sing = (what) => { appendFileSync(process.env.CANARY_LOG, what + '\\n'); };
for (const [module, names] of [[child, ['spawn', 'spawnSync', 'fork', 'exec', 'execSync', 'execFile', 'execFileSync']], [net, ['connect', 'createConnection']], [dns, ['lookup']], [dgram, ['createSocket']]]) {
  for (const name of names) { const real = module[name]; module[name] = (...given) => { sing(name); return real(...given); }; }
}
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) { sing('socket'); return connect.apply(this, given); };
const { fetch } = globalThis;
globalThis.fetch = (...given) => { sing('fetch'); return fetch(...given); };
const { Worker } = workers;
workers.Worker = class extends Worker { constructor(...given) { super(...given); sing('worker'); } };
syncBuiltinESMExports();
`;

/** Marks that must be found nowhere. Put together, so that this text does not hold them. */
const FILE_SECRET = ['outer', 'treasure', '5d1f'].join('-');
const ENV_SECRET = ['inner', 'voice', '9a7c'].join('-');

let place: Place;
let home: Server;
let port: number;
let calls = 0;
const outside = (name: string): string => place.path(`outside/${name}`);

beforeAll(async () => {
  place = createPlace({});
  home = createServer((socket) => { calls += 1; socket.destroy(); });
  await new Promise<void>((resolve) => { home.listen(0, '127.0.0.1', resolve); });
  port = (home.address() as { port: number }).port;
  place.write('outside/secret.csv', `a\n${FILE_SECRET}\n`);
  place.write('outside/secret.txt', FILE_SECRET);
  place.write('outside/helpers.py', `token = "${FILE_SECRET}"\n`);
  place.write('outside/other.telar.md', `---\ntelar: 1\noutputs: [stolen]\n---\n${py('stolen', `"${FILE_SECRET}"`)}`);
  place.write('canary.mjs', CANARY);
  mkdirSync(place.path('work/.telar'), { recursive: true });
  mkdirSync(place.path('work/.git'), { recursive: true });
  writeFileSync(place.path('work/.git/config'), FILE_SECRET);
  symlinkSync(outside('secret.csv'), place.path('work/link.csv'));
  symlinkSync(outside('helpers.py'), place.path('work/helpers.py'));
  symlinkSync(outside('other.telar.md'), place.path('work/linked.telar.md'));
  symlinkSync(outside(''), place.path('work/folder'));
});
afterAll(() => { home.close(); place.remove(); });

/** What the canary sang while a command ran. */
async function songs(args: readonly string[]): Promise<{ readonly sung: readonly string[]; readonly code: number | null }> {
  const log = place.path('canary.log');
  rmSync(log, { force: true });
  const { code } = await place.telar(args, { env: { NODE_OPTIONS: `--import ${pathToFileURL(place.path('canary.mjs')).href}`, CANARY_LOG: log, TELAR_TOKEN: ENV_SECRET } });
  return { code, sung: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [] };
}

describe('D8 looking runs nothing', () => {
  const look = (): string => `---
telar: 1
title: !!js/function "function () { require('fs').writeFileSync('${outside('yaml')}', '') }"
---
<script>fetch("http://127.0.0.1:${port}/script")</script> ![pixel](http://127.0.0.1:${port}/pixel.png)

${py('writes', `open("${outside('py')}", "w").write("x")\nimport urllib.request\nurllib.request.urlopen("http://127.0.0.1:${port}/")`)}${js('calls', `fetch("http://127.0.0.1:${port}/")`)}${sql('copies', `copy (select 1) to '${outside('sql')}'`)}${sql('far', `from 'http://127.0.0.1:${port}/x.csv'`)}${yaml('near', 'data', `file: http://127.0.0.1:${port}/x.csv`)}${yaml('used', 'graph', `use: http://127.0.0.1:${port}/x.telar.md`)}${fence('vega-lite', '#drawn', `{"mark": "bar", "data": {"url": "http://127.0.0.1:${port}/d.json"}, "params": [{"name": "p", "expr": "constructor.constructor('return process')()"}]}`)}${fence('text', '#said .text', '{{#with (lookup writes "constructor")}}{{this}}{{/with}} {{calls.constructor.constructor}}')}${yaml('claims', 'check', `- that: __import__("os").system("touch ${outside('check')}")`)}${py('imports', 'import helpers\nhelpers.token')}`;

  test('D8 the canary sings when a notebook is run', async () => {
    place.write('work/sings.telar.md', js('one', '1'));
    const { sung, code } = await songs(['run', 'work/sings.telar.md']);
    expect(code).toBe(0);
    expect(sung).not.toEqual([]);
  });

  test.each<readonly string[]>([
    ['plan', 'FILE', '--json'], ['check', 'FILE', '--json'], ['graph', 'FILE', '--format', 'json'], ['graph', 'FILE', '--format', 'mermaid'], ['graph', 'FILE', '--format', 'dot'],
    ['why', 'FILE', 'writes', '--json'], ['show', 'FILE', 'writes'], ['runs', 'FILE', '--json'], ['fmt', 'FILE', '--check'],
  ])('D8 telar %s %s %s', async (...args) => {
    place.write('work/look.telar.md', look());
    const { sung, code } = await songs(args.map((word) => (word === 'FILE' ? 'work/look.telar.md' : word)));
    expect(sung).toEqual([]);
    expect(code).not.toBeNull();
    expect(readdirSync(outside('')).sort()).toEqual(['helpers.py', 'other.telar.md', 'secret.csv', 'secret.txt']);
    expect(calls).toBe(0);
  });
});

/** Python that tells what an attempt gave, or which error it met. */
const attempt = (id: string, code: string): string => py(id, `try:\n${code.split('\n').map((line) => `    ${line}`).join('\n')}\nexcept BaseException as error:\n    got = "refused: " + type(error).__name__\nstr(got)`, 'timeout=10s');
const tries = (id: string, code: string): string => js(id, `let got;\ntry { got = await (async () => { ${code} })(); } catch (error) { got = 'refused: ' + error.name; }\nString(got)`, 'timeout=10s');

/** A node that says what some others came to, a line each: one look instead of one for each. */
const tells = (ids: readonly string[]): string => fence('text', '#told .text', ids.map((id) => `${id}: {{ ${id} }}`).join('\n'));
/** Its lines, by id. */
async function toldBy(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await place.telar(['show', 'work/main.telar.md', 'told']);
  return new Map(stdout.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Whether a mark stands in any file that the workspace keeps. */
function kept(mark: string): string[] {
  return readdirSync(place.path('work/.telar'), { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
    .filter((path) => readFileSync(path).includes(mark));
}

async function runHostile(text: string): Promise<RunEnd> {
  place.write('work/main.telar.md', `${text}${py('well', '1')}`);
  const end = await place.run('work/main.telar.md', [], { env: { TELAR_TOKEN: ENV_SECRET }, patience: 90_000 });
  expect(end.nodes.well?.state).toBe('fresh');
  for (const mark of [FILE_SECRET, ENV_SECRET, ['root', 'x', '0'].join(':')]) {
    expect([mark, kept(mark)]).toEqual([mark, []]);
    expect([mark, (end.stdout + end.stderr).includes(mark)]).toEqual([mark, false]);
  }
  expect(readdirSync(outside('')).sort()).toEqual(['helpers.py', 'other.telar.md', 'secret.csv', 'secret.txt']);
  expect(calls).toBe(0);
  return end;
}

describe('security 4, 6, 7: running stays inside', () => {
  const REFUSED = ['passwd', 'secret', 'up', 'link', 'folder', 'git', 'db', 'writes', 'popen', 'js', 'constructor', 'run_js', 'url', 'socket'];
  test('Python reaches no file outside, no network, no environment, no process, no JavaScript of the host', async () => {
    const end = await runHostile([
      attempt('passwd', 'got = open("/etc/passwd").read()'), attempt('secret', `got = open("${outside('secret.txt')}").read()`), attempt('up', 'got = open("../outside/secret.txt").read()'),
      attempt('link', 'got = open("link.csv").read()'), attempt('folder', 'got = open("folder/secret.txt").read()'), attempt('git', 'got = open(".git/config").read()'),
      attempt('db', 'got = len(open(".telar/telar.db", "rb").read())'), attempt('writes', `got = open("${outside('py')}", "w").write("x")`), attempt('in_folder', 'got = open("made.txt", "w").write("x")'),
      attempt('environ', 'import os\ngot = dict(os.environ)'), attempt('system', 'import os\ngot = os.system("true")'), attempt('popen', 'import subprocess\ngot = subprocess.run(["true"])'),
      attempt('js', 'import js\ngot = js.process.env.TELAR_TOKEN'), attempt('js_names', 'import js\ngot = [js.eval, js.fetch, js.globalThis]'),
      attempt('constructor', 'import pyodide_js\ngot = pyodide_js.constructor.constructor("return process.env.TELAR_TOKEN")()'),
      attempt('run_js', 'from pyodide.code import run_js\ngot = run_js("process.env.TELAR_TOKEN")'), attempt('to_js', 'from pyodide.ffi import to_js\ngot = to_js([]).constructor.constructor("return process")().env'),
      attempt('url', `import urllib.request\ngot = urllib.request.urlopen("http://127.0.0.1:${port}/").read()`), attempt('pyodide_url', `from pyodide.http import open_url\ngot = open_url("http://127.0.0.1:${port}/").read()`),
      attempt('socket', `import socket\ngot = socket.create_connection(("127.0.0.1", ${port}), 2)`), attempt('ctypes', 'import ctypes\ngot = ctypes.CDLL(None).getpid()'),
      attempt('mount', 'import pyodide_js\ngot = pyodide_js.FS.mount(pyodide_js.FS.filesystems.NODEFS, {"root": "/"}, "/mnt")'),
      attempt('loads', 'import pickle\nclass E:\n    def __reduce__(self):\n        import os\n        return (os.getcwd, ())\ngot = pickle.loads(pickle.dumps(E()))'),
      py('helped', 'import helpers\nhelpers.token'), py('exits', 'import sys\nsys.exit(3)'), py('kills', 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)'), tells(REFUSED),
    ].join(''));
    const told = await toldBy();
    for (const id of REFUSED) expect([id, told.get(id)]).toEqual([id, expect.stringContaining('refused')]);
    expect(end.nodes.helped?.state).toBe('failed');
    expect(end.nodes.exits?.state).toBe('failed');
    expect(existsSync(place.path('work/made.txt'))).toBe(false);
  });

  test('JavaScript has no host, no modules, no network', async () => {
    const tried = ['process', 'require', 'dynamic', 'fetches', 'constructor', 'deep'];
    const end = await runHostile([
      tries('process', 'return globalThis.process.env.TELAR_TOKEN;'), tries('require', 'return globalThis.require("fs").readFileSync("/etc/passwd", "utf8");'), tries('dynamic', 'return (await import("node:fs")).readFileSync("/etc/passwd", "utf8");'),
      tries('fetches', `return await globalThis.fetch("http://127.0.0.1:${port}/");`), tries('constructor', 'return [].constructor.constructor("return globalThis.process.env")();'), tries('deep', 'return (async () => {}).constructor("return process")();'),
      tries('proto', 'Object.prototype.polluted = "yes"; Array.prototype.map = () => ["no"]; JSON.stringify = () => "1"; return "done";'), js('clean', '[({}).polluted === undefined, [1].map((x) => x)[0], JSON.stringify([2])]'),
      js('shape', '({ ["__proto__"]: { polluted: 1 }, constructor: { prototype: { polluted: 2 } } })'), py('reads_shape', 'sorted(shape)'), js('again', '[({}).polluted === undefined, [...shape.keys()]]'), js('std', 'typeof std + typeof os + typeof globalThis.scriptArgs'), tells(tried),
    ].join(''));
    const told = await toldBy();
    for (const id of tried) expect([id, told.get(id)]).toEqual([id, expect.stringMatching(/refused|undefined/)]);
    expect(end.nodes.clean?.state).toBe('fresh');
    expect(JSON.parse((await place.telar(['show', 'work/main.telar.md', 'clean', '--format', 'json'])).stdout)).toEqual([true, 1, '[2]']);
    expect(JSON.parse((await place.telar(['show', 'work/main.telar.md', 'again', '--format', 'json'])).stdout)).toEqual([true, ['__proto__', 'constructor']]);
  });

  test('SQL writes nothing, attaches nothing, reads only what the notebook may', async () => {
    const bodies: Record<string, string> = {
      copies: `copy (select 1) to '${outside('sql')}'`, copies_near: "copy (select 1) to 'made.csv'", attaches: `attach '${outside('x.db')}' as x`, attaches_store: "attach '.telar/telar.db' as x",
      passwd: "select * from read_text('/etc/passwd')", secret: `select * from read_csv('${outside('secret.csv')}')`, up: "from '../outside/secret.csv'", link: "from 'link.csv'", through: "from 'folder/secret.csv'",
      blob: "select * from read_blob('.git/config')", globs: "select * from glob('/etc/*')", built: "select * from read_text('/etc/' || 'passwd')", web: `from 'http://127.0.0.1:${port}/x.csv'`,
      installs: 'install httpfs', loads: "load 'httpfs'", sets: 'set enable_external_access = true', pragma: "pragma enable_profiling = 'json'", home: "set home_directory = '/tmp'", env: "select getenv('TELAR_TOKEN')", exports: `export database '${outside('db')}'`,
      macro: "create macro f(p) as table select * from read_text(p); from f('/etc/passwd')", prepared: "prepare q as select * from read_text($1); execute q('/etc/passwd')", by_name: "select * from query('select * from read_text(''/etc/passwd'')')", sniff: `from sniff_csv('${outside('secret.csv')}')`,
    };
    const end = await runHostile(Object.entries(bodies).map(([id, body]) => sql(id, body, 'timeout=10s')).join(''));
    for (const id of Object.keys(bodies)) {
      expect([id, end.nodes[id]?.state]).toEqual([id, 'failed']);
      expect([id, end.nodes[id]?.error?.code]).not.toEqual([id, 'timeout']);
      expect([id, end.nodes[id]?.error?.code]).not.toEqual([id, 'internal']);
    }
    expect(existsSync(place.path('work/made.csv'))).toBe(false);
  });

  test('data, notebooks, helpers and templates do not leave the workspace, by path or by link', async () => {
    const end = await runHostile([
      yaml('passwd', 'data', 'file: /etc/passwd\nformat: text'), yaml('up', 'data', 'file: ../outside/secret.csv'), yaml('link', 'data', 'file: link.csv'), yaml('through', 'data', 'file: folder/secret.csv'), yaml('globbed', 'data', 'file: folder/*.csv'),
      yaml('store', 'data', 'file: .telar/telar.db\nformat: bytes'), yaml('git', 'data', 'file: .git/config\nformat: text'), yaml('url', 'data', `file: http://127.0.0.1:${port}/a.csv`),
      yaml('used', 'graph', 'use: ../outside/other.telar.md'), yaml('used_link', 'graph', 'use: linked.telar.md'), yaml('used_far', 'graph', `use: ${outside('other.telar.md')}`),
      py('record', '{"a": 1}'), fence('text', '#said .text', '{{record.constructor}}{{record.__proto__}}{{record.constructor.constructor}}{{#with record}}{{constructor}}{{../record.toString}}{{/with}}.'),
      py('words', '[{"w": "a" * 40 + "!"}] * 200'), yaml('bomb', 'check', '- table: words\n  columns: {w: {matches: "^(a+)+$"}}', 'timeout=10s'),
    ].join(''));
    for (const id of ['passwd', 'up', 'link', 'through', 'globbed', 'store', 'git', 'url', 'used', 'used_link', 'used_far']) expect([id, end.nodes[id]?.state]).toEqual([id, 'failed']);
    expect(end.nodes.bomb?.error?.code).toBe('check-red');
    expect((await place.telar(['show', 'work/main.telar.md', 'said'])).stdout.trim()).toBe('.');
  });
});

describe('names and shapes', () => {
  test('G5 `constructor` is an id and an output like any other; `__proto__` is refused; `--set __proto__=1` is bad usage', async () => {
    const own = createPlace({
      'main.telar.md': `${yaml('constructor', 'input', 'type: integer\ndefault: 5')}${py('prototype', 'constructor + 1')}${js('names', 'const hasOwnProperty = 3;\nconst toString = 4;\nconstructor + 1')}${js('reads', 'toString + hasOwnProperty')}${fence('text', '#said .text', '{{constructor}} {{prototype}}')}${sql('queried', 'select {{ constructor }} as a')}${py('helped', 'import constructor as c\nc.x')}${py('__proto__', '1')}${fence('python', '#keyed __proto__=3', '1')}`,
      'constructor.py': 'x = 11\n',
    });
    const end = await own.run();
    expect(end.code).toBe(2);
    expect(end.unwell).toEqual({ ['__proto__']: 'bad-id', keyed: 'unknown-key' });
    expect((await own.telar(['show', 'main.telar.md', 'said'])).stdout.trim()).toBe('5 6');
    expect((await own.telar(['show', 'main.telar.md', 'helped', '--format', 'json'])).stdout.trim()).toBe('11');
    expect((await own.run('main.telar.md', ['--set', 'constructor=7'])).ran).toContain('constructor');
    expect(await own.run('main.telar.md', ['--set', '__proto__=7'])).toMatchObject({ code: 2, status: 'usage' });
    own.remove();
  });

  test('D4 nesting without end, in every language and in Markdown, is told quickly and hurts no other node', async () => {
    const deep = (open: string, close: string, n: number): string => `${open.repeat(n)}1${close.repeat(n)}`;
    const own = createPlace({
      'main.telar.md': `---\ntelar: 1\ntitle: ${'['.repeat(20_000)}\n---\n${yaml('a', 'check', '['.repeat(20_000))}${yaml('b', 'data', '{a: '.repeat(20_000))}${yaml('c', 'input', `default: ${deep('[', ']', 20_000)}`)}${fence('vega-lite', '#d', '['.repeat(100_000))}${py('e', deep('(', ')', 20_000))}${js('f', deep('(', ')', 50_000))}${sql('g', `select ${deep('(', ')', 50_000)}`)}${fence('text', '#h .text', '{{#if a}}'.repeat(20_000))}${yaml('i', 'input', `default:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefghij'.split('').map((name, at) => `  ${name}: &${name} [${Array(10).fill(`*${'abcdefghi'[at]}`).join(', ')}]\n`).join('')}`)}${py('well', '1')}${'> '.repeat(50_000)}x\n\n${'- '.repeat(20_000)}x\n`,
    });
    const end = await own.run('main.telar.md', [], { patience: 30_000 });
    expect(end.code).toBe(2);
    expect(end.unwell).toEqual(Object.fromEntries('abcdefghi'.split('').map((id) => [id, 'syntax'])));
    expect(end.ms).toBeLessThan(15_000);
    expect(end.stdout.length).toBeLessThan(200_000);
    own.remove();
  });
});
