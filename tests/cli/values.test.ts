/** `telar show`: stored values in every form, exactly; and what it says when there is none. */
import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, type Place } from '../support/cli.ts';
import { small } from './fixtures.ts';

let place: Place;
beforeAll(async () => {
  place = await createPlace({
    ...small,
    'more.telar.md': `${js('list', '[{a: 1, b: "x"}, {a: 2.5, b: null}]')}${js('big', '({n: 2n ** 64n, nested: {when: [1, 2]}})')}${py('work', 'def twice(x):\n    return 2 * x\n\nclass Odd:\n    pass\n\nodd = Odd()\nspare = [1, 2, 3]\nb"\\x00\\xff"')}${py('uses', 'odd is None')}${
      fence('vega-lite', '#plot', '{"mark": "bar", "data": {"name": "list"}, "encoding": {"x": {"field": "a", "type": "quantitative"}}}')}${fence('javascript', '#never disabled=true', '1')}`,
  });
  expect((await place.run('small.telar.md')).status).toBe('ok');
  expect((await place.run('more.telar.md')).unwell).toEqual({ never: 'disabled' });
});
afterAll(() => { place.remove(); });

const show = (...args: readonly string[]): ReturnType<Place['telar']> => place.telar(['show', ...args]);

describe('tables', () => {
  const rows = [
    { n: 1, day: '2020-01-01', price: '1.10', big: '9007199254740993', word: 'a,b' }, { n: 2, day: '2020-02-03', price: '2.25', big: '-1', word: null },
    { n: 3, day: null, price: '3.00', big: '0', word: '' },
  ];

  test('C8 JSON and CSV keep decimals, big integers and dates exactly, and null apart from the empty text', async () => {
    const json = JSON.parse((await show('small.telar.md', 'days', '--format', 'json')).stdout) as Record<string, unknown>[];
    expect(json.map((row) => ({ ...row, big: String(row.big) }))).toEqual(rows);
    const csv = await show('small.telar.md', 'days', '-f', 'csv');
    expect(csv.stdout).toBe('n,day,price,big,word\n1,2020-01-01,1.10,9007199254740993,"a,b"\n2,2020-02-03,2.25,-1,\n3,,3.00,0,""\n');
  });

  test('C8 Arrow and Parquet hold the same rows, as files and on a pipe', async () => {
    expect((await show('small.telar.md', 'days', '-o', 'days.arrow')).code).toBe(0);
    const arrow = tableFromIPC(readFileSync(place.path('days.arrow')));
    expect([arrow.numRows, arrow.schema.fields.map((field) => field.name), arrow.getChild('big')?.get(0), arrow.getChild('word')?.toJSON()]).toEqual([3, ['n', 'day', 'price', 'big', 'word'], 9007199254740993n, ['a,b', null, '']]);
    expect((await show('small.telar.md', 'days', '-o', 'days.parquet')).code).toBe(0);
    expect(readFileSync(place.path('days.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    place.write('back.telar.md', fence('yaml', '#back .data', 'file: days.parquet'));
    expect((await place.run('back.telar.md')).status).toBe('ok');
    const again = JSON.parse((await show('back.telar.md', 'back', '-f', 'json')).stdout) as Record<string, unknown>[];
    expect(again.map((row) => ({ ...row, big: String(row.big) }))).toEqual(rows);
  });

  test('CLI text aligns, and a list of records is a table, too', async () => {
    expect((await show('small.telar.md', 'some', '--format', 'text')).stdout).toBe('n  price\n2   2.25\n3   3.00\n');
    place.write('long.telar.md', sql('long', 'select range as n from range(300000)'));
    await place.run('long.telar.md');
    expect((await show('long.telar.md', 'long', '-f', 'text')).stdout.split('\n').length).toBe(300002);
    expect((await show('more.telar.md', 'list', '-f', 'csv')).stdout).toBe('a,b\n1,x\n2.5,\n');
  });
});

test('CLI a nested node by its path, and an output of the boundary', async () => {
  for (const name of ['inner/count', 'inner.count', 'inner']) expect(JSON.parse((await show('small.telar.md', name)).stdout)).toEqual({ k: 2 });
  expect((await show('small.telar.md', 'told')).stdout).toBe('2 rows from 2\n');
});

test('CLI a chart is drawn as SVG, by its data of then', async () => {
  expect((await show('more.telar.md', 'plot', '-o', 'plot.svg')).code).toBe(0);
  expect(place.read('plot.svg')).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
  const none = await show('more.telar.md', 'list', '-f', 'svg');
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/list is a list of 2, which has no svg form/)]);
});

test('CLI big numbers in records are text; bytes are written raw', async () => {
  expect(JSON.parse((await show('more.telar.md', 'big', '-f', 'json')).stdout)).toEqual({ n: '18446744073709551616', nested: { when: [1, 2] } });
  expect((await show('more.telar.md', 'work', '-o', 'raw.bin')).code).toBe(0);
  expect([...readFileSync(place.path('raw.bin'))]).toEqual([0, 255]);
});

test('C1 what was only summarised, live or opaque is told so', async () => {
  const spare = await show('more.telar.md', 'work.spare');
  expect(spare.stdout).toMatch(/list of 3\n\[1, 2, 3\]\n\(only this summary/);
  expect((await show('more.telar.md', 'work.spare', '-f', 'csv')).stderr).toMatch(/Let a node read it/);
  expect((await show('more.telar.md', 'work.odd')).code).toBe(0);
  expect((await show('more.telar.md', 'work.odd', '-f', 'json')).code).toBe(1);
});

test('CLI an older value is shown with a remark, a missing one is an error that says how to get it', async () => {
  const text = place.read('small.telar.md');
  place.write('small.telar.md', text.replace('order by n', 'where true order by n').replace('where n >= {{ least }} where true', 'where n >= {{ least }} and true'));
  const older = await show('small.telar.md', 'some', '-f', 'csv');
  expect([older.code, older.stdout, older.stderr]).toEqual([0, 'n,price\n2,2.25\n3,3.00\n', expect.stringMatching(/older value: its code changed.*telar run small\.telar\.md --to some/)]);
  place.write('small.telar.md', text);
  expect((await show('small.telar.md', 'some', '-f', 'csv')).stderr).toBe('');
  const none = await show('more.telar.md', 'never');
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/Nothing is stored of never yet/)]);
});

test('CLI a file that cannot be written leaves what was there', async () => {
  const done = await show('small.telar.md', 'some', '-o', 'no/such/folder.csv');
  expect([done.code, done.stderr]).toEqual([1, expect.stringMatching(/no\/such\/folder\.csv cannot be written \(ENOENT\)/)]);
});
