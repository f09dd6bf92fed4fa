/** W17 the Jupyter engine on a real ipykernel: values, files, chance, limits, death. Kernels that are broken or hostile: `jupyter-hostile.test.ts`. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { findKernel } from '../../runtime/executors/jupyter/kernelspecs.node.ts';
import { isolationAvailable } from '../../runtime/sandbox/isolate.node.ts';
import { PlainTableView } from '../../runtime/values/table.ts';
import { jupyterBench, lacksKernel } from '../support/jupyter.ts';
import { valuesCrossing } from '../suites/values-crossing.ts';

const bench = jupyterBench();
const { run, value, error, input, read, engine } = bench;
afterAll(() => bench.close());
beforeEach(() => { bench.streamed.length = 0; });
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const skipped = lacksKernel === undefined ? '' : ` (skipped: ${lacksKernel})`;
const pid = (): Promise<number> => value('import os\nos.getpid()') as Promise<number>;
const program = ((): string | undefined => {
  const spec = findKernel('python3');
  return typeof spec === 'string' ? undefined : spec.argv[0];
})();
const has = (module: string): boolean => program !== undefined && spawnSync(program, ['-c', `import ${module}`]).status === 0;
const weather = new PlainTableView([
  { name: 'm', type: 'INTEGER', values: [1, 2, null] }, { name: 't', type: 'DOUBLE', values: [1.5, 9.5, 4.5] }, { name: 'city', type: 'VARCHAR', values: ['ü', null, 'z'] },
], 3);

describe.skipIf(lacksKernel !== undefined)(`W17 bodies in a kernel${skipped}`, () => {
  it('W17 the identity is told without starting anything, and is the same after', async () => {
    const fresh = jupyterBench();
    const before = fresh.engine.identity({ settings: { kernel: 'python3' } });
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(before).toMatchObject({ engine: 'jupyter', kernel: 'python3', spec: hash, bridge: hash, interpreter: hash, packages: hash });
    await run('1');
    expect(engine.identity({ settings: { kernel: 'python3' } })).toEqual(before);
    expect(engine.identity({ settings: { kernel: 'other' } })).not.toEqual(before);
    expect(engine.memory!()).toBeGreaterThan(10e6);
    await fresh.close();
  });

  it('W17 the value is the last expression, else nothing, else what the body binds to its own id', async () => {
    expect([await value('a = 1\na + 1'), await value('a = 1'), await value('node = "mine"\n5'), await value('')]).toEqual([2, null, 'mine', null]);
    const { outputs } = await run('a = [1]\nb = "text"\na', { wanted: ['a'], binds: ['a', 'b'] });
    expect(read(outputs.a!.ref)).toEqual([1]);
    expect(outputs.b).toEqual({ summary: { type: 'text of 4 characters', preview: 'text' } });
    expect(await value('import asyncio\nasync def f():\n  await asyncio.sleep(0.01)\n  return 5\nx = await f()\nx + 1')).toBe(6);
    expect(await value('import asyncio\nasync def f(): return 5\nasyncio.run(f())')).toBe(5);
  });

  it('W17 output is streamed in order, also what a child process writes', async () => {
    await run('import sys\nprint("a", end="")\nprint("é", file=sys.stderr)\nprint("b")\nsys.stdout.write("c")');
    expect(bench.streamed.join('|')).toBe('stdout:a|stderr:é\n|stdout:b\nc');
    bench.streamed.length = 0;
    await run('import subprocess, time\nsubprocess.run(["echo", "child"])\ntime.sleep(0.1)');
    expect(bench.streamed.join('')).toContain('child\n');
  });

  it('W17 errors name the line in the notebook and show its frames only', async () => {
    const failed = await error('def f(x):\n  return 1 / x\n\nf(0)');
    expect(failed.toJSON()).toMatchObject({ code: 'exception', message: 'ZeroDivisionError: division by zero', line: 11, data: { type: 'ZeroDivisionError' } });
    expect(failed.data.traceback).toMatch(/^Traceback[^\n]+\n {2}File "notes.telar.md", line 13, in <module>\n {4}f\(0\)[^]*line 11, in f\n {4}return 1 \/ x/);
    expect(failed.data.traceback).not.toContain('_telar');
    expect((await error('x = 1\nx +')).toJSON()).toMatchObject({ code: 'syntax', line: 11 });
    expect((await error('import helpers', { modules: { helpers: 'x = 1\nraise KeyError(3)' } })).toJSON()).toMatchObject({ line: 10, data: { traceback: expect.stringContaining('File "helpers.py", line 2') } });
    expect((await error('import no_such_module')).message).toMatch(/^ModuleNotFoundError: No module named 'no_such_module'\. Install it for this kernel \(`\S+ -m pip install NAME`\)/);
    expect((await error('input("name? ")')).message).toMatch(/^EOFError: .*input node.*--set/);
    for (const code of ['input()', 'open("x", "w")']) expect((await error(code)).data.traceback).not.toContain('_telar');
    expect((await error('import sys\nsys.exit(3)')).message).toBe('The code called exit(3); a step ends by itself.');
  });

  it('W17 a table comes in by column and goes out as it came', async () => {
    const inputs = { t: input(weather) };
    expect(await value('[len(t), t.columns, t["m"].to_list(), t[1]["t"], t[-1].city, [row.t for row in t if row["m"]]]', { inputs })).toEqual([3, ['m', 't', 'city'], [1, 2, null], 9.5, 'z', [1.5, 9.5]]);
    expect((await run('t', { inputs })).outputs.value!.ref).toMatchObject({ form: 'table', hash: 'ref' in inputs.t ? inputs.t.ref.hash : '' });
    const { outputs } = await run('t.with_column("twice", lambda row: row.t * 2)', { inputs });
    expect(outputs.value!.summary).toMatchObject({ type: 'table 3 × 4' });
    expect((await run('t["city"].to_list().append(1)\nt', { inputs })).warnings).toBeUndefined();
  });

  it.skipIf(!has('pandas'))(`W17 pandas reads and gives tables, NumPy gives arrays${has('pandas') ? '' : ' (skipped: pandas is not installed for the kernel)'}`, async () => {
    const draw = (): Promise<unknown> => value('import numpy\n[numpy.random.random(), int(numpy.random.default_rng(3).integers(100))]', { seed: 7 });
    const first = await draw(); // the step that imports NumPy is seeded too
    const inputs = { t: input(weather) };
    const { outputs } = await run('df = t.to_pandas()\ndf["twice"] = df["t"] * 2\ndf.sort_values("t", ascending=False)', { inputs });
    expect(outputs.value!.ref!.form).toBe('table');
    expect((read(outputs.value!.ref) as PlainTableView).column('twice')).toEqual([19, 9, 3]);
    expect((await run('import pandas\npandas.DataFrame({"a": [1]})')).displays!.map(({ mediaType }) => mediaType)).toContain('text/html');
    const dated = await run('import pandas\npandas.DataFrame({"d": pandas.to_datetime(["2020-01-01", None]), "n": pandas.to_datetime(["2020-01-01 00:00:00.123456789", None]), "s": ["a", None], "i": pandas.array([1, None], dtype="Int64"), "f": pandas.array([1.5, 2], dtype="float32")})');
    const { columns } = read(dated.outputs.value!.ref) as PlainTableView;
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(['d TIMESTAMP', 'n TIMESTAMP_NS', 's VARCHAR', 'i BIGINT', 'f FLOAT']);
    expect(String((read(dated.outputs.value!.ref) as PlainTableView).column('n')[0])).toBe('2020-01-01T00:00:00.123456789');
    const array = await run('import numpy\nnumpy.array([1.5, 2.5])');
    expect(array.outputs.value!.ref!.form).toBe('array');
    expect(await value('int(sum(x))', { inputs: { x: { ref: array.outputs.value!.ref! } } })).toBe(4);
    expect(await draw()).toEqual(first);
    const world = { entropy: 5 };
    const unseeded = 'import numpy\nfloat(numpy.random.default_rng().random())';
    expect(await value(unseeded, { world })).toBe(await value(unseeded, { world }));
  });

  it('W17 live values run their producer here; displays lie beside the value', async () => {
    const producer = bench.program('k = 3\nprint("quiet")\ndef scale(x): return x * k', { id: 'scale' });
    expect(await value('scale(2)', { inputs: { scale: { producer, inputs: {}, output: 'scale' } } })).toBe(6);
    expect(bench.streamed).toEqual([]);
    expect(await value('scale(2)', { inputs: { scale: { producer: { ...producer, engine: 'python', settings: {} }, inputs: {}, output: 'scale' } } })).toBe(6);
    expect(await error('f', { inputs: { f: { producer: { ...producer, settings: { kernel: 'other' } }, inputs: {}, output: 'scale' } } })).toMatchObject({ code: 'value-type', data: { port: 'f' } });
    const { displays } = await run('from IPython.display import display, HTML\ndisplay(HTML("<i>x</i>"))\ndisplay({"image/png": "AQID"}, raw=True)\nclass A:\n  def _repr_html_(self): return "<b>1</b>"\nA()');
    expect(displays!.map(({ mediaType, hash }) => [mediaType, Buffer.from(bench.blobs.get(hash)!).toString('latin1')])).toEqual([['text/html', '<i>x</i>'], ['image/png', '\x01\x02\x03'], ['text/html', '<b>1</b>']]);
  });

  it('W17 an input changed in place is told, and reaches nobody', async () => {
    const inputs = { xs: input([1, { a: [2] }]) };
    expect((await run('xs[1]["a"].append(3)\nxs', { inputs })).warnings).toEqual([expect.stringContaining('“xs” was changed in place')]);
    expect(await value('xs', { inputs })).toEqual([1, { a: [2] }]);
  });
});

if (lacksKernel === undefined) valuesCrossing({ python: () => engine });

describe.skipIf(lacksKernel !== undefined)(`W17 one kernel, one step after another${skipped}`, () => {
  it('W17 the kernel stays warm, and nothing of a step shows in the next', async () => {
    const first = await pid();
    await run(['import builtins, math, os, sys, decimal, json, helpers', 'leak = 1', 'builtins.evil = 1', 'math.pi = 3', 'json.extra = 1', 'os.environ["A"] = "b"',
      'os.chdir("/")', 'sys.path.append("/x")', 'decimal.getcontext().prec = 3', 'import netrc', 'netrc.netrc = 1', 'sys.stdout = None'].join('\n'), { modules: { helpers: 'x = 1' } });
    expect(await value(['import builtins, math, os, sys, decimal, json, importlib.util', 'print("seen")',
      '["leak" in globals(), hasattr(builtins, "evil"), math.pi > 3.1, hasattr(json, "extra"), "A" in os.environ, os.path.basename(os.getcwd()), "/x" in sys.path, decimal.getcontext().prec, importlib.util.find_spec("helpers"), __import__("netrc").netrc != 1]'].join('\n')))
      .toEqual([false, false, true, false, false, 'root', false, 28, null, true]);
    expect(bench.streamed).toEqual(['stdout:seen\n']);
    expect(await pid()).toBe(first);
    expect(await value('import helpers\nhelpers.x', { modules: { helpers: 'x = 2' } })).toBe(2);
    for (const name of ['util', 'headers', 'headers']) expect(await value(`import wsgiref.${name}\nwsgiref.${name}.__name__`)).toBe(`wsgiref.${name}`);
  });

  it('W17 a step that leaves a thread or a process behind ends the kernel', async () => {
    const first = await pid();
    await run('import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()');
    const second = await pid();
    expect(second).not.toBe(first);
    expect(await error('import subprocess, time\nprint(subprocess.Popen(["sleep", "60"]).pid, flush=True)\ntime.sleep(60)', { time: 200 })).toMatchObject({ code: 'timeout' });
    const left = Number(bench.streamed.join('').slice('stdout:'.length));
    expect(left).toBeGreaterThan(1);
    expect(await pid()).not.toBe(second);
    await expect.poll(() => existsSync(`/proc/${left}/cmdline`) && readFileSync(`/proc/${left}/cmdline`, 'latin1').includes('sleep')).toBe(false);
  });

  it('W17 chance is fresh in each step, and the same for a seed; the world of verify is shown and ends', async () => {
    const draw = 'import random\nrandom.random()';
    expect(await value(draw)).not.toBe(await value(draw));
    expect(await value(draw, { seed: 7 })).toBe(await value(draw, { seed: 7 }));
    const world = { clock: 1_000_000_000_500, entropy: 5, seed: 1 };
    const look = 'import time, datetime, os, uuid, secrets, random, asyncio\nawait asyncio.sleep(0.02)\n'
      + '[time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp(), datetime.datetime.utcnow().isoformat(), datetime.date.today().isoformat(), time.strftime("%Y"), time.monotonic(), os.urandom(4).hex(), str(uuid.uuid4()), secrets.token_hex(3), random.random(), random.Random().random()]';
    const seen = await value(look, { world }) as unknown[];
    expect(seen.slice(0, 6).map(String)).toEqual(['1000000000.5', '1000000000.5', '2001-09-09T01:46:40.500000', '2001-09-09', '2001', '0']);
    expect(await value(look, { world })).toEqual(seen);
    const [shifted] = await value(look, { world: { clockShift: 86_400_000 } }) as number[];
    expect(Math.abs(shifted! - Date.now() / 1000 - 86_400)).toBeLessThan(30);
    const real = await value(look) as unknown[];
    expect(Math.abs(Number(real[0]) - Date.now() / 1000)).toBeLessThan(30);
    real.slice(5).forEach((each, at) => expect(each).not.toEqual(seen[at + 5]));
  });
});

describe.skipIf(lacksKernel !== undefined)(`P9 the notebook’s folder, as a kernel sees it${skipped}`, () => {
  it('P9 opens, stats, listings and misses are recorded with what they saw', async () => {
    bench.put('folder/a.txt', 'hello');
    bench.put('folder/sub/b.txt', 'there');
    const { reads } = await run('import os, pathlib\nopen("a.txt").read(); pathlib.Path("sub/b.txt").read_text(); os.listdir("."); os.path.exists("no.txt"); os.stat("sub/b.txt"); os.path.isdir("sub")\ntry: open("none.txt")\nexcept OSError: pass', { folder: 'folder' });
    expect(reads.map(({ what, path, saw }) => `${what} ${path} ${saw}`)).toEqual(expect.arrayContaining([
      `file a.txt ${sha('hello')}`, `file sub/b.txt ${sha('there')}`, `list . ${sha('a.txt\nsub')}`, 'missing no.txt ', 'missing none.txt ', 'stat sub/b.txt file:5', 'stat sub folder:0',
    ]));
    expect((await run('import statistics, json\n1', { folder: 'folder' })).reads).toEqual([]);
    const producer = bench.program('rate = open("a.txt").read()\ndef f(): return rate', { id: 'p', folder: 'folder' });
    expect((await run('f()', { folder: 'other', inputs: { f: { producer, inputs: {}, output: 'f' } } }).catch((failed: Error) => failed.message))).toMatch(/No such file/);
    bench.put('other/x', '');
    expect((await run('f()', { folder: 'other', inputs: { f: { producer, inputs: {}, output: 'f' } } })).reads).toEqual([{ what: 'file', path: '../folder/a.txt', saw: sha('hello') }]);
  });

  it('P9 the folder is read-only to what CPython tells of, `.telar` and `.git` are closed, reads outside are warned of', async () => {
    bench.put('old.txt', 'x');
    bench.put('.git/config', 'secret');
    for (const code of ['open("new.txt", "w")', 'open("old.txt", "a")', 'import os; os.remove("old.txt")', 'import os; os.mkdir("d")', 'import os; os.rename("old.txt", "n")', 'open(".git/config")']) {
      expect(await error(code)).toMatchObject({ code: 'exception', data: { type: 'PermissionError' }, message: expect.stringContaining('tempfile.gettempdir()') });
    }
    expect(await value('import tempfile, os\nwith tempfile.NamedTemporaryFile("w+") as f:\n  f.write("abc"); f.flush()\n  x = open(f.name).read()\nx')).toBe('abc');
    symlinkSync(join(bench.home, 'outside.txt'), join(bench.root, 'link.txt'));
    bench.put('../outside.txt', 'far');
    const { warnings, reads } = await run('open("link.txt").read()');
    expect([warnings, reads]).toEqual([[expect.stringContaining('outside the workspace')], []]);
  });

  it('P9 a step that looks at more than can be recorded fails, since nobody would notice a change', async () => {
    expect(await error('import os\nfor i in range(20_001): os.path.exists(f"none-{i}")')).toMatchObject({ code: 'refused', message: expect.stringMatching(/more than 20,000 files.*`data`/) });
    expect((await run('import os\nfor i in range(20_001): os.path.exists("none")\n1')).reads).toHaveLength(1);
  });
});

describe.skipIf(lacksKernel !== undefined)(`W17 limits, interrupt and death${skipped}`, () => {
  it('R2 a loop and a sleep are interrupted within a second, and the kernel lives', async () => {
    const first = await pid();
    for (const code of ['import time\nwhile True: time.sleep(0.1)', 'while True: pass']) {
      const from = performance.now();
      expect(await error(code, { time: 150 })).toMatchObject({ code: 'timeout' });
      expect(performance.now() - from).toBeLessThan(1_150);
    }
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect(await error('import time\ntime.sleep(60)', { signal: controller.signal })).toMatchObject({ code: 'cancelled' });
    expect(await pid()).toBe(first);
  });

  it('R2 code that takes no notice is killed, with what it started', async () => {
    const from = performance.now();
    expect(await error('import time\nwhile True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: pass', { time: 150 })).toMatchObject({ code: 'timeout' });
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await value('1')).toBe(1);
  });

  it('R5 memory and output have limits', async () => {
    expect(await error('x = b"x" * (10 ** 11)')).toMatchObject({ code: 'memory' });
    expect(await error('x = [b"x" * 1_000_000]\nwhile True: x.append(bytes(bytearray(b"y" * 5_000_000)))', { memory: 100e6 })).toMatchObject({ code: 'memory' });
    expect(await error('while True: print("x" * 1000)', { output: 100_000 })).toMatchObject({ code: 'output-limit' });
    expect(await error('"x" * 200_000', { output: 100_000 })).toMatchObject({ code: 'output-limit' });
    expect(await value('1')).toBe(1);
  });

  it('W17 a kernel killed in a step is lost, and the next step has another', async () => {
    const first = await pid();
    const inputs = { t: input(weather) };
    expect(await error('t["city"].to_list()\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)', { inputs })).toMatchObject({ code: 'lost', message: expect.stringContaining('SIGKILL') });
    expect(await value('t["city"].to_list()', { inputs })).toEqual(['ü', null, 'z']);
    const second = await pid();
    expect(second).not.toBe(first);
    process.kill(second, 'SIGKILL');
    expect(await value('1')).toBe(1);
  });

  it('W17 a kernel that stands still is lost by its heartbeat', async () => {
    const still = jupyterBench({ patience: { heartbeat: 400 } });
    expect(await still.error('import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)')).toMatchObject({ code: 'lost', message: expect.stringContaining('heartbeat') });
    await still.close();
  });

  it('W17 over TCP too; closing leaves no process and no file', async () => {
    const tcp = jupyterBench({ transport: 'tcp' });
    const kernel = await tcp.value('import os\nos.getpid()') as number;
    await tcp.engine.close();
    expect(() => process.kill(kernel, 0)).toThrow('ESRCH');
    expect(readdirSync(join(tcp.home, 'scratch'))).toEqual([]);
    expect(await tcp.error('1')).toMatchObject({ code: 'unavailable' });
    await tcp.close();
  });

  it.skipIf(!isolationAvailable().ok)('T2 an isolated kernel has its packages and the notebook’s folder, and neither network nor home', async () => {
    bench.put('a.txt', 'hello');
    const isolation = { network: [], files: [], programs: [] };
    const seen = await value('import os, socket, json\ntry: socket.create_connection(("127.0.0.1", 9), 1); net = "on"\nexcept OSError as e: net = "off"\nhome = os.path.expanduser("~")\n[open("a.txt").read(), net, len(os.listdir(home)) > 1 if os.path.exists(home) else False, os.path.exists("/usr/bin/env")]', { isolation });
    expect(seen).toEqual(['hello', 'off', false, false]);
    expect(await value('import zmq\nzmq.zmq_version_info()[0]', { isolation })).toBeGreaterThan(3); // in C, and installed
    const from = performance.now();
    expect(await error('import time\ntime.sleep(60)', { isolation, time: 150 })).toMatchObject({ code: 'timeout' });
    expect(performance.now() - from).toBeLessThan(1_500);
  });
});
