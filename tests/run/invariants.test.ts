/**
 * Invariants (a) to (g) of the specification: random scripts of edits, deletions, disables, runs and interrupts against a plain
 * recursive evaluator. Seeds that once failed are kept below.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';

/**
 * A cell `nK`: a constant, what it reads (by number; 6 is the second output of n0), an output, and whether it throws. `maybe` is read by an
 * optional wire. With `when` it is skipped unless that cell's value is even. With `each` all this is done for each element, by a cell `eK` over
 * a list, and `nK` is the sum; then it throws at the element 2 only.
 */
interface Toy {
  readonly plus: number; readonly reads: readonly number[]; readonly side: boolean; readonly throws: boolean; readonly disabled: boolean;
  readonly maybe: number | null; readonly when: number | null; readonly each: readonly number[] | null;
}
type Page = Readonly<Record<string, Toy>>;

/** Mostly null. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** Cell `at`. Most read what stands above; some anything, so that there are cycles and names that are missing. */
const toyAt = (at: number): fc.Arbitrary<Toy> => fc.record({
  plus: fc.nat(3), reads: fc.array(fc.nat(6), { maxLength: 3 }), side: fc.nat(9).map((n) => n < (at === 0 ? 8 : 3)), disabled: fc.nat(30).map((n) => n === 0),
  throws: fc.nat(14).map((n) => n === 0), maybe: seldom(fc.nat(5)), when: seldom(fc.nat(5)), each: seldom(fc.array(fc.nat(3), { maxLength: 4 })), wild: fc.nat(14).map((n) => n === 0),
}).map(({ wild, ...one }) => {
  // n0 does not read its own second output: that would be a local name.
  if (wild) return { ...one, reads: at === 0 ? one.reads.filter((read) => read !== 6) : one.reads };
  const above = (read: number): number => (read === 6 ? 6 : read % at);
  return at === 0 ? { ...one, reads: [], maybe: null, when: null } : { ...one, reads: one.reads.map(above), maybe: one.maybe === null ? null : above(one.maybe), when: one.when === null ? null : above(one.when) };
});

type Act =
  | { readonly do: 'set'; readonly at: number; readonly toy: Toy } | { readonly do: 'remove'; readonly at: number }
  | { readonly do: 'run' } | { readonly do: 'interrupt'; readonly after: number } | { readonly do: 'serial' } | { readonly do: 'again'; readonly at: number };
const setAt = (at: number): fc.Arbitrary<Act> => fc.record({ do: fc.constant('set' as const), at: fc.constant(at), toy: toyAt(at) });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(5).chain(setAt) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'run' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'serial' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('interrupt' as const), after: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), at: fc.nat(5) }) },
);
/** A page of six cells, then what happens to it. */
const scripts = (most: number): fc.Arbitrary<readonly Act[]> => fc.tuple(fc.tuple(...[0, 1, 2, 3, 4, 5].map(setAt)), fc.array(act, { maxLength: most })).map(([page, acts]) => [...page, ...acts]);

const textOf = (page: Page): string => Object.entries(page).map(([id, { plus, reads, side, throws, disabled, maybe, when, each }]) => {
  const sideText = side ? `const side_${id} = ${plus} + 100\n` : '';
  const terms = [...reads.map((read) => (read === 6 ? 'side_n0' : `n${read}`)), ...(maybe === null ? [] : ['(o ?? 0)']), String(plus)];
  const thrown = (at: string): string[] => (throws ? [`(() => { if (${at}) throw new Error("no"); return 0 })()`] : []);
  const keys = [...(maybe === null ? [] : [`in.o?=n${maybe}`]), ...(when === null ? [] : [`when="n${when} % 2 === 0"`])];
  const off = disabled ? ['disabled'] : [];
  if (each === null) return js(id, `${sideText}${[...terms, ...thrown('true')].join(' + ')}`, [...keys, ...off].join(' '));
  const part = id.replace('n', 'e');
  return js(`l${part}`, JSON.stringify(each)) + js(part, [...terms, 'x', ...thrown('x === 2')].join(' + '), ['in.x=l' + part, 'each=x', ...keys].join(' '))
    + js(id, `${sideText}${part}.reduce((a, b) => a + b, 0)`, off.join(' '));
}).join('\n');

