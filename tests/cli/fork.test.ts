/** C4, `telar fork`: edits as options and files, what it prints, how it ends, and that nothing else changes. */
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fence, js, yaml, type Line } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';

const place = usePlaces();

const MAIN = `${yaml('n', 'input', 'type: integer\ndefault: 2')}${fence('text', '#top .text', 'n is {{ n }}')}${yaml('inner', 'graph', 'use: sub/inner.telar.md', 'in.word=top')}${fence('text', '#end .text', '{{ inner.out }}.')}`;
const FILES = {
  'main.telar.md': MAIN,
  'sub/inner.telar.md': `---\ntelar: 1\noutputs: [out]\n---\n${yaml('word', 'input', 'default: none')}${yaml('note', 'data', 'file: note.txt')}${fence('text', '#out .text', '({{ word }} {{ note }})')}`,
  'sub/note.txt': 'then',
};
const end = (lines: readonly Line[]): Line => lines.at(-1) as Line;
const ran = (line: Line): string[] => Object.entries(line.nodes as Record<string, { how?: string }>).filter(([id, { how }]) => how === 'ran' && id !== 'inner').map(([id]) => id).sort();

test('C4 each way to edit, from any folder; the files and the last run stay as they are', async () => {
  const at = place(FILES);
  const first = end((await at.run()).lines);
  at.write('sub/note.txt', 'now');
  at.write('edits/out.txt', '[{{ word }} {{ note }}]\n');
  at.write('edits/main.telar.md', MAIN.replace('{{ inner.out }}.', '{{ inner.out }}!'));
  const cases: [readonly string[], readonly string[], string, string][] = [
    [['--set', 'n=5'], ['end', 'inner/out', 'inner/word', 'n', 'top'], '(n is 5 then).', '--set n=5'],
    [['--body', 'inner/out=edits/out.txt'], ['end', 'inner/out'], '[n is 2 then].', 'body of inner/out'],
    [['--file', 'edits/main.telar.md'], ['end'], '(n is 2 then)!', 'edited text: end changed'],
    [['--at', 'end'], ['end'], '(n is 2 then).', 'end again'],
  ];
  for (const [edits, done, value, words] of cases) {
    const forked = await at.telar(['fork', first.run as string, ...edits, '--json']);
    expect([forked.code, end(forked.lines).parent], forked.stderr).toEqual([0, first.run]);
    expect(ran(end(forked.lines))).toEqual(done);
    expect((await at.telar(['show', 'main.telar.md', 'end', '--run', 'last'])).stdout).toBe(`${value}\n`);
    expect((end((await at.telar(['runs', '--json'])).lines).runs as Line[])[0]?.edits).toEqual([words]);
  }
  expect([at.read('main.telar.md'), at.read('sub/note.txt')]).toEqual([MAIN, 'now']);
  expect(readdirSync(at.path('.telar/scratch'))).toEqual([]);
  expect(end((await at.telar(['restore', first.run as string, '--json'])).lines).nodes).toEqual(Object.fromEntries(Object.entries(first.nodes as object).map(([id, node]) => [id, expect.objectContaining({ state: (node as Line).state })])));
});

