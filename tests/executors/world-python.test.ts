/** C4 the world that a step of Python is shown: clocks, chance, entropy; and that the next step, in the same process, sees the real one. */
import { afterAll, describe, expect, it } from 'vitest';
import { pythonBench } from '../support/python.ts';

const bench = pythonBench({ spares: 0 });
afterAll(() => bench.close());

const YEAR = 366 * 86_400_000;
const CLOCK = 1_000_000_000_500;
const WALL = 'import time, datetime\n[time.time(), time.time_ns() / 1e9, datetime.datetime.now(datetime.timezone.utc).timestamp(), time.mktime(time.localtime())]';
const MONOTONIC = 'import time\n[time.monotonic(), time.perf_counter(), time.process_time()]';
const CHANCE = 'import random\n[random.random(), random.randint(0, 10**9)]';
const ENTROPY = `import os, secrets, uuid, random
with open('/dev/urandom', 'rb') as device: drawn = device.read(7).hex()
[os.urandom(5).hex(), secrets.token_hex(), str(uuid.uuid4()), drawn, random.Random().random(), random.SystemRandom().random()]`;
const bitwise = async (...args: Parameters<typeof bench.run>): Promise<string> => (await bench.run(...args)).outputs.value!.ref!.hash;
const seconds = async (...args: Parameters<typeof bench.value>): Promise<number[]> => await bench.value(...args) as number[];

describe('C4 the world of a Python step', () => {
  it('C4 a shifted wall clock runs, and the monotonic ones are as always', async () => {
    for (const time of await seconds(WALL, { world: { clockShift: YEAR } })) expect(Math.abs(time - (Date.now() + YEAR) / 1000)).toBeLessThan(30);
    const [one, two] = await seconds('import time\na = time.time()\ntime.sleep(0.05)\n[a, time.time()]', { world: { clockShift: YEAR } });
    expect(two! - one!).toBeGreaterThan(0.04);
    expect((await seconds(MONOTONIC, { world: { clockShift: YEAR } })).every((time) => time > 0 && time < 86_400)).toBe(true);
  });

  it('C4 clocks stand still: the wall clock where it was said, the others at 0; two runs are equal', async () => {
    expect((await seconds(WALL, { world: { clock: CLOCK } })).map(Number)).toEqual([1_000_000_000.5, 1_000_000_000.5, 1_000_000_000.5, 1_000_000_000]);
    expect((await seconds(MONOTONIC, { world: { clock: CLOCK } })).map(Number)).toEqual([0, 0, 0]);
    const stamped = 'import uuid\n[str(uuid.uuid1()), str(uuid.uuid7())]';
    expect(await bitwise(stamped, { world: { clock: CLOCK, entropy: 1, seed: 1 } })).toBe(await bitwise(stamped, { world: { clock: CLOCK, entropy: 1, seed: 1 } }));
  });

  it('R2 limits and sleep hold where clocks stand still', async () => {
    expect(await bench.error('while True: pass', { world: { clock: CLOCK }, time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await bench.error('import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass', { world: { clock: CLOCK }, time: 300 })).toMatchObject({ code: 'timeout' });
    expect(await bench.value('import time\ntime.sleep(0.05)\ntime.time()', { world: { clock: CLOCK } })).toBe(1_000_000_000.5);
    expect(await bench.value('import asyncio\nawait asyncio.sleep(0.02)\n"slept"', { world: { clock: CLOCK } })).toBe('slept');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    expect(await bench.error('while True: pass', { world: { clock: CLOCK }, signal: controller.signal })).toMatchObject({ code: 'cancelled' });
  });

  it('C4 chance that nobody seeded comes of the seed, a seed= of the fence wins', async () => {
    expect(await bitwise(CHANCE, { world: { seed: 7 } })).toBe(await bitwise(CHANCE, { world: { seed: 7 } }));
    expect(await bitwise(CHANCE, { world: { seed: 7 } })).not.toBe(await bitwise(CHANCE, { world: { seed: 8 } }));
    expect(await bitwise(CHANCE, { world: { seed: 7 }, seed: 3 })).toBe(await bitwise(CHANCE, { seed: 3 }));
    expect(await bitwise(ENTROPY, { world: { seed: 7 } })).not.toBe(await bitwise(ENTROPY, { world: { seed: 7 } }));
  });

  it('C4 entropy of the system comes of its own seed', async () => {
    expect(await bench.value(ENTROPY, { world: { entropy: 5 } })).toEqual(await bench.value(ENTROPY, { world: { entropy: 5 } }));
    const [one, two] = [await bench.value(ENTROPY, { world: { entropy: 5 } }), await bench.value(ENTROPY, { world: { entropy: 6 } })] as unknown[][];
    one!.forEach((drawn, at) => expect(drawn).not.toEqual(two![at]));
    expect(await bitwise(CHANCE, { world: { entropy: 5 } })).not.toBe(await bitwise(CHANCE, { world: { entropy: 5 } }));
    // More than Emscripten would keep for later.
    expect(await bitwise('import os\nos.urandom(100_000)', { world: { entropy: 5 } })).toBe(await bitwise('import os\nos.urandom(100_000)', { world: { entropy: 5 } }));
  });

  it('C4 a live value’s producer sees the same world', async () => {
    const producer = bench.program('import time, random\ndef f(): return [time.time(), drawn]\ndrawn = random.random()', { id: 'p', binds: ['f'] });
    const inputs = { f: { producer, inputs: {}, output: 'f' } };
    expect(await bitwise('f()', { inputs, world: { clock: CLOCK, seed: 1 } })).toBe(await bitwise('f()', { inputs, world: { clock: CLOCK, seed: 1 } }));
  });

  it('C4 the step after it sees the real clock and fresh chance', async () => {
    const world = { clock: CLOCK, seed: 1, entropy: 1 };
    for (const code of [CHANCE, ENTROPY, WALL]) {
      await bench.run(code, { world });
      const [one, two] = [await bench.value(code), await bench.value(code)] as unknown[][];
      one!.slice(0, code === WALL ? 3 : undefined).forEach((seen, at) => expect(seen).not.toEqual(two![at]));
    }
    await bench.error('1 / 0', { world });
    expect(Math.abs((await seconds(WALL))[0]! - Date.now() / 1000)).toBeLessThan(30);
    expect((await seconds(MONOTONIC))[0]).toBeGreaterThan(0);
  });
});
