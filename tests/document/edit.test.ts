import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document, Edit, NotebookCell } from '../../runtime/document/document.ts';
import { applyChanges } from '../../runtime/document/changes.ts';
import { applyEdit, editDocument } from '../../runtime/document/edit.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { body, check, key, nastyText, notebook, value } from './nasty.ts';

const parse = (text: string): Document => parseDocument(text, 'a.telar.md');
const after = (text: string, ...edits: Edit[]): string => edits.reduce((document, edit) => editDocument(document, edit), parse(text)).text;
const cell = (document: Document, id: string): NotebookCell => document.cells.find((one) => one.id === id)!;
const plain = ({ id, kind, language, body: lines, attributes, disabled, wires }: NotebookCell) =>
  ({ id, kind, language, lines, disabled, attributes: attributes.map((one) => [one.key, one.value]), wires: wires.map(({ port, node, output, optional }) => [port, node, output, optional]) });

/** Edits of one node, whichever it is. */
const nodeEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ type: fc.constant('setBody' as const), id: fc.constant('n0'), body }),
  fc.record({ type: fc.constant('setParam' as const), id: fc.constant('n0'), key, value: fc.option(value, { nil: undefined }) }),
  fc.record({ type: fc.constant('wire' as const), id: fc.constant('n0'), port: fc.constantFrom('x', 'y', 'z', 'a.b'), from: fc.constant('n0') }),
  fc.record({ type: fc.constant('unwire' as const), id: fc.constant('n0'), port: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ type: fc.constant('setDisabled' as const), id: fc.constant('n0'), disabled: fc.boolean() }),
);

/** A fence in a list is only warned of. */
const errors = ({ problems }: Document) => problems.filter(({ severity }) => severity === 'error');

