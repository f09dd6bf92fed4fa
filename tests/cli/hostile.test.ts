/** D8: looking at a file runs, spawns and fetches nothing, whatever stands in it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, yaml, type Place } from '../support/cli.ts';
import { canary, listing, preload } from './fixtures.ts';

const url = 'https://telar.invalid/x';
const hostile = `---
telar: 1
title: !!js/function 'function () { return process.exit(7) }'
outputs: [__proto__, constructor]
---
${py('walled', '1', 'isolated=true network=https://telar.invalid files=/data/x')}${py('kernel', '1', 'kernel=python3 worker=heavy')}${py('touch', 'import os, pathlib\nos.system("touch pwned")\npathlib.Path("pwned").write_text("x")')}${js('escape', 'constructor.constructor("return process")().exit(9); import("./x.js")')}${
  sql('remote', `install httpfs; load httpfs; attach '/etc/passwd' as p; copy (select 1) to 'pwned'; select * from read_csv('${url}.csv'), '${url}.parquet', '/etc/passwd'`)}${
  yaml('far', 'data', `file: ${url}.csv`)}${yaml('up', 'data', 'file: ../../../../../../etc/passwd')}${yaml('used', 'graph', `use: ${url}`)}${yaml('self', 'graph', 'use: hostile.telar.md')}${yaml('outside', 'graph', 'use: ../../../etc/passwd')}${
  fence('vega-lite', '#drawn', `{"mark": "point", "data": {"url": "${url}.json"}, "transform": [{"calculate": "fetch('${url}')", "as": "x"}]}`)}${
  fence('text', '#spliced .text', '{{ constructor.constructor "return process.exit(8)" }} {{#each (lookup this "__proto__")}}{{/each}} {{> evil}}')}${
  yaml('claims', 'check', '- that: __import__("os").system("touch pwned") == 0')}${yaml('given', 'input', 'type: string\ndefault: ok\npattern: "^(a+)+$"')}![picture](${url}.png)
<script src="${url}.js"></script>
`;

let place: Place;
beforeAll(async () => { place = await createPlace({ 'hostile.telar.md': hostile, 'helpers.py': 'raise SystemExit(5)', 'hooks/post-checkout': '#!/bin/sh\ntouch pwned' }); });
afterAll(() => { place.remove(); });

const looking: readonly (readonly string[])[] = [
  ['check', 'hostile.telar.md'], ['check', '.', '--json'], ['plan', 'hostile.telar.md'], ['plan', 'hostile.telar.md', '--no-reuse', '--json'], ['why', 'hostile.telar.md', 'touch'],
  ['graph', 'hostile.telar.md'], ['graph', 'hostile.telar.md', '--format', 'dot'], ['graph', 'hostile.telar.md', '--format', 'json'],
  ['show', 'hostile.telar.md', 'touch'], ['show', 'hostile.telar.md', 'drawn', '--format', 'svg'], ['fmt', 'hostile.telar.md', '--check'], ['runs', 'hostile.telar.md'], ['runs'], ['trust', 'hostile.telar.md', '--show'],
];

test.each(looking)('D8 `telar %s %s …` of a hostile file runs, spawns, fetches and writes nothing', async (...args) => {
  const song = place.path('canary');
  rmSync(song, { force: true });
  const env = preload(place.root, 'canary.cjs', canary(song));
  const before = listing(place.root);
  const done = await place.telar(args, { env });
  expect(existsSync(song) ? readFileSync(song, 'utf8') : '').toBe('');
  expect(listing(place.root)).toEqual(before);
  expect(done.code).not.toBeNull();
  expect(done.code).toBeLessThan(3);
  expect(done.stderr).not.toMatch(/\n\s+at /);
});

test('D8 the canary does sing when a notebook is run', async () => {
  const song = place.path('canary');
  place.write('mild.telar.md', sql('one', 'select 1 as a'));
  const done = await place.telar(['run', 'mild.telar.md'], { env: preload(place.root, 'canary.cjs', canary(song)) });
  expect(done.code).toBe(0);
  expect(readFileSync(song, 'utf8')).toMatch(/fork .*native-child/);
});
