/** W17 kernels that are missing, broken, silent, old or hostile: each is one typed error, and nothing stays behind. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { LARGEST, Session } from '../../runtime/executors/jupyter/message.node.ts';
import { dataFolders, findKernel, kernelAsk, listKernels } from '../../runtime/executors/jupyter/kernelspecs.node.ts';
import { kernelCommand } from '../../runtime/executors/jupyter/launch.node.ts';
import { interpreterOf } from '../../runtime/executors/jupyter/interpreter.node.ts';
import { makeHome, removeHome } from '../../runtime/executors/jupyter/home.node.ts';
import { jupyterBench, lacksKernel } from '../support/jupyter.ts';

const here = dirname(fileURLToPath(import.meta.url));
const FAKE = join(here, '../support/fake-kernel-child.ts');
const specs = realpathSync(mkdtempSync(join(tmpdir(), 'telar-specs-')));
const prefix = join(specs, 'env');
const data = join(prefix, 'share', 'jupyter');
const put = (name: string, spec: unknown, base = data): void => {
  mkdirSync(join(base, 'kernels', name), { recursive: true });
  writeFileSync(join(base, 'kernels', name, 'kernel.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
};
const good = { argv: [process.execPath, FAKE, 'silent', '{connection_file}'], language: 'python', display_name: 'Silent' };
const fake = (mode: string): void => put(mode, { ...good, argv: [process.execPath, '--no-warnings', FAKE, mode, '{connection_file}'] });
const bench = jupyterBench({ folders: [data], patience: { start: 15_000, grace: 200 } });
const hasty = jupyterBench({ folders: [data], patience: { start: 400, grace: 200 } });
afterAll(async () => {
  await bench.close();
  await hasty.close();
  rmSync(specs, { recursive: true, force: true });
});
/** Kernels that do not get ready; all are waited for at once. */
const LATE: Readonly<Record<string, object>> = {
  silent: { code: 'unavailable', message: expect.stringContaining('did not answer within 0.4 s') as string },
  huge: { code: 'unavailable' },
  mute: { code: 'unavailable', message: expect.stringMatching(/does nothing|did not answer/) as string },
};
const fails = (mode: string): Promise<unknown> => {
  fake(mode);
  return (mode in LATE ? hasty : bench).error('1', { settings: { kernel: mode } });
};
const nothingLeft = (): void => { for (const { home } of [bench, hasty]) expect(readdirSync(join(home, 'scratch'))).toEqual([]); };

