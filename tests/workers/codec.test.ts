/** The codec: what is said is heard, and nothing else is believed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFromWorker, decodeToWorker, encodeMessage } from '../../runtime/workers/link/codec.ts';
import { type FromWorker, MOST_BULK, MOST_JSON, MOST_MESSAGE, type Payload, type ToWorker } from '../../runtime/workers/link/messages.ts';

const SEED = 20_261_120;
const name = fc.string({ minLength: 1, maxLength: 40 });
const id = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,20}$/);
const count = fc.nat();
const text = fc.string({ unit: 'binary', maxLength: 200 });
const payload = fc.dictionary(fc.string().filter((key) => key !== '__proto__'), fc.jsonValue({ maxDepth: 3, noUnicodeString: false }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Payload).filter((value) => !JSON.stringify(value).includes('"__proto__":'));
const lease = { task: name, epoch: count };
const message = <T extends string>(type: T, fields: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<{ type: T }> => fc.record({ type: fc.constant(type), ...fields });
const error = fc.record({ code: fc.constant('exception'), message: text, line: count, data: payload }, { requiredKeys: ['code', 'message'] });

const fromWorker = fc.oneof(
  message('ready', {
    worker: id, class: id, pid: count, versions: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string()), capabilities: fc.array(name, { maxLength: 5 }),
    tasks: fc.array(fc.record({ task: name, key: name, epoch: count, state: fc.constantFrom('computing', 'done') }), { maxLength: 5 }),
  }),
  message('heartbeat', { vital: fc.record({ task: name, progress: count, memory: count }, { requiredKeys: ['progress', 'memory'] }) }),
  message('begun', lease), message('stream', { ...lease, stream: fc.constantFrom('stdout', 'stderr', 'progress'), text }),
  message('result', { ...lease, payload }), message('result', { ...lease, error }), message('log', { record: payload }), message('goodbye'),
) as fc.Arbitrary<FromWorker>;
const toWorker = fc.oneof(
  message('heartbeat'), message('resync'), message('task', { ...lease, key: name, payload }), message('adopt', { was: name, ...lease }),
  message('cancel', { ...lease, how: fc.constantFrom('soft', 'hard'), reason: text }), message('settled', { ...lease, accepted: fc.boolean() }), message('stop'),
) as fc.Arbitrary<ToWorker>;
const bulk = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 });
const frames = (json: unknown, ...more: Uint8Array[]): Uint8Array[] => [encodeMessage({ type: 'stop' })[0]!, new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json)), ...more];

test('W10 what a worker says is heard as it was said', () => {
  fc.assert(fc.property(fromWorker, bulk, (said, pieces) => {
    const carried = said.type === 'result' ? pieces : [];
    expect(decodeFromWorker(encodeMessage(said, carried))).toEqual({ message: said, bulk: carried });
  }), { seed: SEED, numRuns: 500 });
});

test('W10 what the coordinator says is heard as it was said', () => {
  fc.assert(fc.property(toWorker, bulk, (said, pieces) => {
    const carried = said.type === 'task' ? pieces : [];
    expect(decodeToWorker(encodeMessage(said, carried))).toEqual({ message: said, bulk: carried });
  }), { seed: SEED, numRuns: 500 });
});

const harm = fc.tuple(fc.constantFrom('flip', 'cut', 'drop', 'repeat', 'insert', 'swap', 'empty'), fc.nat(), fc.nat(), fc.nat(255));
function harmed(before: readonly Uint8Array[], [how, a, b, byte]: [string, number, number, number]): Uint8Array[] {
  const after = before.map((frame) => frame.slice());
  const at = a % after.length;
  const frame = after[at]!;
  if (how === 'flip' && frame.length > 0) frame[b % frame.length] = byte;
  else if (how === 'cut') after[at] = frame.subarray(0, b % (frame.length + 1));
  else if (how === 'drop') after.splice(at, 1);
  else if (how === 'repeat') after.splice(at, 0, frame);
  else if (how === 'insert') after.splice(at, 0, new Uint8Array(b % 300).fill(byte));
  else if (how === 'swap') after.reverse();
  else if (how === 'empty') after.length = 0;
  return after;
}

test('W10 frames that were harmed are a message or nonsense, never a fault, and what is a message can be said', () => {
  fc.assert(fc.property(fc.oneof(fromWorker, toWorker), fc.array(harm, { minLength: 1, maxLength: 4 }), (said, harms) => {
    let broken = encodeMessage(said);
    for (const each of harms) if (broken.length > 0) broken = harmed(broken, each);
    for (const decode of [decodeFromWorker, decodeToWorker]) {
      const heard = decode(broken);
      if ('nonsense' in heard) expect(heard.nonsense).not.toBe('');
      else expect(decode(encodeMessage(heard.message, heard.bulk))).toEqual(heard);
    }
  }), { seed: SEED, numRuns: 3_000 });
});

test('W10 no bytes at all are a fault', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }), (noise) => {
    expect(decodeFromWorker(noise)).toHaveProperty('nonsense');
    expect(decodeToWorker(noise)).toHaveProperty('nonsense');
  }), { seed: SEED, numRuns: 1_000 });
});

const result = { type: 'result', task: 'a', epoch: 1, payload: {} };
test.each<[string, unknown]>([
  ['no object', '[]'], ['null', 'null'], ['a number', '7'], ['no type', {}], ['a type that is none', { type: 'toString' }], ['a prototype as type', { type: '__proto__' }],
  ['a message of the other side', { type: 'stop' }], ['a key too many', { ...result, more: 1 }], ['a key too few', { type: 'result', task: 'a', payload: {} }],
  ['an epoch below zero', { ...result, epoch: -1 }], ['an epoch that is no integer', { ...result, epoch: 1.5 }], ['an epoch that is too large', { ...result, epoch: 2 ** 53 }],
  ['a text as epoch', { ...result, epoch: '1' }], ['no name', { ...result, task: '' }], ['a name without end', { ...result, task: 'x'.repeat(201) }],
  ['neither outcome nor error', { type: 'result', task: 'a', epoch: 1 }], ['both outcome and error', { ...result, error: { code: 'lost', message: '' } }], ['an error that is none', { type: 'result', task: 'a', epoch: 1, error: 'lost' }],
  ['an error with a strange code', { type: 'result', task: 'a', epoch: 1, error: { code: 'X<script>', message: '' } }], ['a payload that is a list', { ...result, payload: [] }],
  ['a payload that changes prototypes', '{"type":"result","task":"a","epoch":1,"payload":{"a":[{"__proto__":{"admin":true}}]}}'],
  ['the same in other letters', String.raw`{"type":"result","task":"a","epoch":1,"payload":{"\u005f_proto__":{"admin":true}}}`],
  ['a payload too deep to walk', `{"type":"result","task":"a","epoch":1,"payload":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`],
  ['a worker whose id is a path', { type: 'ready', worker: '../x', class: 'python', pid: 1, versions: {}, capabilities: [], tasks: [] }],
  ['a worker with two parts', { type: 'ready', worker: 'a:1', class: 'python', pid: 1, versions: {}, capabilities: [], tasks: [] }],
  ['too many tasks', { type: 'ready', worker: 'a', class: 'python', pid: 1, versions: {}, capabilities: [], tasks: Array.from({ length: 65 }, () => ({ task: 'a', key: 'k', epoch: 1, state: 'done' })) }],
  ['a state that is none', { type: 'ready', worker: 'a', class: 'python', pid: 1, versions: {}, capabilities: [], tasks: [{ task: 'a', key: 'k', epoch: 1, state: 'asleep' }] }],
  ['a byte order mark', '\uFEFF{"type":"goodbye"}'], ['half a text', '{"type":"goodb'],
])('W10 %s is nonsense', (_, json) => { expect(decodeFromWorker(frames(json))).toHaveProperty('nonsense'); });

test('W10 what is too large is nonsense, and is not sent', () => {
  const piece = new Uint8Array(MOST_BULK);
  const full = Array.from({ length: MOST_MESSAGE / MOST_BULK }, () => piece);
  expect(decodeFromWorker(frames(result, new Uint8Array(MOST_BULK + 1)))).toHaveProperty('nonsense');
  expect(decodeFromWorker(frames(result, ...full))).toHaveProperty('nonsense');
  expect(decodeFromWorker(frames(result, ...full.slice(1)))).toHaveProperty('message');
  expect(decodeFromWorker(frames(result, ...Array.from({ length: 1_025 }, () => new Uint8Array())))).toHaveProperty('nonsense');
  expect(decodeFromWorker(frames(`{"type":"goodbye"${' '.repeat(MOST_JSON)}}`))).toHaveProperty('nonsense');
  expect(decodeFromWorker(frames({ type: 'goodbye' }, piece))).toEqual({ nonsense: '“goodbye” has no bulk' });
  expect(() => encodeMessage({ type: 'log', record: { text: 'x'.repeat(MOST_JSON) } })).toThrow(/too large for the link/);
  expect(() => encodeMessage(result as FromWorker, full)).toThrow(/too large for the link/);
});

test('W13 a program that stands on hundreds of others is a message', () => {
  let payload: Record<string, unknown> = {};
  for (let level = 0; level < 700; level += 1) payload = { producer: {}, inputs: { f: payload } };
  const message: ToWorker = { type: 'task', task: 't', key: 'k', epoch: 1, payload };
  expect(decodeToWorker(encodeMessage(message))).toEqual({ message, bulk: [] });
});

test('W10 another generation of the link is told as such', () => {
  expect(decodeToWorker([new Uint8Array([0x54, 2]), new TextEncoder().encode('{"type":"stop"}')])).toEqual({ nonsense: 'it is of generation 2 of the link; this is 1' });
});
