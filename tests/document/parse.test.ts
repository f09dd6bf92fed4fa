import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { decodeNotebook } from '../../runtime/document/decode.ts';
import { formatDocument } from '../../runtime/document/format.ts';
import { currentGeneration, migrate } from '../../runtime/document/generations.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { bodyOffsetToText, offsetToPlace } from '../../runtime/document/places.ts';
import { check, nastyText } from './nasty.ts';

const parse = (text: string) => parseDocument(text, 'a.telar.md');
const ids = (text: string) => parse(text).cells.map((cell) => cell.id);
const problems = (text: string) => parse(text).problems.map(({ code, line, column }) => `${code} ${line}:${column}`);
const bytes = (...parts: (string | number)[]) => Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : [part])));

describe('decodeNotebook', () => {
  test('D1 bytes come back: BOM, CRLF, no final newline', () => {
    const text = '\uFEFFa\r\nb\rc é😀';
    expect(decodeNotebook(new TextEncoder().encode(text), 'a')).toBe(text);
  });

  test.each([
    [bytes('ab\r\nc', 0xe9, 'x'), 2, 5], [bytes('a\rb\n', 0xff), 3, 4], [bytes(0xc0, 0x80), 1, 0], [bytes('x', 0xed, 0xa0, 0x80), 1, 1],
    [bytes('x', 0xf4, 0x90, 0x80, 0x80), 1, 1], [bytes('ok', 0xe2, 0x82), 1, 2], [bytes(0xf0, 0x8f, 0xbf, 0xbf), 1, 0],
  ])('D4 bytes that are not UTF-8 are refused with line and byte (%#)', (given, line, byte) => {
    expect(() => decodeNotebook(given, 'a.telar.md')).toThrow(expect.objectContaining({ code: 'unreadable', data: { file: 'a.telar.md', line, byte } }));
  });

  test('D4 what is refused is what the platform refuses', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (given) => {
      const strict = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(given);
      let wanted: string | undefined;
      try { wanted = strict(); } catch { wanted = undefined; }
      if (wanted === undefined) expect(() => decodeNotebook(given, 'a')).toThrow(TelarError);
      else expect(decodeNotebook(given, 'a')).toBe(wanted);
    }), { numRuns: 2000 });
  });
});

describe('any text', () => {
  test('D1 parsing keeps the text, every range lies in it, and every place is one of it', () => {
    check('text is kept', fc.property(nastyText, (text) => {
      const document = parse(text);
      expect(document.text).toBe(text);
      let last = 0;
      for (const cell of document.cells) {
        expect(cell.at.from).toBeGreaterThanOrEqual(last);
        expect(cell.fenceAt.to).toBeLessThanOrEqual(cell.bodyAt.from);
        expect(cell.bodyAt.to).toBeLessThanOrEqual(cell.at.to);
        expect(text.slice(cell.idAt.from, cell.idAt.to)).toBe(cell.id);
        expect(offsetToPlace(document, cell.at.from)).toEqual({ line: cell.line, column: 1 + (cell.line === 1 && text.startsWith('\uFEFF') ? 1 : 0) });
        for (const { key, at } of cell.attributes) expect(text.slice(at.from, at.to).startsWith(key)).toBe(true);
        last = cell.at.to;
      }
      const lines = text.split(/\r\n|\r|\n/);
      for (const { line, column } of document.problems) expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
    }));
  });

  test('D1 fmt keeps its own text, and changes fence lines and front matter only', () => {
    check('fmt', fc.property(nastyText, (text) => {
      const document = parse(text);
      const formatted = formatDocument(document);
      expect(formatDocument(parse(formatted))).toBe(formatted);
      expect(parse(formatted).cells.map(({ id, kind, body, attributes }) => [id, kind, body, attributes.map(({ key, value }) => [key, value])]))
        .toEqual(document.cells.map(({ id, kind, body, attributes }) => [id, kind, body, attributes.map(({ key, value }) => [key, value])]));
      const rest = ({ text: all, cells, frontMatter }: ReturnType<typeof parse>) => {
        const spans = [...(frontMatter.at === undefined ? [] : [{ from: 0, to: /---[ \t]*(\r\n|\r|\n|$)/.exec(all.slice(frontMatter.at.to))![0].length + frontMatter.at.to }]),
          ...cells.flatMap((cell) => [cell.fenceAt, { from: cell.bodyAt.to, to: cell.at.to }])];
        let at = 0;
        return spans.map(({ from, to }) => { const part = all.slice(at, from); at = to; return part; }).concat(all.slice(at));
      };
      expect(rest(parse(formatted))).toEqual(rest(document));
    }));
  });

  test('D2 an offset in a body is the same character in the text', () => {
    check('places', fc.property(nastyText, (text) => {
      const document = parse(text);
      for (const cell of document.cells) {
        for (let offset = 0; offset < cell.body.length; offset++) {
          const sign = cell.body[offset]!;
          const there = text[bodyOffsetToText(document, cell, offset)];
          if (sign === '\n') expect(['\n', '\r', undefined]).toContain(there);
          else if (sign === ' ') expect([' ', '\t']).toContain(there);
          else expect(there).toBe(sign);
        }
      }
    }));
  });
});

