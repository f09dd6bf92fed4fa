/**
 * Invariants (a) to (g) through the real engines and the real store: random scripts of edits, deletions, disables and
 * interrupts over SQL, Python and JavaScript. Every run opens store and runtime anew, and those of every third script are
 * processes of their own. The reference is a plain recursive evaluator; the seed is kept.
 */
import fc from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '../../contracts/protocol.ts';
import type { TableView, ValueRef } from '../../contracts/values.ts';
import { systemClock } from '../../runtime/adapters/clock.node.ts';
import { createFiles } from '../../runtime/adapters/files.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createObserver } from '../../runtime/adapters/observer.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { openCatalogue } from '../../runtime/hosts/cli/host.node.ts';
import { createExecutors } from '../../runtime/hosts/executors.node.ts';
import type { Executor } from '../../runtime/ports.ts';
import { createRuntime } from '../../runtime/runtime.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { createPlace, js, py, sql, type NodeEnd, type Place } from '../support/cli.ts';

type Language = 'python' | 'javascript' | 'sql';
/** A cell: its language, a constant, the cells it reads (5: the second output of n0), whether it has one, throws, is disabled. */
interface Toy { readonly language: Language; readonly plus: number; readonly reads: readonly number[]; readonly side: boolean; readonly throws: boolean; readonly disabled: boolean }
type Page = Readonly<Record<string, Toy>>;
type Act =
  | { readonly do: 'set'; readonly at: number; readonly toy: Toy } | { readonly do: 'remove'; readonly at: number }
  | { readonly do: 'run'; readonly jobs: number } | { readonly do: 'interrupt'; readonly after: number };

const SIDE = 5;
const toy: fc.Arbitrary<Toy> = fc.record({
  language: fc.constantFrom<Language>('python', 'javascript', 'sql'), plus: fc.nat(3), reads: fc.uniqueArray(fc.nat(SIDE), { maxLength: 2 }),
  side: fc.boolean(), throws: fc.nat(11).map((n) => n === 0), disabled: fc.nat(11).map((n) => n === 0),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constant('set' as const), at: fc.nat(SIDE - 1), toy }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(SIDE - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('run' as const), jobs: fc.constantFrom(1, 3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('interrupt' as const), after: fc.nat(3) }) },
);

const hasSide = (page: Page): boolean => page.n0?.side === true && page.n0.language !== 'sql';
const exists = (page: Page, read: number): boolean => (read === SIDE ? hasSide(page) : page[`n${read}`] !== undefined);
const sourceOf = (read: number): string => (read === SIDE ? 'n0' : `n${read}`);

/** The notebook. What SQL gives is a table of one row, and is read as one. */
function textOf(page: Page, salt: number): string {
  return Object.entries(page).map(([id, { language, plus, reads, side, throws, disabled }]) => {
    const term = (read: number): string => {
      const name = read === SIDE ? 'side_n0' : `n${read}`;
      const isTable = read !== SIDE && page[name]?.language === 'sql';
      if (language === 'sql') return isTable ? `(select v from ${name})` : `{{ ${name} }}`;
      return isTable ? (language === 'python' ? `${name}[0]["v"]` : `[...${name}][0].v`) : name;
    };
    const sum = [...reads.map(term), String(plus + salt)].join(' + ');
    const keys = disabled ? 'disabled' : '';
    if (language === 'sql') return sql(id, throws ? `select cast(error('no') as integer) + ${sum} as v` : `select cast(${sum} as integer) as v`, keys);
    const head = side ? `${language === 'javascript' ? 'const ' : ''}side_${id} = ${plus + salt + 100}${language === 'javascript' ? ';' : ''}\n` : '';
    if (language === 'python') return py(id, `${head}${sum}${throws ? ' + 1 // 0' : ''}`, keys);
    return js(id, `${head}${sum}${throws ? ' + (() => { throw new Error("no") })()' : ''}`, keys);
  }).join('');
}

/** What the text means, by plain recursion: a number, or a state. */
function reference(page: Page, salt: number): Record<string, number | string> {
  const meaning: Record<string, number | string> = {};
  const onCycle = (id: string, at: string, seen: Set<string>): boolean => (page[at]?.reads ?? []).filter((read) => exists(page, read)).map(sourceOf)
    .some((next) => next === id || (!seen.has(next) && onCycle(id, next, seen.add(next))));
  const broken = (id: string): boolean => {
    const { reads, disabled } = page[id] as Toy;
    return !disabled && (!reads.every((read) => exists(page, read)) || onCycle(id, id, new Set()));
  };
  const evaluate = (id: string): number | string => {
    const known = meaning[id];
    if (known !== undefined) return known;
    const { plus, reads, throws, disabled } = page[id] as Toy;
    if (disabled) return meaning[id] = 'disabled';
    if (broken(id)) return meaning[id] = 'failed';
    const values = reads.map((read) => {
      const value = evaluate(sourceOf(read));
      return typeof value === 'number' && read === SIDE ? (page.n0 as Toy).plus + salt + 100 : value;
    });
    if (values.some((value) => value === 'blocked' || value === 'disabled') || reads.some((read) => broken(sourceOf(read)))) return meaning[id] = 'blocked';
    if (values.some((value) => typeof value === 'string')) return meaning[id] = 'cancelled';
    return meaning[id] = throws ? 'failed' : (values as number[]).reduce((sum, value) => sum + value, plus + salt);
  };
  for (const id of Object.keys(page)) evaluate(id);
  return meaning;
}

let place: Place;
let executors: ReadonlyMap<string, Executor>;
beforeAll(async () => {
  place = createPlace({});
  executors = createExecutors({ root: place.root, state: join(place.root, '.telar') });
});
afterAll(async () => {
  await Promise.all([...executors.values()].map((executor) => executor.close()));
  place.remove();
});

