/** The difference of two interfaces, and what it asks of the version. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readContract } from '../../nodes/contract/read.ts';
import { smallContract } from '../support/contracts.ts';
import { diffContracts, type Difference } from '../../runtime/contracts/diff.ts';

const contract = (exports: string, version = '1.2.3'): Record<string, unknown> => ({ metadata: { id: 'A', version }, interface: { exports: parse(exports) as unknown }, acceptance_tests: [] });
const STORE = `
get: {type: function, parameters: {key: {type: string, required: false}}, returns: {type: any}}
set: {type: function, parameters: {key: {type: string, required: true}, value: {type: any, required: true}}, returns: {type: boolean}, errors: {QuotaError: {}}}
`;
/** The store with a change of its text. */
const after = (from: string | RegExp, to: string): Difference => {
  const text = STORE.replace(from, to);
  expect(text).not.toBe(STORE);
  return diffContracts(contract(STORE), contract(text, '2.0.0'));
};

describe('the difference of interfaces', () => {
  test.each([
    ['an export that is gone', /^set:.*$/m, '', 'major', 'interface.exports.set'],
    ['an export that is new', /$/, 'has: {type: function}\n', 'minor', 'interface.exports.has'],
    ['an export that is no function any more', 'get: {type: function', 'get: {type: value', 'major', 'interface.exports.get.type'],
    ['a parameter that must be given now', 'required: false', 'required: true', 'major', 'interface.exports.get.parameters.key'],
    ['a parameter that may be left out now', 'value: {type: any, required: true}', 'value: {type: any, required: false}', 'minor', 'interface.exports.set.parameters.value'],
    ['a new parameter that must be given', 'value: {type: any, required: true}}', 'value: {type: any, required: true}, ttl: {type: number, required: true}}', 'major', 'interface.exports.set.parameters.ttl'],
    ['a new optional parameter at the end', 'value: {type: any, required: true}}', 'value: {type: any, required: true}, ttl: {type: number, required: false}}', 'minor', 'interface.exports.set.parameters.ttl'],
    ['a new optional parameter before others', '{key: {type: string, required: true}', '{ttl: {type: number, required: false}, key: {type: string, required: true}', 'major', 'interface.exports.set.parameters.ttl'],
    ['parameters in another order', /\{key: (\{type: string, required: true\}), value: (\{type: any, required: true\})\}/, '{value: $2, key: $1}', 'major', 'interface.exports.set.parameters'],
    ['a parameter that takes more', '{key: {type: string, required: false}}', '{key: {type: "string | number", required: false}}', 'minor', 'interface.exports.get.parameters.key'],
    ['a parameter that takes less', 'value: {type: any, required: true}', 'value: {type: string, required: true}', 'major', 'interface.exports.set.parameters.value'],
    ['a parameter of another type', '{key: {type: string, required: false}}', '{key: {type: number, required: false}}', 'major', 'interface.exports.get.parameters.key'],
    ['a parameter that says nothing of it, so that it must be given', 'required: false', 'description: a key', 'major', 'interface.exports.get.parameters.key'],
    ['a new parameter that says nothing of it', 'value: {type: any, required: true}}', 'value: {type: any, required: true}, ttl: number}', 'major', 'interface.exports.set.parameters.ttl'],
    ['a result in the short form', 'returns: {type: any}', 'returns: string', 'minor', 'interface.exports.get.returns'],
    ['another default', 'required: false', 'required: false, default: all', 'major', 'interface.exports.get.parameters.key.default'],
    ['a result that promises more', 'returns: {type: any}', 'returns: {type: string}', 'minor', 'interface.exports.get.returns'],
    ['a result that promises less', 'returns: {type: boolean}', 'returns: {type: any}', 'major', 'interface.exports.set.returns'],
    ['a result that may be one thing more', 'returns: {type: boolean}', 'returns: {type: "boolean | null"}', 'major', 'interface.exports.set.returns'],
    ['an error that nobody expects', 'errors: {QuotaError: {}}', 'errors: {QuotaError: {}, KeyError: {}}', 'major', 'interface.exports.set.errors.KeyError'],
    ['an error that is gone', ', errors: {QuotaError: {}}', '', 'minor', 'interface.exports.set.errors.QuotaError'],
    ['other words', 'get: {type: function', 'get: {type: function, description: reads', 'patch', 'interface.exports.get.description'],
  ] as const)('K4 %s', (_, from, to, level, path) => {
    const { changes, level: all } = after(from, to);
    expect(changes.map((change) => [change.level, change.path])).toContainEqual([level, path]);
    expect(all).toBe(level);
  });

  test('K4 JSON Schemas are compared by what they take', () => {
    const schema = (text: string): Record<string, unknown> => contract(`f: {type: function, parameters: {a: ${text}}}`);
    const level = (was: string, is: string): string | undefined => diffContracts(schema(was), schema(is)).level;
    expect(level('{type: integer, maximum: 5}', '{type: integer, maximum: 9}')).toBe('minor');
    expect(level('{type: integer, maximum: 5}', '{type: integer, maximum: 3}')).toBe('major');
    expect(level('{type: integer}', '{type: number}')).toBe('minor');
    expect(level('integer', 'string')).toBe('major');
    expect(level('integer', '{type: integer}')).toBeUndefined();
    expect(level('{type: string, enum: [a, b]}', '{type: string, enum: [a, b, c]}')).toBe('minor');
    expect(level('{type: string, enum: [a, b]}', '{type: string, enum: [a, c]}')).toBe('major');
    expect(level('{type: object, properties: {x: {type: number}}, required: [x]}', '{type: object, properties: {x: {type: number}}, required: []}')).toBe('minor');
    expect(level('{type: array, items: {type: any}}', '{type: array, items: {type: string}}')).toBe('major');
    expect(level('{type: string, pattern: a}', '{type: string, pattern: b}')).toBe('major');
    expect(level('{type: string}', '{type: string, format: date}')).toBe('major');
    expect(level('{type: object, properties: {x: {type: number}}}', '{properties: {x: {type: number}}, type: object}')).toBeUndefined();
  });

  test('K4 a node kind is compared by its ports, params and outputs', () => {
    const kind = (params: string): Record<string, unknown> => ({ metadata: { version: '1.0.0' }, interface: { params: parse(params) as unknown, outputs: { value: { type: 'table' } } } });
    expect(diffContracts(kind('{a: {type: string}}'), kind('{a: {type: string}, b: {type: integer}}')).level).toBe('minor');
    expect(diffContracts(kind('{a: {type: string}}'), kind('{a: {type: string, required: true}}')).level).toBe('major');
    expect(diffContracts(kind('{a: {type: string}}'), kind('{}')).level).toBe('major');
    expect(diffContracts(kind('{a: {type: enum, values: [x]}}'), kind('{a: {type: enum, values: [x, y]}}')).level).toBe('minor');
  });

  test('K4 what is said of the code changes no interface: that is a patch', () => {
    const before = contract(STORE);
    expect(diffContracts(before, { ...before, acceptance_tests: [{ id: 'T1' }] })).toMatchObject({ level: 'patch', ok: false });
    expect(diffContracts(before, { ...before, metadata: { id: 'A', version: '1.2.3', status: 'verified' } })).toMatchObject({ changes: [], ok: true });
  });
});