describe('attributes', () => {
  const cell = (line: string) => parse(`${line}\n`).cells[0]!;
  test('D3 the parts of a fence line, with their places', () => {
    const text = '```SQL {#a .check key=value label="two } words" in.x=b.out.put in.y?=c disabled mute}\n```\n';
    const [a] = parse(text).cells;
    expect(a).toMatchObject({ id: 'a', kind: 'check', language: 'sql', disabled: true });
    expect(a!.attributes.map(({ key, value, valueAt }) => [key, value, text.slice(valueAt.from, valueAt.to)])).toEqual([
      ['key', 'value', 'value'], ['label', 'two } words', '"two } words"'], ['in.x', 'b.out.put', 'b.out.put'], ['in.y?', 'c', 'c'], ['disabled', 'true', 'disabled'], ['mute', 'true', 'mute'],
    ]);
    expect(a!.wires.map(({ port, node, output, optional }) => [port, node, output, optional])).toEqual([['x', 'b', 'out.put', false], ['y', 'c', undefined, true]]);
  });

  test.each([['python', 'python'], ['sql', 'sql'], ['javascript', 'javascript'], ['js', 'javascript'], ['vega-lite', 'chart'], ['yaml', ''], ['constructor', ''], ['', '']])(
    'D3 the language %s means the kind "%s"', (language, kind) => expect(cell(`\`\`\`${language} {#a}`).kind).toBe(kind));

  test.each([['"a\\"b"', 'a"b'], ['"a\\\\n"', 'a\\n'], ['"\\u0060\\n\\t"', '`\n\t'], ['"C:\\data"', 'C:\\data'], ["'it \"is\"'", 'it "is"'], ['""', ''], ['a=b', 'a=b']])(
    'D3 the value %s', (written, value) => expect(cell(`~~~x {#a k=${written}}`).attributes[0]!.value).toBe(value));

  test.each([
    ['```python {#a key="open}', 'syntax 1:19'], ['```python {#a .b', 'syntax 1:11'], ['```python {#a foo}', 'syntax 1:15'], ['```python {#a} x', 'syntax 1:15'],
    ['```python title {#a}', 'syntax 1:11'], ['```python {#a #b}', 'syntax 1:15'], ['```python {#a in.x=}', 'syntax 1:15'], ['```python {#a k=1 k=2}', 'syntax 1:19'], ['```python {#a k="x"y=2}', 'syntax 1:20'],
    ['```python {#Big}', 'bad-id 1:13'], ['```python {#}', 'bad-id 1:13'],
  ])('D4 %s is a problem in its place', (line, problem) => expect(problems(`${line}\n\`\`\`\n\`\`\`sql {#ok}\n\`\`\`\n`)).toContain(problem));

  test('D4 a fence whose list is broken is still a node where its id can be read, and the rest is usable', () => {
    expect(ids('```python {#a key="open}\n```\n```python {#b foo\n```\n```python {#c}\n```\n')).toEqual(['a', 'b', 'c']);
    expect(ids('```c #include\n```\n```python {.a}\n```\n```\n```\n')).toEqual([]);
  });

  test('D4 every bearer of a double id has the problem', () => {
    expect(problems('```sql {#a}\n```\n```sql {#b}\n```\n```sql {#a}\n```\n')).toEqual(['duplicate-id 1:10', 'duplicate-id 5:10']);
  });
});

