/** T2: behind a real wall. What is tried first is tried by a plain Node, as somebody who has broken out of every engine would. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { childWall } from '../../runtime/executors/python/engine.node.ts';
import type { Isolation } from '../../runtime/workers/isolation.ts';
import type { Wall } from '../../runtime/sandbox/profile.ts';
import { walled } from '../../runtime/sandbox/isolate.node.ts';
import { jupyterBench, lacksKernel } from '../support/jupyter.ts';
import { pythonBench } from '../support/python.ts';
import { describeWalled, noWall } from '../support/walls.ts';

const home = noWall === undefined ? realpathSync(mkdtempSync(join(tmpdir(), 'telar-wall-'))) : '';
afterAll(() => { if (home !== '') rmSync(home, { recursive: true, force: true }); });
const place = (name: string, text: string): string => {
  const path = join(home, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

describeWalled('a program behind the wall', () => {
  const secret = place('secret.txt', 'canary');
  place('work/shown.txt', 'shown');
  place('work/.telar/secrets.key', 'canary');
  place('out/.keep', '');
  const wall: Wall = { reads: [realpathSync(process.execPath), join(home, 'work')], hides: [join(home, 'work/.telar')], writes: [join(home, 'out')], cwd: join(home, 'out'), environment: { TZ: 'UTC' } };
  const tried = (code: string, around = wall): Promise<string> => new Promise((resolve) => {
    const [program, ...args] = walled([process.execPath, '-e', `const fs = require('fs'); Promise.resolve().then(async () => { ${code} }).then((it) => console.log('got ' + it), (error) => console.log('no ' + (error.code ?? error.message)))`], around);
    execFile(program!, args, { env: { ...process.env, TELAR_CANARY: 'sing' }, timeout: 20_000 }, (_error, stdout, stderr) => { resolve(`${stdout}${stderr}`.trim()); });
  });

  it('T2 reads what is shown and writes where it may', async () => {
    expect(await tried(`fs.writeFileSync('made.txt', 'x'); return fs.readFileSync(${JSON.stringify(join(home, 'work/shown.txt'))}, 'utf8')`)).toBe('got shown');
    expect(existsSync(join(home, 'out/made.txt'))).toBe(true);
  });

  it('T2 sees no other files, no environment, no other processes, and has no rights', async () => {
    expect(await tried(`return fs.readFileSync(${JSON.stringify(secret)}, 'utf8')`)).toBe('no ENOENT');
    expect(await tried(`return fs.readdirSync(${JSON.stringify(join(home, 'work/.telar'))})`)).toBe('got');
    expect(await tried("return fs.readFileSync('/etc/passwd', 'utf8')")).toBe('no ENOENT');
    expect(await tried(`fs.writeFileSync(${JSON.stringify(join(home, 'work/made.txt'))}, 'x')`)).toBe('no EROFS');
    expect(await tried("fs.writeFileSync('/usr/lib/telar-canary', 'x')")).toBe('no EROFS');
    expect(await tried("return [process.env.TELAR_CANARY, process.env.PATH, fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length <= 3, /CapEff:\\t0+\\n/.test(fs.readFileSync('/proc/self/status', 'utf8'))]")).toBe('got ,,true,true');
    expect(await tried(`process.kill(${process.pid}, 0)`)).toBe('no ESRCH');
  });

  it('T2 has no network: not the loopback of the machine, no names, no sockets of its folders beyond', async () => {
    let knocked = 0;
    const server = createServer((socket) => { knocked += 1; socket.destroy(); });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const unix = createServer(() => { knocked += 1; });
    await new Promise<void>((done) => unix.listen(join(home, 'socket'), done));
    const { port } = server.address() as { port: number };
    const connect = (to: string): string => `return await new Promise((done, fail) => require('net').connect(${to}).on('connect', () => done('connected')).on('error', fail))`;
    try {
      expect(await tried(connect(`${port}, '127.0.0.1'`))).toBe('no ECONNREFUSED');
      expect(await tried(connect(JSON.stringify(join(home, 'socket'))))).toBe('no ENOENT');
      expect(await tried(connect("53, '192.0.2.1'"))).toBe('no ENETUNREACH');
      expect(await tried("return await require('dns/promises').lookup('example.org')")).toMatch(/^no E(?:AI_AGAIN|NOTFOUND)$/);
      expect(knocked).toBe(0);
    } finally {
      await new Promise((done) => server.close(done));
      await new Promise((done) => unix.close(done));
    }
  });

  it('T2 who breaks out of an isolated child writes to its results alone: not to its inputs, which may be second names of stored values, nor beside them', async () => {
    place('child/in/hash', 'stored');
    place('child/out/.keep', '');
    const options = { root: join(home, 'work'), in: join(home, 'child/in'), out: join(home, 'child/out') };
    const around = childWall(options, [realpathSync(process.execPath), options.root, options.in], {});
    const without = { ...around, environment: {} }; // no channel: nobody is at its other end
    for (const path of [join(options.in, 'hash'), join(options.in, 'new'), join(options.root, 'shown.txt')]) expect(await tried(`fs.writeFileSync(${JSON.stringify(path)}, 'x')`, without), path).toMatch(/^no E(?:ROFS|ACCES|NOENT)$/);
    expect(await tried("fs.writeFileSync('made', 'x')", without)).toBe('got undefined');
    expect(readFileSync(join(options.in, 'hash'), 'utf8')).toBe('stored');
  });

  it('T2 cannot outlive its parent, whatever it starts', async () => {
    const beat = join(home, 'out/beat');
    const looper = `require('child_process').spawn(process.execPath, ['-e', "setInterval(() => require('fs').appendFileSync('beat', 'x'), 10)"], { detached: true, stdio: 'ignore' }).unref(); for (;;);`;
    const [program, ...args] = walled([process.execPath, '-e', looper], wall);
    const child = execFile(program!, args);
    const ended = new Promise((done) => child.once('exit', done));
    try {
      await expect.poll(() => existsSync(beat), { timeout: 10_000 }).toBe(true);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    const size = async (): Promise<number> => { await new Promise((done) => setTimeout(done, 100)); return statSync(beat).size; };
    await size();
    expect(await size()).toBe(await size());
  });
});

describeWalled('an isolated Python step', () => {
  const bench = pythonBench();
  afterAll(() => bench.close());
  const none: Isolation = { network: [], files: [], programs: [] };
  const granted = place('data/rain.csv', 'day,mm\n1,2\n');
  place('data/beside.csv', 'canary');
  place('tree/a/one.txt', 'one');
  place('tree/b/two.txt', 'two');

  it('T2 gives the same as the restricted one', async () => {
    bench.put('note.txt', 'hila el alba');
    const code = 'import json, math, random\nopen("/tmp/x", "w").write("y")\n{"sum": sum(xs), "text": open("note.txt").read(), "tmp": open("/tmp/x").read(), "pi": math.pi, "chance": random.random()}';
    const around = { inputs: { xs: bench.input([1, 2, 3]) }, seed: 7 };
    const [restricted, isolated] = [await bench.run(code, around), await bench.run(code, { ...around, isolation: none })];
    expect(isolated.outputs.value!.ref!.hash).toBe(restricted.outputs.value!.ref!.hash);
    expect(isolated.reads).toEqual(restricted.reads);
    expect((await bench.run('xs', { inputs: { xs: bench.input('a'.repeat(300_000)) }, isolation: none })).outputs.value!.ref!.bytes).toBe(300_000);
  });

  it('T2 what was granted can be read where it lies, and nothing beside it', async () => {
    const isolation = { ...none, files: [granted, join(home, 'tree')] };
    expect(await bench.value(`import os\n[open(${JSON.stringify(granted)}).read(), os.listdir(${JSON.stringify(join(home, 'data'))}), sorted(os.listdir(${JSON.stringify(join(home, 'tree'))})), open(${JSON.stringify(join(home, 'tree/b/two.txt'))}).read()]`, { isolation }))
      .toEqual(['day,mm\n1,2\n', ['rain.csv'], ['a', 'b'], 'two']);
    for (const path of [join(home, 'data/beside.csv'), join(home, 'secret.txt'), `${home}/tree/../secret.txt`, '/etc/hostname']) {
      expect(await bench.error(`open(${JSON.stringify(path)}).read()`, { isolation })).toMatchObject({ code: 'exception', data: { type: 'FileNotFoundError' } });
    }
    expect(await bench.error(`open(${JSON.stringify(granted)}, "a").write("x")`, { isolation })).toMatchObject({ code: 'exception' });
    expect(await bench.error(`open(${JSON.stringify(granted)}).read()`, { isolation: none })).toMatchObject({ data: { type: 'FileNotFoundError' } });
    expect(await bench.error(`open(${JSON.stringify(granted)}).read()`)).toMatchObject({ data: { type: 'FileNotFoundError' } });
  });

  it('T2 a link that was granted is named by where it leads, and what is not there is told', async () => {
    symlinkSync(join(home, 'secret.txt'), join(home, 'link.txt'));
    expect(await bench.error('1', { isolation: { ...none, files: [join(home, 'link.txt')] } })).toMatchObject({ code: 'refused', message: expect.stringContaining('secret.txt') });
    expect(await bench.error('1', { isolation: { ...none, files: [join(home, 'gone.txt')] } })).toMatchObject({ code: 'missing-file' });
    symlinkSync(join(home, 'secret.txt'), join(home, 'tree/a/out.txt'));
    expect((await bench.error(`open(${JSON.stringify(join(home, 'tree/a/out.txt'))}).read()`, { isolation: { ...none, files: [join(home, 'tree')] } })).message).not.toContain('canary');
  });

  it('T2 its limits hold: time, cancel, memory, and the next step works', async () => {
    expect(await bench.error('while True: pass', { time: 300, isolation: none })).toMatchObject({ code: 'timeout' });
    expect(await bench.error('sum(range(10**12))', { time: 300, isolation: none })).toMatchObject({ code: 'timeout' });
    const cancel = new AbortController();
    setTimeout(() => { cancel.abort(); }, 200);
    expect(await bench.error('sum(range(10**12))', { signal: cancel.signal, isolation: none })).toMatchObject({ code: 'cancelled' });
    expect(await bench.error('x = []\nwhile True: x.append(bytes(1_000_000))', { memory: 64e6, isolation: none })).toMatchObject({ code: 'memory' });
    expect(await bench.value('2', { isolation: none })).toBe(2);
  });

  it('T2 at the end nothing is left of it', async () => {
    const folder = join(bench.root, '../scratch');
    expect(readdirSync(folder).length).toBeGreaterThan(0);
    await bench.python.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describeWalled('an isolated kernel', () => {
  const bench = jupyterBench();
  afterAll(() => bench.close());
  const none: Isolation = { network: [], files: [], programs: [] };

  it('T2 it sees its folder and what was granted: no other files, environment, processes, store or programs', async () => {
    bench.put('a.csv', 'a\n1\n');
    bench.put('.telar/secrets.key', 'canary');
    const granted = place('kernel/rain.csv', 'rain');
    place('kernel/beside.csv', 'canary');
    process.env.TELAR_CANARY = 'canary';
    try {
      const seen = await bench.value([
        'import os, glob, subprocess', 'def tried(work):', '  try: return work()', '  except BaseException as error: return type(error).__name__', '',
        `[open("a.csv").read(), tried(lambda: open(${JSON.stringify(granted)}).read()), tried(lambda: open(${JSON.stringify(join(home, 'kernel/beside.csv'))}).read()), tried(lambda: open(${JSON.stringify(join(home, 'secret.txt'))}).read()), tried(lambda: open(".telar/secrets.key").read()), "TELAR_CANARY" in os.environ,`,
        ` len([name for name in os.listdir("/proc") if name.isdigit()]) < 5, tried(lambda: os.kill(${process.pid}, 0)), tried(lambda: open("a.csv", "w")), tried(lambda: open("/etc/passwd").read()), tried(lambda: os.mkdir("/usr/lib/telar-canary"))]`,
      ].join('\n'), { isolation: { ...none, files: [granted] } });
      const no = expect.stringMatching(/^(?:FileNotFoundError|PermissionError|OSError)$/) as unknown;
      expect(seen).toEqual(['a\n1\n', 'rain', no, no, no, false, true, 'ProcessLookupError', no, no, no]);
    } finally {
      delete process.env.TELAR_CANARY;
    }
  });

  it('T2 a link in the workspace shows nothing else than itself: neither as a file nor as a program', async () => {
    const secret = place('ssh/id', 'canary');
    symlinkSync(join(home, 'ssh'), join(bench.root, 'tools'));
    symlinkSync(secret, join(bench.root, 'tool'));
    for (const grant of [{ files: [join(bench.root, 'tools')] }, { files: [join(bench.root, 'tool')] }, { programs: [join(bench.root, 'tools')] }, { programs: [join(bench.root, 'tool')] }]) {
      expect(await bench.value(`open(${JSON.stringify(secret)}).read()`, { isolation: { ...none, ...grant } }).catch((error: TelarError) => error.code)).toBe('refused');
    }
    expect(await bench.value('1', { isolation: { ...none, programs: ['telar-no-such'] } }).catch((error: TelarError) => error.code)).toBe('missing-file');
  });

  it('T2 a program can be started when it was granted, and what a kernel starts does not outlive it', async () => {
    const program = '/usr/bin/env';
    const code = `import subprocess\ntry:\n  said = subprocess.run([${JSON.stringify(program)}, "-i", "A=1", ${JSON.stringify(program)}], capture_output=True, text=True).stdout\nexcept OSError as error:\n  said = type(error).__name__\nsaid`;
    expect(await bench.value(code, { isolation: { ...none, programs: [program] } })).toBe('A=1\n');
    expect(await bench.value('import os\nos.fork() == 0 and os.setsid() or 1', { isolation: none }).catch((error: TelarError) => error.code)).toBeDefined();
    await bench.engine.close();
    await expect.poll(() => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => { try { return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(bench.home); } catch { return false; } }), { timeout: 5000 }).toEqual([]);
  });
}, noWall ?? lacksKernel);