describe('W17 kernel specs', () => {
  it('W17 what is wrong with a spec is told, and a missing one names those that are there', async () => {
    put('good', good);
    for (const [name, spec, why] of [
      ['no-json', '{', 'no JSON'], ['list', [], 'no object'], ['no-argv', { ...good, argv: 'python' }, '“argv”'], ['no-file', { ...good, argv: [process.execPath] }, '{connection_file}'],
      ['no-language', { ...good, language: undefined }, '“language”'], ['bad-mode', { ...good, interrupt_mode: 'shout' }, '“interrupt_mode”'], ['bad-env', { ...good, env: { A: 1 } }, '“env”'],
      ['gone', { ...good, argv: ['/no/such/program', '{connection_file}'] }, '/no/such/program is not there'], ['relative', { ...good, argv: ['bin/python', '{connection_file}'] }, 'bin/python is not there'],
    ] as const) {
      put(name, spec);
      expect(findKernel(name, [data])).toContain(why);
      expect(await bench.error('1', { settings: { kernel: name } })).toMatchObject({ code: 'unavailable', message: expect.stringContaining(why), data: { lacks: `kernel ${name}` } });
      expect(kernelAsk(name, [data])).toBeUndefined();
    }
    expect(await bench.error('1', { settings: { kernel: 'nobody' } })).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/no Jupyter kernel “nobody” here; there are .*good.*ipykernel install/) });
    expect(findKernel('../good', [data])).toContain('no name of a kernel');
    expect(listKernels([data]).map(({ name, problem }) => `${name}${problem === undefined ? '' : ' !'}`)).toEqual(['bad-env !', 'bad-mode !', 'gone !', 'good', 'list !', 'no-argv !', 'no-file !', 'no-json !', 'no-language !', 'relative !']);
    expect(bench.engine.identity({ settings: { kernel: 'nobody' } })).toMatchObject({ spec: 'missing' });
  });

  it('W17 folders come in Jupyter’s order, the first spec wins, names fold case', () => {
    const first = join(specs, 'first');
    put('Good', { ...good, display_name: 'First' }, first);
    expect(findKernel('good', [first, data])).toMatchObject({ name: 'Good', displayName: 'First' });
    expect(listKernels([first, data]).filter(({ name }) => name.toLowerCase() === 'good')).toHaveLength(1);
    expect(dataFolders({ JUPYTER_PATH: '/a:/b', VIRTUAL_ENV: '/v' }, 'linux', '/h')).toEqual(['/a', '/b', '/h/.local/share/jupyter', '/v/share/jupyter', '/usr/local/share/jupyter', '/usr/share/jupyter']);
    expect(dataFolders({}, 'darwin', '/h')[0]).toBe('/h/Library/Jupyter');
    expect(dataFolders({ APPDATA: '/r', PROGRAMDATA: '/p' }, 'win32', '/h')).toEqual([join('/r', 'jupyter'), join('/p', 'jupyter')]);
  });

  it('W17 a bare python is that of the environment of the spec; its packages are in the key, its place is not', () => {
    const python = join(prefix, 'bin', 'python3');
    mkdirSync(join(prefix, 'lib', 'python3.11', 'site-packages', 'pandas-2.0.0.dist-info'), { recursive: true });
    mkdirSync(dirname(python), { recursive: true });
    writeFileSync(python, '#!/bin/sh\n');
    chmodSync(python, 0o755);
    put('bare', { ...good, argv: ['python3', '-m', 'x', '{connection_file}'] });
    expect(kernelAsk('bare', [data])).toEqual({ argv: [python, '-m', 'x', '{connection_file}'], hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const before = interpreterOf(python);
    expect(interpreterOf(python)).toBe(before);
    mkdirSync(join(prefix, 'lib', 'python3.11', 'site-packages', 'numpy-2.0.0.dist-info'));
    expect(interpreterOf(python)).toMatchObject({ program: before.program, packages: expect.not.stringMatching(before.packages) });
    const { packages } = interpreterOf(python);
    mkdirSync(join(prefix, 'lib64', 'python3.11', 'site-packages', 'scipy-1.0.0.dist-info'), { recursive: true });
    const more = interpreterOf(python);
    expect(more.packages).not.toBe(packages);
    writeFileSync(join(prefix, 'pyvenv.cfg'), 'home = /nowhere/bin\nversion = 3.11.2\n');
    expect(interpreterOf(python)).toMatchObject({ version: '3.11.2', packages: expect.not.stringMatching(more.packages) });
    const placed = interpreterOf(python);
    writeFileSync(join(prefix, 'pyvenv.cfg'), 'home = /elsewhere/bin\nversion = 3.11.2\ncommand = /elsewhere/bin/python3 -m venv /somewhere\n');
    expect(interpreterOf(python)).toEqual(placed);
    const hash = kernelAsk('bare', [data])!.hash;
    put('bare', { ...good, argv: ['python3', '-m', 'y', '{connection_file}'] });
    expect(kernelAsk('bare', [data])!.hash).not.toBe(hash);
  });

  it('W17 a kernel is started with exactly its argv and a short environment without secrets; its connection file is private', async () => {
    put('env', { ...good, env: { OWN: '${HOME}/x', OTHER: '${SECRET}' } });
    const spec = findKernel('env', [data]);
    if (typeof spec === 'string') throw new Error(spec);
    const home = await makeHome(join(specs, 'scratch'), 'tcp', 'env');
    const { command } = kernelCommand(spec, home, '/w', { HOME: '/h', SECRET: 's', PATH: '/bin', HTTP_PROXY: 'p' });
    expect(command.argv).toEqual([process.execPath, FAKE, 'silent', home.connectionFile]);
    expect(command.env).toMatchObject({ HOME: '/h', OWN: '/h/x', OTHER: '${SECRET}', TZ: 'UTC', TMPDIR: home.tmp });
    expect(Object.keys(command.env)).not.toContain('SECRET');
    expect(Object.keys(command.env)).not.toContain('HTTP_PROXY');
    if (process.platform !== 'win32') expect(statSync(home.connectionFile).mode & 0o777).toBe(0o600);
    removeHome(home);
  });
});

describe('W17 messages', () => {
  it('W17 a message is signed both ways; what was changed, unsigned or cut is refused', () => {
    const [ours, theirs] = [new Session('key'), new Session('other')];
    const frames = (session: Session): Buffer[] => session.pack('status', { a: 'ü' }, { msg_id: 'p' }).frames.map((frame) => Buffer.from(frame));
    expect(ours.unpack([Buffer.from('id'), ...frames(ours)])).toMatchObject({ header: { msg_type: 'status' }, parent: { msg_id: 'p' }, content: { a: 'ü' } });
    const changed = frames(ours);
    changed[5] = Buffer.from('{"a":"x"}');
    for (const bad of [frames(theirs), changed, frames(ours).with(1, Buffer.from(''))]) expect(() => ours.unpack(bad)).toThrow(expect.objectContaining({ forged: true }));
    for (const bad of [[], [Buffer.from('x')], frames(ours).slice(0, 5)]) expect(() => ours.unpack(bad)).toThrow(expect.objectContaining({ forged: false }));
    expect(LARGEST).toBeLessThan(2 ** 30);
  });
});

