/** Values to a worker and back, without one: what crosses, what overflows, and what is not believed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome, StepInput } from '../../contracts/node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { storeValue } from '../../runtime/values/kinds.ts';
import { storeTable } from '../../runtime/values/table.ts';
import { keepResult, openTask, packResult, packTask, type OpenedTask, type Packed, type PackedTask } from '../../runtime/workers/exchange.node.ts';
import { MOST_BULK, MOST_JSON, type Payload } from '../../runtime/workers/link/messages.ts';
import { taskOf } from '../suites/dispatcher.ts';

let root: string;
let store: ReturnType<typeof openStore>;
const folder = (name: string): string => join(root, '.telar', 'scratch', name);
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-exchange-'));
  store = openStore(root, { onDamage: (damage) => { throw new Error(damage.message); } });
  mkdirSync(folder(''), { recursive: true });
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const text = (size: number, seed = 'x'): { ref: NonNullable<ReturnType<typeof storeValue>['ref']> } => ({ ref: storeValue(seed.padEnd(size, 'y'), store.blobs).ref! });
const send = (inputs: Readonly<Record<string, StepInput>>, code = 'x'): { packed: PackedTask; opened: OpenedTask } => {
  const packed = packTask(taskOf(store.blobs, code, inputs), folder('out'));
  const opened = openTask(wire(packed.payload), packed.bulk, folder('task'));
  rmSync(folder('out'), { recursive: true, force: true });
  return { packed, opened };
};
const wire = (payload: Payload): Payload => JSON.parse(JSON.stringify(payload)) as Payload;
const keep = ({ payload, bulk }: Packed, given: ReadonlySet<string> = new Set()): Outcome => keepResult(wire(payload), bulk, { blobs: store.blobs, given, scratch: folder('') });
const refOf = (hash: string, bytes: number): Outcome => ({ outputs: { value: { ref: { form: 'text', hash, bytes }, summary: { type: 'text', preview: '' } } }, reads: [] });
const expectBounded = ({ payload, bulk }: Packed): void => {
  expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThan(MOST_JSON * 0.75);
  expect(bulk.every(({ length }) => length <= MOST_BULK)).toBe(true);
  expect(bulk.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(1024 * 1024);
};

test('W13 small inputs go with the message, large ones by the path of the store, those of tables and producers too', () => {
  const table = { ref: storeTable({ rows: 20_000, columns: [{ name: 'small', type: 'BOOLEAN' }, { name: 'large', type: 'DOUBLE' }], column: (name) => Array.from({ length: 20_000 }, (_, at) => (name === 'small' ? null : at / 3)) }, store.blobs) };
  const inner = text(70_000, 'inner');
  const { packed, opened } = send({ a: text(10), b: text(70_000), t: table, f: { producer: taskOf(store.blobs, 'f').program, inputs: { inner }, output: 'f' } });
  expectBounded(packed);
  expect(existsSync(folder('out'))).toBe(false);
  const { blobs } = packed.payload as unknown as { blobs: Record<string, unknown> };
  expect(blobs[inner.ref.hash]).toBe(store.blobs.path(inner.ref.hash));
  for (const hash of packed.given) {
    expect(opened.blobs.has(hash)).toBe(true);
    expect(Buffer.compare(opened.blobs.get(hash)!, store.blobs.get(hash)!)).toBe(0);
  }
  expect(packed.given.size).toBe(6);
  expect(opened.program).toEqual(taskOf(store.blobs, 'x').program);
});

test('W13 long code and many small blobs overflow into files, and the message stays small', () => {
  const columns = Array.from({ length: 900 }, (_, at) => ({ name: `c${at}`, type: 'DOUBLE' }));
  const wide = { ref: storeTable({ rows: 400, columns, column: (name) => Array.from({ length: 400 }, (_, at) => at + Number(name.slice(1))) }, store.blobs) };
  const code = `"${'é'.repeat(300_000)}"`;
  const { packed, opened } = send({ wide }, code);
  expectBounded(packed);
  expect(opened.program.code).toBe(code);
  for (const hash of packed.given) expect(Buffer.compare(opened.blobs.get(hash)!, store.blobs.get(hash)!)).toBe(0);
  expect(packed.given.size).toBe(901);
});

test('W13 whatever a worker makes is kept at the coordinator, and its folder is left empty of values', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 40 }), fc.boolean(), (sizes, byFile) => {
    const { packed, opened } = send({ x: text(100) });
    const outputs: Record<string, Outcome['outputs'][string]> = {};
    for (const [at, size] of sizes.entries()) {
      const bytes = new TextEncoder().encode(`${at}`.padEnd(size, 'z'));
      const file = folder('a-child-left-it');
      if (byFile) writeFileSync(file, bytes);
      const hash = byFile ? opened.blobs.adopt(file) : opened.blobs.put(bytes);
      expect(Buffer.compare(opened.blobs.get(hash)!, bytes)).toBe(0);
      expect(existsSync(file)).toBe(false);
      outputs[`o${at}`] = { ref: { form: 'text', hash, bytes: bytes.length }, summary: { type: 'text', preview: 'z' } };
    }
    const given = [...packed.given][0]!;
    outputs.handed = { ref: { form: 'text', hash: given, bytes: 100 }, summary: { type: 'text', preview: '' } };
    const outcome: Outcome = { outputs, reads: [{ what: 'missing', path: 'a', saw: '' }], warnings: ['covenant: no'] };
    const result = packResult(outcome, opened.blobs);
    expectBounded(result);
    expect(keep(result, packed.given)).toStrictEqual(outcome);
    for (const { ref } of Object.values(outputs)) expect(store.blobs.get(ref!.hash)?.length).toBe(ref!.bytes);
    expect(existsSync(folder('task')) ? readdirSync(folder('task')).filter((name) => name.length === 64) : []).toEqual([]);
    rmSync(folder('task'), { recursive: true, force: true });
  }), { numRuns: 15, seed: 4 });
});

test('W1 W10 a result that names what did not arrive, or something else, is refused', () => {
  const { packed, opened } = send({ x: text(100) });
  const hash = opened.blobs.put(new TextEncoder().encode('made'));
  const large = opened.blobs.put(new Uint8Array(100_000));
  const { payload, bulk } = packResult(refOf(hash, 4), opened.blobs);
  const body = wire(payload) as { blobs: Record<string, unknown>; outcome: Outcome };
  const other = storeValue('somebody else’s', store.blobs).ref!.hash;
  const outside = join(root, 'secret');
  writeFileSync(outside, new Uint8Array(100_000));
  const link = join(folder('task'), 'link');
  symlinkSync(outside, link);
  const lies: readonly [string, Payload][] = [
    ['not among what arrived', { ...body, outcome: refOf('0'.repeat(64), 4) }], ['in the store, but no input', { ...body, outcome: refOf(other, 4) }], ['another value', { ...body, blobs: { ...body.blobs, [other]: body.blobs[hash] }, outcome: refOf(other, 4) }],
    ['another file', { ...body, blobs: { ...body.blobs, [hash]: body.blobs[large] } }], ['no file', { ...body, blobs: { ['2'.repeat(64)]: join(folder('task'), 'none') }, outcome: refOf('2'.repeat(64), 4) }], ['a file outside', { ...body, blobs: { [hash]: outside } }],
    ['a link outside', { ...body, blobs: { [hash]: link } }], ['a folder', { ...body, blobs: { [hash]: folder('task') } }], ['no such bulk', { ...body, blobs: { [hash]: 7 } }], ['a negative place', { ...body, blobs: { [hash]: -1 } }],
    ['beyond the pack', { ...body, blobs: { [hash]: [0, 4] } }], ['no outcome', { blobs: {} }], ['outputs that are a list', { ...body, outcome: { outputs: [1], reads: [] } }], ['a form that is none', { ...body, outcome: { outputs: { value: { ref: { form: 'soup', hash, bytes: 4 }, summary: { type: '', preview: '' } } }, reads: [] } }],
    ['a name of a path', { ...body, blobs: { '../../up': 0 } }], ['a table that is none', { ...body, outcome: { outputs: { value: { ref: { form: 'table', hash, bytes: 4 }, summary: { type: 'table', preview: '' } } }, reads: [] } }],
    ['an overflow outside', { overflow: outside }], ['an overflow that is no JSON', { overflow: body.blobs[large] }],
  ];
  for (const [what, lie] of lies) expect(() => keep({ payload: lie, bulk }, packed.given), what).toThrow(expect.objectContaining({ code: 'lost', data: expect.objectContaining({ nonsense: expect.any(String) as string }) as object }));
  expect(readFileSync(outside).length).toBe(100_000);
  expect(keep({ payload, bulk }, packed.given)).toStrictEqual(refOf(hash, 4));
});

test('W13 an input that is gone is told before anything is sent', () => {
  expect(() => send({ x: { ref: { form: 'text', hash: '1'.repeat(64), bytes: 3 } } })).toThrow(expect.objectContaining({ code: 'value-missing' }));
});

test('W11 a result whose files a coordinator had taken when it was killed is kept all the same', () => {
  const { packed, opened } = send({});
  const bytes = new TextEncoder().encode('y'.repeat(100_000));
  const hash = opened.blobs.put(bytes);
  const result = packResult(refOf(hash, bytes.length), opened.blobs);
  expect(keep(result, packed.given)).toStrictEqual(refOf(hash, bytes.length));
  expect(readdirSync(folder('task'))).toEqual([]);
  expect(keep(result, packed.given)).toStrictEqual(refOf(hash, bytes.length));
});
