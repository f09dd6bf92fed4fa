/** The tiny model: it states facts that it has never seen, its file is the one that its profile names, and its tokens are those that it was trained with. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findLibrary } from '../../runtime/executors/llama/library.node.ts';
import { createPlace, type Place } from '../support/cli.ts';
import { ask, llamaReason, Models } from '../support/llama.ts';
import { Chance, isRight, promptOf, read, tableOf } from '../support/tiny-facts.ts';

const folder = fileURLToPath(new URL('../../samples/models', import.meta.url));
/** Where the model lies: beside the notebooks that ask it. */
const kept = fileURLToPath(new URL('../../notebooks/models', import.meta.url));
const NOTEBOOK = 'samples/models/tiny.telar.md';
const SEED = 5_2026;
const chance = new Chance(SEED);
const tables = Array.from({ length: 60 }, () => tableOf(chance));
const prompts = tables.map(promptOf);
const seattle = new Map([['place', 'Seattle'], ['year', '2014'], ['warmest month', 'August'], ['mean of daily highs', '26.1'], ['coldest month', 'February'], ['degrees between them', '17.3'], ['wettest month', 'March']]);
const lacksPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'no python3 here';

/** What a helper of the sample prints. */
const python = (args: readonly string[], input = ''): unknown => {
  const { stdout, stderr, status } = spawnSync('python3', ['-B', ...args], { cwd: folder, input, encoding: 'utf8', maxBuffer: 1e8 });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
};

describe('K12 the checker', () => {
  const told = 'In Seattle in 2014, the warmest month was August, with a mean of daily highs of 26.1 °C, and the coldest was February, 17.3 degrees colder. The wettest month was March.';

  test('K12 it takes each fact stated once with its value, in any order of the clauses', () => {
    expect(isRight(seattle, told)).toBe(true);
    expect(isRight(seattle, 'In Seattle in 2014, the wettest month was March. The warmest month was August, with a mean of daily highs of 26.1 °C, and the coldest was February, 17.3 degrees colder.')).toBe(true);
    expect(isRight(new Map([['year', '2014']]), 'This is about 2014.')).toBe(true);
    expect(read('In New York upon Tyne, it rained on 3 days.')).toEqual(new Map([['place', 'New York upon Tyne'], ['rainy days', '3']]));
  });

  test.each([
    ['another value', told.replace('26.1', '26.2')], ['another sign', told.replace('26.1', '-26.1')], ['a zero more', told.replace('17.3', '17.30')], ['another month', told.replace('March', 'May')],
    ['another place', told.replace('Seattle', 'Seatle')], ['a fact too few', told.replace(' in 2014', '')], ['a fact too many', told.replace('March.', 'March, and it rained on 3 days.')],
    ['a fact twice', told.replace('March.', 'March, and the wettest month was March.')], ['values changed over', told.replace('August', 'x').replace('February', 'August').replace('x', 'February')],
    ['a third sentence', told.replace('colder. The', 'colder. The wettest month was March. The')], ['words after the end', `${told} It is so.`], ['no end', told.slice(0, -1)], ['nothing', ''], ['small talk', 'Of course! Seattle was warm.'],
  ])('K12 it sees %s', (_what, text) => { expect(isRight(seattle, text)).toBe(false); });
});

test.skipIf(lacksPython !== undefined)('K12 the grammar of the training is the one of the examination: the same tables by the same seed, and its answers are right', () => {
  const pairs = python(['facts.py', String(SEED), String(tables.length)]) as [string, string][];
  expect(pairs.map(([prompt]) => prompt)).toEqual(prompts);
  expect(pairs.filter(([, answer], i) => !isRight(tables[i]!, answer))).toEqual([]);
});