describe('any edit of any notebook', () => {
  test('D2 outside of the touched node every byte stays, and D3 every other node is the same', () => {
    check('one edit', fc.property(notebook, nodeEdit, fc.nat(4), (text, edit, index) => {
      const document = parse(text);
      expect(errors(document)).toEqual([]);
      const touched = document.cells[index % Math.max(1, document.cells.length)];
      if (touched === undefined) return;
      const { at } = touched;
      const noWire = edit.type === 'setParam' && edit.key.startsWith('in.') && edit.value !== undefined && !/^[^.]+(?:\..+)?$/s.test(edit.value);
      if (noWire || (edit.type === 'setParam' && /^in\.\??$/.test(edit.key) && edit.value !== undefined)) {
        expect(() => applyEdit(document, { ...edit, id: touched.id })).toThrow('no wire');
        return;
      }
      const changes = applyEdit(document, { ...edit, id: touched.id });
      for (const { from, to } of changes) {
        expect(from).toBeGreaterThanOrEqual(at.from);
        expect(to).toBeLessThanOrEqual(at.to);
      }
      const edited = editDocument(document, { ...edit, id: touched.id });
      expect(edited).toEqual(parse(applyChanges(text, changes)));
      expect(edited.text.startsWith(text.slice(0, at.from))).toBe(true);
      expect(edited.text.endsWith(text.slice(at.to))).toBe(true);
      expect(errors(edited)).toEqual([]);
      expect(edited.cells.filter(({ id }) => id !== touched.id).map(plain)).toEqual(document.cells.filter((one) => one !== touched).map(plain));
    }));
  });

  test('D3 what was set is what is read', () => {
    check('set then parse', fc.property(notebook, body, key, value, (text, lines, name, given) => {
      const document = parse(text);
      const [first] = document.cells;
      if (first === undefined) return;
      fc.pre(!name.startsWith('in.') || /^[a-z]+$/.test(given));
      expect(editDocument(document, { type: 'setBody', id: 'n0', body: lines }).cells[0]!.body).toBe(lines);
      const set = editDocument(document, { type: 'setParam', id: 'n0', key: name, value: given });
      const had = first.attributes.map((one) => [one.key, one.value]);
      const place = had.findIndex(([one]) => one === name);
      expect(set.cells[0]!.attributes.map((one) => [one.key, one.value])).toEqual(place < 0 ? [...had, [name, given]] : had.with(place, [name, given]));
      const unset = editDocument(set, { type: 'setParam', id: 'n0', key: name, value: undefined });
      if (place < 0) expect(unset.text).toBe(text);
      else expect(unset.cells[0]!.attributes.map((one) => one.key)).toEqual(had.map(([one]) => one).filter((one) => one !== name));
    }));
  });

  test('D2 an edit and its inverse give the bytes back', () => {
    check('back and forth', fc.property(notebook, body, fc.nat(4), fc.nat(4), (text, lines, one, other) => {
      const document = parse(text);
      const ids = document.cells.map(({ id }) => id);
      const back = (...edits: Edit[]) => expect(after(text, ...edits)).toBe(text);
      // Behind a blank line at the end, the new node needs none of its own, and the old one goes with it.
      if (/^\uFEFF?$|[^\r\n](?:\r\n|\r|\n)$/.test(text)) back({ type: 'addNode', id: 'new', language: 'python', body: lines }, { type: 'removeNode', id: 'new' });
      if (ids.length === 0) return;
      const id = ids[one % ids.length]!;
      const { body: old } = cell(document, id);
      const long = lines.replace(/[`~]/g, "'");
      const eol = /\r\n|\r|\n/.exec(text)![0];
      // Blank lines of the page that hold nothing come back as they were; a body's come back without their spaces.
      if (!/^[ \t]+$/m.test(old)) back({ type: 'setBody', id, body: long }, { type: 'setBody', id, body: old });
      if (!cell(document, id).attributes.some((attribute) => attribute.key === 'disabled')) back({ type: 'setDisabled', id, disabled: true }, { type: 'setDisabled', id, disabled: false });
      back({ type: 'wire', id, port: 'zz', from: id }, { type: 'unwire', id, port: 'zz' });
      back({ type: 'renameNode', id, to: 'new', references: [] }, { type: 'renameNode', id: 'new', to: id, references: [] });
      // Between a fence and a line right below it, a new node brings two blank lines, and one stays.
      if (/^(?:[\r\n]|$)/.test(text.slice(cell(document, id).at.to))) back({ type: 'addNode', id: 'new', language: 'yaml', kind: 'check', params: { a: 'b c' }, body: lines, after: id }, { type: 'removeNode', id: 'new' });
      expect(after(text, { type: 'addNode', id: 'new', language: 'python', body: lines, after: id }).replaceAll(eol, '\n')).toContain('\n\n```');
      const moved = editDocument(document, { type: 'moveNode', id, after: ids[other % ids.length] });
      expect(errors(moved)).toEqual([]);
      const order = ids.filter((name) => name !== id);
      if (one % ids.length !== other % ids.length) order.splice(order.indexOf(ids[other % ids.length]!) + 1, 0, id);
      else order.splice(ids.indexOf(id), 0, id);
      expect(moved.cells.map((each) => each.id)).toEqual(order);
      expect(moved.cells.map(plain)).toEqual(order.map((name) => plain(cell(document, name))));
      const removed = editDocument(document, { type: 'removeNode', id });
      expect(removed.cells.map(plain)).toEqual(document.cells.filter((each) => each.id !== id).map(plain));
    }));
  });

  test('D4 edits of any text at all: refused with usage, or read back', () => {
    fc.assert(fc.property(nastyText, nodeEdit, (text, edit) => {
      const document = parse(text);
      const [first] = document.cells;
      if (first === undefined || document.conflicts.length > 0) return;
      try {
        const { cells } = editDocument(document, { ...edit, id: first.id, ...(edit.type === 'wire' ? { from: first.id } : {}) });
        expect(cells.map(({ id }) => id)).toEqual(document.cells.map(({ id }) => id));
        if (edit.type === 'setBody') expect(cells[0]!.body).toBe(edit.body);
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage' });
      }
    }), { numRuns: 500 });
  });
});

describe('the smallest change', () => {
  const doc = '# T\r\n\r\n  ````sql  {#a  k="v w"   in.x?=b.out}  \r\n  one\r\n\r\n  two\r\n  `````\r\n\r\nProse\r\n\r\n```python {#b in.a="a" in.q=a.value}\r\na + 1\r\n```';
  const change = (edit: Edit) => applyEdit(parse(doc), edit).map(({ from, to, insert }) => [doc.slice(from, to), insert]);

  test.each<[string, Edit, [string, string][]]>([
    ['the same body', { type: 'setBody', id: 'a', body: 'one\n\ntwo' }, []],
    ['one line of a body', { type: 'setBody', id: 'a', body: 'one\n\n2\n' }, [['  two\r\n', '  2\r\n']]],
    ['a line between', { type: 'setBody', id: 'a', body: 'one\n\nnew\ntwo\n' }, [['', '  new\r\n']]],
    ['a body that would close its fence', { type: 'setBody', id: 'a', body: '`````\n' }, [['', '``'], ['', '`'], ['  one\r\n\r\n  two\r\n', '  `````\r\n']]],
    ['a value', { type: 'setParam', id: 'a', key: 'k', value: 'x' }, [['"v w"', 'x']]],
    ['the same value', { type: 'setParam', id: 'a', key: 'k', value: 'v w' }, []],
    ['a new key', { type: 'setParam', id: 'a', key: 'timeout', value: '2 s' }, [['', ' timeout="2 s"']]],
    ['no key', { type: 'setParam', id: 'a', key: 'k', value: undefined }, [['  k="v w"', '']]],
    ['an optional wire', { type: 'wire', id: 'a', port: 'x', from: 'b' }, [['b.out', 'b']]],
    ['a wire to an output', { type: 'wire', id: 'a', port: 'z', from: 'b', output: 'q' }, [['', ' in.z=b.q']]],
    ['no wire', { type: 'unwire', id: 'a', port: 'x' }, [['   in.x?=b.out', '']]],
    ['disabled', { type: 'setDisabled', id: 'a', disabled: true }, [['', ' disabled']]],
    ['a node that goes takes one blank line', { type: 'removeNode', id: 'a' }, [['\r\n  ````sql  {#a  k="v w"   in.x?=b.out}  \r\n  one\r\n\r\n  two\r\n  `````\r\n', '']]],
    ['a node at the end', { type: 'addNode', id: 'c', language: 'js', kind: 'javascript', body: 'x' }, [['', '\r\n\r\n```js {#c}\r\nx\r\n```\r\n']]],
    ['a node between', { type: 'addNode', id: 'c', language: 'yaml', kind: 'check', params: { mute: 'true', k: '}' }, body: '````', after: 'a' }, [['', '\r\n`````yaml {#c .check mute k="}"}\r\n````\r\n`````\r\n']]],
    ['a move', { type: 'moveNode', id: 'b', after: undefined }, [['\r\n```python {#b in.a="a" in.q=a.value}\r\na + 1\r\n```', ''], ['', '```python {#b in.a="a" in.q=a.value}\r\na + 1\r\n```\r\n\r\n']]],
    ['a move to where it is', { type: 'moveNode', id: 'b', after: 'a' }, []],
    ['a name', { type: 'renameNode', id: 'a', to: 'z', references: [{ id: 'b', ranges: [{ from: 0, to: 1 }] }] }, [['a', 'z'], ['a', 'z'], ['a', 'z'], ['a', 'z']]],
  ])('D2 %s', (_, edit, changes) => expect(change(edit)).toEqual(changes));

  test('D2 a rename follows wires, outputs, and bodies through indentation and CRLF', () => {
    const text = '---\noutputs: [old, "old", older]\n---\n```sql {#old}\n```\n  ```sql {#r in.x=old in.old=older.old}\r\n  from old\r\n\tjoin old\r\n  ```\nold\n';
    const references = [{ id: 'r', ranges: [{ from: 5, to: 8 }, { from: 16, to: 19 }] }];
    expect(parse(text).cells[1]!.body).toBe('from old\n  join old\n');
    expect(after(text, { type: 'renameNode', id: 'old', to: 'null', references }))
      .toBe('---\noutputs: ["null", "null", older]\n---\n```sql {#null}\n```\n  ```sql {#r in.x=null in.old=older.old}\r\n  from null\r\n\tjoin null\r\n  ```\nold\n');
  });

  test('D2 prose on both sides of a node that goes is not joined', () => {
    expect(after('One\n```sql {#a}\n```\nTwo\n', { type: 'removeNode', id: 'a' })).toBe('One\n\nTwo\n');
    expect(after('```sql {#a}\n```\n---\ntitle: x\n---\n', { type: 'removeNode', id: 'a' })).toBe('\n---\ntitle: x\n---\n');
  });

  test('D2 a node that ended a list leaves an end of the list, where a node below needs it', () => {
    const text = '- item\n\n```sql {#a}\n```\n\n  ```sql {#b}\n  ```\n';
    expect(after(text, { type: 'removeNode', id: 'a' })).toBe('- item\n<!-- -->\n\n  ```sql {#b}\n  ```\n');
  });

  test('D2 what is open at the end is closed before a node is added; HTML is not guessed', () => {
    expect(after('~~~~text\nx', { type: 'addNode', id: 'a', language: 'sql', body: '' })).toBe('~~~~text\nx\n~~~~\n\n```sql {#a}\n```\n');
    expect(after('', { type: 'addNode', id: 'a', language: 'sql', body: '' })).toBe('```sql {#a}\n```\n');
    expect(() => after('<!--\n', { type: 'addNode', id: 'a', language: 'sql', body: '' })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('D9 setting the body of a node with a conflict resolves it', () => {
    const text = '```sql {#b}\n<<<<<<< o\nx\n```\n=======\ny\n```\n>>>>>>> t\n\n```sql {#z}\n```\n';
    expect(after(text, { type: 'setBody', id: 'b', body: 'y\n' })).toBe('```sql {#b}\ny\n```\n\n```sql {#z}\n```\n');
  });

  const bad: Edit[] = [
    { type: 'setBody', id: 'none', body: '' }, { type: 'renameNode', id: 'a', to: 'b', references: [] }, { type: 'renameNode', id: 'a', to: 'B', references: [] },
    { type: 'renameNode', id: 'a', to: 'c', references: [{ id: 'none', ranges: [] }] }, { type: 'addNode', id: 'a', language: 'sql', body: '' }, { type: 'addNode', id: '1', language: 'sql', body: '' },
    { type: 'addNode', id: 'c', language: 'sql', body: '', after: 'none' }, { type: 'addNode', id: 'c', language: 'a b', body: '' }, { type: 'addNode', id: 'c', language: 'x', kind: 'a b', body: '' },
    { type: 'addNode', id: 'c', language: 'x', params: { 'a b': '1' }, body: '' }, { type: 'wire', id: 'a', port: 'x', from: 'none' }, { type: 'wire', id: 'a', port: '', from: 'b' },
    { type: 'setParam', id: 'a', key: 'a=b', value: '1' }, { type: 'moveNode', id: 'a', after: 'none' }, { type: 'removeNode', id: 'none' },
  ];
  test.each(bad)('D4 a bad edit is refused: %j', (edit) => expect(() => applyEdit(parse(doc), edit)).toThrow(expect.objectContaining({ code: 'usage' })));
  test('D4 a broken fence line is not edited blindly', () => {
    expect(() => applyEdit(parse('```sql {#a k="x}\n```\n'), { type: 'setParam', id: 'a', key: 'l', value: '1' })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
  test('D6 a file of a newer generation is not edited', () => {
    expect(() => applyEdit(parse('---\ntelar: 99\n---\n'), { type: 'addNode', id: 'a', language: 'sql', body: '' })).toThrow(expect.objectContaining({ code: 'newer-generation' }));
  });
  test('D2 changes that overlap are a bug', () => {
    expect(() => applyChanges('abc', [{ from: 0, to: 2, insert: '' }, { from: 1, to: 3, insert: '' }])).toThrow('overlap');
  });
});