describe('fences inside of lists and quotes', () => {
  const warnings = (text: string) => parse(text).problems.map(({ code, severity, line, column }) => `${severity} ${code} ${line}:${column}`);
  test.each<[string, string[]]>([
    ['- ```sql {#a}\n  ```\n', ['warning syntax 1:12']], ['1. step\n\n   ~~~sql {#a .check}\n   ~~~\n', ['warning syntax 3:13']], ['> ```sql {#a}\n> ```\n', ['warning syntax 1:12']],
    ['> - ```sql   {#a}\n', ['warning syntax 1:16']], ['- ```sql\n  ```\n', []], ['- ```sql {.a}\n  ```\n', []], ['- `{#a}`\n', []], ['```md {#a}\n- ```sql {#b}\n  x\n```\n', []],
    ['````md\n- ```sql {#b}\n  ```\n````\n', []], ['- ````md\n  ```sql {#a}\n  ```\n  ````\n', []], ['    ```sql {#a}\n', []],
  ])('D4 %j', (text, wanted) => {
    expect(warnings(text)).toEqual(wanted);
  });
});

describe('front matter', () => {
  test('D6 what it says, and what it says by being absent', () => {
    expect(parse('---\ntelar: 1\ntitle: T\noutputs: [a]\ncovenant: fail\ntables: pandas\npackages: [x]\n---\n').frontMatter).toMatchObject({
      telar: 1, title: 'T', outputs: ['a'], covenant: 'fail', tables: 'pandas', data: { packages: ['x'] } });
    expect(parse('text').frontMatter).toEqual({ telar: 1, covenant: 'warn', data: {} });
    expect(parse('\uFEFF---\r\ntitle: T\r\n---\r\n').frontMatter.title).toBe('T');
    expect(parse('---\rtitle: T\r---').frontMatter.title).toBe('T');
  });

  const rest = '```sql {#a}\n```\n';
  test.each([
    ['---\ntitle: T\n  bad: [\n---\n', 'front-matter'], ['---\ntitle: [1]\n---\n', 'front-matter 2:8'], ['---\ntelar: one\n---\n', 'front-matter 2:8'], ['---\noutputs: a\n---\n', 'front-matter 2:10'],
    ['---\ncovenant: no\n---\n', 'front-matter 2:11'], ['---\n- a\n---\n', 'front-matter 2:1'], ['---\ntitle: T\n\n', 'front-matter 1:1'], [`---\na: ${'['.repeat(50000)}\n---\n`, 'front-matter'],
    [`---\na: &a [x]\nb: [${'*a, '.repeat(500)}*a]\n---\n`, 'front-matter'], ['---\na: 1\na: 2\n---\n', 'front-matter 3:1'],
  ])('D4 broken front matter is a problem in its place, and the nodes are there (%#)', (front, problem) => {
    expect(problems(front + rest).some((found) => found.startsWith(problem))).toBe(true);
    expect(ids(front + rest)).toEqual(['a']);
  });

  test('D4 broken YAML is one problem: what it came to has none of its own', () => {
    expect(problems('---\ntitle: a: b\noutputs: c: d\n---\n').every((found) => found.startsWith('front-matter'))).toBe(true);
    expect(parse('---\ntitle: a: b\n---\n').problems.map(({ message }) => message)).toEqual([expect.stringContaining('is not valid YAML')]);
  });

  test('D8 front matter builds no object but plain data', () => {
    const { data } = parse('---\n__proto__: {polluted: 1}\nx: !!js/function "f"\n---\n').frontMatter;
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(data.x).toBe('f');
  });

  test('D1 fmt writes it in its usual form and keeps comments', () => {
    expect(formatDocument(parse('---  \ntitle:   T # why\noutputs: [ a,b ]\n---\n```sql   { #a   .sql  k="v" l="t w" disabled=true }  \nx\n`````  \n')))
      .toBe('---\ntitle: T # why\noutputs: [a, b]\n---\n```sql {#a .sql k=v l="t w" disabled}\nx\n```\n');
  });
});

describe('generations', () => {
  test('D6 a newer generation is refused with the release that reads it', () => {
    const document = parse(`---\ntitle: T\ntelar: ${currentGeneration + 1}\n---\n\`\`\`sql {#a}\n\`\`\`\n`);
    expect(document.cells).toEqual([]);
    expect(document.problems).toEqual([expect.objectContaining({ code: 'generation', line: 3, column: 1, message: expect.stringContaining(`Telar ${currentGeneration + 1}.0`) })]);
  });

  const steps = [
    { from: 1, what: 'names are loud', change: (text: string) => text.replace('quiet', 'loud') },
    { from: 2, what: 'loud is louder', change: (text: string) => text.replace('loud', 'LOUD') },
  ];
  test('D6 steps are taken in order, from any older generation', () => {
    expect(migrate('a quiet\r\n', steps)).toEqual({ text: '---\r\ntelar: 3\r\n---\r\n\r\na LOUD\r\n', from: 1, to: 3, done: ['names are loud', 'loud is louder'] });
    expect(migrate('---\ntitle: x\ntelar: 2 # two\n---\nquiet loud', steps)).toMatchObject({ text: '---\ntitle: x\ntelar: 3 # two\n---\nquiet LOUD', from: 2, done: ['loud is louder'] });
    expect(migrate('---\ntitle: x\n---\n', steps).text).toBe('---\ntelar: 3\ntitle: x\n---\n');
  });
  test('D6 the newest comes back to the byte, a newer one is refused', () => {
    expect(migrate('---\ntelar:   1\n---\r\nx').text).toBe('---\ntelar:   1\n---\r\nx');
    expect(() => migrate('---\ntelar: 4\n---\n', steps)).toThrow(expect.objectContaining({ code: 'newer-generation' }));
    expect(() => migrate('x', [{ ...steps[1]! }])).toThrow('numbered');
  });
});