test('C4 bad edits are told before anything is done, with exit status 2', async () => {
  const at = place({ ...FILES, 'latin.telar.md': new Uint8Array([0x80, 0x0a]), 'body.txt': 'x', 'newer.telar.md': '---\ntelar: 99\n---\n' });
  await at.run();
  const cases: [readonly string[], RegExp][] = [
    [[], /needs an edit: --set NAME=VALUE, --body ID=FILE or --file EDITED; or --at ID/], [['--body', 'top'], /--body takes ID=FILE; `top`/], [['--body', 'top='], /has no id or no file/],
    [['--body', 'top=body.txt', '--body', 'top=body.txt'], /says `top` twice/], [['--body', 'tpo=body.txt'], /no node `tpo`\. Did you mean `top`/],
    [['--body', 'inner/tuo=body.txt'], /no node `inner\/tuo`\. Did you mean `inner\/out`/], [['--body', 'top=none.txt'], /There is no file none\.txt/], [['--body', 'top=sub'], /sub cannot be read/],
    [['--file', 'latin.telar.md'], /latin\.telar\.md is not UTF-8/], [['--set', 'm=1'], /no input `m`; inputs are n/], [['--set', 'n'], /--set takes NAME=VALUE/],
    [['--set', 'inner/word=x'], /this input is wired to `top`/], [['--at', 'enb'], /no node `enb`\. Did you mean `end`/], [['--at', ','], /--at names no node/], [['--jobs', '0', '--at', 'end'], /--jobs takes a number/],
    [['--bdy', 'x'], /Did you mean --body/],
  ];
  for (const [edits, message] of cases) {
    const done = await at.telar(['fork', 'last', ...edits, '--json']);
    expect([done.code, end(done.lines).type], edits.join(' ')).toEqual([2, 'error']);
    expect(done.stderr).toMatch(message);
  }
  expect((end((await at.telar(['runs', '--json'])).lines).runs as Line[]).length).toBe(1);
  expect((await at.telar(['fork', 'last~5', '--at', 'end'])).code).toBe(2);
});

test('C4 an edited text with errors: problems with their places, exit status 2, and the rest is done', async () => {
  const at = place(FILES);
  await at.run();
  at.write('edited.telar.md', `${MAIN.replace('{{ inner.out }}', '{{ iner.out }}')}${fence('text', '#more .text', 'more')}${fence('python', '#bad', 'def (')}`);
  const done = await at.telar(['fork', 'last', '--file', 'edited.telar.md', '--json']);
  expect(done.code).toBe(2);
  const problems = done.lines[0] as Line;
  expect(problems).toMatchObject({ type: 'problems', file: 'main.telar.md' });
  expect((problems.problems as Line[]).map(({ code, node }) => [code, node])).toEqual([['missing-name', 'end'], ['syntax', 'bad']]);
  expect(end(done.lines).nodes).toMatchObject({ top: { how: 'reused' }, more: { how: 'ran' }, end: { state: 'failed' } });
  // A file that is no notebook at all has no nodes: a run of nothing.
  at.write('empty.telar.md', '');
  expect((await at.telar(['fork', 'last~1', '--file', 'empty.telar.md', '--json'])).code).toBe(0);
});

