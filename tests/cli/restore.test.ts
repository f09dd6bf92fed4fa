/** C4, going back: `restore`, `show --run` and `runs`, on stored runs alone. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { fence, js, yaml, type Line, type Place } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';
import { canary, preload } from './fixtures.ts';

const place = usePlaces();

const FILES = {
  'main.telar.md': `${yaml('words', 'input', 'default: one')}${fence('text', '#said .text', 'said {{ words }}')}${yaml('inner', 'graph', 'use: inner.telar.md', 'in.n=said')}${fence('text', '#told .text', '{{ inner.out }}!')}${fence('text', '#off .text disabled=true', 'x')}`,
  'inner.telar.md': `---\ntelar: 1\noutputs: [out]\n---\n${yaml('n', 'input', 'default: none')}${fence('text', '#out .text', '<{{ n }}>')}`,
};
const shown = async (at: Place, ...args: readonly string[]): Promise<string> => (await at.telar(['show', 'main.telar.md', ...args])).stdout;

test('C4 the restored run is what `show` shows, until the next run of its file; its notebook is not needed', async () => {
  const at = place(FILES);
  const first = await at.run();
  at.write('main.telar.md', FILES['main.telar.md'].replace('said {{', 'SAID {{'));
  const second = await at.run();
  expect(await shown(at, 'told')).toBe('<SAID one>!\n');
  const text = at.read('main.telar.md');
  const restored = await at.telar(['restore', 'last~1', '--json']);
  expect([restored.code, restored.lines.length]).toEqual([0, 1]);
  const { run, nodes } = first.lines.at(-1) as Line;
  expect(restored.lines[0]).toMatchObject({ type: 'summary', run, status: 'ok', file: 'main.telar.md', nodes: { told: { outputs: nodes.told.outputs }, inner: { outputs: nodes.inner.outputs }, off: { state: 'disabled' } } });
  expect(at.read('main.telar.md')).toBe(text);
  for (const [name, value] of [['told', '<said one>!'], ['inner', '<said one>'], ['inner.out', '<said one>'], ['inner/n', 'said one']] as const) expect(await shown(at, name), name).toBe(`${value}\n`);
  expect((await at.telar(['show', 'main.telar.md', 'told'])).stderr).toMatch(new RegExp(`older run ${run as string}.*restored`));
  // A setting asks of the notebook as it stands; a run that is named wins.
  expect(await shown(at, 'told', '--set', 'words=one')).toBe('<SAID one>!\n');
  expect(await shown(at, 'told', '--run', 'last')).toBe('<SAID one>!\n');
  rmSync(at.path('main.telar.md'));
  rmSync(at.path('inner.telar.md'));
  expect(await shown(at, 'inner')).toBe('<said one>\n');
  at.write('inner.telar.md', FILES['inner.telar.md']);
  at.write('main.telar.md', text);
  expect(await at.run()).toMatchObject({ ran: [] });
  expect(await shown(at, 'told')).toBe('<SAID one>!\n');
  expect(second.nodes.told?.how).toBe('ran');
});

test('C4 what a run has no value of is told, with what it has', async () => {
  const at = place({ ...FILES, 'other.telar.md': fence('text', '#only .text', 'x'), 'bad.telar.md': `${yaml('rows', 'data', 'file: none.txt')}${fence('text', '#after .text', '{{ rows }}')}` });
  await at.run('bad.telar.md');
  await at.run('other.telar.md');
  await at.run('main.telar.md', ['--to', 'said']);
  for (const [file, name, run, code, message] of [
    ['main.telar.md', 'tols', 'last', 2, /no node `tols`\. Did you mean `told`|has no node `tols`/], ['main.telar.md', 'told', 'last', 1, /did not come to `told`: it was not among what was asked for/],
    ['main.telar.md', 'said.more', 'last', 2, /`said` has no output `more`\. It has `said`/], ['main.telar.md', 'inner.x', 'last', 2, /`inner` has no output `x`\. It has `inner\.out`/],
    ['main.telar.md', 'said[3]', 'last', 1, /Run \S+ has no `said\[3\]`\. It has `said`/], ['main.telar.md', 'said', 'last~1', 2, /is of other\.telar\.md, not of main\.telar\.md/],
    ['bad.telar.md', 'rows', 'last~2', 1, /gave no value of `rows`: it failed: .*none\.txt/], ['bad.telar.md', 'after', 'last~2', 1, /gave no value of `after`: it was (cancelled|blocked): rows failed\./],
    ['main.telar.md', 'said', 'nope', 2, /no such run/],
  ] as const) {
    const done = await at.telar(['show', file, name, '--run', run]);
    expect([done.code, done.stdout], name).toEqual([code, '']);
    expect(done.stderr).toMatch(message);
  }
  expect((await at.telar(['show', 'main.telar.md', 'said', '--run', 'last', '--set', 'words=x'])).code).toBe(2);
});

test('C4 `runs` shows forks under the run that they came from, with what they changed; and what is shown or pinned', async () => {
  const at = place(FILES);
  const first = (await at.run()).lines.at(-1) as Line;
  await at.run();
  expect((await at.telar(['fork', 'last~1', '--set', 'words=two', '--json'])).code).toBe(0);
  const fork = (await at.telar(['fork', 'last', '--at', 'told', '--json'])).lines.at(-1) as Line;
  await at.telar(['restore', first.run as string]);
  await at.telar(['pin', 'last']);
  const { stdout } = await at.telar(['runs']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.search(/\d{8}-/))).toEqual([0, 0, 4, 6]);
  expect(lines[1]).toMatch(new RegExp(`^${first.run as string}  ok .*shown$`));
  expect(lines[2]).toMatch(/^ {2}└ .*--set words=two$/);
  expect(lines[3]).toMatch(new RegExp(`^ {4}└ ${fork.run as string}  ok .*told again  pinned$`));
  const { runs } = (await at.telar(['runs', 'main.telar.md', '--json'])).lines[0] as Line;
  expect((runs as Line[]).map((one) => [one.parent ?? null, one.edits ?? null, one.shown ?? false, one.pinned ?? false])).toEqual([
    [runs[1].run, ['told again'], false, true], [first.run, ['--set words=two'], false, false], [null, null, false, false], [null, null, true, false],
  ]);
  // A fork is not what `show` takes its inputs from, and not the shown run.
  expect(await shown(at, 'told')).toBe('<said one>!\n');
  await at.run();
  expect(await shown(at, 'told')).toBe('<said one>!\n');
});

test('C4 restore of a run that was cut off tells what it came to', async () => {
  const at = place({ 'long.telar.md': `${fence('text', '#quick .text', 'x')}${js('long', 'quick; for (;;) {}')}` });
  await at.telar(['run', 'long.telar.md', '--json'], { begun: (child) => {
    child.stdout?.on('data', (text: string) => { if (/"node":"long","status":\{"state":"running"/.test(text)) child.kill('SIGKILL'); });
  } });
  const runs = (await at.telar(['runs'])).stdout;
  expect(runs).toMatch(/unfinished/);
  const restored = await at.telar(['restore', 'last', '--json']);
  expect(restored.lines[0]).toMatchObject({ status: 'open', nodes: { quick: { state: 'fresh' } } });
  expect((await at.telar(['show', 'long.telar.md', 'quick'])).stdout).toBe('x\n');
  expect((await at.telar(['show', 'long.telar.md', 'long'])).stderr).toMatch(/did not come to `long`: it was cut off before/);
  expect(readFileSync(at.path('long.telar.md'), 'utf8')).toContain('for (;;)');
});

test('D8 going back runs, spawns and fetches nothing', async () => {
  const at = place({ 'main.telar.md': `${js('one', '1')}${fence('python', '#bad', 'raise SystemExit(3)')}${yaml('inner', 'graph', 'use: inner.telar.md')}`, 'inner.telar.md': `---\ntelar: 1\noutputs: [out]\n---\n${js('out', '2')}` });
  await at.run('main.telar.md', ['--to', 'one,inner']);
  const env = preload(at.root, 'canary.cjs', canary(at.path('song')));
  for (const args of [['restore', 'last'], ['restore', 'last', '--json'], ['runs'], ['show', 'main.telar.md', 'one', '--run', 'last'], ['show', 'main.telar.md', 'inner']]) {
    expect((await at.telar(args, { env })).code, args.join(' ')).toBe(0);
  }
  expect(existsSync(at.path('song'))).toBe(false);
});

test('C4 runs that a bundle forged to descend from each other are each told once', async () => {
  const at = place(FILES);
  await at.run();
  const store = openStore(at.root, {});
  const run = store.lastRun('main.telar.md')!;
  for (const [id, parent] of [['a', 'b'], ['b', 'a'], ['c', 'nowhere'], ['d', 'd']] as const) await store.importRun({ ...run, id, parent, bundle: 'f.telarrun' }, { steps: [], rows: [], logs: [] });
  await store.close();
  const lines = (await at.telar(['runs'])).stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.trim().replace('└ ', '').split(' ')[0]).sort()).toEqual(['a', 'b', 'c', 'd', run.id].sort());
  expect(lines.some((line) => line.includes('imported from f.telarrun'))).toBe(true);
});
