/** Walls and limits of the Python engine (security 6, R2, R5, R6). Each attack comes with a canary that would show its success.
 * How soon a step is stopped is measured in the benchmarks; here a step that is not stopped fails by the time limit of the test. */
import { createServer } from 'node:net';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonBench } from '../support/python.ts';

const bench = pythonBench();
const { run, value, error } = bench;
afterAll(() => bench.close());

/** Runs the code and gives what it raised, or `reached` and what it got. */
const tried = (code: string): Promise<unknown> => value([
  'def attack():', ...code.split('\n').map((line) => `  ${line}`), '',
  'try:\n  got = attack()\n  said = "reached: " + repr(got)\nexcept BaseException as error:\n  said = type(error).__name__ + ": " + str(error)[:200]\nsaid',
].join('\n'));

/** All JavaScript objects that Python can get hold of without importing: those of frames, of collectable objects, of pyodide's own modules. */
const FIND_PROXIES = [
  'import gc, sys, pyodide.ffi', 'found = [o for o in gc.get_objects() if isinstance(o, pyodide.ffi.JsProxy)]',
  'for m in list(sys.modules.values()):', '  found += [v for v in vars(m).values() if isinstance(v, pyodide.ffi.JsProxy)]',
  'found += [f.f_globals.get("host") for f in sys._current_frames().values() if f.f_globals.get("host")]',
  'import _telar.step; found.append(_telar.step.host)',
].join('\n');

describe('S6 walls', () => {
  it('S6 JavaScript is not importable, and code from strings is refused wherever it is reached', async () => {
    expect(await tried('import js\nreturn js.process')).not.toContain('reached');
    expect(await tried('import pyodide_js\nreturn pyodide_js.constructor')).not.toContain('reached');
    expect(await tried('from pyodide.code import run_js\nreturn run_js("1 + 1")')).not.toContain('reached');
    const escape = `${FIND_PROXIES}\nfor proxy in found:\n  try:\n    return [str(proxy.constructor.constructor("return process")().pid)]\n  except BaseException as e:\n    last = e\nraise last`;
    expect(await tried(escape)).toContain('Code generation from strings disallowed');
  });

  it('S6 files outside the folder cannot be read or written', async () => {
    const canary = join(bench.root, '..', 'canary.txt');
    writeFileSync(canary, 'canary');
    for (const path of ['/etc/passwd', canary, '../canary.txt', '/proc/self/environ']) expect(await tried(`return open(${JSON.stringify(path)}).read()`)).toMatch(/^(FileNotFoundError|PermissionError|OSError)/);
    await tried(`open(${JSON.stringify(join(bench.root, 'made.txt'))}, "w").write("x")`);
    expect(existsSync(join(bench.root, 'made.txt'))).toBe(false);
    expect(await tried('import os\nos.symlink("/etc/passwd", "/tmp/p")\nreturn open("/tmp/p").read()')).not.toContain('reached');
  });

  it('S6 no network, by any road', async () => {
    let knocked = 0;
    const server = createServer((socket) => { knocked += 1; socket.destroy(); });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    for (const code of [
      `import socket\nreturn socket.create_connection(("127.0.0.1", ${port}), 1)`,
      `import urllib.request\nreturn urllib.request.urlopen("http://127.0.0.1:${port}/").read()`,
      `import http.client\nc = http.client.HTTPConnection("127.0.0.1", ${port}, timeout=1)\nc.request("GET", "/")\nreturn c.getresponse().read()`,
    ]) expect(await tried(code)).not.toContain('reached');
    const awaited = await error(`from pyodide.http import pyfetch\nawait (await pyfetch("http://127.0.0.1:${port}/")).text()`);
    expect(awaited.code).toBe('exception');
    expect(knocked).toBe(0);
    await new Promise((done) => server.close(done));
  });

  it('S6 no programs, no environment, no signals to anyone', async () => {
    expect(await tried('import subprocess\nreturn subprocess.run(["true"])')).not.toContain('reached');
    const canary = join(bench.root, 'canary-system');
    await tried(`import os\nreturn os.system("touch ${canary}")`);
    expect(existsSync(canary)).toBe(false);
    process.env.TELAR_CANARY = 'sing';
    expect(await tried('import os\nreturn [dict(os.environ), os.getenv("TELAR_CANARY")]')).not.toContain('sing');
    delete process.env.TELAR_CANARY;
    await tried(`import os\nos.kill(${process.pid}, 9)`); // a signal that arrived would end this very process
    await tried(`import os, signal\nos.killpg(${process.pid}, signal.SIGTERM)`);
    expect(await value('1')).toBe(1);
  });
});

describe('R5 limits', () => {
  it('R5 a loop is stopped at the deadline, and the child lives on', async () => {
    await run('1');
    expect(await error('while True: pass', { time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await error('import time\ntime.sleep(60)', { time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await error('import asyncio\nawait asyncio.sleep(60)', { time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await value('1')).toBe(1);
  });

  it('R2 code that does not listen is killed, and the next step has another child', async () => {
    expect(await error('sum(range(10**12))', { time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await error('while True:\n  try:\n    while True: pass\n  except BaseException: pass', { time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await value('2')).toBe(2);
  });

  it('R2 a cancel stops what runs, and hits nothing after it', async () => {
    for (const code of ['while True: pass', 'sum(range(10**12))', 'import asyncio\nawait asyncio.sleep(60)']) {
      const cancel = new AbortController();
      const running = error(code, { signal: cancel.signal });
      setTimeout(() => cancel.abort(), 200);
      expect(await running).toMatchObject({ code: 'cancelled' });
      expect(await value('3')).toBe(3);
    }
    const before = new AbortController();
    before.abort();
    expect(await error('print("never")', { signal: before.signal })).toMatchObject({ code: 'cancelled' });
    expect(bench.streamed).toEqual([]);
  });

  it('R6 a memory bomb fails its step, not the engine', async () => {
    expect(await error('x = bytearray(2_000_000_000)', { memory: 64e6 })).toMatchObject({ code: 'memory' });
    expect(await error('x = []\nwhile True: x.append(bytes(1_000_000))', { memory: 64e6 })).toMatchObject({ code: 'memory' });
    expect(await error('f = open("/tmp/x", "wb")\nwhile True: f.write(bytes(1_000_000))', { memory: 64e6 })).toMatchObject({ code: expect.stringMatching(/memory|exception/) });
    expect(await value('4')).toBe(4);
  });

  it('R5 too much output is a typed failure', async () => {
    expect(await error('while True: print("x" * 1000)', { output: 100_000 })).toMatchObject({ code: 'output-limit' });
    expect(await error('"x" * 1_000_000', { output: 100_000 })).toMatchObject({ code: 'output-limit' });
    expect(await value('5')).toBe(5);
  });

  it('R6 a data structure too deep for any stack fails its step alone', async () => {
    const failed = await error('x = []\nfor _ in range(100000): x = [x]\nx');
    expect(failed.code).toBe('exception');
    expect(await value('6')).toBe(6);
  });
});
