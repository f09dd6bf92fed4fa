/** C4 as a property: a fork of any run by any edits gives what a fresh full run of the edited text gives, with nodes that are pure. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunRecord } from '../../runtime/checkpoints/store.ts';
import { forkRun } from '../../runtime/replay/fork.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { yaml } from '../support/cli.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

/** A node: a number, and which of the others it reads (5 is the input, 6 the notebook inside); readers of missing ones fail. */
interface Toy { readonly plus: number; readonly reads: readonly number[]; readonly throws: boolean; readonly disabled: boolean }

const toy: fc.Arbitrary<Toy> = fc.record({
  plus: fc.nat(2), reads: fc.array(fc.nat(6), { maxLength: 3 }), throws: fc.nat(9).map((n) => n === 0), disabled: fc.nat(9).map((n) => n === 0),
});
const page = fc.dictionary(fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4'), toy, { noNullPrototype: true });
/** What the notebook inside is wired to. */
const over = fc.constantFrom(0, 1, 5);
const NAMES = ['n0', 'n1', 'n2', 'n3', 'n4', 'given', 'inside'];
const body = ({ plus, reads, throws }: Toy): string => [...reads.map((read) => NAMES[read]), plus, ...(throws ? ['(() => { throw new Error("no") })()'] : [])].join(' + ');
const textOf = (toys: Readonly<Record<string, Toy>>, wired: number): string => yaml('given', 'input', 'type: integer\ndefault: 3') + yaml('inner', 'graph', 'use: inner.telar.md', `in.n=${NAMES[wired]}`)
  + Object.entries(toys).map(([id, one]) => js(id, body(one), `in.inside=inner.out${one.disabled ? ' disabled=true' : ''}`)).join('\n');
const INNER = `---\ntelar: 1\noutputs: [out]\n---\n${yaml('n', 'input', 'default: 0')}${js('out', 'n * 2')}`;

type Fork = { readonly do: 'text'; readonly page: Readonly<Record<string, Toy>>; readonly over: number } | { readonly do: 'body'; readonly id: string; readonly toy: Toy }
  | { readonly do: 'set'; readonly value: number } | { readonly do: 'inner'; readonly times: number } | { readonly do: 'at'; readonly id: string };
const edit: fc.Arbitrary<Fork> = fc.oneof(
  fc.record({ do: fc.constant('text' as const), page, over }), fc.record({ do: fc.constant('body' as const), id: fc.constantFrom('n0', 'n1', 'n2'), toy }),
  fc.record({ do: fc.constant('set' as const), value: fc.nat(3) }), fc.record({ do: fc.constant('inner' as const), times: fc.nat(3) }),
  fc.record({ do: fc.constant('at' as const), id: fc.constantFrom('n0', 'n1') }),
);

const request = { jobs: 3, failFast: false, emit: () => undefined };
const seen = (result: RunResult, bench: ReturnType<typeof createBench>): Record<string, unknown> =>
  Object.fromEntries([...result.nodes].map(([id, { state, error }]) => [id, state === 'fresh' ? bench.value(result, id) ?? 'fresh' : state === 'failed' ? error?.code : state]));

test('C4 a fork gives what a fresh full run of its text and inputs gives, after any chain of forks and runs', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(page, over, fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), async (start, first, edits, between) => {
    let wired: number = first;
    const bench = createBench(textOf(start, wired));
    bench.write(INNER, 'inner.telar.md');
    const signal = new AbortController().signal;
    let from = await bench.run() as RunResult;
    let toys = start;
    let set: Record<string, number> = {};
    let inner = INNER;
    for (const one of edits) {
      const record = bench.store.run(from.run) as RunRecord;
      if (one.do !== 'set' && one.do !== 'inner' && one.do !== 'text' && toys[one.id] === undefined) continue;
      if (one.do === 'text') { toys = one.page; wired = one.over; }
      if (one.do === 'body') toys = { ...toys, [one.id]: { ...one.toy, disabled: (toys[one.id] as Toy).disabled } };
      if (one.do === 'set') set = { given: one.value };
      if (one.do === 'inner') inner = INNER.replace('n * 2', `n * ${one.times} + 0`);
      const made = one.do === 'text' ? { text: textOf(toys, wired) } : one.do === 'body' ? { bodies: { [one.id]: body(toys[one.id] as Toy) } }
        : one.do === 'set' ? { set } : one.do === 'inner' ? { bodies: { 'inner/out': `n * ${one.times} + 0` } } : { at: [one.id] };
      const forked = await forkRun(bench.ports, record, made, { ...request, signal });
      const fresh = createBench(textOf(toys, wired));
      fresh.write(inner, 'inner.telar.md');
      expect(seen(forked, bench)).toEqual(seen(await fresh.run({ set }), fresh));
      from = forked;
      // Another run of the file between, which the next fork must not see.
      if (between) await bench.run();
    }
  }), { numRuns: 120 });
});

test('C4 what no edit reaches is as the run had it, whatever was drawn since; what it reaches has read what is there', { timeout: 120_000 }, async () => {
  const reads = fc.array(fc.array(fc.nat(4), { maxLength: 2 }), { minLength: 2, maxLength: 6 });
  await fc.assert(fc.asyncProperty(reads, fc.nat(5), fc.boolean(), async (drawn, at, forced) => {
    // Node i may read those before it; each draws a number of its own, and tells what it read.
    const sources = drawn.map((list, i) => [...new Set(list.filter((read) => read < i))]);
    const draw = (i: number): string => `({ at: ${i}, own: Math.random(), read: [${(sources[i] as number[]).map((read) => `n${read}.own`).join(', ')}] })`;
    const bench = createBench(drawn.map((_, i) => js(`n${i}`, draw(i))).join('\n'));
    const first = await bench.run();
    await bench.run({ noReuse: true });
    const edited = at % drawn.length;
    const edits = forced ? { at: [`n${edited}`] } : { bodies: { [`n${edited}`]: draw(edited).replace('Math', 'globalThis.Math') } };
    const forked = await forkRun(bench.ports, bench.store.run(first.run) as RunRecord, edits, { ...request, signal: new AbortController().signal });
    const reached = new Set([edited]);
    sources.forEach((list, i) => { if (list.some((read) => reached.has(read))) reached.add(i); });
    type Drawn = { own: number; read: number[] };
    const value = (result: RunResult, i: number): Drawn => bench.value(result, `n${i}`) as Drawn;
    sources.forEach((list, i) => {
      expect(value(forked, i).own === value(first, i).own, `n${i}`).toBe(!reached.has(i));
      expect(value(forked, i).read).toEqual(list.map((read) => value(forked, read).own));
    });
  }), { numRuns: 100 });
});