describe('W17 kernels that do not serve', () => {
  it.each([
    ['die', { code: 'unavailable', message: expect.stringMatching(/“die” ended at its start \(status 3\)[^]*no such luck/) }],
    ['nonsense', { code: 'unavailable', message: expect.stringContaining('no message of Jupyter’s protocol') }],
    ['forged', { code: 'forged', message: expect.stringContaining('its signature is wrong') }],
    ['old', { code: 'unavailable', message: expect.stringContaining('version 5.0') }],
    ['liar', { code: 'lost', message: expect.stringContaining('did not finish') }],
    ['stale', { code: 'lost', message: expect.stringContaining('did not finish') }],
    ['outside', { code: 'lost', message: expect.stringContaining('did not leave') }],
    ['link', { code: 'lost', message: expect.stringContaining('did not leave') }],
    ['column', { code: 'value-type', message: expect.stringContaining('no input') }],
    ['late-forger', { code: 'forged' }],
  ])('W17 %s', async (mode, error) => {
    expect(await fails(mode)).toMatchObject(error);
    if (!['outside', 'link', 'column'].includes(mode)) await expect.poll(() => readdirSync(join(bench.home, 'scratch')).length, { timeout: 2_000 }).toBeLessThanOrEqual(1);
  });

  it.skipIf(process.platform === 'win32')('W8 W17 a kernel that ends at its start is not the step’s fault: it is started once more, and then unavailable', async () => {
    const book = join(specs, 'starts');
    put('book', { ...good, argv: ['/bin/sh', '-c', `echo one >> '${book}'; echo why >&2; exit 1`, '{connection_file}'] });
    expect(await bench.error('1', { settings: { kernel: 'book' } })).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/“book” ended at its start \(status 1\)[^]*why$/) });
    expect(readFileSync(book, 'utf8')).toBe('one\none\n');
  });

  it('W17 kernels that say nothing, too much, or answer and then do nothing', async () => {
    const modes = Object.keys(LATE);
    expect(await Promise.all(modes.map(fails))).toMatchObject(modes.map((mode) => LATE[mode]));
  });

  it('W17 bytes that are no ZeroMQ, over TCP', async () => {
    fake('garbage');
    const tcp = jupyterBench({ folders: [data], transport: 'tcp', patience: { start: 400 } });
    expect(await tcp.error('1', { settings: { kernel: 'garbage' } })).toMatchObject({ code: 'unavailable', message: expect.stringContaining('did not answer') });
    await tcp.close();
  });

  it('W17 what answers another request is not shown, and reads are bounded to what they may say', async () => {
    fake('stranger');
    expect((await bench.run('1', { settings: { kernel: 'stranger' } })).outputs).toEqual({});
    expect(bench.streamed).toEqual([]);
    fake('reads');
    expect((await bench.run('1', { settings: { kernel: 'reads' } })).reads).toEqual([{ what: 'file', path: 'a', saw: 'b' }]);
  });

  it('W17 a kernel of another language, and a start that is called off', async () => {
    put('ir', { ...good, language: 'R' });
    expect(await bench.error('1', { settings: { kernel: 'ir' } })).toMatchObject({ code: 'unavailable', message: expect.stringContaining('speaks R') });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const from = performance.now();
    fake('silent');
    expect(await bench.error('1', { settings: { kernel: 'silent' }, signal: controller.signal })).toMatchObject({ code: 'cancelled' });
    expect(performance.now() - from).toBeLessThan(1_200);
  });

  it('W17 closing ends all of them and leaves no file', async () => {
    await Promise.all([bench.engine.close(), hasty.engine.close()]);
    nothingLeft();
  });
});

it.skipIf(lacksKernel !== undefined || process.platform === 'win32')('W12 a kernel and what it started end when nobody is left who asked for them', async () => {
  const child = spawn(process.execPath, ['--no-warnings', join(here, '../support/jupyter-child.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((done) => child.stdout.setEncoding('utf8').once('data', done));
  const [pid, home] = line.trim().split(' ') as [string, string];
  child.kill('SIGKILL');
  try {
    await expect.poll(() => { try { process.kill(-Number(pid), 0); return true; } catch { return false; } }, { timeout: 10_000 }).toBe(false);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
