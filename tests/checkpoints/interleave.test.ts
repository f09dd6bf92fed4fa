/** Runs, forks, imports and collections of several processes in one workspace, in every order: nothing acknowledged is lost. */
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore, type DiskStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { freshFolder } from './workbench.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-20T12:00:00Z');

/** What one process does: each is a list of things to do, between which others come. */
type Actor =
  | { readonly does: 'run'; readonly nodes: readonly number[] }
  | { readonly does: 'fork'; readonly nodes: readonly number[] }
  | { readonly does: 'import'; readonly nodes: readonly number[] }
  | { readonly does: 'collect'; readonly times: number; readonly keep: number };

const nodes = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 });
const actor: fc.Arbitrary<Actor> = fc.oneof(
  fc.record({ does: fc.constant('run' as const), nodes }), fc.record({ does: fc.constant('fork' as const), nodes }),
  fc.record({ does: fc.constant('import' as const), nodes }),
  fc.record({ does: fc.constant('collect' as const), times: fc.integer({ min: 1, max: 4 }), keep: fc.nat({ max: 2 }) }),
);

describe('C6 interleavings', () => {
  test('C6 whatever runs, forks, imports and collects at once, what a kept run names is there', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), fc.array(actor, { minLength: 2, maxLength: 5 }), async (scheduler, actors) => {
      const folder = freshFolder();
      // Two processes, and one that outlives the others' runs, so that it remembers what it should not lean on.
      const stores = [openStore(folder), openStore(folder)];
      const acknowledged = new Map<string, { readonly run: string; readonly row: Row }>();
      let now = START;
      const turn = (what: string): Promise<void> => scheduler.schedule(Promise.resolve(), what);

      /** Values of two sizes, few, so that all meet. */
      const textOf = (node: number): string => `${node}`.padEnd(node % 2 === 0 ? 20 : 66_000, 'x');

      /** A step as the scheduler does it: looks up, else does and keeps, then records. */
      async function step(store: DiskStore, run: string, node: number): Promise<void> {
        const known = store.rows(`k${node}`).find((row) => store.holds(row));
        await turn(`${run} ${node} looked up`);
        let row = known;
        if (row === undefined) {
          row = rowOf(store, sha256, `k${node}`, { value: textOf(node) });
          await turn(`${run} ${node} put`);
          row = (await store.addRow(row)).row;
        }
        await turn(`${run} ${node} done`);
        store.addStep(stepOf(run, `n${node}`, { key: row.key, row: row.id }));
        await store.flush();
        acknowledged.set(`${run} ${node}`, { run, row });
      }

      async function act(doing: Actor, index: number): Promise<void> {
        const store = stores[index % 2] as DiskStore;
        const id = `${doing.does}${index}`;
        await turn(`${id} begins`);
        if (doing.does === 'collect') {
          for (let time = 0; time < doing.times; time++) {
            store.collect({ keep: doing.keep, now: (now += HOUR) });
            await turn(`${id} collected`);
          }
        } else if (doing.does === 'import') {
          const letGo = store.hold();
          const rows = doing.nodes.map((node) => rowOf(store, sha256, `imported/${id}/k${node}`, { value: textOf(node) }));
          await turn(`${id} put`);
          const steps = rows.map((row, at) => stepOf(id, `n${at}`, { key: row.key, row: row.id }));
          await store.importRun({ ...runOf(id), bundle: 'x.telarrun', status: 'ok' }, { steps, rows, logs: [] });
          letGo();
          rows.forEach((row, at) => acknowledged.set(`${id} ${at}`, { run: id, row }));
        } else {
          const parent = doing.does === 'fork' ? store.runs()[0] : undefined;
          store.openRun({ ...runOf(id), ...(parent !== undefined && { parent: parent.id }) });
          await turn(`${id} open`);
          for (const { row: of, node } of parent === undefined ? [] : store.steps(parent.id)) {
            const row = of === undefined ? undefined : store.row(of);
            await turn(`${id} read ${node}`);
            if (row === undefined || !store.holds(row)) continue;
            store.addStep(stepOf(id, node, { key: row.key, row: row.id }));
            await store.flush();
            acknowledged.set(`${id} of ${node}`, { run: id, row });
          }
          for (const node of doing.nodes) await step(store, id, node);
          await turn(`${id} ends`);
          await store.closeRun(id, 'ok', '2026-01-01T00:00:01.000Z');
        }
      }

      await scheduler.waitFor(Promise.all(actors.map(act)));
      for (const store of stores) await store.close();
      const later = openStore(folder);
      for (const { run, row } of acknowledged.values()) {
        if (later.run(run) === undefined) continue;
        expect(later.row(row.id)).toEqual(row);
        expect(later.holds(row)).toBe(true);
      }
      expect(later.examine()).toMatchObject({ damaged: [], missing: [], broken: [], pages: [] });
      await later.close();
      rmSync(folder, { recursive: true });
    }), { numRuns: 60 });
  });
});
