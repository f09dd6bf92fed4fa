import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { parseContract } from '../../contracts/contract.ts';
import { DATA_KEYS } from '../../nodes/data/body.ts';
import { GRAPH_KEYS } from '../../nodes/graph/index.ts';
import { HTTP_KEYS } from '../../nodes/http/body.ts';
import { SAVE_KEYS } from '../../nodes/save/body.ts';
import { createCatalogue } from '../../nodes/index.ts';
import { nearest } from '../../nodes/nearest.ts';

const root = join(import.meta.dirname, '../../contracts');
const readContract = (path: string): string => readFileSync(join(root, 'nodes', path), 'utf8');
const catalogue = createCatalogue(readContract);
const schema = JSON.parse(readFileSync(join(root, 'schema/contract.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const paths = ['common.yaml', ...readdirSync(join(root, 'nodes/core')).map((name) => `core/${name}`)];

describe('contracts', () => {
  test.each(paths)('S5 %s has five sections and keeps to the schema', (path) => {
    const raw = parse(readContract(path)) as object;
    validate(raw);
    expect(validate.errors ?? []).toEqual([]);
    expect(Object.keys(raw)).toEqual(['metadata', 'interface', 'dependencies', 'constraints', 'acceptance_tests']);
  });

  test('S5 the schema refuses a contract without a section, an enum without values, and a test without a notebook', () => {
    const good = parse(readContract('core/text.yaml')) as Record<string, unknown>;
    const { constraints: _, ...four } = good;
    expect(validate(four)).toBe(false);
    expect(validate({ ...good, interface: { params: { a: { type: 'enum', description: 'x' } } } })).toBe(false);
    expect(validate({ ...good, acceptance_tests: [{ id: 'a', expect: {} }] })).toBe(false);
  });

  test.each(catalogue.kinds())('S5 %s: the kind and its contract agree, and it has three examples, one of them red', async (name) => {
    const kind = await catalogue.load(name);
    const contract = catalogue.contract(name)!;
    expect(kind.name).toBe(name);
    expect(contract.id).toBe(`core.${name}`);
    expect(kind.contract).toBe(`core/${name}.yaml`);
    expect([...kind.languages]).toEqual([...contract.languages]);
    for (const language of contract.languages) expect(catalogue.kindOfLanguage(language)).toBe(name);
    expect(contract.tests.length).toBeGreaterThanOrEqual(3);
    expect(contract.tests.some((one) => Object.values(one.expect ?? {}).some((value) => typeof (value as { error?: unknown }).error === 'string'))).toBe(true);
    for (const one of contract.tests) {
      const ids = new Set([...one.notebook!.matchAll(/\{#([a-z][a-z0-9_]*)/g)].map((match) => match[1]!));
      for (const id of Object.keys(one.expect ?? {})) expect(ids, `${one.id}: ${id}`).toContain(id);
    }
  });

  test('S5 body keys of data and graph are those of their contracts', () => {
    const body = (name: string): string[] => catalogue.params(name).filter((param) => param.place === 'body').map((param) => param.name).sort();
    expect(body('data')).toEqual([...DATA_KEYS].sort());
    expect(body('graph')).toEqual([...GRAPH_KEYS].sort());
    expect(body('save')).toEqual([...SAVE_KEYS].sort());
    expect(body('http')).toEqual([...HTTP_KEYS].sort());
  });

  test('P2 labels, limits and place of work are not in the key; seed, threads and format are', () => {
    const inKey = (name: string): string[] => catalogue.params(name).filter((param) => param.key && param.place === 'fence' && param.since === undefined).map((param) => param.name).sort();
    expect(inKey('python')).toEqual(['effect', 'files', 'isolated', 'kernel', 'network', 'programs', 'seed']);
    expect(inKey('sql')).toEqual(['effect', 'engine', 'isolated', 'seed', 'threads']);
    expect(inKey('text')).toEqual(['effect', 'format', 'isolated', 'seed']);
    expect(catalogue.params('python').filter((param) => !param.key).map((param) => param.name).sort()).toEqual(['compare', 'disabled', 'each', 'label', 'memory', 'retries', 'timeout', 'when', 'worker']);
  });

  test('D4 an unknown kind has no contract, no keys and a nearest one', () => {
    expect(catalogue.contract('phyton')).toBeUndefined();
    expect(catalogue.params('__proto__')).toEqual([]);
    expect(catalogue.has('constructor')).toBe(false);
    expect(catalogue.nearestKind('phyton')).toBe('python');
    expect(catalogue.nearestKind('quantum')).toBeUndefined();
    expect(catalogue.kindOfLanguage('yaml')).toBeUndefined();
  });

  test('S5 a contract that is not YAML, or has no id, is refused with its name', () => {
    expect(() => parseContract('a: [', 'x.yaml')).toThrow(/x\.yaml is not valid YAML/);
    expect(() => parseContract('metadata: {}', 'x.yaml')).toThrow(/metadata\.id/);
  });
});

describe('nearest', () => {
  test('G5 the nearest word is found by edits and swaps, and far ones are not offered', () => {
    expect(nearest('montly', ['weekly', 'monthly'])).toBe('monthly');
    expect(nearest('weahter', ['weather', 'leather'])).toBe('weather');
    expect(nearest('Year', ['year'])).toBe('year');
    expect(nearest('abc', ['xyz', 'monthly'])).toBeUndefined();
    expect(nearest('', [''])).toBe('');
  });
});
