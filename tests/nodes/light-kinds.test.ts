import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { Analysis } from '../../contracts/node.ts';
import { graph } from '../../nodes/graph/index.ts';
import { normalForm, parseYamlBody } from '../../nodes/yaml-body.ts';
import { input } from '../../nodes/input/index.ts';
import { chart, chartData } from '../../nodes/view/chart.ts';
import { renderChart } from '../../nodes/view/render-chart.ts';
import { text } from '../../nodes/view/text.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { analyse, stepBench } from '../support/steps.ts';

const bench = stepBench();
afterAll(() => bench.close());
const at = (body: string, analysis: Analysis): string[] => analysis.reads.flatMap((read) => read.ranges.map(({ from, to }) => body.slice(from, to)));

describe('input', () => {
  test('P1 the value is the default, or what was given', async () => {
    expect(await bench.value(input, 'type: integer\ndefault: 2014\n')).toBe(2014);
    expect(await bench.value(input, 'type: integer\ndefault: 2014\n', { given: 2015 })).toBe(2015);
    expect(await bench.value(input, 'default: 9007199254740993\n')).toBe(9007199254740993n);
    expect(await bench.value(input, '', { given: { a: [1, null] } })).toEqual({ a: [1, null] });
  });

  test('P1 a text is read by the declared type, else by that of the default', async () => {
    expect(await bench.value(input, 'type: integer\n', { given: ' 7 ' })).toBe(7);
    expect(await bench.value(input, 'type: number\n', { given: '1e3' })).toBe(1000);
    expect(await bench.value(input, 'type: string\n', { given: '007' })).toBe('007');
    expect(await bench.value(input, 'default: 3\n', { given: '9007199254740993' })).toBe(9007199254740993n);
    expect(await bench.value(input, 'type: array\nitems: {type: integer}\n', { given: '[1, 2]' })).toEqual([1, 2]);
    expect(await bench.value(input, 'enum: [a, b]\n', { given: 'b' })).toBe('b');
  });

  test('C8 dates and times are such', async () => {
    expect(await bench.value(input, '{type: string, format: date, default: 2014-02-28}')).toEqual(new Tagged('date', '2014-02-28'));
    expect(await bench.value(input, '{type: string, format: date-time}', { given: '2014-02-28 09:30:00.500+02:00' })).toEqual(new Tagged('timestamptz', '2014-02-28T09:30:00.5+02:00'));
    expect(await bench.value(input, '{type: string, format: date-time}', { given: '2014-02-28T09:30' })).toEqual(new Tagged('timestamp', '2014-02-28T09:30:00'));
    expect(await bench.value(input, '{type: string, format: time}', { given: '09:30' })).toEqual(new Tagged('time', '09:30:00'));
  });

  test.each<[string, unknown, RegExp]>([
    ['type: integer\nminimum: 3\n', 2, /`it` must be at least 3, but is 2/], ['type: integer\n', 1.5, /must be an integer, but is 1\.5/],
    ['type: integer\n', 'x', /must be an integer, but is "x"/], ['enum: [1, 2]\n', 3, /must be one of 1, 2/], ['type: string\nmaxLength: 1\n', 'éé', /at most 1 characters, but has 2/],
    ['{type: string, format: date}', '2014-02-30', /a date like/], ['multipleOf: 0.1\n', 0.25, /multiple of 0\.1/], ['type: object\nrequired: [a]\n', {}, /must have `a`/],
    ['type: array\nitems: {type: string}\n', ['a', 1], /`it`\[1\] must be a string/], ['type: boolean\n', 'maybe', /must be a boolean/],
  ])('R5 %j refuses %j', async (body, given, message) => {
    const error = await bench.fault(input, body, { given });
    expect(error.code).toBe('bad-input');
    expect(error.message).toMatch(message);
  });

  test('R5 without value and default it says how to set it', async () => {
    expect((await bench.fault(input, 'type: string\n')).message).toMatch(/--set it=…/);
    expect(await bench.value(input, 'multipleOf: 0.1\n', { given: 0.3 })).toBe(0.3);
  });

  test.each([
    ['type: interger\n', 'bad-value', 'interger'], ['minimun: 3\n', 'unknown-key', 'minimun'], ['type: integer\ndefault: x\n', 'bad-value', 'x'],
    ['type: [\n', 'syntax', ''], ['widget: dial\n', 'bad-value', 'dial'], ['items: 3\n', 'bad-value', '3'], ['pattern: "(a+)+$"\n', 'unknown-key', 'pattern'],
  ])('D4 %j has the problem %s at %j', async (body, code, place) => {
    const [problem] = (await analyse(input, body)).problems;
    expect(problem!.code).toBe(code);
    if (place !== '') expect(body.slice(problem!.at.from, problem!.at.to)).toBe(place);
  });

  test('S13 keys of a body cannot pollute', async () => {
    await bench.value(input, 'default: {__proto__: {a: 1}, constructor: 2}\n');
    expect(({} as { a?: number }).a).toBeUndefined();
    const bomb = `a: &a [${'1,'.repeat(50)}1]\nb: &b [${'*a,'.repeat(50)}*a]\nc: &c [${'*b,'.repeat(50)}*b]\ndefault: [${'*c,'.repeat(50)}*c]\n`;
    expect((await analyse(input, bomb)).problems[0]!.code).toBe('syntax');
  });
});

