/** K13: however the network tears an answer, its events are the same; and any bytes at all are events, none, or a typed error. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesOf } from '../../runtime/providers/json-lines.ts';
import { serverEvents } from '../../runtime/providers/server-events.ts';

/** Bytes in pieces that are cut at these places. */
async function* torn(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...new Set(cuts.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b)) { yield bytes.subarray(from, cut); from = cut; }
  yield bytes.subarray(from);
}
async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of source) found.push(one);
  return found;
}
const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 8 });
const cuts = fc.array(fc.nat(), { maxLength: 30 });
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('K13 server-sent events are the same however they are torn, with any line end and comments between', async () => {
  await fc.assert(fc.asyncProperty(texts, cuts, fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), async (data, at, end, comments) => {
    const wire = data.map((one) => `${comments ? `: here${end}${end}` : ''}event: e${end}data: ${JSON.stringify(one)}${end}${end}`).join('');
    expect((await all(serverEvents(torn(bytesOf(wire), at)))).map((one) => JSON.parse(one.data) as string)).toEqual(data);
  }), { numRuns: 150, seed: 13 });
});

test('K13 lines of JSON are the same however they are torn, and the last needs no end', async () => {
  await fc.assert(fc.asyncProperty(texts, cuts, fc.constantFrom('\n', '\r\n', '\n\n'), fc.boolean(), async (data, at, end, last) => {
    const wire = data.map((one) => JSON.stringify(one)).join(end) + (last ? end : '');
    expect((await all(linesOf(torn(bytesOf(wire), at)))).map((one) => JSON.parse(one) as string)).toEqual(data);
  }), { numRuns: 150, seed: 13 });
});

test('K13 any bytes are read to their end', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), cuts, async (bytes, at) => {
    await all(serverEvents(torn(bytes, at)));
    expect((await all(linesOf(torn(bytes, at)))).join('').length).toBeLessThanOrEqual(bytes.length);
  }), { numRuns: 200, seed: 13 });
});