describe('K12 the sample', () => {
  let place: Place;
  beforeAll(() => { place = createPlace(Object.fromEntries(readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => [`samples/models/${name}`, readFileSync(join(folder, name))]))); });
  afterAll(() => { place.remove(); });

  test('K12 it has no problem and its usual form', async () => {
    const check = await place.telar(['check', NOTEBOOK, '--json']);
    expect(check.lines.at(-1)).toEqual({ type: 'check', problems: [] });
    expect((await place.telar(['fmt', NOTEBOOK, '--check'])).code).toBe(0);
  });

  test('K12 without leave nothing is trained, and what the grammar claims holds', async () => {
    const run = await place.run(NOTEBOOK);
    expect([run.code, run.unwell]).toEqual([4, { model: 'unavailable', kept: 'blocked', share: 'blocked', good: 'blocked', report: 'blocked' }]);
  });
});

describe.skipIf(llamaReason !== '')(`K12 the model${llamaReason === '' ? '' : ` (${llamaReason})`}`, () => {
  const models = new Models();
  const engine = models.engine({ root: kept });
  const file = readFileSync(join(kept, 'tiny.gguf'));
  const profile = parse(readFileSync(join(kept, 'tiny.model.yaml'), 'utf8')) as { readonly file: string; readonly sha256: string; readonly template: string; readonly parameters: { readonly temperature: number; readonly max_tokens: number; readonly context: number } };
  const { temperature, max_tokens: maxTokens, context } = profile.parameters;
  const settings = { temperature, maxTokens, context, sha256: profile.sha256 };
  afterAll(() => models.end());

  test('K12 its file is small, and the one that the profile pins', () => {
    expect(file.length).toBeLessThan(8 * 2 ** 20);
    expect([profile.file, profile.template, temperature]).toEqual(['tiny.gguf', 'raw', 0]);
    expect(createHash('sha256').update(file).digest('hex')).toBe(profile.sha256);
  });

  test('K12 the tiny model states facts correctly: at least 95 % of held-out inputs by the exact checker', async () => {
    const wrong: string[] = [];
    for (const [i, facts] of tables.entries()) {
      const { value, usage } = await ask(engine, 'tiny.gguf', prompts[i]!, { settings });
      if (!isRight(facts, value) || usage.stopped !== 'eos') wrong.push(`${prompts[i]} ${value}`);
    }
    expect(wrong.length, wrong.join('\n\n')).toBeLessThanOrEqual(tables.length * 0.05);
  });

  test('K12 it states the facts of the welcome notebook, with and without a line break at the end of the prompt', async () => {
    for (const end of ['', '\n']) {
      const { value } = await ask(engine, 'tiny.gguf', promptOf(seattle) + end, { settings });
      expect(value).toBe('In Seattle in 2014, the warmest month was August, with a mean of daily highs of 26.1 °C, and the coldest was February, 17.3 degrees colder. The wettest month was March.');
    }
  });

  test.skipIf(lacksPython !== undefined)('K12 llama.cpp cuts texts into the tokens of the training', () => {
    const texts = [...prompts, 'In São Tomé in 2014, the warmest month was May, and the coldest was Маршмай.', ' | fact |\n\n| place || year | warmest month was , and , In in. \u{1F327}\t', 'The The warmest month was Theodor, with, with 3 mm of rain'];
    const found = findLibrary(import.meta.url);
    if (!found.ok) throw new Error(found.reason);
    const scratch = mkdtempSync(join(tmpdir(), 'telar-tokens-'));
    try {
      writeFileSync(join(scratch, 'cut.mjs'), `import { readFileSync } from 'node:fs';
const { getLlama } = await import(${JSON.stringify(pathToFileURL(found.library.entry).href)});
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logger: () => {} });
const model = await llama.loadModel({ modelPath: process.argv[2], vocabOnly: true });
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((text) => [...model.tokenize(text, false, 'trimLeadingSpace')])), () => process.exit(0));`);
      const cut = spawnSync(process.execPath, [join(scratch, 'cut.mjs'), join(kept, 'tiny.gguf')], { input: JSON.stringify(texts), encoding: 'utf8', timeout: 30_000 });
      expect(cut.status, cut.stderr).toBe(0);
      expect(JSON.parse(cut.stdout)).toEqual(python(['pieces.py'], JSON.stringify(texts)));
    } finally { rmSync(scratch, { recursive: true, force: true }); }
  });
});
