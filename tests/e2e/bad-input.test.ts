/**
 * Every line of the issue's "Bad input": a typed error that says what to do, the right exit status, nothing lost, the rest of
 * the notebook done, and the next run fine.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, yaml, type RunEnd } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';

const place = usePlaces();

/** Nodes beside the broken one: they must always be done. */
const WELL = `${py('well_py', '1 + 1')}${js('well_js', 'well_py + 1')}${sql('well_sql', 'select {{ well_js }} as n')}`;
const expectWell = (end: RunEnd): void => { for (const id of ['well_py', 'well_js', 'well_sql']) expect([id, end.nodes[id]?.state]).toEqual([id, 'fresh']); };

/** The same for findings that no engine sees: a cheap one. */
const LIGHT = js('well_js', '1 + 1');

/** Line of the notebook on which a text stands. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('definition errors: exit 2, and the rest has run', () => {
  /** All of them in one notebook, each under an id of its own: what one does wrong is no other's. */
  const CASES: readonly (readonly [name: string, broken: (id: string) => string, code: string, help: RegExp])[] = [
    ['unknown-kind', (id) => yaml(id, 'chekc', 'x: 1'), 'unknown-kind', /check/],
    ['unknown-kind of a language', (id) => fence('ruby', `#${id}`, '1'), 'unknown-kind', /Kinds|Did you mean/],
    ['unknown-key', (id) => py(id, '1', 'timout=2s'), 'unknown-key', /timeout/],
    ['a key named as a prototype', (id) => py(id, '1', '__proto__=2 constructor=3'), 'unknown-key', /__proto__|constructor/],
    ['bad value of a key', (id) => py(id, '1', 'timeout=soon'), 'bad-value', /20s/],
    ['missing-name', (id) => py(id, 'well_jss + 1'), 'missing-name', /well_js/],
    ['cycle of one', (id) => py(id, 'bad2 + 1') + py('bad2', `${id} + 1`), 'cycle', /bad2/],
    ['ambiguous-name', (id) => py('a1', 'shared = 1') + py('a2', 'shared = 2') + py(id, 'shared'), 'ambiguous-name', /in\.shared=/],
    ['rebinding', (id) => py('frame', '1') + py(id, 'frame = frame + 1\nframe'), 'rebinding', /in\.frame=/],
    ['a wire to nobody', (id) => py(id, 'x', 'in.x=nobody'), 'missing-name', /nobody/],
    ['broken JavaScript', (id) => js(id, 'const = 3'), 'syntax', /JavaScript/],
    ['broken SQL', (id) => sql(id, 'select (1'), 'syntax', /never closed/],
    ['broken YAML', (id) => yaml(id, 'data', 'file: [unclosed'), 'syntax', /./],
    ['broken template', (id) => fence('text', `#${id} .text`, '{{ #if }}'), 'syntax', /Template/],
    ['broken chart', (id) => fence('vega-lite', `#${id}`, '{"mark": '), 'syntax', /JSON/],
    ['a function in another language', (id) => py('f', 'def f():\n    return 1') + js(id, 'f()'), 'cross-language', /Pass what it returns/],
    ['a missing notebook', (id) => yaml(id, 'graph', 'use: nowhere.telar.md'), 'missing-file', /nowhere/],
  ];
  let end: RunEnd;
  let again: RunEnd;
  let text: string;
  const idOf = (name: string): string => `bad_${CASES.findIndex(([one]) => one === name)}`;
  beforeAll(async () => {
    text = `---\ntelar: 1\n---\n${CASES.map(([name, broken]) => broken(idOf(name))).join('')}${LIGHT}`;
    const one = createPlace({ 'main.telar.md': text });
    try {
      end = await one.run();
      again = await one.run();
    } finally { one.remove(); }
  });

  test.each(CASES)('D4 %s', (name, _broken, code, help) => {
    const bad = end.nodes[idOf(name)];
    expect(bad).toMatchObject({ state: 'failed', error: { code } });
    expect(bad?.error?.message).toMatch(help);
    const fenced = lineOf(text, `#${idOf(name)}`);
    expect(bad?.error?.line).toBeGreaterThanOrEqual(fenced);
    expect(bad?.error?.line).toBeLessThanOrEqual(fenced + 3);
    expect([end.code, end.nodes.well_js?.state, again.ran]).toEqual([2, 'fresh', []]);
  });

  test('D4 duplicate ids are told of every bearer; the rest runs', async () => {
    const one = place({ 'main.telar.md': `${js('twin', '1')}${js('twin', '2')}${js('reader', 'twin')}${LIGHT}` });
    const end = await one.run();
    expect(end.code).toBe(2);
    const problems = end.lines.filter((line) => line.type === 'problems').flatMap((line) => line.problems as { code: string; line: number }[]);
    expect(problems.filter((problem) => problem.code === 'duplicate-id').map((problem) => problem.line)).toEqual([1, 5]);
    expect(end.nodes.reader?.state).toBe('blocked');
    expect(end.nodes.well_js?.state).toBe('fresh');
  });

  test.each<[string, string]>([
    ['not YAML', '---\ntelar: 1\ntitle: [never closed\n---\n'],
    ['no mapping', '---\n- telar\n---\n'],
    ['wrong types', '---\ntelar: one\noutputs: 7\n---\n'],
    ['YAML bomb', `---\ntelar: 1\na: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`).join('\n')}\n---\n`],
  ])('D4 front matter that is broken (%s): told with its line, the notebook runs', async (_name, front) => {
    const one = place({ 'main.telar.md': front + LIGHT });
    const end = await one.run('main.telar.md', [], { patience: 20_000 });
    const problems = end.lines.filter((line) => line.type === 'problems').flatMap((line) => line.problems as { code: string; line: number }[]);
    expect(problems.map((problem) => problem.code)).toContain('front-matter');
    expect(end.code).toBe(2);
    expect(end.nodes.well_js?.state).toBe('fresh');
  });
});

describe('errors at run time: exit 1, the line in the notebook, and the rest has run', () => {
  const TEXT = `---
telar: 1
---
${py('raises', 'a = 1\n\nb = a / 0\nb')}${py('reader', 'raises')}${py('calls', 'def deep():\n    return missing_thing\n\ndeep()')}${js('throws', 'const a = null;\n\na.b.c')}${sql('no_column', 'select\n  n,\n  nothing_such\nfrom well_sql')}${sql('division', "select\n  cast('x' as integer)")}${py('python_syntax', 'x = 1\ny = = 2')}${yaml('ragged', 'data', 'file: ragged.csv')}${yaml('gone', 'data', 'file: dat.csv')}${py('opens', '\nopen("nowhere.txt").read()')}${sql('from_gone', "from 'nowhere.csv'")}${yaml('broken_json', 'data', 'file: broken.json')}${yaml('red', 'check', '- that: well_py == 3\n  because: it is not')}${WELL}`;

  test('R6 many broken nodes at once; each has its code and line, healthy ones are fresh, a second run repeats only the broken', async () => {
    const one = place({ 'main.telar.md': TEXT, 'ragged.csv': 'a,b\n1,2\n3,4,5,6\n7,8\n', 'data.csv': 'a\n1\n', 'broken.json': '{"a": [1, 2' });
    const end = await one.run();
    const error = (id: string) => end.nodes[id]?.error;
    expect(error('raises')).toMatchObject({ code: 'exception', line: lineOf(TEXT, 'b = a / 0') });
    expect(error('raises')?.message).toContain('ZeroDivisionError');
    expect(end.nodes.reader).toMatchObject({ state: 'cancelled', by: ['raises'] });
    expect(error('throws')).toMatchObject({ code: 'exception', line: lineOf(TEXT, 'a.b.c') });
    expect(error('no_column')).toMatchObject({ line: lineOf(TEXT, 'nothing_such') });
    expect(error('no_column')?.message).toContain('nothing_such');
    expect(error('division')?.code).toBe('exception');
    expect(error('python_syntax')).toMatchObject({ code: 'syntax', line: lineOf(TEXT, 'y = = 2') });
    expect(error('ragged')).toMatchObject({ code: 'bad-file' });
    expect(error('ragged')?.message).toMatch(/line 3/);
    expect(error('gone')).toMatchObject({ code: 'missing-file' });
    expect(error('gone')?.message).toContain('data.csv');
    expect(error('opens')).toMatchObject({ line: lineOf(TEXT, 'open("nowhere.txt")') });
    expect(error('from_gone')).toMatchObject({ code: 'missing-file' });
    expect(error('broken_json')).toMatchObject({ code: 'bad-file' });
    expect(error('red')).toMatchObject({ code: 'check-red' });
    expect(end.nodes.calls?.state).toBe('failed');
    expectWell(end);
    // `missing_thing` and Python's syntax are definition errors, so the status is 2.
    expect(end.code).toBe(2);
    const again = await one.run();
    expect(again.unwell).toEqual(end.unwell);
    expect(again.ran).toEqual([]);
  });

  test('R10 without definition errors the status is 1; a red check alone is 3', async () => {
    const one = place({ 'main.telar.md': js('raises', 'null.x') + yaml('red', 'check', '- that: 1 == 2') + LIGHT });
    expect((await one.run()).code).toBe(1);
    one.write('main.telar.md', yaml('red', 'check', '- that: 1 == 2') + LIGHT);
    expect((await one.run()).code).toBe(3);
    one.write('main.telar.md', LIGHT);
    expect((await one.run()).code).toBe(0);
  });
});

describe('bytes', () => {
  test('D4 a notebook that is not UTF-8, one that is not there, a folder, and one of a newer generation: exit 2, typed', async () => {
    const one = place({ 'bad.telar.md': new Uint8Array([0x23, 0x20, 0xff, 0xfe, 0x0a]), 'new.telar.md': `---\ntelar: 7\n---\n${WELL}`, 'folder.telar.md/x': '' });
    const bad = await one.run('bad.telar.md');
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.stdout + bad.stderr).toMatch(/UTF-8/);
    const newer = await one.run('new.telar.md');
    expect(newer.code).toBe(2);
    expect(newer.stdout).toMatch(/newer-generation|"generation"/);
    expect(newer.stdout).toMatch(/npm|version|Telar/);
    expect(newer.ran).toEqual([]);
    expect(one.read('new.telar.md')).toContain('telar: 7');
    expect(await one.run('nowhere.telar.md')).toMatchObject({ code: 2, status: 'missing-file' });
    expect((await one.run('folder.telar.md')).code).toBe(2);
  });

  test('D4 data that are not UTF-8 are a typed error of their node; as bytes they can be read', async () => {
    const latin = new Uint8Array([0x61, 0x0a, 0x63, 0x61, 0x66, 0xe9, 0x0a]);
    const one = place({
      'main.telar.md': `${yaml('csv', 'data', 'file: latin.csv')}${yaml('text', 'data', 'file: latin.txt')}${yaml('raw', 'data', 'file: latin.bin')}${py('opened', 'open("latin.txt").read()')}${sql('scanned', "from read_csv('latin.csv')")}${WELL}`,
      'latin.csv': latin, 'latin.txt': latin, 'latin.bin': latin,
    });
    const end = await one.run();
    for (const id of ['csv', 'text', 'scanned']) {
      expect([id, end.nodes[id]?.state]).toEqual([id, 'failed']);
      expect([id, end.nodes[id]?.error?.code]).toEqual([id, 'bad-file']);
    }
    expect(end.nodes.opened?.error?.message).toMatch(/UnicodeDecodeError/);
    expect(end.nodes.raw?.state).toBe('fresh');
    expectWell(end);
  });

  test('D4 a line of 50 MB, in the prose, in a body, and in a CSV', async () => {
    const long = 'x'.repeat(50_000_000);
    const one = place({ 'main.telar.md': `${long}\n\n${LIGHT}`, 'body.telar.md': `${py('long', `len("${long}")`)}${LIGHT}`, 'csv.telar.md': `${yaml('wide', 'data', 'file: long.csv')}${sql('scan', "select max(length(a)) as n from read_csv('long.csv')")}${LIGHT}`, 'long.csv': `a,b\n${long},1\n` });
    const prose = await one.run('main.telar.md');
    expect(prose.code).toBe(0);
    expect(prose.nodes.well_js?.state).toBe('fresh');
    const body = await one.run('body.telar.md');
    expect(body.nodes.well_js?.state).toBe('fresh');
    expect(['fresh', 'failed']).toContain(body.nodes.long?.state);
    const csv = await one.run('csv.telar.md');
    expect(csv.nodes.well_js?.state).toBe('fresh');
    for (const id of ['wide', 'scan']) if (csv.nodes[id]?.state === 'failed') expect([id, csv.nodes[id]?.error?.code]).toEqual([id, 'bad-file']);
  });
});

describe('limits: a typed failure of the step, the host unhurt', () => {
  test('R5 an endless loop in each engine ends at its timeout, and a memory bomb at its memory', async () => {
    const one = place({
      'main.telar.md': `${py('loop_py', 'while True: pass', 'timeout=1s')}${py('loop_c', 'sum(range(10**12))', 'timeout=1s')}${js('loop_js', 'while (true);', 'timeout=1s')}${sql('loop_sql', 'select count(*) from range(100000000000000) where range % 7 = 8', 'timeout=1s')}${py('bomb_py', 'keep = []\nwhile True:\n    keep.append(bytearray(10_000_000))', 'memory=256MB')}${js('bomb_js', 'const keep = [];\nwhile (true) keep.push(new Uint8Array(10_000_000).fill(1));', 'memory=256MB')}${sql('bomb_sql', 'select list(range) as l from range(500000000)', 'memory=256MB')}${py('deep', 'def f(n):\n    return f(n + 1)\nf(0)')}${js('deep_js', 'const f = (n) => f(n + 1) + 1;\nf(0)')}${WELL}`,
    });
    const end = await one.run();
    for (const id of ['loop_py', 'loop_c', 'loop_js', 'loop_sql']) {
      expect([id, end.nodes[id]?.error?.code]).toEqual([id, 'timeout']);
      expect(end.nodes[id]?.error?.message).toMatch(/timeout=/);
      expect(end.nodes[id]?.ms).toBeLessThan(6_000);
    }
    for (const id of ['bomb_py', 'bomb_js', 'bomb_sql']) {
      expect([id, end.nodes[id]?.error?.code]).toEqual([id, 'memory']);
      expect(end.nodes[id]?.error?.message).toMatch(/memory=/);
    }
    expect(end.unwell).toMatchObject({ deep: 'exception' });
    expect(['exception', 'memory']).toContain(end.unwell.deep_js);
    expectWell(end);
    expect(end.code).toBe(1);
  });

  test('R5 an output of 2 GB from each engine, and from a template, is refused', async () => {
    const one = place({
      'main.telar.md': `${py('big_py', 'bytes(2_000_000_000)')}${sql('big_sql', "select repeat('x', 1000000) as s from range(2200)")}${js('big_js', 'new Uint8Array(2_000_000_000)')}${js('list_js', 'Array.from({length: 20}, () => "x".repeat(100_000_000))', 'memory=512MB')}${py('many', 'list(range(3000))')}${py('long', '"y" * 1_000_000')}${fence('text', '#big_text .text', '{{#each many}}{{../long}}{{/each}}')}${fence('text', '#loop_text .text', '{{#each many}}{{#each ../many}}{{#each ../../many}}{{/each}}{{/each}}{{/each}}')}${WELL}`,
    });
    const end = await one.run('main.telar.md', [], { patience: 90_000 });
    for (const id of ['big_py', 'big_sql', 'big_text', 'loop_text']) expect([id, end.unwell[id]]).toEqual([id, 'output-limit']);
    for (const id of ['big_js', 'list_js']) expect(['output-limit', 'memory']).toContain(end.unwell[id]);
    expectWell(end);
    expect(end.code).toBe(1);
  });
});

test('R5 a loop that prints fills neither the disk nor the log', async () => {
  const one = place({ 'main.telar.md': `${py('flood', 'while True: print("x" * 10000)', 'timeout=2s')}${js('js_flood', 'while (true) console.log("x".repeat(10000))', 'timeout=2s')}${WELL}` });
  const end = await one.run();
  expect(end.unwell).toEqual({ flood: 'timeout', js_flood: 'timeout' });
  expectWell(end);
  expect(end.stdout.length).toBeLessThan(40_000_000);
  expect(end.lines.filter((line) => line.type === 'stream' && /nothing is shown or kept/.test(String(line.text))).length).toBeGreaterThan(0);
  expect(statSync(one.path('.telar/telar.db')).size).toBeLessThan(60_000_000);
});

test.skipIf(process.platform === 'win32')('security 6 when the command is killed, no engine goes on', async () => {
  const one = place({ 'main.telar.md': `${py('p', 'while True: pass')}${sql('s', 'select count(*) from range(100000000000000) where range % 7 = 8')}${js('j', 'while (true);')}` });
  const children = (pid: number): number[] => spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout.split('\n').map(Number).filter((id) => id > 0);
  let begun: number[] = [];
  await one.telar(['run', 'main.telar.md', '--jobs', '3', '--json'], {
    begun: (child) => {
      const since = performance.now();
      const look = setInterval(() => {
        begun = children(child.pid as number);
        if (begun.length < 3 && performance.now() - since < 10_000) return;
        clearInterval(look);
        // Long enough for the last of them to have begun its step.
        setTimeout(() => { begun = children(child.pid as number); child.kill('SIGKILL'); }, 700);
      }, 100);
    },
  });
  expect(begun.length).toBeGreaterThanOrEqual(3);
  const alive = (id: number): boolean => { try { process.kill(id, 0); return true; } catch { return false; } };
  for (let wait = 0; wait < 30 && begun.some(alive); wait++) await new Promise((resolve) => { setTimeout(resolve, 100); });
  expect(begun.filter(alive)).toEqual([]);
});

/** Every file under a folder. */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

describe('the store', () => {
  const SIMPLE = `${js('a', '"a".repeat(100_000)')}${js('b', 'a.length')}${sql('c', 'select {{ b }} as n')}`;

  test('C3 bytes flipped in a blob and in the database: told, set aside, computed again, never served', async () => {
    const one = place({ 'main.telar.md': SIMPLE });
    const first = await one.run();
    const hash = first.nodes.a?.outputs?.value?.hash as string;
    const blob = filesUnder(join(one.root, '.telar', 'blobs')).find((path) => path.includes(hash.slice(4)));
    const bytes = readFileSync(blob as string);
    bytes[50_000]! ^= 1;
    chmodSync(blob as string, 0o644);
    writeFileSync(blob as string, bytes);
    // What reads the damaged value now must not get it.
    one.write('main.telar.md', SIMPLE.replace('a.length', 'a.length + a.split("a").length'));
    const second = await one.run();
    expect(second.stderr).toMatch(/damaged/);
    // Found only when it was read: its producer is done again in this run, and then its reader.
    expect(second).toMatchObject({ code: 0, unwell: {} });
    expect(second.ran).toContain('a');
    expect(second.nodes.a?.outputs?.value?.hash).toBe(hash);
    const fresh = place({ 'main.telar.md': one.read('main.telar.md') });
    expect((await fresh.run()).nodes.b?.outputs).toEqual(second.nodes.b?.outputs);
    expect((await one.run()).ran).toEqual([]);

    const database = join(one.root, '.telar', 'telar.db');
    const pages = readFileSync(database);
    pages.fill(0xa5, 100, Math.min(pages.length, 40_000));
    writeFileSync(database, pages);
    let end = await one.run();
    if (end.code !== 0) end = await one.run();
    expect(end).toMatchObject({ code: 0, unwell: {} });
    expect((await one.run()).ran).toEqual([]);
  });

  test('C2 two processes that run one notebook at once agree, and a third reuses all', async () => {
    const one = place({ 'main.telar.md': SIMPLE });
    const [left, right] = await Promise.all([one.run(), one.run()]);
    for (const end of [left, right]) expect(end).toMatchObject({ code: 0, unwell: {} });
    for (const id of ['a', 'b', 'c']) expect(left.nodes[id]?.outputs).toEqual(right.nodes[id]?.outputs);
    expect((await one.run()).ran).toEqual([]);
    const { runs } = (await one.telar(['runs', 'main.telar.md', '--json'])).lines.at(-1) as unknown as { runs: { status: string }[] };
    expect(runs.map((run) => run.status)).toEqual(['ok', 'ok', 'ok']);
  });

  const canMount = process.platform === 'linux' && process.getuid?.() === 0 && ((): boolean => {
    const probe = join('/tmp', `telar-mount-${process.pid}`);
    mkdirSync(probe, { recursive: true });
    const ok = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0;
    if (ok) spawnSync('umount', [probe]);
    return ok;
  })();

  test.skipIf(!canMount)('C2 a full disk and a read-only workspace: typed, what was kept stays, and with room again all is well (needs the right to mount)', async () => {
    const one = place({});
    const root = one.path('small');
    mkdirSync(root);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', root]).status).toBe(0);
    try {
      const text = `${js('small', '1 + 1')}${js('big', 'Array.from({length: 60}, (_, i) => String(i).repeat(100_000))')}${js('last', 'small + 1')}`;
      one.write('small/main.telar.md', text);
      const full = await one.run('small/main.telar.md', ['--workspace', 'small']);
      expect(full.code).toBe(1);
      expect(full.unwell.big).toBe('disk-full');
      expect(full.nodes.big?.error?.message).toMatch(/make room/);
      spawnSync('mount', ['-o', 'remount,size=64m', root]);
      const room = await one.run('small/main.telar.md', ['--workspace', 'small']);
      expect(room).toMatchObject({ code: 0, unwell: {} });
      one.write('small/main.telar.md', text.replace('1 + 1', '1 + 2'));
      spawnSync('mount', ['-o', 'remount,ro', root]);
      const refused = await one.run('small/main.telar.md', ['--workspace', 'small']);
      expect(refused.code).not.toBe(0);
      expect(refused.stdout + refused.stderr).toMatch(/cannot be written|read-only/);
      spawnSync('mount', ['-o', 'remount,rw', root]);
      const after = await one.run('small/main.telar.md', ['--workspace', 'small']);
      expect(after).toMatchObject({ code: 0, unwell: {}, ran: ['last', 'small'] });
    } finally {
      spawnSync('umount', ['-l', root]);
    }
  });
});
