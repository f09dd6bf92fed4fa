/** What the issue says must be shown: after every kind of change exactly the right steps run, in a new process each, and `why` says so. */
import { cpSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyChanges } from '../../runtime/document/changes.ts';
import { applyEdit } from '../../runtime/document/edit.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { referencesTo } from '../../runtime/graph/rename.ts';
import { createPlace, fence, js, py, sql, yaml, type Place } from '../support/cli.ts';
import { graphOf } from '../support/graphs.ts';

const FILES = {
  'main.telar.md': `---
telar: 1
title: A chain of four languages
---
Prose that belongs to the reader.

${yaml('days', 'data', 'file: days.csv')}${sql('warm', 'select day, t from days where t > 10 order by day')}${py('facts', `low = min(row["t"] for row in warm)
high = max(row["t"] for row in warm)
len(warm)`)}${js('of_low', 'low * 2')}${js('of_high', 'high * 2')}${fence('text', '#said .text', 'From {{ of_low }} to {{ of_high }}.')}${sql('alone', 'select 42 as answer')}`,
  'days.csv': 'day,t\n1,8\n2,12\n3,15\n4,20\n',
};
const ALL = ['alone', 'days', 'facts', 'of_high', 'of_low', 'said', 'warm'];

/** Replaces a part of a file that must be there. */
function edit(place: Place, from: string, to: string, file = 'main.telar.md'): void {
  const text = place.read(file);
  expect(text).toContain(from);
  place.write(file, text.replace(from, to));
}

const components = (why: { changed: { component: string }[] }): string[] => [...new Set(why.changed.map((one) => one.component))].sort();

describe('a notebook of one chain, process after process', () => {
  let place: Place;
  beforeAll(async () => { place = createPlace(FILES); });
  afterAll(() => { place.remove(); });

  test('P4 the first run runs all; a second one, in a new process, reuses every step', async () => {
    const first = await place.run();
    expect(first).toMatchObject({ code: 0, status: 'ok', unwell: {}, ran: ALL });
    const second = await place.run();
    expect(second).toMatchObject({ code: 0, status: 'ok', unwell: {}, ran: [] });
    for (const id of ALL) expect(second.nodes[id]?.outputs).toEqual(first.nodes[id]?.outputs);
    expect(await place.why('warm')).toMatchObject({ type: 'why', node: 'warm', decision: 'reuse' });
  });

  test('P2 after an edit of a comment, of layout, of prose, of the page order and of a label nothing runs', async () => {
    edit(place, 'Prose that belongs', 'Other prose that belongs');
    edit(place, 'low = min(', '# the coldest of the warm ones\nlow   =  min(');
    edit(place, 'where t > 10', '-- only these\nwhere t > 10');
    edit(place, 'low * 2', '(low * 2) // twice');
    edit(place, '{#facts}', '{#facts label="Some facts" timeout=30s}');
    const first = sql('alone', 'select 42 as answer');
    place.write('main.telar.md', place.read('main.telar.md').replace(first, '').replace('```yaml {#days', `${first}\`\`\`yaml {#days`));
    expect(await place.plan()).toEqual(Object.fromEntries(ALL.map((id) => [id, 'reuse'])));
    expect(await place.run()).toMatchObject({ code: 0, unwell: {}, ran: [] });
  });

  test('P5 after an edit that gives the same bytes exactly one step runs, and its code is what changed', async () => {
    edit(place, 'where t > 10', 'where t >= 11');
    expect((await place.plan()).warm).toBe('run');
    const why = await place.why('warm');
    expect(why).toMatchObject({ decision: 'run' });
    expect(components(why as never)).toEqual(['code']);
    expect(await place.run()).toMatchObject({ code: 0, unwell: {}, ran: ['warm'] });
    expect((await place.why('facts')).decision).toBe('reuse');
  });

  test('P1 G7 after a real edit exactly the readers of the outputs that changed run: a reader of `high` does not see `low`', async () => {
    edit(place, 'low   =  min(row["t"] for row in warm)', 'low = min(row["t"] for row in warm) - 1');
    expect(await place.run()).toMatchObject({ code: 0, unwell: {}, ran: ['facts', 'of_low', 'said'] });
    const why = await place.why('of_low');
    expect(why.decision).toBe('reuse');
    expect(components(why as never)).toEqual(['input.low']);
    expect(components(await place.why('facts') as never)).toEqual(['code']);
  });

  test('P6 an edited key says which param, and one taken back is reused', async () => {
    edit(place, '{#warm}', '{#warm threads=2}');
    const why = await place.why('warm');
    expect(why.decision).toBe('run');
    expect(components(why as never)).toContain('param.threads');
    expect(await place.run()).toMatchObject({ ran: ['warm'] });
    edit(place, '{#warm threads=2}', '{#warm}');
    expect(await place.run()).toMatchObject({ ran: [] });
  });

  test('P9 a touched data file runs nothing; a changed one runs `data`, and what reads other bytes of it', async () => {
    utimesSync(place.path('days.csv'), new Date(), new Date());
    expect(await place.run()).toMatchObject({ ran: [] });
    edit(place, '1,8\n', '1,9\n', 'days.csv');
    const why = await place.why('days');
    expect(why).toMatchObject({ decision: 'run' });
    expect(components(why as never)).toEqual(['reads']);
    expect(await place.run()).toMatchObject({ code: 0, ran: ['days', 'warm'] });
    expect(components(await place.why('warm') as never)).toEqual(['input.days']);
  });

  test('P5 putting old text back reuses what was done under it', async () => {
    edit(place, '1,9\n', '1,8\n', 'days.csv');
    expect(await place.run()).toMatchObject({ ran: [] });
  });
});