test('C4 a fork is stopped by the keyboard, cleanly, and a failed step has the status of a run', async () => {
  const at = place({ 'main.telar.md': `${fence('text', '#one .text', '1')}${js('two', 'one')}` });
  await at.run();
  at.write('slow.js', 'for (;;) {}');
  at.write('fails.js', 'throw new Error("no")');
  const stopped = await at.telar(['fork', 'last', '--body', 'two=slow.js', '--json'], { begun: (child) => {
    child.stdout?.on('data', (text: string) => { if (/"node":"two","status":\{"state":"running"/.test(text)) child.kill('SIGINT'); });
  } });
  expect([stopped.code, end(stopped.lines)]).toMatchObject([130, { type: 'summary', status: 'cancelled', nodes: { one: { how: 'reused' }, two: { state: 'cancelled' } } }]);
  expect(readdirSync(at.path('.telar/scratch'))).toEqual([]);
  const failed = await at.telar(['fork', 'last~1', '--body', 'two=fails.js']);
  expect([failed.code, failed.stdout]).toEqual([1, expect.stringMatching(/failed {2}0 ran, 1 reused, 1 failed in .* run /)]);
});

test('P6 the reasons of a fork compare with its parent, not with another fork; a run after it tells what was skipped', async () => {
  const at = place({ 'main.telar.md': `${yaml('n', 'input', 'default: 1')}${js('said', 'n + 1')}${yaml('kept', 'save', 'from: said\nfile: out/said.json')}`, 'two.js': 'n + 2' });
  await at.run();
  expect((await at.telar(['fork', 'last', '--body', 'said=two.js'])).code).toBe(0);
  const second = await at.telar(['fork', 'last~1', '--set', 'n=2']);
  expect(second.stdout).toMatch(/said +ran .*integer +input `n` changed\n/);
  const after = await at.telar(['run', 'main.telar.md', '--set', 'n=2']);
  expect(after.stdout).toMatch(/kept +ran .* it was skipped the last time\n/);
});

test('P7 an effect that an edit reaches is skipped, and made with --effects; one that it does not reach is not made again', async () => {
  const at = place({ 'main.telar.md': `${yaml('n', 'input', 'default: 1')}${fence('text', '#said .text', 'n={{ n }}')}${fence('text', '#apart .text', 'apart')}${yaml('kept', 'save', 'from: said\nfile: out/said.txt')}${yaml('other', 'save', 'from: apart\nfile: out/apart.txt')}` });
  expect((await at.run()).status).toBe('ok');
  at.write('out/apart.txt', 'mine');
  const skipped = await at.telar(['fork', 'last', '--set', 'n=2', '--json']);
  expect([skipped.code, end(skipped.lines).nodes]).toMatchObject([0, { kept: { state: 'skipped' }, other: { how: 'reused' } }]);
  expect(at.read('out/said.txt')).toBe('n=1');
  expect(existsSync(at.path('.telar/scratch/out'))).toBe(false);
  const made = await at.telar(['fork', 'last~1', '--set', 'n=2', '--effects', '--json']);
  expect([made.code, end(made.lines).nodes]).toMatchObject([0, { kept: { how: 'ran' }, other: { how: 'reused' } }]);
  expect(made.lines).toContainEqual(expect.objectContaining({ node: 'kept', status: expect.objectContaining({ state: 'fresh', reason: 'input `said` changed' }) }));
  expect([at.read('out/said.txt'), at.read('out/apart.txt')]).toEqual(['n=2', 'mine']);
  // Asking for a step again does not make the effects after it; where they get the same they stand.
  const again = await at.telar(['fork', 'last~2', '--at', 'said', '--json']);
  expect(end(again.lines).nodes).toMatchObject({ said: { how: 'ran' }, kept: { how: 'reused' } });
  const luck = place({ 'main.telar.md': `${js('luck', 'String(Math.random())')}${yaml('kept', 'save', 'from: luck\nfile: out/luck.txt')}` });
  await luck.run();
  const before = luck.read('out/luck.txt');
  expect(end((await luck.telar(['fork', 'last', '--at', 'luck', '--json'])).lines).nodes).toMatchObject({ luck: { how: 'ran' }, kept: { state: 'skipped' } });
  expect(luck.read('out/luck.txt')).toBe(before);
});

test('C4 a file of which the run saw only the name is as it is now, and no name is added to a folder that it listed', async () => {
  const at = place({ 'main.telar.md': `${yaml('all', 'data', 'file: data/*.csv')}${fence('text', '#end .text', '{{ all }}')}`, 'data/a.csv': 'x\n1\n', 'data/notes.txt': 'words' });
  expect((await at.run()).status).toBe('ok');
  at.write('data/b.csv', 'x\n2\n');
  at.write('one.yaml', 'file: data/notes.txt');
  at.write('late.yaml', 'file: data/b.csv');
  expect((await at.telar(['fork', 'last', '--body', 'all=one.yaml'])).code).toBe(0);
  expect((await at.telar(['show', 'main.telar.md', 'end', '--run', 'last'])).stdout).toBe('words\n');
  expect(end((await at.telar(['fork', 'last~1', '--body', 'all=late.yaml', '--json'])).lines).nodes.all).toMatchObject({ state: 'failed', error: { code: 'missing-file' } });
  // The glob itself gives what it gave.
  const again = end((await at.telar(['fork', 'last~2', '--at', 'all', '--json'])).lines);
  expect(again.nodes).toMatchObject({ all: { how: 'ran' }, end: { how: 'ran' } });
  expect((await at.telar(['show', 'main.telar.md', 'all', '--run', 'last', '-f', 'csv'])).stdout).toMatch(/^x,filename\n1,data\/a\.csv\n$|^x\n1\n$/);
});
