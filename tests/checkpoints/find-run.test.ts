/** C4, naming a run: an id, a unique beginning, `last`, `last~2`; and what is said where there is none. */
import { expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { findRun } from '../../runtime/checkpoints/find-run.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import type { Store } from '../../runtime/checkpoints/store.ts';

function storeOf(...ids: string[]): Store {
  const store = createMemoryStore(sha256);
  for (const id of ids) store.openRun({ id, file: 'a.telar.md', started: '2026-11-20T15:00:00.000Z', targets: [], inputs: {}, texts: {}, engines: {}, order: [] });
  return store;
}

const fault = (store: Store, text: string): TelarError => {
  try { findRun(store, text); } catch (error) { return error as TelarError; }
  throw new Error('it was found');
};

const IDS = ['20261120-150000-aaaaaa', '20261120-150001-bbbbbb', '20261121-090000-cccccc'] as const;

test('C4 a run by its id, a unique beginning, or how many runs ago', () => {
  const store = storeOf(...IDS);
  const cases = { [IDS[1]]: IDS[1], '20261121': IDS[2], '20261120-150000': IDS[0], last: IDS[2], 'last~0': IDS[2], 'last~1': IDS[1], 'last~2': IDS[0] };
  for (const [text, id] of Object.entries(cases)) expect(findRun(store, text).id, text).toBe(id);
  // An id that is the beginning of another, and one that looks like the word.
  const odd = storeOf('ab', 'abc', 'last', 'other');
  expect([findRun(odd, 'ab').id, findRun(odd, 'last').id, findRun(odd, 'last~0').id]).toEqual(['ab', 'last', 'other']);
});

test('C4 a run that is not there is told with what there is', () => {
  const store = storeOf(...IDS);
  expect(fault(store, '20261120')).toMatchObject({ code: 'unknown-run', message: expect.stringContaining(`2 runs begin so: ${IDS[1]}, ${IDS[0]}. Give more of it.`), data: { candidates: [IDS[1], IDS[0]] } });
  expect(fault(store, 'last~3').message).toBe('`last~3`: there are only 3 runs: `last` to `last~2`.');
  expect(fault(store, '20261120-150001-bbbbbc')).toMatchObject({ message: expect.stringContaining(`Did you mean \`${IDS[1]}\`?`), data: { candidates: [IDS[1]] } });
  for (const text of ['', 'last~', 'last~-1', 'last~x', 'LAST', '../etc', '\u0000']) expect(fault(store, text).code, text).toBe('unknown-run');
  expect(fault(store, 'lsat').message).toMatch(/Did you mean `last`/);
  expect(fault(storeOf(...Array.from({ length: 9 }, (_, i) => `same-${i}`)), 'same').message).toMatch(/9 runs begin so: same-8, .*same-4 and 4 more\./);
  expect(fault(storeOf(), 'last').message).toMatch(/no runs yet\. `telar run FILE`/);
});
