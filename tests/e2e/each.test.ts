/** R8 with the real engines: elements across languages, a notebook by station, functions behind a condition, and memory that runs out in one line. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, fence, py, type Place } from '../support/cli.ts';

const note = (front: string, ...fences: string[]): string => `---\ntelar: 1\n${front}---\n${fences.join('')}`;
const weather = readFileSync(new URL('../../samples/each/data/weather.csv', import.meta.url), 'utf8');
const station = readFileSync(new URL('../../samples/each/station.telar.md', import.meta.url), 'utf8');

describe('R8 each= in every language', () => {
  const text = (stations: string): string => note('',
    fence('yaml', '#weather .data', 'file: data/weather.csv'),
    py('stations', stations),
    fence('yaml', '#by_station .graph each=station in.station=stations in.weather=weather', 'use: station.telar.md'),
    fence('sql', '#hottest each=place in.place=stations', 'select location, max(temp_max) as t from weather where location = {{ place }} group by all'),
    py('rows', '{**row, "f": row["t"] * 9 / 5 + 32}', 'each=row in.row=hottest2'),
    fence('sql', '#hottest2', 'select * from hottest order by location'),
    fence('javascript', '#names each=row in.row=hottest2', '`${row.location}: ${row.t}`'),
    fence('yaml', '#sane .check each=row in.row=hottest2', '- that: row["t"] > 30'),
    py('months', 'len(by_station.monthly), [row["station"] for row in by_station.warmest]'),
  );
  let place: Place;
  beforeAll(() => { place = createPlace({ 'main.telar.md': text('["Seattle", "New York"]'), 'station.telar.md': station, 'data/weather.csv': weather }); });
  afterAll(() => { place.remove(); });
  const shown = async (name: string): Promise<string> => (await place.telar(['show', 'main.telar.md', name])).stdout.trim();

  test('R8 rows, texts and stations: tables become one table, in the order of the elements', async () => {
    const first = await place.run();
    expect(first).toMatchObject({ code: 0, unwell: {} });
    expect(await shown('months')).toContain('24');
    expect(await shown('hottest')).toBe('location,t\nSeattle,35.6\nNew York,37.8');
    expect(await shown('names')).toContain('New York: 37.8');
    expect(JSON.stringify(first.nodes.rows?.outputs)).toContain('"table"');
    expect(await place.run()).toMatchObject({ code: 0, ran: [] });
  });

  test('R8 a station more runs only that station, and the readers of the whole', async () => {
    place.write('main.telar.md', text('["New York", "Nowhere", "Seattle"]'));
    const { ran, nodes, unwell } = await place.run();
    expect(ran.filter((path) => path.startsWith('by_station['))).toEqual(['by_station[Nowhere]/monthly', 'by_station[Nowhere]/station']);
    expect(unwell).toEqual({ 'by_station[Nowhere]': 'cancelled', 'by_station[Nowhere]/warmest': 'exception', by_station: 'exception', months: 'cancelled' });
    expect(nodes['by_station[Seattle]']).toMatchObject({ state: 'fresh', how: 'reused' });
    expect(ran).toContain('hottest[Nowhere]');
    expect(ran).not.toContain('hottest[Seattle]');
  });
});

test('P8 a function behind a condition reaches its reader; in a list it cannot stand', async () => {
  const place = createPlace({
    'main.telar.md': note('', py('yes', 'True'), fence('yaml', '#part .graph when=yes', 'use: inner.telar.md'), py('use', 'part.double(21)'), py('xs', '[1, 2]'), py('fs', 'lambda y: x * y', 'each=x in.x=xs'), py('reader', 'fs')),
    'inner.telar.md': note('outputs: [double]\n', py('base', '2'), py('double', 'def double(x):\n    return base * x')),
  });
  try {
    const { nodes, unwell } = await place.run();
    expect(unwell).toEqual({ fs: 'value-type', reader: 'cancelled' });
    expect(nodes.fs?.error?.message).toContain('With `each=` the results become a list of data');
    expect((await place.telar(['show', 'main.telar.md', 'use'])).stdout).toContain('42');
  } finally { place.remove(); }
});

test('R6 an element that runs out of memory fails alone; the runtime goes on', async () => {
  const place = createPlace({
    'main.telar.md': note('', py('sizes', '[1, 900, 2]'), py('held', 'len(bytearray(n * 1_000_000)) and n', 'each=n in.n=sizes memory=300MB'), py('next', 'held + 1', 'each=held'), py('other', '"fine"')),
  });
  try {
    const { unwell, nodes, code } = await place.run();
    expect(unwell).toEqual({ held: 'memory', 'held[1]': 'memory', next: 'cancelled', 'next[1]': 'cancelled' });
    expect(nodes['next[2]']).toMatchObject({ state: 'fresh' });
    expect(code).toBe(1);
  } finally { place.remove(); }
});