/** The reference: what the final text means, by plain recursion. A state, or a number. `barred`: blocked by what is skipped. */
function reference(page: Page): Record<string, number | string> {
  const meaning: Record<string, number | string> = {};
  const sourceOf = (read: number): string => (read === 6 ? 'n0' : `n${read}`);
  const exists = (read: number): boolean => (read === 6 ? page.n0?.side === true : page[`n${read}`] !== undefined);
  const needs = ({ reads, when }: Toy): readonly number[] => (when === null ? reads : [...reads, when]);
  const wires = (one: Toy): readonly number[] => (one.maybe === null ? needs(one) : [...needs(one), one.maybe]);
  const onCycle = (id: string, at: string, seen: Set<string>): boolean => (page[at] === undefined ? [] : wires(page[at])).filter(exists).map(sourceOf)
    .some((next) => next === id || (!seen.has(next) && onCycle(id, next, seen.add(next))));
  const broken = (id: string): boolean => !wires(page[id] as Toy).every(exists) || onCycle(id, id, new Set());
  const valueOf = (read: number): number | string => {
    const value = evaluate(sourceOf(read));
    return typeof value === 'number' && read === 6 ? (page.n0 as Toy).plus + 100 : value;
  };
  /** What one doing of the cell comes to, but for its element. */
  const doing = (id: string): number | string => {
    const { plus, reads, maybe, when } = page[id] as Toy;
    const states = needs(page[id] as Toy).map(valueOf).filter((value) => typeof value === 'string');
    if (states.some((state) => state === 'blocked' || state === 'disabled') || needs(page[id] as Toy).some((read) => !(page[sourceOf(read)] as Toy).disabled && failedByText(sourceOf(read)))) return 'blocked';
    if (states.some((state) => state === 'failed' || state === 'cancelled')) return 'cancelled';
    if (states.length > 0) return 'barred';
    if (when !== null && (valueOf(when) as number) % 2 !== 0) return 'skipped';
    const optional = maybe === null ? 0 : valueOf(maybe);
    return reads.reduce((sum, read) => sum + (valueOf(read) as number), plus) + (typeof optional === 'number' ? optional : 0);
  };
  /** A cell whose own text is in error; of one with `each` that is its part, unless both are on a cycle. */
  const failedByText = (id: string): boolean => broken(id) && ((page[id] as Toy).each === null || onCycle(id, id, new Set()));
  const evaluate = (id: string): number | string => {
    const known = meaning[id];
    if (known !== undefined) return known;
    const { throws, disabled, each } = page[id] as Toy;
    if (disabled) return meaning[id] = 'disabled';
    if (broken(id)) return meaning[id] = failedByText(id) ? 'failed' : 'blocked';
    const one = doing(id);
    if (each === null) return meaning[id] = typeof one === 'number' && throws ? 'failed' : one;
    // Of all elements skipped the list is empty.
    if (one === 'skipped') return meaning[id] = 0;
    if (typeof one === 'string') return meaning[id] = one;
    return meaning[id] = throws && each.includes(2) ? 'cancelled' : each.reduce((sum, element) => sum + element + one, 0);
  };
  for (const id of Object.keys(page)) evaluate(id);
  return Object.fromEntries(Object.entries(meaning).map(([id, value]) => [id, value === 'barred' ? 'blocked' : value]));
}

/** What a run made of each node, in the reference's words. */
function seen(bench: Bench, result: RunResult): Record<string, number | string> {
  return Object.fromEntries([...result.nodes].filter(([id]) => id.startsWith('n')).map(([id, status]) => [id, status.state === 'fresh' ? bench.value(result, id) as number : status.state]));
}

/** (b) and (c): order is topological, and no node runs twice in a wave; of one with `each`, no more than its elements do. */
function checkOrder(began: readonly string[], page: Page): void {
  const counts = Map.groupBy(began, (id) => id);
  for (const [id, times] of counts) expect(times.length).toBeLessThanOrEqual(id.startsWith('e') ? page[id.replace('e', 'n')]?.each?.length ?? 0 : 1);
  began.forEach((id, i) => {
    const { reads = [], each = null } = page[id.replace('e', 'n')] ?? {};
    if (each !== null && id.startsWith('n')) expect(began.lastIndexOf(id.replace('n', 'e'))).toBeLessThan(i);
    else if (!id.startsWith('l')) for (const read of reads) expect(began.indexOf(read === 6 ? 'n0' : `n${read}`)).toBeLessThan(i);
  });
}

async function play(script: readonly Act[], finalJobs: number, reuse: boolean): Promise<Record<string, number | string>> {
  const bench = createBench();
  let page: Page = {};
  for (const one of script) {
    if (one.do === 'set') page = { ...page, [`n${one.at}`]: one.toy };
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
  if ([...result.nodes.values()].every(({ state }) => state !== 'failed' && state !== 'cancelled')) {
    // Nothing is left to do: a second run begins no program.
    bench.engine.began.length = 0;
    await bench.run();
    expect(bench.engine.began).toEqual([]);
  }
  return found;
}

const RUNS = Number(process.env.TELAR_FUZZ ?? 2000);

test('(a)-(e) after any script, a run gives what a fresh full run of the final text gives', async () => {
  await fc.assert(fc.asyncProperty(scripts(10), async (script) => { await play(script, 4, true); }), { numRuns: RUNS, seed: 20_261_120 });
});

test('(f) (g) serial and parallel agree, and so do cache on and off', async () => {
  await fc.assert(fc.asyncProperty(scripts(6), async (script) => {
    const parallel = await play(script, 4, true);
    expect(await play(script, 1, true)).toEqual(parallel);
    expect(await play(script, 4, false)).toEqual(parallel);
  }), { numRuns: Math.ceil(RUNS / 4), seed: 42 });
});
