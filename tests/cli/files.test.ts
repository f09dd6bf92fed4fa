/** `new`, `check`, `fmt`, `graph`, `completion`: commands about the file itself. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, js, NODE, py, sql, TELAR, type Place } from '../support/cli.ts';
import { small } from './fixtures.ts';

let place: Place;
beforeAll(async () => { place = await createPlace(small); });
afterAll(() => { place.remove(); });

describe('new', () => {
  test('CLI `new` writes a notebook that checks, is formatted and runs green, and never overwrites', async () => {
    const made = await place.telar(['new', 'fresh/first']);
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/telar run fresh\/first\.telar\.md/)]);
    const text = place.read('fresh/first.telar.md');
    const [check, fmt, run] = [await place.telar(['check', 'fresh']), await place.telar(['fmt', 'fresh/first.telar.md', '--check']), await place.run('fresh/first.telar.md')];
    expect([check.code, fmt.code, run.code, run.status]).toEqual([0, 0, 0, 'ok']);
    expect((await place.telar(['show', 'fresh/first.telar.md', 'summary'])).stdout).toMatch(/apple brought the most: 5/);
    const again = await place.telar(['new', 'fresh/first.telar.md']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/there already/)]);
    expect(place.read('fresh/first.telar.md')).toBe(text);
  });
});

describe('check', () => {
  test('D4 every problem has file, line, column, severity and code; an unreadable file is one of them, and the rest goes on', async () => {
    place.write('set/a.telar.md', `${js('a', 'nothing')}\n${sql('b', 'select {{ }} from a')}`);
    place.write('set/b.telar.md', Uint8Array.of(0x61, 0x0a, 0xff));
    place.write('set/c.telar.md', js('ok', '1'));
    place.write('set/node_modules/d.telar.md', js('hidden', 'nothing'));
    const told = await place.telar(['check', 'set', 'set/e.telar.md']);
    expect(told.code).toBe(2);
    expect(told.stdout).toMatch(/^set\/a\.telar\.md:2:1: error missing-name: .*`nothing`/m);
    expect(told.stdout).toMatch(/^set\/b\.telar\.md:2:1: error unreadable: /m);
    expect(told.stdout).toMatch(/^set\/e\.telar\.md:1:1: error missing-file: /m);
    expect(told.stdout).not.toMatch(/hidden|c\.telar\.md/);
    expect(told.stdout).toMatch(/4 notebooks: \d errors/);
    expect((await place.telar(['check', 'set/c.telar.md'])).stdout).toBe('1 notebook: no problems\n');
  });
});

describe('fmt', () => {
  test('CLI `fmt` moves fence lines and front matter only, once; `--check` writes nothing and exits with 1', async () => {
    const untidy = '---\ntelar:   1\n---\nprose   stays\n\n```javascript   { #a   timeout="20s"  }\nlet  x=1\n```\n';
    place.write('u.telar.md', untidy);
    const check = await place.telar(['fmt', 'u.telar.md', 'small.telar.md', '--check']);
    expect([check.code, check.stdout, place.read('u.telar.md')]).toEqual([1, 'u.telar.md: would change\n', untidy]);
    const done = await place.telar(['fmt', 'u.telar.md', 'small.telar.md']);
    expect([done.code, done.stdout]).toEqual([0, 'u.telar.md: changed\n']);
    expect(place.read('u.telar.md')).toBe('---\ntelar: 1\n---\nprose   stays\n\n```javascript {#a timeout=20s}\nlet  x=1\n```\n');
    expect((await place.telar(['fmt', 'u.telar.md', '--check'])).code).toBe(0);
  });

  test('CLI what `fmt` cannot read or may not write is told, and the rest goes on', async () => {
    place.write('v.telar.md', '```javascript   {#a}\n1\n```\n');
    place.write('new.telar.md', `---\ntelar: 99\n---\n${js('a', '1')}`);
    const done = await place.telar(['fmt', 'nowhere.telar.md', 'new.telar.md', 'v.telar.md']);
    expect([done.code, done.stdout]).toEqual([2, 'v.telar.md: changed\n']);
    expect(done.stderr).toMatch(/nowhere\.telar\.md[\s\S]*generation 99/);
    place.write('locked/w.telar.md', '```javascript   {#a}\n1\n```\n');
    if (process.getuid?.() === 0) return;
    chmodSync(place.path('locked'), 0o500);
    expect((await place.telar(['fmt', 'locked/w.telar.md'])).stderr).toMatch(/cannot be written/);
    chmodSync(place.path('locked'), 0o700);
  });
});

describe('graph', () => {
  test('G9 data of the graph: nested nodes by path, ports of boundaries, problems with places', async () => {
    const { nodes, edges } = (await place.telar(['graph', 'small.telar.md', '--format', 'json'])).lines[0] as unknown as { nodes: { id: string; kind: string; outputs: string[] }[]; edges: object[] };
    expect(nodes.map((node) => `${node.kind} ${node.id}`)).toEqual(['input least', 'sql days', 'sql some', 'input inner/rows', 'sql inner/tally', 'javascript inner/count', 'graph inner', 'text told', 'check sane']);
    expect(nodes.find((node) => node.id === 'inner')?.outputs).toEqual(['count']);
    expect(edges).toContainEqual({ from: 'some', output: 'value', to: 'inner/rows', port: 'given' });
    expect(edges).toContainEqual({ from: 'inner/count', output: 'value', to: 'told', port: 'inner.count' });
  });

  test('CLI drawings: nested notebooks are subgraphs, problems and disabled nodes are marked, a file takes them', async () => {
    place.write('g.telar.md', `${js('a', 'const part = 1; a0 = 2')}${js('b', 'part', 'in.part=a.part in.x=a')}${js('off', '1', 'disabled=true')}${js('wrong', 'missing_thing')}`);
    const mermaid = (await place.telar(['graph', 'g.telar.md'])).stdout;
    expect(mermaid).toMatch(/^flowchart TD\n/);
    expect(mermaid).toMatch(/off<br\/>.*disabled.*:::disabled/);
    expect(mermaid).toMatch(/wrong<br\/>.*:::problem/);
    expect(mermaid).toMatch(/n0 -->\|"part"\| n1/);
    expect(mermaid).toMatch(/n0 -->\|"a → x"\| n1/);
    expect((await place.telar(['graph', 'small.telar.md'])).stdout).toMatch(/subgraph .*inner: inner\.telar\.md[\s\S]*tally[\s\S]*end/);
    await place.telar(['graph', 'small.telar.md', '--format', 'dot', '-o', 'g.dot']);
    expect(place.read('g.dot')).toMatch(/^digraph \{[\s\S]*subgraph "cluster_inner"[\s\S]*"some" -> "inner\/rows"/);
  });
});

describe('completion', () => {
  test('CLI bash completes commands, options, choices, files, node ids and lists of them', async () => {
    place.write('script.bash', (await place.telar(['completion', 'bash'])).stdout);
    const offered = (...words: readonly string[]): string[] => {
      const script = `telar() { "${NODE}" "${TELAR}" "$@"; }; source script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _telar; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script, 'bash', ...words], { cwd: place.root, encoding: 'utf8' }).stdout.trim().split('\n').sort();
    };
    expect(offered('telar', 'r')).toEqual(['restore', 'run', 'runs']);
    expect(offered('telar', 'run', '--no')).toEqual(['--no-reuse']);
    expect(offered('telar', 'graph', '--format', '')).toEqual(['dot', 'json', 'mermaid']);
    expect(offered('telar', 'run', 'sma')).toEqual(['small.telar.md']);
    expect(offered('telar', 'why', 'small.telar.md', 's')).toEqual(['sane', 'some']);
    expect(offered('telar', 'run', 'small.telar.md', '--to', 'some,to')).toEqual(['some,told']);
  });

  test.each(['zsh', 'fish'])('CLI the script for %s names every command and option, and is valid where that shell is', async (shell) => {
    const { stdout } = await place.telar(['completion', shell]);
    for (const word of ['why', 'no-reuse', 'fail-fast', 'parquet', 'mermaid']) expect(stdout).toContain(word);
    place.write(`script.${shell}`, stdout);
    const parsed = spawnSync(shell, ['-n', place.path(`script.${shell}`)], { encoding: 'utf8' });
    if (parsed.error === undefined) expect([parsed.status, parsed.stderr]).toEqual([0, '']);
  });
});

test('CLI `runs` lists newest first with what was set', async () => {
  place.write('r.telar.md', `${py('k', '1').replace('python {#k}', 'yaml {#k .input}').replace('\n1\n', '\ntype: integer\ndefault: 1\n')}${js('twice', '2 * k')}`);
  await place.run('r.telar.md');
  await place.run('r.telar.md', ['--set', 'k=4']);
  const { runs } = (await place.telar(['runs', 'r.telar.md', '--json'])).lines[0] as unknown as { runs: { inputs?: object; status: string; ran: number }[] };
  expect(runs.map(({ inputs, status, ran }) => ({ inputs, status, ran }))).toEqual([{ inputs: { k: '4' }, status: 'ok', ran: 2 }, { inputs: undefined, status: 'ok', ran: 2 }]);
  expect((await place.telar(['runs', 'r.telar.md'])).stdout).toMatch(/ok.*2 ran, 0 reused.* k=4/);
});
