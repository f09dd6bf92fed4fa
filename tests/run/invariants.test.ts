/**
 * Invariants (a) to (g) of the specification: random scripts of edits, deletions, disables, runs and interrupts against a plain
 * recursive evaluator. Seeds that once failed are kept below.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';

/** A cell: a constant, what it reads (by number; 9 is the shared output `side` of others), an output, and whether it throws. */
interface Toy { readonly plus: number; readonly reads: readonly number[]; readonly side: boolean; readonly throws: boolean; readonly disabled: boolean }
type Page = Readonly<Record<string, Toy>>;

const toy: fc.Arbitrary<Toy> = fc.record({
  plus: fc.nat(3), reads: fc.array(fc.nat(6), { maxLength: 3 }), side: fc.boolean(), disabled: fc.nat(9).map((n) => n === 0),
  throws: fc.nat(11).map((n) => n === 0),
});

type Act =
  | { readonly do: 'set'; readonly at: number; readonly toy: Toy } | { readonly do: 'remove'; readonly at: number }
  | { readonly do: 'run' } | { readonly do: 'interrupt'; readonly after: number } | { readonly do: 'serial' } | { readonly do: 'again'; readonly at: number };
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), at: fc.nat(6), toy }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'run' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'serial' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('interrupt' as const), after: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), at: fc.nat(6) }) },
);

const textOf = (page: Page): string => Object.entries(page).map(([id, { plus, reads, side, throws, disabled }]) => js(id,
  `${side ? `const side_${id} = ${plus} + 100\n` : ''}${[...reads.map((read) => (read === 6 ? 'side_n0' : `n${read}`)), String(plus), ...(throws ? ['(() => { throw new Error("no") })()'] : [])].join(' + ')}`,
  disabled ? 'disabled' : '')).join('\n');

/** The reference: what the final text means, by plain recursion. A state, or a number. */
function reference(page: Page): Record<string, number | string> {
  const meaning: Record<string, number | string> = {};
  const sourceOf = (read: number): string => (read === 6 ? 'n0' : `n${read}`);
  const exists = (read: number): boolean => (read === 6 ? page.n0?.side === true : page[`n${read}`] !== undefined);
  const onCycle = (id: string, at: string, seen: Set<string>): boolean => (page[at]?.reads ?? []).filter(exists).map(sourceOf)
    .some((next) => next === id || (!seen.has(next) && onCycle(id, next, seen.add(next))));
  const evaluate = (id: string): number | string => {
    const known = meaning[id];
    if (known !== undefined) return known;
    const { plus, reads, throws, disabled } = page[id] as Toy;
    if (disabled) return meaning[id] = 'disabled';
    if (!reads.every(exists) || onCycle(id, id, new Set())) return meaning[id] = 'failed';
    const values = reads.map((read) => {
      const value = evaluate(sourceOf(read));
      return typeof value === 'number' && read === 6 ? (page.n0 as Toy).plus + 100 : value;
    });
    const states = values.filter((value) => typeof value === 'string');
    if (states.some((state) => state === 'blocked' || state === 'disabled')) return meaning[id] = 'blocked';
    if (reads.some((read) => definitionFailed(sourceOf(read)))) return meaning[id] = 'blocked';
    if (states.length > 0) return meaning[id] = 'cancelled';
    return meaning[id] = throws ? 'failed' : (values as number[]).reduce((sum, value) => sum + value, plus);
  };
  const definitionFailed = (id: string): boolean => {
    const { reads, disabled } = page[id] as Toy;
    return !disabled && (!reads.every(exists) || onCycle(id, id, new Set()));
  };
  for (const id of Object.keys(page)) evaluate(id);
  return meaning;
}

/** What a run made of each node, in the reference's words. */
function seen(bench: Bench, result: RunResult): Record<string, number | string> {
  return Object.fromEntries([...result.nodes].map(([id, status]) => [id, status.state === 'fresh' ? bench.value(result, id) as number : status.state]));
}

/** (b) and (c): order is topological, and no node runs twice in a wave. */
function checkOrder(began: readonly string[], page: Page): void {
  expect(new Set(began).size).toBe(began.length);
  began.forEach((id, i) => {
    for (const read of page[id]?.reads ?? []) expect(began.indexOf(read === 6 ? 'n0' : `n${read}`)).toBeLessThan(i);
  });
}

async function play(script: readonly Act[], finalJobs: number, reuse: boolean): Promise<Record<string, number | string>> {
  const bench = createBench();
  let page: Page = {};
  for (const one of script) {
    // n0 does not read its own second output: that would be a local name.
    if (one.do === 'set') page = { ...page, [`n${one.at}`]: one.at === 0 ? { ...one.toy, reads: one.toy.reads.filter((read) => read !== 6) } : one.toy };
    else if (one.do === 'remove') page = Object.fromEntries(Object.entries(page).filter(([id]) => id !== `n${one.at}`));
    if (one.do === 'set' || one.do === 'remove') { bench.write(textOf(page)); continue; }
    if (one.do === 'again' && page[`n${one.at}`] === undefined) continue;
    bench.engine.began.length = 0;
    const stop = new AbortController();
    let count = 0;
    bench.engine.pause = one.do === 'interrupt' ? () => { if (count++ >= one.after) stop.abort(); return new Promise((resolve) => { setTimeout(resolve, 0); }); } : undefined;
    const result = await bench.run({ signal: stop.signal, jobs: one.do === 'serial' ? 1 : 4, ...(one.do === 'again' ? { from: [`n${one.at}`] } : {}) });
    checkOrder(bench.engine.began, page);
    // (d) what an interrupted run did finish is what the text means
    const meaning = reference(page);
    for (const [id, value] of Object.entries(seen(bench, result))) if (typeof value === 'number') expect([id, value]).toEqual([id, meaning[id]]);
  }
  bench.engine.pause = undefined;
  bench.engine.began.length = 0;
  const result = await bench.run({ jobs: finalJobs, ...(reuse ? {} : { noReuse: true }) });
  checkOrder(bench.engine.began, page);
  const found = seen(bench, result);
  expect(found).toEqual(reference(page));
  if (Object.values(found).every((value) => typeof value === 'number' || value === 'disabled' || value === 'blocked')) {
    // Nothing is left to do: a second run begins no program.
    bench.engine.began.length = 0;
    await bench.run();
    expect(bench.engine.began).toEqual([]);
  }
  return found;
}

const RUNS = Number(process.env.TELAR_FUZZ ?? 400);

test('(a)-(e) after any script, a run gives what a fresh full run of the final text gives', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 14 }), async (script) => { await play(script, 4, true); }), { numRuns: RUNS, seed: 20_261_120 });
});

test('(f) (g) serial and parallel agree, and so do cache on and off', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 10 }), async (script) => {
    const parallel = await play(script, 4, true);
    expect(await play(script, 1, true)).toEqual(parallel);
    expect(await play(script, 4, false)).toEqual(parallel);
  }), { numRuns: Math.ceil(RUNS / 4), seed: 42 });
});
