/**
 * Every line of the issue's "Bad input": a typed error that says what to do, the right exit status, nothing lost, the rest of
 * the notebook done, and the next run fine.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, yaml, type Place, type RunEnd } from '../support/cli.ts';

const places: Place[] = [];
async function place(files: Readonly<Record<string, string | Uint8Array>>): Promise<Place> {
  const made = await createPlace(files);
  places.push(made);
  return made;
}
afterEach(() => { for (const one of places.splice(0)) one.remove(); });

/** Nodes beside the broken one: they must always be done. */
const WELL = `${py('well_py', '1 + 1')}${js('well_js', 'well_py + 1')}${sql('well_sql', 'select {{ well_js }} as n')}`;
const expectWell = (end: RunEnd): void => { for (const id of ['well_py', 'well_js', 'well_sql']) expect([id, end.nodes[id]?.state]).toEqual([id, 'fresh']); };

/** Line of the notebook on which a text stands. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('definition errors: exit 2, and the rest has run', () => {
  test.each<[string, string, string, RegExp]>([
    ['unknown-kind', yaml('bad', 'chekc', 'x: 1'), 'unknown-kind', /check/],
    ['unknown-kind of a language', fence('ruby', '#bad', '1'), 'unknown-kind', /Kinds|Did you mean/],
    ['unknown-key', py('bad', '1', 'timout=2s'), 'unknown-key', /timeout/],
    ['a key named as a prototype', py('bad', '1', '__proto__=2 constructor=3'), 'unknown-key', /__proto__|constructor/],
    ['bad value of a key', py('bad', '1', 'timeout=soon'), 'bad-value', /20s/],
    ['missing-name', py('bad', 'well_pyy + 1'), 'missing-name', /well_py/],
    ['cycle of one', py('bad', 'bad2 + 1') + py('bad2', 'bad + 1'), 'cycle', /bad2/],
    ['ambiguous-name', py('a1', 'shared = 1') + py('a2', 'shared = 2') + py('bad', 'shared'), 'ambiguous-name', /in\.shared=/],
    ['rebinding', py('bad', 'well_py = well_py + 1\nwell_py') , 'rebinding', /in\.well_py=/],
    ['a wire to nobody', py('bad', 'x', 'in.x=nobody'), 'missing-name', /nobody/],
    ['broken JavaScript', js('bad', 'const = 3'), 'syntax', /JavaScript/],
    ['broken SQL', sql('bad', 'select (1'), 'syntax', /never closed/],
    ['broken YAML', yaml('bad', 'data', 'file: [unclosed'), 'syntax', /./],
    ['broken template', fence('text', '#bad .text', '{{ #if }}'), 'syntax', /Template/],
    ['broken chart', fence('vega-lite', '#bad', '{"mark": '), 'syntax', /JSON/],
    ['a function in another language', py('f', 'def f():\n    return 1') + js('bad', 'f()'), 'cross-language', /Pass what it returns/],
    ['a missing notebook', yaml('bad', 'graph', 'use: nowhere.telar.md'), 'missing-file', /nowhere/],
  ])('D4 %s', async (_name, broken, code, help) => {
    const text = `---\ntelar: 1\n---\n${broken}${WELL}`;
    const one = await place({ 'main.telar.md': text });
    const end = await one.run();
    expect(end.nodes.bad).toMatchObject({ state: 'failed', error: { code } });
    expect(end.nodes.bad?.error?.message).toMatch(help);
    expect(end.nodes.bad?.error?.line).toBeGreaterThanOrEqual(4);
    expect(end.code).toBe(2);
    expectWell(end);
    expect((await one.run()).ran).toEqual([]);
  });

  test('D4 duplicate ids are told of every bearer; the rest runs', async () => {
    const one = await place({ 'main.telar.md': `${py('twin', '1')}${py('twin', '2')}${py('reader', 'twin')}${WELL}` });
    const end = await one.run();
    expect(end.code).toBe(2);
    const problems = end.lines.filter((line) => line.type === 'problems').flatMap((line) => line.problems as { code: string; line: number }[]);
    expect(problems.filter((problem) => problem.code === 'duplicate-id').map((problem) => problem.line)).toEqual([1, 5]);
    expect(end.nodes.reader?.state).toBe('blocked');
    expectWell(end);
  });

  test.each<[string, string]>([
    ['not YAML', '---\ntelar: 1\ntitle: [never closed\n---\n'],
    ['no mapping', '---\n- telar\n---\n'],
    ['wrong types', '---\ntelar: one\noutputs: 7\n---\n'],
    ['YAML bomb', `---\ntelar: 1\na: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`).join('\n')}\n---\n`],
  ])('D4 front matter that is broken (%s): told with its line, the notebook runs', async (_name, front) => {
    const one = await place({ 'main.telar.md': front + WELL });
    const end = await one.run('main.telar.md', [], { patience: 20_000 });
    const problems = end.lines.filter((line) => line.type === 'problems').flatMap((line) => line.problems as { code: string; line: number }[]);
    expect(problems.map((problem) => problem.code)).toContain('front-matter');
    expect(end.code).toBe(2);
    expectWell(end);
  });
});

describe('errors at run time: exit 1, the line in the notebook, and the rest has run', () => {
  const TEXT = `---
telar: 1
---
${py('raises', 'a = 1\n\nb = a / 0\nb')}${py('reader', 'raises')}${py('calls', 'def deep():\n    return missing_thing\n\ndeep()')}${js('throws', 'const a = null;\n\na.b.c')}${sql('no_column', 'select\n  n,\n  nothing_such\nfrom well_sql')}${sql('division', "select\n  cast('x' as integer)")}${py('python_syntax', 'x = 1\ny = = 2')}${yaml('ragged', 'data', 'file: ragged.csv')}${yaml('gone', 'data', 'file: dat.csv')}${py('opens', '\nopen("nowhere.txt").read()')}${sql('from_gone', "from 'nowhere.csv'")}${yaml('broken_json', 'data', 'file: broken.json')}${yaml('red', 'check', '- that: well_py == 3\n  because: it is not')}${WELL}`;

  test('R6 many broken nodes at once; each has its code and line, healthy ones are fresh, a second run repeats only the broken', async () => {
    const one = await place({ 'main.telar.md': TEXT, 'ragged.csv': 'a,b\n1,2\n3,4,5,6\n7,8\n', 'data.csv': 'a\n1\n', 'broken.json': '{"a": [1, 2' });
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
    const one = await place({ 'main.telar.md': py('raises', '1 / 0') + yaml('red', 'check', '- that: 1 == 2') + WELL });
    expect((await one.run()).code).toBe(1);
    one.write('main.telar.md', yaml('red', 'check', '- that: 1 == 2') + WELL);
    expect((await one.run()).code).toBe(3);
    one.write('main.telar.md', WELL);
    expect((await one.run()).code).toBe(0);
  });
});

describe('bytes', () => {
  test('D4 a notebook that is not UTF-8, one that is not there, a folder, and one of a newer generation: exit 2, typed', async () => {
    const one = await place({ 'bad.telar.md': new Uint8Array([0x23, 0x20, 0xff, 0xfe, 0x0a]), 'new.telar.md': `---\ntelar: 7\n---\n${WELL}`, 'folder.telar.md/x': '' });
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
    const one = await place({
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
    const one = await place({ 'main.telar.md': `${long}\n\n${WELL}`, 'body.telar.md': `${py('long', `len("${long}")`)}${WELL}`, 'csv.telar.md': `${yaml('wide', 'data', 'file: long.csv')}${sql('scan', "select max(length(a)) as n from read_csv('long.csv')")}${WELL}`, 'long.csv': `a,b\n${long},1\n` });
    const prose = await one.run('main.telar.md');
    expect(prose.code).toBe(0);
    expectWell(prose);
    const body = await one.run('body.telar.md');
    expectWell(body);
    expect(['fresh', 'failed']).toContain(body.nodes.long?.state);
    const csv = await one.run('csv.telar.md');
    expectWell(csv);
    for (const id of ['wide', 'scan']) if (csv.nodes[id]?.state === 'failed') expect([id, csv.nodes[id]?.error?.code]).toEqual([id, 'bad-file']);
  });
});
