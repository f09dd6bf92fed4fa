/** What the issue on checkpoints says must be shown, through the real command line: every call is a new process. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fence, js, py, sql, yaml, type Line, type Place } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';

const place = usePlaces();

/** The JSON object that ends a command. */
async function end(at: Place, ...args: string[]): Promise<Line & { readonly code: number | null }> {
  const finished = await at.telar([...args, '--json']);
  expect(finished.lines.at(-1), finished.stdout + finished.stderr).toBeDefined();
  return { ...(finished.lines.at(-1) as Line), code: finished.code };
}

const HEAD = '---\ntelar: 1\n---\n';

describe('verify', () => {
  test('C4 of a notebook in four languages with a nested one finds nothing divergent, also when its files have changed since', async () => {
    const at = place({
      'main.telar.md': `${HEAD}${yaml('days', 'data', 'file: days.csv')}${sql('warm', 'select day, t from days where t > 10')}${py('note', 'import helper\nhelper.twice(open("note.txt").read())')}${js('sum', 'Array.from(warm).reduce((s, row) => s + Number(row.t), 0)')}${fence('text', '#said .text', '{{ sum }} {{ note }}')}${yaml('part', 'graph', 'use: part.telar.md', 'in.n=sum')}`,
      'part.telar.md': `---\ntelar: 1\noutputs: [double]\n---\n${yaml('n', 'input', 'default: 1')}${py('double', 'n * 2')}`,
      'days.csv': 'day,t\n1,8\n2,12\n3,15\n', 'note.txt': 'hello', 'helper.py': 'def twice(text):\n    return text + text\n',
    });
    expect(await at.run()).toMatchObject({ code: 0, status: 'ok' });
    at.write('days.csv', 'day,t\n1,99\n');
    at.write('note.txt', 'changed');
    at.write('helper.py', 'def twice(text):\n    return "other"\n');
    at.write('main.telar.md', HEAD);
    const verified = await end(at, 'verify', 'last');
    expect(verified).toMatchObject({ type: 'verify', code: 0, divergent: [], equal: 0 });
    expect(verified.total).toBeGreaterThanOrEqual(7);
    expect(verified.identical).toBe(verified.total);
  });

  test('C4 finds planted chance, clocks and entropy at their nodes and ports, each with its cause, and nothing after them', async () => {
    const planted: Readonly<Record<string, readonly [setup: string, value: string, cause: RegExp]>> = {
      chance: ['import random', 'random.random()', /chance|random/], clock: ['import time', 'time.time_ns()', /clock/],
      day: ['import datetime', 'str(datetime.date.today())', /clock/], entropy: ['import os', 'list(os.urandom(8))', /entropy|urandom/],
    };
    const at = place({ 'main.telar.md': `${HEAD}${py('one', '1')}${Object.entries(planted).map(([id, [setup, value]]) => `${py(id, `${setup}\nhidden_${id} = ${value}\none`)}${py(`after_${id}`, `str(hidden_${id})`)}`).join('')}${py('beside', 'one + 1')}` });
    expect(await at.run()).toMatchObject({ code: 0 });
    const verified = await end(at, 'verify', 'last');
    expect(verified.code).toBe(5);
    expect(verified.divergent.map((one: Line) => `${one.node}.${one.output}`).sort()).toEqual(Object.keys(planted).map((id) => `${id}.hidden_${id}`).sort());
    for (const one of verified.divergent as Line[]) {
      expect(one.cause, one.node).toMatch(planted[one.node as string]![2]);
      expect(one.expected).not.toBe(one.actual);
    }
  });

  test('C4 a sum of doubles on two threads is equal by its comparator, not divergent', async () => {
    const at = place({ 'main.telar.md': `${HEAD}${sql('sum', 'select range % 7 g, sum(sin(range) * 1e10) s from range(3000000) group by 1', 'threads=2')}` });
    expect(await at.run()).toMatchObject({ code: 0 });
    expect(await end(at, 'verify', 'last')).toMatchObject({ code: 0, divergent: [], total: 1 });
  });
});

