/** C4 the world that a step of SQL is shown: threads and chance, in both engines; and that the next step is as always. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { createWasmSql } from '../../runtime/executors/sql/wasm.node.ts';
import type { World } from '../../runtime/ports.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import type { TableView } from '../../contracts/values.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'telar-world-')));
const engines = { native: createNativeSql({ root, concurrency: 1 }), wasm: createWasmSql({ root, concurrency: 1 }) };
afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.close();
  rmSync(root, { recursive: true, force: true });
});

const CHANCE = 'select random() a, gen_random_uuid()::varchar b, (select list(range) from (select * from range(1000) using sample 5)) c, (select list(range) from (select * from range(50) order by random())) d';

describe.each(Object.entries(engines))('C4 the world of a step of SQL, %s', (name, engine) => {
  const row = async (code: string, world?: World, around: { seed?: number; settings?: Record<string, unknown> } = {}): Promise<unknown[]> => {
    const blobs = memoryBlobs();
    const program = { engine: engine.engine, code, file: 'n.telar.md', line: 1, id: 'n', wanted: [], binds: [], modules: {}, folder: '', ...around };
    const { outputs } = await engine.execute(program, {}, {
      blobs, limits: { time: 60_000, memory: 512e6, output: 10e6 }, signal: new AbortController().signal, emit: () => {}, ...(world === undefined ? {} : { world }),
    });
    const table = loadValue(outputs.value!.ref!, blobs) as TableView;
    return table.columns.map((column) => table.column(column.name)[0]);
  };

  it('C4 chance that nobody seeded comes of the seed, a seed= of the fence wins', async () => {
    const one = await row(CHANCE, { seed: 7 });
    expect(await row(CHANCE, { seed: 7 })).toEqual(one);
    expect(await row(CHANCE, { seed: 8 })).not.toEqual(one);
    expect(await row(CHANCE, { seed: 8 }, { seed: 7 })).toEqual(one);
  });

  it('R9 a seed= of the fence makes chance repeatable; without one it is fresh, also after a world', async () => {
    expect(await row(CHANCE, undefined, { seed: 3 })).toEqual(await row(CHANCE, undefined, { seed: 3 }));
    const [one, two] = [await row(CHANCE), await row(CHANCE)];
    one.forEach((drawn, at) => expect(drawn).not.toEqual(two[at]));
  });

  it.runIf(name === 'native')('C4 threads are those of the world, whatever the fence says', async () => {
    const threads = "select current_setting('threads') t";
    expect((await row(threads, undefined, { settings: { threads: 2 } })).map(Number)).toEqual([2]);
    expect((await row(threads, { threads: 1 }, { settings: { threads: 2 } })).map(Number)).toEqual([1]);
    expect((await row(threads, { threads: 3 })).map(Number)).toEqual([3]);
    expect((await row(threads)).map(Number)).toEqual([1]);
  });
});