describe('a rename', () => {
  const NOTEBOOK = `---
telar: 1
outputs: [total, said]
---
${yaml('total', 'input', 'type: integer\ndefault: 7')}${py('rows', '[{"a": total, "total": 1}, {"a": 2, "total": 3}]')}${sql('upper', 'select sum(rows.a) as s, {{ total }} as t from ROWS')}${fence('text', '#said .text', 'In all {{ total }}{{#each rows}} {{ total }}{{/each}}.')}${fence('vega-lite', '#plot', '{"mark": "bar", "data": {"name": "rows"}, "encoding": {"x": {"field": "total"}}}')}${yaml('sane', 'check', '- that: len(rows) == 2 and total == 7\n- table: rows\n  columns: {a: {not_null: true}}')}${py('own', 'own = {"k": [total]}\nown["k"].append(1)\nown')}${py('local', '(lambda total: total + 1)(4)')}${py('wired', 'rows * 2', 'in.rows=total')}${js('keyed', '({ total })')}`;

  /** Renames as every view will: the edit of the document with the graph's references. */
  async function rename(place: Place, id: string, to: string): Promise<void> {
    const text = place.read('main.telar.md');
    const graph = await graphOf({ 'main.telar.md': text });
    const changes = applyEdit(parseDocument(text, 'main.telar.md'), { type: 'renameNode', id, to, references: referencesTo(graph, id) });
    place.write('main.telar.md', applyChanges(text, changes));
  }

  test('P2 the renamed node does not run, only readers whose text changed do; references follow in every language', async () => {
    const place = createPlace({ 'main.telar.md': NOTEBOOK });
    const first = await place.run();
    expect(first).toMatchObject({ code: 0, unwell: {} });
    await rename(place, 'rows', 'lines');
    expect(place.read('main.telar.md')).toContain('from lines');
    expect(place.read('main.telar.md')).toContain('in.rows=total');
    const second = await place.run();
    expect(second.unwell).toEqual({});
    expect(second.code).toBe(0);
    expect(second.nodes.lines?.how).toBe('reused');
    expect(second.ran).toEqual(['plot', 'said', 'sane', 'upper']);
    expect(await place.why('lines')).toMatchObject({ decision: 'reuse' });
    expect(components(await place.why('upper') as never)).toEqual(['code', 'input.ROWS', 'input.lines']);

    await rename(place, 'total', 'sum_of_all');
    const third = await place.run();
    expect(third.unwell).toEqual({});
    expect(third.nodes.sum_of_all?.how).toBe('reused');
    expect(third.nodes.local?.how).toBe('reused');
    expect(third.ran).toEqual(['keyed', 'lines', 'own', 'said', 'sane', 'upper']);
    const text = place.read('main.telar.md');
    expect(text).toContain('outputs: [sum_of_all, said]');
    expect(text).toContain('in.rows=sum_of_all');
    expect(text).toContain('{"a": sum_of_all, "total": 1}');
    expect(text).toContain('{{ sum_of_all }}{{#each lines}} {{ total }}');
    expect(text).toContain('lambda total: total + 1');
    for (const id of ['upper', 'said', 'own', 'wired', 'keyed']) expect([id, third.nodes[id]?.outputs?.value?.hash]).toEqual([id, first.nodes[id]?.outputs?.value?.hash]);

    await rename(place, 'own', 'mine');
    const fourth = await place.run();
    expect(fourth.unwell).toEqual({});
    expect(fourth.nodes.mine?.outputs?.value).toEqual(first.nodes.own?.outputs?.value);
    expect(fourth.ran.filter((id) => id !== 'mine')).toEqual([]);
    place.remove();
  });
});