describe('text', () => {
  test('D7 a text drops the last line end of its fence, and prints what is wired', async () => {
    expect(await bench.value(text, 'Hola {{ warm.m }}\n{{ by.monthly.n }}\n', { inputs: { warm: { m: 8 }, 'by.monthly': { n: 3 } } })).toBe('Hola 8\n3');
    const { outcome } = await bench.run(text, '# {{ t }}\n', { inputs: { t: 'A' }, params: { format: 'markdown' } });
    expect(outcome.outputs.value!.ref).toMatchObject({ form: 'text', mediaType: 'text/markdown' });
  });

  test('G5 names of a template are reads at their places', async () => {
    const body = 'a {{ year }} {{#each rows}}{{ name }}{{/each}}\n';
    expect(at(body, await analyse(text, body))).toEqual(['year', 'rows']);
  });
});

describe('chart', () => {
  const line = (name: string): string => `{"mark": "line", "data": {"name": "${name}"}, "encoding": {"x": {"field": "d", "type": "temporal"}, "y": {"field": "t", "type": "quantitative"}}}\n`;
  const rows = [{ d: new Tagged('date', '2014-01-01'), t: 1 }, { d: new Tagged('date', '2014-02-01'), t: 3.5 }];

  test('G5 named data are reads, anywhere; data of its own are not', async () => {
    const body = '{"data": {"name": "base"}, "datasets": {"own": []}, "layer": [{"mark": "bar", "data": {"name": "own"}}, {"mark": "bar", "transform": [{"lookup": "a", "from": {"data": {"name": "extra"}, "key": "a"}}, {"filter": "datum.data.name"}]},'
      + ' {"data": {"name": "made", "sequence": {"start": 0, "stop": 3}}, "mark": "bar"}, {"data": {"name": "base"}, "mark": "rule"}], "usermeta": {"data": {"name": "no"}}}';
    const analysis = await analyse(chart, body);
    expect(analysis.reads.map((read) => read.name)).toEqual(['base', 'extra']);
    expect(at(body, analysis)).toEqual(['base', 'base', 'extra']);
    expect(analysis.problems).toEqual([]);
  });

  test.each([
    ['{"mark": "line",}', '}'], ['{"a": tru}', 't'], ['{"a": "x\n"}', '"'], ["{'a': 1}", "'"], ['{"a": 1} x', 'x'], ['{"a": [1 2]}', '2'], ['', ''], ['{"a" 1}', '1'], ['{"a": 01}', '1'],
  ])('D4 %j is no JSON, and the place is told', async (body, place) => {
    const [problem] = (await analyse(chart, body)).problems;
    expect(problem!.code).toBe('syntax');
    expect(body.slice(problem!.at.from, problem!.at.to)).toBe(place);
  });

  test.each([
    ['{"mark": "lin"}', 'lin', 'line'], ['{"mark": {"type": "bars", "tooltip": true}}', 'bars', 'bar'], ['{"hconcat": [{"mark": "bar"}, {"layer": [{"mark": "pointt"}]}]}', 'pointt', 'point'],
    ['{"facet": {"field": "a"}, "spec": {"mark": "Bar"}}', 'Bar', 'bar'],
  ])('D4 the mark of %j is none of Vega-Lite', async (body, mark, near) => {
    const { problems } = await analyse(chart, body);
    expect(problems.map(({ code, at: { from, to } }) => [code, body.slice(from, to)])).toEqual([['bad-value', `"${mark}"`]]);
    expect(problems[0]!.message).toContain(`Did you mean \`${near}\`? Marks: arc, area, bar`);
  });

  test('D4 `mark` may be the name of a field, and of a setting', async () => {
    const body = '{"mark": {"type": "line"}, "config": {"mark": {"color": "red"}}, "params": [{"name": "p", "select": {"type": "point", "fields": ["mark"]}, "value": [{"mark": "a"}]}], "data": {"values": [{"mark": "b"}]}}';
    expect((await analyse(chart, body)).problems).toEqual([]);
  });

  test('D4 each mark that is told as one is drawn', async () => {
    const { problems } = await analyse(chart, '{"mark": "none"}');
    const { marks } = /Marks: (?<marks>.*)\.$/.exec(problems[0]!.message)!.groups!;
    const { $defs, definitions } = JSON.parse(readFileSync(new URL('../../node_modules/vega-lite/build/vega-lite-schema.json', import.meta.url), 'utf8')) as Record<string, Record<string, { enum?: string[]; const?: string }>>;
    const known = $defs ?? definitions!;
    expect(marks!.split(', ').sort()).toEqual([...known.Mark!.enum!, ...['BoxPlot', 'ErrorBar', 'ErrorBand'].map((name) => known[name]!.const!)].sort());
  });

  test('S11 a chart that would fetch is refused', async () => {
    expect((await analyse(chart, '{"mark": "bar", "data": {"url": "https://example.org/a.csv"}}')).problems[0]!.message).toMatch(/fetches nothing/);
  });

  test('P5 the value changes when the data change, and holds them by reference', async () => {
    const first = await bench.run(chart, line('m'), { inputs: { m: rows } });
    const again = await bench.run(chart, line('m'), { inputs: { m: rows } });
    const other = await bench.run(chart, line('m'), { inputs: { m: rows.slice(1) } });
    const hash = ({ outcome }: typeof first): string => outcome.outputs.value!.ref!.hash;
    expect(hash(again)).toBe(hash(first));
    expect(hash(other)).not.toBe(hash(first));
    expect(first.outcome.outputs.value!.ref!.mediaType).toBe('application/vnd.vegalite.v6+json');
    const value = await bench.value(chart, line('m'), { inputs: { m: rows } });
    const data = chartData(value);
    expect(Object.keys(data)).toEqual(['m']);
    expect(bench.blobs.has(data.m!.hash)).toBe(true);
    expect((await bench.fault(chart, line('m'), { inputs: { m: 'text' } })).code).toBe('value-type');
  });

  test('S6 an SVG is drawn without network, eval, or a path to a constructor', async () => {
    const svg = await renderChart(JSON.parse(line('m')), { m: rows });
    expect(svg).toMatch(/^<svg[^]*aria-roledescription="line mark"[^]*<\/svg>$/);
    const calculated = (expression: string): unknown => ({ mark: 'text', data: { name: 'm' }, transform: [{ calculate: expression, as: 'z' }], encoding: { text: { field: 'z' } } });
    expect(await renderChart(calculated('"<" + format(pow(datum.t, 2), ".2f") + (datum.t > 2 ? " high" : " low")'), { m: rows })).toContain('12.25 high');
    for (const bad of ['datum.constructor', 'toString()', 'regexp("(a+)+$")', 'now()', 'datum.t.constructor("return 1")()']) {
      await expect(renderChart(calculated(bad), { m: rows }), bad).rejects.toMatchObject({ code: 'exception' });
    }
    expect(await renderChart(calculated('datum["__proto__"]'), { m: rows })).toContain('>undefined</text>');
    expect(await renderChart({ mark: { type: 'image', url: 'https://example.org/a.png' }, data: { name: 'm' }, encoding: {} }, { m: rows })).not.toContain('example.org');
  });
});

describe('graph', () => {
  test('G9 a nested notebook names its file; what is wrong has its place', async () => {
    expect((await analyse(graph, 'use: station.telar.md\nwith: {year: 2014}\n'))).toMatchObject({ files: ['station.telar.md'], reads: [], problems: [] });
    for (const [body, code] of [['', 'missing-key'], ['use: station.md\n', 'bad-value'], ['uses: a.telar.md\n', 'unknown-key'], ['use: a.telar.md\nwith: [1]\n', 'bad-value'], ['use: [\n', 'syntax']] as const) {
      expect((await analyse(graph, body)).problems[0]!.code, body).toBe(code);
    }
  });
});

test.each([['.inf', '.nan'], ['.inf', 'null'], ['-0.0', '0'], ['9007199254740993', '"9007199254740993n"'], ['[.nan]', '[null]']])('P2 bodies that say %s and %s have other normal forms', (one, other) => {
  const form = (text: string): string => normalForm(parseYamlBody(`default: ${text}`).value);
  expect(form(one)).not.toBe(form(other));
});