describe('fork and compare', () => {
  const FILES = {
    'main.telar.md': `${HEAD}${yaml('year', 'input', 'type: integer\ndefault: 1')}${js('top', 'year * 10')}${js('left', 'top + 1')}${js('right', 'top + 2')}${yaml('inner', 'graph', 'use: inner.telar.md', 'in.n=left')}${js('bottom', 'inner.out + right')}${js('apart', 'right * 2')}`,
    'inner.telar.md': `---\ntelar: 1\noutputs: [out]\n---\n${yaml('n', 'input', 'default: 0')}${js('mid', 'n * 100')}${js('out', 'mid + 1')}`,
  };

  test('C4 a fork in the middle of a diamond with a nested notebook does exactly what the edit reaches, and compare tells what changed', async () => {
    const at = place(FILES);
    const first = await at.run();
    const before = at.read('main.telar.md');
    at.write('left.txt', 'top + 5');
    const forked = await at.telar(['fork', 'last', '--body', 'left=left.txt', '--json']);
    const summary = forked.lines.at(-1) as Line;
    expect(forked.code, forked.stderr).toBe(0);
    const ran = Object.entries(summary.nodes as Record<string, { how?: string }>).filter(([, node]) => node.how === 'ran').map(([id]) => id).sort();
    expect(ran.filter((id) => id !== 'inner')).toEqual(['bottom', 'inner/mid', 'inner/n', 'inner/out', 'left']);
    expect(at.read('main.telar.md')).toBe(before);
    const compared = await end(at, 'compare', 'last~1', 'last');
    expect(compared).toMatchObject({ type: 'compare', code: 0, runs: [expect.any(String), summary.run] });
    const changed = (compared.nodes as Line[]).filter((one) => one.change !== 'same').map((one) => one.node).sort();
    expect(changed.filter((id) => id !== 'inner')).toEqual(['bottom', 'inner/mid', 'inner/n', 'inner/out', 'left']);
    expect((compared.nodes as Line[]).find((one) => one.node === 'left' && one.output === 'value')?.summary).toMatch(/11.*15/);
    // The notebook as it stands is as reused as before.
    expect(await at.run()).toMatchObject({ code: 0, ran: [], nodes: { bottom: { outputs: first.nodes.bottom?.outputs } } });
    const { runs } = await end(at, 'runs');
    expect((runs as Line[]).find((one) => one.run === summary.run)).toMatchObject({ parent: compared.runs[0] });
  });

  test('C4 restore shows a past run as it was, also after the notebook has gone on; show --run shows any', async () => {
    const at = place(FILES);
    await at.run();
    at.write('main.telar.md', at.read('main.telar.md').replace('top + 1', 'top + 7'));
    await at.run();
    const older = await at.telar(['show', 'main.telar.md', 'left', '--run', 'last~1']);
    expect(older.stdout.trim()).toBe('11');
    expect((await at.telar(['show', 'main.telar.md', 'left'])).stdout.trim()).toBe('17');
    expect((await at.telar(['restore', 'last~1'])).code).toBe(0);
    expect((await at.telar(['show', 'main.telar.md', 'left'])).stdout.trim()).toBe('11');
    await at.run();
    expect((await at.telar(['show', 'main.telar.md', 'left'])).stdout.trim()).toBe('17');
  });

  test('C4 a run that is not there is a usage error for each command that takes one', async () => {
    const at = place({ 'main.telar.md': HEAD + fence('text', '#top .text', 'one') });
    await at.run();
    for (const args of [['verify', 'nosuch'], ['restore', 'last~9'], ['fork', ''], ['show', 'main.telar.md', 'top', '--run', 'zzz']]) {
      const finished = await at.telar(args);
      expect([args, finished.code, finished.stderr]).toEqual([args, 2, expect.stringMatching(/telar: /)]);
    }
  });
});

describe('effects', () => {
  const FILES = { 'main.telar.md': `${HEAD}${yaml('n', 'input', 'type: integer\ndefault: 3')}${sql('table', 'select range as i from range({{ n }})')}${yaml('kept', 'save', 'from: table\nfile: out/table.csv')}` };

  test('P7 a save is not written twice by reuse, verify, fork or another process', async () => {
    const at = place(FILES);
    expect(await at.run()).toMatchObject({ code: 0, status: 'ok' });
    expect(at.read('out/table.csv')).toBe('i\n0\n1\n2\n');
    at.write('out/table.csv', 'mine now');
    expect(await at.run()).toMatchObject({ code: 0, ran: [] });
    expect(await end(at, 'verify', 'last')).toMatchObject({ code: 0, divergent: [] });
    expect((await at.telar(['fork', 'last', '--at', 'table'])).code).toBe(0);
    expect((await at.telar(['fork', 'last', '--set', 'n=5'])).code).toBe(0);
    expect(at.read('out/table.csv')).toBe('mine now');
    expect(await at.run('main.telar.md', ['--from', 'kept'])).toMatchObject({ code: 0, ran: ['kept'] });
    expect(at.read('out/table.csv')).toBe('i\n0\n1\n2\n');
  });

  test('P7 killed between call and receipt it is in doubt, and a person resolves it', async () => {
    const at = place(FILES);
    await at.telar(['run', 'main.telar.md', '--fault', 'effect-made:kill']);
    const doubt = await end(at, 'doubt', 'list');
    expect(doubt.code).toBe(0);
    expect(JSON.stringify(doubt)).toContain('out/table.csv');
    at.write('out/table.csv', 'mine now');
    expect((await at.run()).unwell).toEqual({ kept: 'in-doubt' });
    expect(at.read('out/table.csv')).toBe('mine now');
    const [id] = (doubt.doubts as Line[]).map((one) => one.id as string);
    expect((await at.telar(['doubt', 'resolve', id as string, 'again'])).code).toBe(0);
    expect(await at.run()).toMatchObject({ code: 0, ran: ['kept'] });
    expect(at.read('out/table.csv')).toBe('i\n0\n1\n2\n');
  });
});