describe('P9 what a step reads by itself', () => {
  const NOTEBOOK = `${py('opened', `import json
seen = json.load(open("a.json"))
len(seen)`)}${py('of_seen', 'sum(seen)')}${js('of_count', 'opened + 1')}${sql('query', "select count(*) as n from read_csv('b.csv')")}${sql('direct', "from 'b.csv'")}${py('of_query', 'list(query)[0]["n"]')}${yaml('part', 'data', 'file: parts/*.csv')}${sql('of_part', 'select count(*) as n from part')}${py('helped', 'import helpers, folder.inside\nfrom folder import inside\nhelpers.double(4) + folder.inside.one - inside.one')}${yaml('inner', 'graph', 'use: inner.telar.md', 'in.x=opened')}${py('of_inner', 'inner.twice')}${py('listed', 'import os\nsorted(os.listdir("parts"))')}${py('maybe', `import os
os.path.exists("later.txt")`)}${py('other', '1')}`;
  const INNER = `---\ntelar: 1\noutputs: [twice, thrice]\n---\n${yaml('x', 'input', 'default: 1')}${py('twice', 'x * 2')}${py('thrice', 'x * 3')}`;
  let place: Place;
  beforeAll(async () => {
    place = createPlace({
      'main.telar.md': NOTEBOOK, 'inner.telar.md': INNER, 'a.json': '[1, 2, 3]', 'b.csv': 'n\n1\n2\n', 'parts/one.csv': 'k\n1\n',
      'helpers.py': 'import more\ndef double(x):\n    return more.times(x, 2)\n', 'more.py': 'def times(a, b):\n    return a * b\n', 'stranger.txt': 'x', 'folder/inside.py': 'one = 1\n',
    });
    expect(await place.run()).toMatchObject({ code: 0, unwell: {} });
    expect((await place.run()).ran).toEqual([]);
  });
  afterAll(() => { place.remove(); });

  /** Runs after a change; a reason that names the component, for each node that the change met. */
  async function after(change: () => void, met: string | readonly string[], component: string): Promise<readonly string[]> {
    change();
    for (const id of [met].flat()) {
      const why = await place.why(id);
      expect([id, why.decision, components(why as never)]).toEqual([id, 'run', [component]]);
    }
    const end = await place.run();
    expect(end).toMatchObject({ code: 0, unwell: {} });
    return end.ran;
  }

  test('a file that no step read changes nothing; one that Python opened: that node, and only readers of the output that changed', async () => {
    expect(await after(() => { place.write('a.json', '[1, 2, 4]'); place.write('stranger.txt', 'y'); }, 'opened', 'reads')).toEqual(['of_seen', 'opened']);
    expect(await after(() => { place.write('a.json', '[1, 2, 4, 0]'); }, 'opened', 'reads')).toEqual(['inner', 'inner/thrice', 'inner/twice', 'inner/x', 'of_count', 'of_inner', 'of_seen', 'opened']);
  });
  test('a file that SQL opened, a glob that gains a file, a folder that was listed, and a file that was looked for in vain', async () => {
    expect(await after(() => { place.write('b.csv', 'n\n1\n3\n'); }, 'query', 'reads')).toEqual(['direct', 'query']);
    // Three changes at once: each meets nodes that no other one does.
    expect(await after(() => {
      place.write('b.csv', 'n\n1\n3\n4\n');
      place.write('parts/two.csv', 'k\n2\n');
      place.write('later.txt', '');
    }, ['direct', 'part', 'maybe'], 'reads')).toEqual(['direct', 'listed', 'maybe', 'of_part', 'of_query', 'part', 'query']);
  });
  test('P1 a helper, and what the helper imports', async () => {
    expect(await after(() => { edit(place, 'return more.times(x, 2)', 'return more.times(x, 2) + 1', 'helpers.py'); }, 'helped', 'code')).toEqual(['helped']);
    expect(await after(() => { edit(place, 'a * b', 'b * a + 0', 'more.py'); }, 'helped', 'code')).toEqual(['helped']);
    expect(await after(() => { edit(place, 'one = 1', 'one = 2', 'folder/inside.py'); }, 'helped', 'code')).toEqual(['helped']);
  });
  test('G9 an edit of a nested notebook runs its node and the readers of that output', async () => {
    expect(await after(() => { edit(place, 'x * 3', 'x * 30', 'inner.telar.md'); }, 'inner/thrice', 'code')).toEqual(['inner', 'inner/thrice']);
    expect(await after(() => { edit(place, 'x * 2', 'x * 20', 'inner.telar.md'); }, 'inner/twice', 'code')).toEqual(['inner', 'inner/twice', 'of_inner']);
  });
});

test('P4 a workspace that was copied to another folder reuses every step there', async () => {
  const place = createPlace(FILES);
  expect((await place.run()).ran).toEqual(ALL);
  const other = createPlace({});
  mkdirSync(other.path('moved'));
  cpSync(place.root, other.path('moved'), { recursive: true });
  expect(readFileSync(other.path('moved/days.csv'), 'utf8')).toBe(FILES['days.csv']);
  expect((await other.run('moved/main.telar.md')).ran).toEqual([]);
  place.remove();
  other.remove();
});
