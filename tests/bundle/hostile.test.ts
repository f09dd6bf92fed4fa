/** Bundles that are damaged or forged: each is refused, says what and where, and leaves nothing behind. */
import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import { digestReads, rowId, type RunRecord } from '../../runtime/checkpoints/store.ts';
import { exported, imported, reforged, sealed, smallRun, taken } from './bundles.ts';

const folder = mkdtempSync(join(tmpdir(), 'telar-bundle-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
let good: Uint8Array;
beforeAll(async () => {
  const { bench, run } = await smallRun();
  ({ bytes: good } = await exported(bench.store, run as RunRecord, folder));
});

/** How a bundle is refused; it must be, and the store must stay empty. */
async function refusal(bytes: Uint8Array): Promise<{ code: string; message: string }> {
  const store = createMemoryStore(sha256);
  const puts: string[] = [];
  const watched = { ...store, blobs: { ...store.blobs, put: (one: Uint8Array) => { const hash = store.blobs.put(one); puts.push(hash); return hash; } } };
  const error = await imported(bytes, folder, watched).then(() => undefined, (caught: unknown) => caught as { code: string; message: string });
  expect(error, 'it was taken').toBeDefined();
  expect(store.runs()).toEqual([]);
  expect(puts).toEqual([]);
  expect(readdirSync(folder)).not.toContain('scratch');
  return error as { code: string; message: string };
}

test('C7 a bundle that was cut off anywhere is refused', async () => {
  const ends = new Set([0, 1, 8, 9, 10, 30, 31, 32, good.length - 33, good.length - 32, good.length - 31, good.length - 1]);
  await fc.assert(fc.asyncProperty(fc.oneof(fc.constantFrom(...ends), fc.nat(good.length - 1)), async (end) => {
    expect((await refusal(good.slice(0, end))).code).toBe('bad-file');
  }), { numRuns: 150 });
  expect((await refusal(new Uint8Array([...good, 0]))).code).toBe('bad-file');
  expect((await refusal(new Uint8Array([...good, ...good]))).code).toBe('bad-file');
});

test('C7 a bundle with one flipped bit anywhere is refused', async () => {
  await fc.assert(fc.asyncProperty(fc.oneof(fc.nat(40), fc.nat(good.length - 1)), fc.nat(7), async (at, bit) => {
    const bad = good.slice();
    bad[at] = (bad[at] as number) ^ (1 << bit);
    // A digit of the first line may become another one, and then it says something else that cannot be.
    expect(['bad-file', 'newer-generation', 'forged']).toContain((await refusal(bad)).code);
    if (at > 20) expect((await refusal(bad)).code).toBe('bad-file');
  }), { numRuns: 200 });
});

test('C7 what is no bundle, and one of a newer generation, are refused by their first line', async () => {
  const { text, body } = taken(good);
  expect((await refusal(new TextEncoder().encode('PK\u0003\u0004 something else entirely, long enough'))).code).toBe('bad-file');
  expect(await refusal(sealed(text, body, `telarrun 2 ${text.length}\n`))).toMatchObject({ code: 'newer-generation', message: expect.stringContaining('generation 2') as string });
  expect((await refusal(sealed(text, body, `telarrun 01 ${text.length}\n`))).code).toBe('bad-file');
  expect((await refusal(sealed(text, body, `telarrun 1 ${text.length + 1}\n`))).code).toBe('forged');
  expect((await refusal(sealed(text, body, 'telarrun 1 9007199254740991\n'))).code).toBe('forged');
  expect((await refusal(sealed(text, body, `telarrun 1 ${2 ** 25}\n`))).code).toBe('bad-file');
});

type Loose = { [name: string]: any }; // oxlint-disable-line typescript/no-explicit-any
const withRow = (m: Loose): Loose => m.steps.find((step: Loose) => step.row !== undefined) as Loose;
const rowOf = (m: Loose): Loose => m.rows.find((row: Loose) => row.id === withRow(m).row) as Loose;
/** Gives a row reads, with all names that follow from them. */
function reading(m: Loose, path: string, what = 'missing', folderOf = ''): void {
  const row = rowOf(m);
  row.reads = [{ what, path, saw: '' }];
  row.readsDigest = digestReads(sha256, row.reads as never);
  row.folder = folderOf;
  row.id = rowId(sha256, row as never);
  withRow(m).row = row.id;
}
const text = (m: Loose, path: string): void => { m.run.texts[path] = m.run.texts['main.telar.md']; };

const forgeries: Readonly<Record<string, readonly [change: (manifest: Loose) => void, says: RegExp]>> = {
  'a key that does not follow from its parts': [(m) => { withRow(m).components.code = 'f'.repeat(64); }, /step .* key/],
  'a key of its own': [(m) => { withRow(m).key = 'f'.repeat(64); }, /step .* key/],
  'a row under another key': [(m) => { rowOf(m).key = 'f'.repeat(64); }, /result .* name/],
  'a row of another take': [(m) => { rowOf(m).take = 7; }, /result .* name/],
  'reads that their digest does not know': [(m) => { rowOf(m).reads = [{ what: 'missing', path: 'x', saw: '' }]; }, /read something else/],
  'a value by another hash': [(m) => { rowOf(m).outputs.value.ref.hash = 'f'.repeat(64); }, /not in the bundle/],
  'a value of another size': [(m) => { rowOf(m).outputs.value.ref.bytes += 1; }, /bytes in one place/],
  'a value that becomes a pickle': [(m) => { rowOf(m).outputs.value.ref.form = 'opaque'; m.leftOut.push({ what: 'opaque', where: 'x', hash: rowOf(m).outputs.value.ref.hash }); }, /pickled/],
  'a table that is none': [(m) => { rowOf(m).outputs.value.ref.form = 'table'; }, /table/],
  'a step without its row': [(m) => { m.rows = m.rows.filter((row: Loose) => row !== rowOf(m)); }, /not in the bundle/],
  'a row without a step': [(m) => { delete withRow(m).row; }, /belongs to no step/],
  'a step twice': [(m) => { m.steps.push(m.steps[0]); }, /twice/],
  'a row twice': [(m) => { m.rows.push(m.rows[0]); }, /twice/],
  'a blob twice': [(m) => { m.blobs.push(m.blobs[0]); }, /twice/],
  'a blob more': [(m) => { m.blobs.push({ hash: 'f'.repeat(64), bytes: 1 }); }, /is not there/],
  'an empty blob more': [(m) => { m.blobs.push({ hash: sha256(''), bytes: 0 }); }, /named by nothing/],
  'a blob less': [(m) => { m.blobs.pop(); }, /bytes more than/],
  'blobs in another order': [(m) => { m.blobs.reverse(); }, /blob/],
  'a blob larger than it is': [(m) => { m.blobs[0].bytes += 2 ** 40; }, /fit into the file|most/],
  'more blobs than the world has room for': [(m) => { m.blobs[0].bytes = Number.MAX_SAFE_INTEGER; }, /fit into the file|most/],
  'a fork of itself': [(m) => { m.run.parent = m.run.id; }, /fork of itself/],
  'a parent with a path': [(m) => { m.run.parent = '../../x'; }, /parent/],
  'an id with a path': [(m) => { m.run.id = '../x'; }, /run\/id/],
  'an id with a NUL': [(m) => { m.run.id = 'a\0b'; }, /run\/id/],
  'a step of another run': [(m) => { m.steps[0].run = 'other'; }, /another run/],
  'a state that nobody knows': [(m) => { m.steps[0].state = 'done'; }, /state/],
  'a field that nobody knows': [(m) => { m.run.bundle = 'x'; }, /bundle/],
  'a generation of its own': [(m) => { m.telarrun = 2; }, /telarrun/],
  'a text that leads outside': [(m) => { text(m, '../x'); }, /leads outside/],
  'an absolute text': [(m) => { text(m, '/etc/passwd'); }, /leads outside/],
  'a text on a drive': [(m) => { text(m, 'C:/x'); }, /leads outside/],
  'a text with backslashes': [(m) => { text(m, '..\\x'); }, /leads outside/],
  'a text in .git': [(m) => { text(m, '.git/hooks/pre-commit'); }, /leads outside/],
  'a text in .GIT': [(m) => { text(m, 'a/.GIT/config'); }, /leads outside/],
  'a text in .git with an invisible letter': [(m) => { text(m, '.g\u200cit/config'); }, /leads outside/],
  'a text in .git with a dot at the end': [(m) => { text(m, '.git./config'); }, /leads outside/],
  'a text in GIT~1': [(m) => { text(m, 'GIT~1/config'); }, /leads outside/],
  'a text in a stream of .git': [(m) => { text(m, '.git::$INDEX_ALLOCATION/config'); }, /leads outside/],
  'a text in .telar': [(m) => { text(m, '.Telar/telar.db'); }, /leads outside/],
  'a text with a NUL': [(m) => { text(m, 'a\0b'); }, /leads outside/],
  'two texts that differ in capitals': [(m) => { text(m, 'MAIN.telar.md'); }, /capitals/],
  'a notebook that is not there': [(m) => { m.run.file = 'other.telar.md'; }, /no text/],
  'a read that leads outside': [(m) => { reading(m, '../x'); }, /leads outside/],
  'an absolute read': [(m) => { reading(m, '/etc/passwd'); }, /leads outside/],
  'a read by way of its folder': [(m) => { reading(m, '../../x', 'missing', 'a'); }, /leads outside/],
  'a folder that leads outside': [(m) => { reading(m, 'x', 'missing', '..'); }, /leads outside/],
  'a file read that is not there': [(m) => { reading(m, 'x', 'file'); }, /saw/],
  'a log of a node that is not there': [(m) => { m.logs.push({ node: 'nobody', stream: 'stdout', text: '' }); }, /nobody/],
};

for (const [what, [change, says]] of Object.entries(forgeries)) {
  test(`C7 a bundle with ${what} is refused, though it is sealed`, async () => {
    const error = await refusal(reforged(good, change));
    expect(error.code).toBe('forged');
    expect(error.message).toMatch(says);
  });
}

test('C7 a manifest that is no plain JSON of Telar is refused before it is believed', async () => {
  const { text: manifest, body } = taken(good);
  const rewritten = (from: string, to: string): Uint8Array => sealed(manifest.replace(from, to), body);
  expect((await refusal(rewritten('"telarrun":1', '"telarrun":1,"telarrun":1'))).message).toContain('not written as');
  expect((await refusal(rewritten('"inputs":{}', '"inputs":{"__proto__":{"admin":true}}'))).message).toContain('__proto__');
  expect((await refusal(rewritten('"inputs":{}', '"inputs":{"\\u005f_proto__":1}'))).message).toContain('__proto__');
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect((await refusal(rewritten('"inputs":{}', `"inputs":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))).message).toContain('deep');
  expect((await refusal(rewritten('"inputs":{}', '"inputs":{"a":1e999}'))).message).toContain('not written as');
  expect((await refusal(rewritten('"inputs":{}', '"inputs":{'))).message).toContain('no JSON');
  expect((await refusal(sealed('[]', body))).code).toBe('forged');
  expect((await refusal(sealed('null', body))).code).toBe('forged');
  expect((await refusal(sealed('', new Uint8Array()))).code).toBe('forged');
});

test('C7 a bomb is refused: no piece becomes larger than the list says', async () => {
  const piece = (bytes: Uint8Array): Uint8Array => {
    const head = new DataView(new ArrayBuffer(5));
    head.setUint8(0, 1);
    head.setUint32(1, bytes.length, true);
    return new Uint8Array([...new Uint8Array(head.buffer), ...bytes]);
  };
  const { text: manifest } = taken(good);
  const bomb = piece(zstdCompressSync(new Uint8Array(64 * 2 ** 20)));
  const blobs = (bytes: number): string => { const m = JSON.parse(manifest) as Loose; m.blobs[0].bytes = bytes; return JSON.stringify(m); };
  expect((await refusal(sealed(blobs(2 ** 20), bomb))).message).toContain('inflate');
  expect((await refusal(sealed(blobs(2 ** 21), bomb))).message).toContain('inflate');
  expect((await refusal(sealed(blobs(2 ** 20), piece(new Uint8Array(40))))).message).toContain('inflate');
  const whole = new Uint8Array([9, 0, 0, 0, 0]);
  expect((await refusal(sealed(blobs(2 ** 20), whole))).message).toContain('kind that cannot be');
});

test('C7 a fork that would become the parent of its own parent is refused', async () => {
  const { bench, run } = await smallRun();
  const forged = (await exported(bench.store, { ...run, parent: 'younger' }, folder)).bytes;
  const store = createMemoryStore(sha256);
  store.openRun({ ...run, id: 'younger', parent: run.id });
  await expect(imported(forged, folder, store)).rejects.toMatchObject({ code: 'forged' });
  expect(store.runs().length).toBe(1);
});

test('C7 a bundle within a bundle is bytes: it is carried, and nothing of it is opened', async () => {
  const { bench, run } = await smallRun();
  const inner = bench.store.blobs.put(good);
  const outer = await exported(bench.store, { ...run, texts: { ...run.texts, 'inner.telarrun': inner } }, folder);
  const { store } = await imported(outer.bytes, folder);
  expect(store.runs().map(({ id }) => id)).toEqual([run.id]);
  expect(sha256(store.blobs.get(inner) as Uint8Array)).toBe(sha256(good));
});
