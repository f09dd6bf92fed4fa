/** C4 the world that a step of JavaScript is shown: clock and chance; and that the next step, in the same process, sees the real one. */
import { afterAll, describe, expect, it } from 'vitest';
import { engine, programOf, run } from '../support/javascript.ts';

afterAll(() => engine.close());

const YEAR = 366 * 86_400_000;
const CLOCK = 1_000_000_000_500;
const WALL = '[Date.now(), new Date().getTime(), new Date(Date()).getTime()]';
const CHANCE = '[Math.random(), Math.random()]';
const value = async (...args: Parameters<typeof run>): Promise<number[]> => (await run(...args)).value as number[];

describe('C4 the world of a JavaScript step', () => {
  it('C4 a shifted clock runs', async () => {
    for (const time of await value(WALL, {}, { world: { clockShift: YEAR } })) expect(Math.abs(time - Date.now() - YEAR)).toBeLessThan(30_000);
    const [one, two] = await value('const from = Date.now(); while (Date.now() < from + 20); [from, Date.now()]', {}, { world: { clockShift: YEAR } });
    expect(two! - one!).toBeGreaterThanOrEqual(20);
  });

  it('C4 a clock that stands still gives equal runs, and limits hold under it', async () => {
    expect(await value(WALL, {}, { world: { clock: CLOCK } })).toEqual([CLOCK, CLOCK, CLOCK - 500]);
    await expect(run('for (;;);', {}, { world: { clock: CLOCK }, time: 200 })).rejects.toMatchObject({ code: 'timeout' });
    expect((await run('for (let i = 0; i < 3; i++) console.log(i); 1', {}, { world: { clock: CLOCK } })).said).toBe('0\n1\n2\n');
  });

  it('C4 chance that nobody seeded comes of the seed, a seed= of the fence wins', async () => {
    expect(await value(CHANCE, {}, { world: { seed: 7 } })).toEqual(await value(CHANCE, {}, { world: { seed: 7 } }));
    expect(await value(CHANCE, {}, { world: { seed: 7 } })).not.toEqual(await value(CHANCE, {}, { world: { seed: 8 } }));
    expect(await value(CHANCE, {}, { world: { seed: 7 }, seed: 3 })).toEqual(await value(CHANCE, {}, { seed: 3 }));
    const inputs = { f: { producer: programOf('const drawn = Math.random(); function f() { return [drawn, Date.now()]; }', { id: 'p', wanted: ['f'] }), inputs: {}, output: 'f' } };
    expect(await value('f()', inputs, { world: { seed: 7, clock: CLOCK } })).toEqual(await value('f()', inputs, { world: { seed: 7, clock: CLOCK } }));
  });

  it('C4 the step after it sees the real clock and fresh chance', async () => {
    const world = { clock: CLOCK, seed: 1 };
    await run(WALL, {}, { world });
    expect(Math.abs((await value(WALL))[0]! - Date.now())).toBeLessThan(30_000);
    await expect(run('throw new Error("x")', {}, { world })).rejects.toMatchObject({ code: 'exception' });
    expect(Math.abs((await value(WALL))[0]! - Date.now())).toBeLessThan(30_000);
    await run(CHANCE, {}, { world });
    expect(await value(CHANCE)).not.toEqual(await value(CHANCE));
  });
});
