/** What two people do to one file, merged by git itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Edit } from '../../runtime/document/document.ts';
import { editDocument } from '../../runtime/document/edit.ts';
import { parseDocument } from '../../runtime/document/parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'telar-merge-'));
afterAll(() => rmSync(folder, { recursive: true }));

function merge(base: string, ours: string, theirs: string, ...options: string[]): { text: string; conflicts: number } {
  const files = Object.entries({ ours, base, theirs }).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
  const { stdout, status } = spawnSync('git', ['merge-file', '-p', '-L', 'ours', '-L', 'base', '-L', 'theirs', ...options, ...files], { encoding: 'utf8' });
  return { text: stdout, conflicts: status ?? -1 };
}

const base = '---\ntelar: 1\n---\n# T\n\n```sql {#a}\nselect 1\n```\n\nProse.\n\n```python {#b in.x=a timeout=2s}\nx\n```\n\n```text {#c .text}\n{{ b }}\n```\n\nThe end.\n';
const parse = (text: string) => parseDocument(text, 'a.telar.md');
const edited = (edit: Edit): string => editDocument(parse(base), edit).text;

const ofA: Edit[] = [
  { type: 'setBody', id: 'a', body: 'select 2\n```\n' }, { type: 'setParam', id: 'a', key: 'label', value: 'x y' }, { type: 'setDisabled', id: 'a', disabled: true },
  { type: 'addNode', id: 'd', language: 'sql', body: 'select 3', after: 'a' }, { type: 'removeNode', id: 'a' },
];
const ofC: Edit[] = [
  { type: 'setBody', id: 'c', body: 'new\nlines\n' }, { type: 'setParam', id: 'c', key: 'label', value: 'z' }, { type: 'wire', id: 'c', port: 'y', from: 'b' },
  { type: 'addNode', id: 'e', language: 'js', body: '1', after: 'c' }, { type: 'removeNode', id: 'c' }, { type: 'addNode', id: 'e', language: 'js', body: '1' },
];

test.each(ofA.flatMap((one) => ofC.map((other): [string, string, Edit, Edit] => [one.type, other.type, one, other])))('D9 %s of one node and %s of another merge to a valid file', (_, __, one, other) => {
  const { text, conflicts } = merge(base, edited(one), edited(other));
  expect(conflicts).toBe(0);
  const merged = parse(text);
  expect(merged.problems).toEqual([]);
  expect(merged).toEqual(editDocument(parse(edited(one)), other));
});

test.each<[string, Edit, Edit]>([
  ['bodies', { type: 'setBody', id: 'b', body: 'ours\n' }, { type: 'setBody', id: 'b', body: 'theirs\n' }],
  ['fence lines', { type: 'setParam', id: 'b', key: 'timeout', value: '3s' }, { type: 'setParam', id: 'b', key: 'timeout', value: '4s' }],
  ['new nodes', { type: 'addNode', id: 'd', language: 'sql', body: 'select 1\n', after: 'b' }, { type: 'addNode', id: 'e', language: 'js', body: '1', after: 'b' }],
  ['one goes, one changes', { type: 'removeNode', id: 'b' }, { type: 'setBody', id: 'b', body: 'y\n' }],
])('D9 two edits of the same lines (%s): a problem, and the other nodes are there', (_, one, other) => {
  for (const options of [[], ['--diff3'], ['--zdiff3']]) {
    const { text, conflicts } = merge(base, edited(one), edited(other), ...options);
    expect(conflicts).toBeGreaterThan(0);
    const document = parse(text);
    expect(document.text).toBe(text);
    expect(document.problems.map(({ code }) => code)).toEqual(document.conflicts.map(() => 'conflict'));
    expect(document.conflicts.length).toBe(conflicts);
    expect(document.cells.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'c']));
    // Keeping one side everywhere gives that side's file.
    const keep = (side: 'ours' | 'theirs') => document.conflicts.toReversed().reduce((all, conflict) =>
      all.slice(0, conflict.at.from) + all.slice(conflict[side].from, conflict[side].to) + all.slice(conflict.at.to), text);
    expect(keep('ours')).toBe(edited(one));
    expect(keep('theirs')).toBe(edited(other));
  }
});