interface Asked { readonly file: string; readonly jobs?: number; readonly noReuse?: boolean; readonly interruptAfter?: number }
interface Told { readonly operations: readonly Operation[]; readonly seen: Record<string, number | string>; readonly ran: readonly string[] }

/** A run with everything opened anew. */
async function runHere({ file, jobs = 3, noReuse = false, interruptAfter }: Asked): Promise<Told> {
  const store = openStore(place.root);
  const files = createFiles(place.root);
  const runtime = createRuntime({
    files, store, observer: createObserver({ files, store, sha256 }), catalogue: openCatalogue(), resources: createResources(), executors, sha256,
    clock: systemClock, newRun: () => `run-${String(process.hrtime.bigint()).padStart(20, '0')}`,
  });
  const operations: Operation[] = [];
  const stop = new AbortController();
  let running = 0;
  try {
    const result = await (await runtime.open(file)).run({
      jobs, failFast: false, noReuse, signal: stop.signal,
      emit: (operation) => {
        operations.push(operation);
        if (operation.type === 'node' && operation.status.state === 'running' && running++ === interruptAfter) stop.abort();
      },
    });
    return told(operations, Object.fromEntries([...result.nodes].map(([id, status]) => [id, { ...status, ref: status.outputs?.value?.ref }])), store);
  } finally {
    await store.close();
  }
}

/** The same by the command line, in a process of its own. */
async function runThere({ file, jobs = 3, noReuse = false, interruptAfter }: Asked): Promise<Told> {
  const end = await place.run(file, ['--jobs', String(jobs), ...(noReuse ? ['--no-reuse'] : [])], interruptAfter === undefined ? {} : {
    begun: (child) => { child.stdout?.once('data', () => { child.kill('SIGINT'); }); },
  });
  const operations = end.lines.filter((line) => line.type === 'node') as unknown as Operation[];
  const store = openStore(place.root);
  try {
    const refOf = ({ outputs }: NodeEnd): ValueRef | undefined => {
      const value = outputs?.value;
      return value?.hash === undefined ? undefined : { form: value.type as ValueRef['form'], hash: value.hash, bytes: value.bytes as number };
    };
    return told(operations, Object.fromEntries(Object.entries(end.nodes).map(([id, node]) => [id, { ...node, ref: refOf(node) }])), store);
  } finally {
    await store.close();
  }
}

function told(operations: readonly Operation[], nodes: Readonly<Record<string, { state: string; how?: string; ref?: ValueRef | undefined }>>, store: { readonly blobs: Parameters<typeof loadValue>[1] }): Told {
  const value = (ref: ValueRef): number => {
    const loaded = loadValue(ref, store.blobs);
    return ref.form === 'table' ? (loaded as TableView).row(0).v as number : loaded as number;
  };
  return {
    operations,
    seen: Object.fromEntries(Object.entries(nodes).map(([id, { state, ref }]) => [id, state === 'fresh' && ref !== undefined ? value(ref) : state])),
    ran: Object.entries(nodes).filter(([, node]) => node.how === 'ran').map(([id]) => id),
  };
}

/** (b), (c), (d): a node begins once, when all that it reads is fresh. */
function checkOrder(operations: readonly Operation[], page: Page): void {
  const fresh = new Set<string>();
  const begun = new Set<string>();
  for (const operation of operations) {
    if (operation.type !== 'node') continue;
    const { node, status } = operation;
    if (status.state === 'fresh') fresh.add(node);
    if (status.state !== 'running') continue;
    expect(begun.has(node)).toBe(false);
    begun.add(node);
    for (const read of page[node]?.reads ?? []) expect([node, begun.has(sourceOf(read)) || fresh.has(sourceOf(read))]).toEqual([node, true]);
  }
}

let scripts = 0;

test('(a)-(g) through real engines and the real store: after any script, a run gives what a fresh full run of the final text gives', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 9 }), async (script) => {
    const number = scripts++;
    const salt = (number + 1) * 1000;
    const file = `script-${number}.telar.md`;
    const run = number % 3 === 0 ? runThere : runHere;
    let page: Page = {};
    place.write(file, '');
    for (const one of script) {
      if (one.do === 'set') page = { ...page, [`n${one.at}`]: one.at === 0 ? { ...one.toy, reads: one.toy.reads.filter((read) => read !== SIDE) } : one.toy };
      else if (one.do === 'remove') page = Object.fromEntries(Object.entries(page).filter(([id]) => id !== `n${one.at}`));
      if (one.do === 'set' || one.do === 'remove') { place.write(file, textOf(page, salt)); continue; }
      const { operations, seen } = await run({ file, ...(one.do === 'interrupt' ? { interruptAfter: one.after } : { jobs: one.jobs }) });
      checkOrder(operations, page);
      const meaning = reference(page, salt);
      if (one.do === 'run') expect(seen).toEqual(meaning);
      else for (const [id, value] of Object.entries(seen)) if (typeof value === 'number') expect([id, value]).toEqual([id, meaning[id]]);
    }
    const end = await run({ file });
    checkOrder(end.operations, page);
    expect(end.seen).toEqual(reference(page, salt));
    // A new store finds all of it again; what fails fails again, and nothing else runs.
    const again = await runHere({ file, jobs: 1 });
    expect(again.seen).toEqual(end.seen);
    expect(again.ran).toEqual([]);
    if (number % 5 === 0) expect((await runHere({ file, jobs: 1, noReuse: true })).seen).toEqual(end.seen);
  }), { numRuns: Number(process.env.TELAR_SCRIPTS ?? 40), seed: Number(process.env.TELAR_SEED ?? 20_261_120), endOnFailure: true });
}, 240_000);