describe('the rule of versions', () => {
  const edits = { major: [/^set:.*$/m, ''], minor: [/$/, 'has: {type: function}\n'], patch: ['get: {type: function', 'get: {type: function, description: x'] } as const;
  const of = (change: 'major' | 'minor' | 'patch', from: string, to: string): Difference => diffContracts(contract(STORE, from), contract(STORE.replace(edits[change][0], edits[change][1]), to));

  test.each([
    ['major', '1.2.3', '2.0.0', true], ['major', '1.2.3', '1.3.0', false], ['major', '1.2.3', '1.2.3', false], ['major', '1.2.3', '3.1.0', true], ['major', '1.2.3', '2.0.0-rc.1', true],
    ['minor', '1.2.3', '1.3.0', true], ['minor', '1.2.3', '1.2.4', false], ['minor', '1.2.3', '2.0.0', true], ['minor', '1.2.3', '1.3.0-beta', true],
    ['patch', '1.2.3', '1.2.4', true], ['patch', '1.2.3', '1.2.3', false], ['patch', '1.2.3', '1.2.2', false],
    ['major', '0.2.3', '0.3.0', true], ['major', '0.2.3', '0.2.4', false], ['minor', '0.2.3', '0.2.4', true],
  ] as const)('K4 a %s difference from %s to %s is %s', (change, from, to, ok) => {
    const difference = of(change, from, to);
    expect([difference.level, difference.ok]).toEqual([change, ok]);
    expect(difference.fault === undefined).toBe(ok);
  });

  test('K4 a version is what Semantic Versioning takes for one', () => {
    const problems = (version: string): number => readContract(smallContract(['get'], '- {id: T1, when: [], then: [get(1) === 1]}').replace('1.0.0', version)).problems.length;
    expect(['1.0.0-rc-1.x', '1.0.0+build.5', '1.0', 'v1.0.0', '1.0.00', '1.0.0-'].map(problems)).toEqual([0, 0, 1, 1, 1, 1]);
  });

  test('K4 the refusal says which version would do', () => {
    expect(of('major', '1.2.3', '1.3.0').fault).toBe('This difference is major, and 1.2.3 to 1.3.0 says less; it is 2.0.0 or later.');
    expect(of('minor', '1.2.3', '1.2.3').fault).toBe('This difference is minor, and the version is still 1.2.3; it is 1.3.0 or later.');
    expect(of('patch', '1.2.3', '1.1.0').fault).toContain('goes back');
  });
});
