/** How the processes of engines start, and what is told of one that does not. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { NODE, js, sql } from '../support/cli.ts';
import { descendants, signal, until } from '../support/processes.ts';

const home = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-linked-'));
afterAll(() => { rmSync(root, { recursive: true, force: true }); });

/** A tree whose node_modules is a link, with one notebook. */
function linked(name: string, text: string): { telar: string; work: string; run(): { status: number | null; stdout: string; stderr: string } } {
  const tree = join(root, name);
  const [telar, work] = [join(tree, 'telar'), join(tree, 'work')];
  mkdirSync(work, { recursive: true });
  for (const part of ['runtime', 'contracts', 'nodes', 'package.json']) cpSync(join(home, part), join(telar, part), { recursive: true });
  symlinkSync(join(home, 'node_modules'), join(telar, 'node_modules'), 'junction');
  writeFileSync(join(work, 'a.telar.md'), text);
  return { telar, work, run: () => spawnSync(NODE, [join(telar, 'runtime/hosts/telar.mjs'), 'run', 'a.telar.md', '--workspace', work, '--json'], { cwd: work, encoding: 'utf8', timeout: 30_000 }) };
}

test('R6 engines start where node_modules is a link', () => {
  const { run } = linked('well', `${sql('rows', 'select range as n from range(4)')}${js('sum', '[...rows].length')}`);
  const done = run();
  expect([done.status, done.stderr]).toEqual([0, '']);
});

test('R6 an engine that cannot start says why, in its error', () => {
  const { telar, run } = linked('broken', `${sql('rows', 'select 1 as n')}${js('sum', '1')}`);
  for (const child of ['javascript/child.node.ts', 'sql/native-child.node.ts']) writeFileSync(join(telar, 'runtime/executors', child), 'throw new Error("no memory for this child");\n');
  const { stdout } = run();
  expect(stdout).toMatch(/"sum".*JavaScript engine ended.*no memory for this child/);
  expect(stdout).toMatch(/"rows".*SQL process ended.*no memory for this child/);
});

test.skipIf(process.platform === 'win32')('W12 engines end with the process that started them, also where an exit of Node never comes to its end', async () => {
  const folder = join(root, 'stays');
  mkdirSync(folder);
  // As nodejs/node#54918 does it now and then.
  const stuck = join(folder, 'node.sh');
  writeFileSync(stuck, `#!/bin/sh\nexec '${NODE}' --import 'data:text/javascript,process.reallyExit = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)' "$@"\n`, { mode: 0o755 });
  const of = (part: string): string => JSON.stringify(join(home, 'runtime/executors', part));
  const at = JSON.stringify({ root: folder, cache: join(home, 'node_modules/.cache/telar-python'), scratch: folder, node: stuck, spares: 0 });
  const parent = spawn(NODE, ['--input-type=module', '-e', `
    import { createJavaScript } from ${of('javascript/javascript.node.ts')};
    import { createPython } from ${of('python/python.node.ts')};
    const context = { limits: { time: 30_000, memory: 1e9, output: 1e6 }, signal: new AbortController().signal, emit() {}, blobs: { put: () => '0'.repeat(64) } };
    const python = createPython(${at});
    await Promise.all([python.warm(), createJavaScript(${at}).execute({ engine: 'javascript', code: '1', file: 'a', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '' }, {}, context)]);
    process.stdout.write('up');
    setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let children: number[] = [];
  try {
    await new Promise((done, fail) => { parent.stdout.once('data', done); parent.once('exit', fail); });
    children = descendants(parent.pid).map(({ pid }) => pid);
    expect(children).toHaveLength(2);
    parent.kill('SIGKILL');
    await until('both have ended', () => !descendants(0).some(({ pid }) => children.includes(pid)), 10_000);
  } finally {
    parent.kill('SIGKILL');
    signal(children, 'SIGKILL');
  }
});
