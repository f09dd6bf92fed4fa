/** Words on the command line: help, mistakes and what they lead to, where it is called from, and who reads its output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../runtime/hosts/cli/commands.node.ts';
import { command, createPlace, js, NODE, TELAR, yaml, type Place } from '../support/cli.ts';
import { small } from './fixtures.ts';

let place: Place;
beforeAll(async () => { place = await createPlace({ 'a.telar.md': js('one', '1') + js('two', 'one + 1'), ...small }); });
afterAll(() => { place.remove(); });

describe('help', () => {
  test.each(commands.map((one) => one.name))('CLI `telar %s --help` names its options and exits with 0', async (name) => {
    const help = await place.telar([name, '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain(`telar ${name}`);
    for (const option of commands.find((one) => one.name === name)?.options ?? []) expect(help.stdout).toContain(`--${option.name}`);
    if (name === 'run' || name === 'bundle') expect((await place.telar(['help', name])).stdout).toBe(help.stdout);
  });

  test('CLI the overview lists all commands; without a command it is bad usage', async () => {
    const [overview, nothing, version] = await Promise.all([place.telar(['--help']), place.telar([]), place.telar(['--version'])]);
    for (const { name } of commands) expect(overview.stdout).toContain(`  ${name}`);
    expect([overview.code, nothing.code, nothing.stdout]).toEqual([0, 2, overview.stdout]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('mistakes', () => {
  test.each([
    [['rnu', 'a.telar.md'], /no command `rnu`.*Did you mean `telar run`/],
    [['run', 'a.telar.md', '--jbos', '2'], /no option --jbos.*Did you mean --jobs/],
    [['run', 'a.telar.md', '--jobs'], /--jobs.*telar run --help/],
    [['graph', 'a.telar.md', '--output', '-x'], /--output takes a value; one that begins with a dash is written `--output=VALUE`/],
    [['run', 'a.telar.md', '--jobs', '0'], /--jobs takes a number/],
    [['run', 'a.telar.md', 'b.telar.md'], /one word too many/],
    [['run'], /Usage: telar run FILE/],
    [['graph', 'a.telar.md', '--format', 'png'], /mermaid, dot, json/],
    [['why', 'a.telar.md', 'onee'], /no node `onee`.*Did you mean `one`/],
    [['show', 'a.telar.md', 'onee'], /no node `onee`.*Did you mean `one`/],
    [['show', 'a.telar.md', 'one.tow'], /no output `tow`/],
    [['run', 'a.telar.md', '--to', 'twoo'], /no node `twoo`.*Did you mean `two`/],
    [['run', 'a.telar.md', '--to', ','], /--to names no node/],
    [['run', 'a.telar.md', '--set', 'one=1'], /no input `one`/],
    [['run', 'a.telar.md', '--set', 'one'], /NAME=VALUE/],
    [['completion', 'tcsh'], /bash, zsh or fish/],
    [['check', 'node_modules'], /node_modules/],
  ] as const)('CLI `telar %j` is bad usage that says what to do', async (args, said) => {
    const done = await place.telar(args);
    expect(`${done.stderr}${done.stdout}`).toMatch(said);
    expect(done.code).toBe(2);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  });
});

describe('P10 targets', () => {
  test('P10 `--to` does a node and what it needs, `--from` a node and its dependents again', async () => {
    expect((await place.run('a.telar.md', ['--to', 'one'])).ran).toEqual(['one']);
    expect((await place.run('a.telar.md')).ran).toEqual(['two']);
    expect((await place.run('a.telar.md', ['--from', 'two'])).ran).toEqual(['two']);
    expect((await place.run('a.telar.md', ['--from=one'])).ran).toEqual(['one', 'two']);
    expect((await place.run('a.telar.md', ['--no-reuse', '--to=one,two'])).ran).toEqual(['one', 'two']);
    expect((await place.run('a.telar.md')).ran).toEqual([]);
  });
});

describe('places', () => {
  test('CLI from another folder, and by an absolute path, it is the same notebook', async () => {
    await place.run('a.telar.md');
    mkdirSync(place.path('deep/er'), { recursive: true });
    for (const [cwd, file] of [[place.path('deep/er'), '../../a.telar.md'], ['/', place.path('a.telar.md')]] as const) {
      const done = await command(['run', file, '--json'], cwd);
      expect([done.code, done.lines.at(-1)?.nodes.two.how]).toEqual([0, 'reused']);
    }
    const check = await command(['check', '../..'], place.path('deep/er'));
    expect(check.code).toBe(0);
  });

  test('CLI a problem bears a path that the caller can open', async () => {
    place.write('deep/bad.telar.md', js('one', 'nothing_of_that_name'));
    const done = await command(['check', '.', '--json'], place.path('deep'));
    expect(done.lines[0]?.problems[0]).toMatchObject({ file: 'bad.telar.md', code: 'missing-name', node: 'one' });
  });

  test('CLI an error inside a nested notebook names that file, below the folder of now', async () => {
    place.write('deep/outer.telar.md', yaml('part', 'graph', 'use: in/part.telar.md') + js('own', 'null.x'));
    place.write('deep/in/part.telar.md', `\n${js('fails', 'null.x')}${js('typo', 'nothing_here')}`);
    const told = await command(['run', 'outer.telar.md'], place.path('deep'));
    expect(told.stdout).toMatch(/✗ part\/fails +failed +in\/part\.telar\.md line 3: TypeError/);
    expect(told.stdout).toMatch(/✗ part\/typo +failed +in\/part\.telar\.md line 7: /);
    expect(told.stdout).toMatch(/✗ own +failed +line 6: TypeError/);
    const { nodes } = await place.run('deep/outer.telar.md');
    expect([nodes['part/fails'], nodes['part/typo']].map((node) => node?.error?.data?.notebook)).toEqual(['deep/in/part.telar.md', 'deep/in/part.telar.md']);
    expect(nodes.own?.error?.data).not.toHaveProperty('notebook');
  });

  test('CLI a nested notebook that is not there: the nearest beside it is offered', async () => {
    place.write('typo.telar.md', yaml('part', 'graph', 'use: iner.telar.md') + yaml('gone', 'graph', 'use: quite_else.telar.md'));
    const { lines } = await command(['check', 'typo.telar.md', '--json'], place.root);
    const [near, none] = (lines[0]?.problems ?? []) as { code: string; message: string }[];
    expect(near).toMatchObject({ code: 'missing-file', message: expect.stringContaining('Did you mean `inner.telar.md`?') });
    expect(none).toMatchObject({ code: 'missing-file', message: expect.not.stringContaining('Did you mean') });
  });

  test('CLI spaces and other letters in paths', async () => {
    place.write('späte Äpfel & co/my notes.telar.md', js('one', '1') + js('two', 'one + 1'));
    const file = 'späte Äpfel & co/my notes.telar.md';
    expect((await place.run(file)).status).toBe('ok');
    expect((await place.telar(['show', file, 'two'])).stdout).toBe('2\n');
    expect((await place.telar(['graph', file])).stdout).toMatch(/one/);
  });

  test('CLI `--workspace` says where the store is; a notebook outside of it is refused', async () => {
    place.write('sub/own/x.telar.md', js('x', '3'));
    expect((await place.telar(['run', 'sub/own/x.telar.md', '--workspace', 'sub'])).code).toBe(0);
    expect(existsSync(place.path('sub/.telar/telar.db'))).toBe(true);
    const outside = await place.telar(['run', 'a.telar.md', '--workspace', 'sub']);
    expect([outside.code, outside.stderr]).toEqual([2, expect.stringMatching(/not inside the workspace/)]);
    const nowhere = await place.telar(['verify', 'last', '--workspace', 'nowhere']);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, 'telar: There is no folder nowhere. Name one that exists with --workspace.\n']);
  });

  test('CLI `--quiet` says only what went wrong', async () => {
    const done = await place.telar(['run', 'a.telar.md', '--quiet']);
    expect([done.code, done.stdout, done.stderr]).toEqual([0, '', '']);
  });
});

test('CLI a reader that goes away early is no error', () => {
  place.write('long.telar.md', js('long', 'Array.from({length: 200000}, (_, i) => ({i, text: "x".repeat(20)}))'));
  const shell = (script: string): { stdout: string; stderr: string; status: number | null } => spawnSync('bash', ['-o', 'pipefail', '-c', script, NODE, TELAR], { cwd: place.root, encoding: 'utf8' });
  expect(shell('"$0" "$1" run long.telar.md --quiet')).toMatchObject({ status: 0, stderr: '' });
  const head = shell('"$0" "$1" show long.telar.md long --format csv | head -2');
  expect([head.stdout, head.stderr]).toEqual([`i,text\n0,${'x'.repeat(20)}\n`, '']);
  expect(shell('"$0" "$1" run long.telar.md --json | head -1').stderr).toBe('');
});

test('CLI the launcher goes on under the pinned Node when an older one starts it', () => {
  const old = spawnSync('bash', ['-c', 'command -v node'], { encoding: 'utf8', env: { PATH: (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules')).join(':') } }).stdout.trim();
  if (old === '') return;
  const done = spawnSync(old, [TELAR, 'doctor', '--json'], { cwd: place.root, encoding: 'utf8' });
  expect((JSON.parse(done.stdout) as { checks: { name: string; detail: string }[] }).checks.find(({ name }) => name === 'node')?.detail).toMatch(/^26\./);
  expect(spawnSync(old, [join(TELAR), 'rnu'], { cwd: place.root }).status).toBe(2);
});