describe('bundles', () => {
  test('C7 a bundle verifies in an empty workspace, is imported there, and a forged one is refused', async () => {
    const at = place({ 'main.telar.md': `${HEAD}${yaml('days', 'data', 'file: days.csv')}${sql('warm', 'select count(*) c from days')}${py('text', 'open("days.csv").read()[:3]')}`, 'days.csv': 'day,t\n1,8\n2,12\n' });
    await at.run();
    expect((await at.telar(['bundle', 'last', '-o', 'one.telarrun'])).code).toBe(0);
    const elsewhere = place({ 'empty.txt': '' });
    cpSync(at.path('one.telarrun'), elsewhere.path('one.telarrun'));
    const verified = await end(elsewhere, 'bundle', 'verify', 'one.telarrun');
    expect(verified).toMatchObject({ type: 'verify', code: 0, divergent: [] });
    expect(verified.total).toBeGreaterThanOrEqual(3);
    expect((await elsewhere.telar(['bundle', 'import', 'one.telarrun', '--json'])).code).toBe(0);
    expect((await elsewhere.telar(['restore', 'last'])).code).toBe(0);
    expect(await end(elsewhere, 'compare', 'last', 'last')).toMatchObject({ code: 0 });
    const bytes = readFileSync(at.path('one.telarrun'));
    for (const at of [10, Math.floor(bytes.length / 2), bytes.length - 3]) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] as number) ^ 1;
      writeFileSync(elsewhere.path('forged.telarrun'), forged);
      expect((await elsewhere.telar(['bundle', 'verify', 'forged.telarrun'])).code).not.toBe(0);
      expect((await elsewhere.telar(['bundle', 'import', 'forged.telarrun'])).code).not.toBe(0);
    }
  });
});

describe('retention', () => {
  test('C6 gc tells first, keeps what is pinned, and what it leaves is clean', async () => {
    const at = place({ 'main.telar.md': `${HEAD}${yaml('n', 'input', 'default: 1')}${js('big', '"x".repeat(100000) + n')}` });
    for (const n of [1, 2, 3, 4]) await at.run('main.telar.md', ['--set', `n=${n}`]);
    expect((await at.telar(['pin', 'last~3'])).code).toBe(0);
    const told = await end(at, 'gc', '--keep', '1', '--dry-run');
    expect(told).toMatchObject({ type: 'gc', code: 0 });
    expect((await end(at, 'runs')).runs).toHaveLength(4);
    expect(await end(at, 'gc', '--keep', '1')).toMatchObject({ type: 'gc', code: 0 });
    expect((await end(at, 'runs')).runs).toHaveLength(2);
    expect(await end(at, 'fsck')).toMatchObject({ type: 'fsck', code: 0, damaged: [], missing: [] });
    expect(await end(at, 'verify', 'last~1')).toMatchObject({ code: 0, divergent: [] });
  });

  test('C3 fsck finds a damaged value and repairs it by doing its step again', async () => {
    const at = place({ 'main.telar.md': `${HEAD}${js('big', '"x".repeat(100000)')}${js('size', 'big.length')}` });
    const first = await at.run();
    const hash = first.nodes.big?.outputs?.value?.hash as string;
    const file = at.path(`.telar/blobs/${hash.slice(0, 2)}/${hash.slice(2)}`);
    expect(existsSync(file)).toBe(true);
    const bytes = readFileSync(file);
    bytes[500] = (bytes[500] as number) ^ 4;
    cpSync(fileURLToPath(import.meta.url), at.path('x')); // a file of ours to rename from, since the blob is read-only
    writeFileSync(at.path('x'), bytes);
    cpSync(at.path('x'), file, { force: true });
    expect(await end(at, 'fsck')).toMatchObject({ code: 1, damaged: [hash] });
    expect(await end(at, 'fsck', '--repair')).toMatchObject({ code: 0 });
    expect(await end(at, 'fsck')).toMatchObject({ code: 0, damaged: [], missing: [] });
    expect(await at.run()).toMatchObject({ ran: [] });
  });
});
