/** What a rename rewrites in bodies: every place that means the node, and no other. */
import { describe, expect, test } from 'vitest';
import { editDocument } from '../../runtime/document/edit.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { referencesTo } from '../../runtime/graph/rename.ts';
import { graphOf } from '../support/graphs.ts';

const fence = (language: string, info: string, body: string): string => `\`\`\`${language} {${info}}\n${body}\n\`\`\`\n`;
const NODE = fence('yaml', '#old .input', 'default: [{a: 1}]');

/** The reader's fence after `old` was renamed to `new_one`. */
async function renamed(reader: string): Promise<string> {
  const text = `${NODE}${reader}`;
  const document = parseDocument(text, 'main.telar.md');
  const after = editDocument(document, { type: 'renameNode', id: 'old', to: 'new_one', references: referencesTo(await graphOf(text), 'old') });
  const graph = await graphOf(after.text);
  expect(graph.problems().filter((problem) => problem.severity === 'error')).toEqual([]);
  return after.cells.at(-1)!.body.trimEnd();
}

describe('D2 a rename follows', () => {
  test.each<[string, string, string, string]>([
    ['Python names, not strings, members, keywords or comments', 'python {#r}', 'f = lambda **k: k\nf(old=old.x) # old\n"old", [old for _ in old]', 'f = lambda **k: k\nf(old=new_one.x) # old\n"old", [new_one for _ in new_one]'],
    ['Python f-strings', 'python {#r}', 'f"{old} old {old!r:>{len(old)}}"', 'f"{new_one} old {new_one!r:>{len(new_one)}}"'],
    ['a local name of Python stays', 'python {#r}', 'def f(old):\n    return old\nf(1), (lambda: old)()', 'def f(old):\n    return old\nf(1), (lambda: new_one)()'],
    ['shorthands of JavaScript keep their member', 'javascript {#r}', '({ old, b: old, c: { old } })', '({ old: new_one, b: new_one, c: { old: new_one } })'],
    ['SQL without case, quoted, and as a qualifier', 'sql {#r}', 'select OLD.a, "old".a, x.old from Old join (select 1 as k) x on old.a = x.k', 'select new_one.a, new_one.a, x.old from new_one join (select 1 as k) x on new_one.a = x.k'],
    ['SQL values', 'sql {#r}', 'select {{ old }}, {{ old.a }}, \'{{ old }}\'', 'select {{ new_one }}, {{ new_one.a }}, \'{{ old }}\''],
    ['templates at their root, not fields in blocks', 'text {#r .text}', '{{old}} old {{#each old}}{{old}} {{../old}} {{@root.old}}{{/each}}', '{{new_one}} old {{#each new_one}}{{old}} {{../new_one}} {{@root.new_one}}{{/each}}'],
    ['charts by the name of their data', 'vega-lite {#r}', '{"mark": "bar", "data": {"name": "old"}, "encoding": {"x": {"field": "old"}}}', '{"mark": "bar", "data": {"name": "new_one"}, "encoding": {"x": {"field": "old"}}}'],
    ['checks in their expressions and tables', 'yaml {#r .check}', '- that: len(old) == 1\n  because: old\n- table: old\n  columns: {a: {not_null: true}}', '- that: len(new_one) == 1\n  because: old\n- table: new_one\n  columns: {a: {not_null: true}}'],
  ])('%s', async (_name, line, body, after) => {
    const [language, info] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf('{') + 1, -1)];
    expect(await renamed(fence(language, info, body))).toBe(after);
  });

  test('when= and each= go with what they name', async () => {
    const fenceAfter = async (info: string, body: string): Promise<string> => {
      const text = `${NODE}${fence('javascript', info, body)}`;
      const edit = { type: 'renameNode', id: 'old', to: 'new_one', references: referencesTo(await graphOf(text), 'old') } as const;
      const after = editDocument(parseDocument(text, 'main.telar.md'), edit);
      expect((await graphOf(after.text)).problems()).toEqual([]);
      return after.text.slice(after.text.lastIndexOf('```javascript')).split('\n').slice(0, 2).join(' ');
    };
    expect(await fenceAfter('#r when="old.length > 1 && \'old\' in { old }"', '1')).toBe('```javascript {#r when="new_one.length > 1 && \'old\' in { old: new_one }"} 1');
    expect(await fenceAfter('#r each=old when="old.a > 1"', 'old.a')).toBe('```javascript {#r each=new_one when="new_one.a > 1"} new_one.a');
    expect(await fenceAfter('#r in.old=old each=old when="old.a > 1"', 'old.a')).toBe('```javascript {#r in.old=new_one each=old when="old.a > 1"} old.a');
  });

  test('an alias or a common table of SQL that has the name stays itself', async () => {
    expect(await renamed(fence('sql', '#r', 'with b as (select 1 as a) select old.a from b old'))).toBe('with b as (select 1 as a) select old.a from b old');
    expect(await renamed(fence('sql', '#r', 'with old as (select 1 as a) select old.a from old'))).toBe('with old as (select 1 as a) select old.a from old');
  });

  test('a wired port keeps its name, and the node its own binding', async () => {
    expect(await renamed(fence('python', '#r in.old=old', 'old'))).toBe('old');
    const own = await graphOf(fence('python', '#old', 'old = 1\nold += 1\nold'));
    expect(referencesTo(own, 'old')).toEqual([{ id: 'old', ranges: [{ from: 0, to: 3 }, { from: 8, to: 11 }, { from: 17, to: 20 }] }]);
  });

  test('G6 a name that several define means none of them', async () => {
    const graph = await graphOf(fence('python', '#old', '1') + fence('python', '#other', 'old = 2') + fence('python', '#r', 'old'));
    expect(referencesTo(graph, 'old')).toEqual([]);
    expect(referencesTo(graph, 'nobody')).toEqual([]);
  });
});