describe('conflicts', () => {
  const a = '```sql {#a}\nx\n```\n';
  const z = '\n```sql {#z}\nx\n```\n';
  test('D9 whole nodes within a conflict are no nodes; those outside are', () => {
    const text = `${a}<<<<<<< HEAD\n\`\`\`sql {#b}\n\`\`\`\n=======\n\`\`\`sql {#c}\n\`\`\`\n>>>>>>> theirs\n${z}`;
    const document = parse(text);
    expect(document.cells.map(({ id }) => id)).toEqual(['a', 'z']);
    expect(problems(text)).toEqual(['conflict 4:1']);
    const [{ ours, theirs, labels }] = document.conflicts as [(typeof document.conflicts)[0]];
    expect(text.slice(ours.from, ours.to)).toBe('```sql {#b}\n```\n');
    expect(text.slice(theirs.from, theirs.to)).toBe('```sql {#c}\n```\n');
    expect(labels).toEqual({ ours: 'HEAD', theirs: 'theirs' });
  });
  test('D9 markers in a body, with the base: the node keeps its body and has the problem', () => {
    const text = `\`\`\`sql {#b}\n1\n<<<<<<< o\n2\n||||||| b\n3\n\`\`\`\n=======\n4\n>>>>>>> t\n5\n\`\`\`\n${z}`;
    const document = parse(text);
    expect(document.cells.map(({ id }) => id)).toEqual(['b', 'z']);
    expect(document.cells[0]!.body).toBe(text.slice(12, text.indexOf('```\n\n')));
    expect(document.problems).toEqual([expect.objectContaining({ code: 'conflict', line: 3, node: 'b' })]);
    expect(text.slice(document.conflicts[0]!.base!.from, document.conflicts[0]!.base!.to)).toBe('3\n```\n');
  });
  test('D9 markers around a fence line: the rest below is not swallowed', () => {
    expect(ids(`${a}<<<<<<< o\n\`\`\`sql {#b k=1}\n=======\n\`\`\`sql {#b k=2}\n>>>>>>> t\nx\n\`\`\`\n${z}`)).toEqual(['a', 'z']);
    expect(ids(`\`\`\`sql {#b}\n<<<<<<< o\nx\n\`\`\`\n=======\ny\n\`\`\`\n>>>>>>> t\n${z}`)).toEqual(['b', 'z']);
  });
  test('D9 markers in the front matter: what both sides agree on is read', () => {
    const document = parse(`---\ntitle: T\n<<<<<<< o\ncovenant: warn\n=======\ncovenant: fail\n>>>>>>> t\n---\n${a}`);
    expect(document.frontMatter).toMatchObject({ title: 'T', covenant: 'warn' });
    expect(document.cells.map(({ id, line }) => [id, line])).toEqual([['a', 9]]);
    expect(document.problems.map(({ code }) => code)).toEqual(['conflict']);
  });
  test('D9 a lone underline is no conflict', () => expect(parse('Head\n=======\n>>>>>>> x\n').conflicts).toEqual([]));
});

test('D3 the worked examples parse as they stand', () => {
  const text = readFileSync(new URL('./worked-examples.telar.md', import.meta.url), 'utf8');
  const document = parse(text);
  expect(document.problems).toEqual([]);
  expect(document.cells.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
    'year input', 'weather data', 'monthly sql', 'warmest python', 'label javascript', 'headline text', 'plot chart', 'sane check', 'by_station graph', 'kept save', 'report prompt',
  ]);
  expect(formatDocument(document)).toBe(text);
  expect(document.cells.find(({ id }) => id === 'by_station')!.wires.map(({ port, node }) => [port, node])).toEqual([['station', 'stations'], ['year', 'year']]);
});
