import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Store } from '../../runtime/checkpoints/store.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { freshFolder } from './workbench.ts';

type Act =
  | { readonly do: 'row'; readonly key: number; readonly take: number; readonly outputs: Readonly<Record<string, number>>; readonly wait: boolean }
  | { readonly do: 'step'; readonly run: number; readonly node: number; readonly keyed: boolean }
  | { readonly do: 'close'; readonly run: number } | { readonly do: 'flush' } | { readonly do: 'reopen' };

const few = fc.nat({ max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('row' as const), key: few, take: fc.nat({ max: 1 }), outputs: fc.dictionary(fc.constantFrom('value', 'x'), few, { noNullPrototype: true }), wait: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('step' as const), run: few, node: few, keyed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), run: few }) },
  { weight: 1, arbitrary: fc.constant({ do: 'flush' as const }) }, { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

/** Does one thing to a store, and tells what came of it when it is awaited. */
async function perform(store: Store, doing: Act): Promise<unknown> {
  if (doing.do === 'row') {
    // Sizes on both sides of the border between database and files.
    const texts = Object.fromEntries(Object.entries(doing.outputs).map(([name, which]) => [name, `${which}`.padEnd(which === 2 ? 66_000 : 10, name)]));
    const kept = store.addRow(rowOf(store, sha256, `k${doing.key}`, texts, { take: doing.take }));
    return doing.wait ? kept : void kept;
  }
  if (doing.do === 'step') store.addStep(stepOf(`r${doing.run}`, `n${doing.node}`, doing.keyed ? { key: `k${doing.run}` } : {}));
  if (doing.do === 'close') await store.closeRun(`r${doing.run}`, 'ok', '2026-01-01T00:00:00.000Z');
  if (doing.do === 'flush') await store.flush();
  return undefined;
}

/** All that a store tells. */
function told(store: Store): unknown {
  const ids = [0, 1, 2];
  const rows = ids.flatMap((key) => store.rows(`k${key}`));
  return {
    rows, whole: rows.map((row) => store.holds(row)), evidence: rows.map((row) => store.evidence(row.id)),
    values: rows.flatMap((row) => Object.values(row.outputs)).map(({ ref }) => ref && sha256(store.blobs.get(ref.hash) as Uint8Array)),
    runs: store.runs(), steps: ids.map((run) => store.steps(`r${run}`)), last: ids.map((node) => store.lastStep('a.telar.md', `n${node}`)?.key),
    history: ids.map((node) => store.history('a.telar.md', `n${node}`)),
  };
}

/** Scripts that failed once. */
const kept: [Act[]][] = [
  [[{ do: 'step', run: 2, node: 1, keyed: true }, { do: 'step', run: 2, node: 1, keyed: false }]],
  [[{ value: 0 }, { value: 1, x: 2 }, { value: 1, x: 2 }].map((outputs): Act => ({ do: 'row', key: 0, take: 1, outputs, wait: false }))],
];

describe('C2 the store on disk tells what the plain one tells', () => {
  test('C2 for every script of rows, steps, commits and restarts', { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (script) => {
      const folder = freshFolder();
      const plain = createMemoryStore(sha256);
      let store: Store = openStore(folder);
      const runs = [0, 1, 2].map((index) => runOf(`r${index}`));
      for (const each of [plain, store]) for (const run of runs) each.openRun(run);
      for (const doing of script) {
        if (doing.do === 'reopen') {
          await store.close();
          store = openStore(folder);
          // Taken over as a resumed run would be, with what is known of it.
          for (const run of plain.runs().toReversed()) store.openRun(run);
        } else if (doing.do === 'close' && plain.run(`r${doing.run}`)?.status !== undefined) continue;
        else expect(await perform(store, doing)).toEqual(await perform(plain, doing));
        if (doing.do === 'row') expect(store.rows(`k${doing.key}`)).toEqual(plain.rows(`k${doing.key}`));
        if (doing.do === 'close') for (const each of [plain, store]) each.openRun(plain.run(`r${doing.run}`) as ReturnType<typeof runOf>);
      }
      expect(told(store)).toEqual(told(plain));
      await store.close();
      const later = openStore(folder);
      expect(told(later)).toEqual(told(plain));
      await later.close();
      rmSync(folder, { recursive: true });
    }), { numRuns: 60, examples: kept });
  });
});
