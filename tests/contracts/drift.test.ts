/** Drift and status: computed from digests, without a model and without running anything. Decisions are written with the smallest change. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { digestsOf, type Digests } from '../../nodes/contract/digest.ts';
import { addItem } from '../../nodes/contract/edit.ts';
import { contractLockPath, formatContractLock, parseContractLock, type ContractLock } from '../../nodes/contract/lock.ts';
import { readContract } from '../../nodes/contract/read.ts';
import { driftOf } from '../../nodes/contract/status.ts';
import type { CodeContract } from '../../nodes/contract/types.ts';
import { versionFault } from '../../runtime/hosts/cli/contract/judge.node.ts';
import type { Readable } from '../../runtime/hosts/cli/contract/load.node.ts';

const telio = readFileSync(new URL('../../samples/contracts/TELIO-U001.contract.yaml', import.meta.url), 'utf8').replaceAll('\u00a0', ' ');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const read = (text: string): CodeContract => readContract(text).contract as CodeContract;
const digests = (text: string, code?: string): Digests => digestsOf(read(text), code, sha256);
const lock = (text: string, code: string): ContractLock => ({ id: 'TELIO-U001', version: '1.0.0', digests: digests(text, code), interface: read(text).raw.interface as Record<string, unknown>, lines: {}, waived: [] });
/** Parts that drift when the text or the code changes. */
const drift = (from: string | RegExp, to: string, code = 'code'): string[] => {
  const text = telio.replace(from, to);
  return driftOf(digests(text, code), lock(telio, 'code')).map(({ part }) => part);
};

describe('drift', () => {
  test('K4 what changes is named: contract, interface, tests or code', () => {
    expect(drift('', '')).toEqual([]);
    expect(drift('max_lines: 100', 'max_lines: 90')).toEqual(['contract']);
    expect(drift('key: { type: string, required: true }', 'key: { type: any, required: true }')).toEqual(['contract', 'interface']);
    expect(drift('=== 1096', '=== 1097')).toEqual(['contract', 'tests']);
    expect(drift('', '', 'code of another')).toEqual(['code']);
    expect(driftOf(digests(telio), lock(telio, 'code'))).toEqual([expect.objectContaining({ part: 'code', accepted: sha256('code') })]);
  });

  test('K4 layout, comments, the order of keys, line ends and the status that a file claims are no drift', () => {
    expect(drift(/ +#.*$/gm, '')).toEqual([]);
    expect(drift('status: pending', 'status: verified')).toEqual([]);
    expect(drift(/^( {2}name: .*)\n( {2}type: utility)$/m, '$2\n$1')).toEqual([]);
    expect(drift(/\n/g, '\r\n')).toEqual([]);
    expect(driftOf(digests(telio, 'a\r\nb'), lock(telio, 'a\nb'))).toEqual([]);
  });

  test('K4 the order of parameters is drift: it is the order of the call', () => {
    expect(drift(/( {8}key: \{ type: string, required: true \})\n( {8}value: \{ type: any, required: true \})/, '$2\n$1')).toEqual(['contract', 'interface']);
  });
});

describe('the lock', () => {
  test('K4 it stands beside the contract, has nothing of machine or hour, and comes back as it was', () => {
    expect(contractLockPath('a/b/TELIO-U001.contract.yaml')).toBe('a/b/TELIO-U001.contract.lock');
    expect(contractLockPath('contracts/store.yml')).toBe('contracts/store.contract.lock');
    const text = formatContractLock(lock(telio, 'code'));
    expect(parseContractLock(text, 'x.lock')).toEqual(lock(telio, 'code'));
    expect(formatContractLock(parseContractLock(text, 'x.lock'))).toBe(text);
  });

  test('K4 an interface with numbers that JSON has not is the same as its lock', () => {
    const contract = read(telio.replace('key: { type: string, required: true }', 'key: { type: number, maximum: 9007199254740993, minimum: -.inf }'));
    const text = formatContractLock({ ...lock(telio, 'code'), interface: contract.raw.interface as Record<string, unknown> });
    expect(versionFault({ contract, lock: parseContractLock(text, 'x.lock') } as Readable)).toBeUndefined();
  });

  test('K4 a lock that is damaged, forged in form, or of a later generation is refused with what to do', () => {
    const good = formatContractLock(lock(telio, 'code'));
    const code = (text: string): string => { try { parseContractLock(text, 'x.lock'); return 'read'; } catch (error) { return (error as TelarError).code; } };
    expect(['', '[]', '{', good.slice(0, 200), good.replace(/"[0-9a-f]{64}"/, '"0"'), `<<<<<<< ours\n${good}`, good.padEnd(2_000_000)].map(code)).toEqual(Array(7).fill('bad-file'));
    expect(code(good.replace('"lock": 1', '"lock": 2'))).toBe('newer-generation');
    expect(code(good)).toBe('read');
  });

  test('K4 no text that stands where a lock should be does harm', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try { expect(parseContractLock(text, 'x.lock').digests.contract).toMatch(/^[0-9a-f]{64}$/); } catch (error) { expect(error).toBeInstanceOf(TelarError); }
    }), { seed: 20261121, numRuns: 200 });
  });
});

describe('decisions', () => {
  /** Lines that are new. */
  const added = (before: string, after: string): string[] => {
    const had = before.split('\n');
    const lines = after.split('\n');
    let at = 0;
    const fresh = lines.filter((line) => { if (line === had[at]) { at += 1; return false; } return true; });
    expect(at, 'every old line is still there, in order').toBe(had.length);
    return fresh;
  };

  test('K4 an accepted idiom is one section more at the end, and all else stays to the byte', () => {
    // As it was copied from a web page, indented with no-break spaces.
    const copied = readFileSync(new URL('../../samples/contracts/TELIO-U001.contract.yaml', import.meta.url), 'utf8');
    const edited = addItem(copied, 'idioms', 'App does not break');
    expect(edited.startsWith(copied)).toBe(true);
    expect(edited.slice(copied.length).trim()).toBe('idioms:\n  - "App does not break"');
    expect(read(edited).idioms.map(({ text }) => text)).toEqual(['App does not break']);
  });

  test.each([
    ['a block list with comments', 'idioms: # agreed\n  # first\n  - "a" # yes\n\nlast: 1\n', ['  - "b"']],
    ['a list at the margin', 'idioms:\n- a\nlast: 1\n', ['- "b"']],
    ['a list without a final line break', 'last: 1\nidioms:\n    - a', ['    - "b"', '']],
    ['a section without items', 'idioms:\nlast: 1\n', ['  - "b"']],
    ['a block text as its last item', 'idioms:\n  - |\n    a\n    more\nlast: 1\n', ['  - "b"']],
  ])('K4 an item is added to %s, and no other line moves', (_, text, fresh) => {
    const edited = addItem(text, 'idioms', 'b');
    expect(added(text.endsWith('\n') ? text : `${text}\n`, edited).filter((line, at, all) => line !== '' || at < all.length - 1)).toEqual(fresh.filter((line) => line !== ''));
  });

  test('K4 a list on one line stays on it', () => {
    expect(addItem('idioms: [a, "b c"] # two\nx: 1\n', 'idioms', 'd')).toBe('idioms: [a, "b c", "d"] # two\nx: 1\n');
    expect(addItem('x: 1\nwaivers: []\n', 'waivers', { line: 'T1.1', reason: 'later: "soon"' })).toBe('x: 1\nwaivers: [{line: "T1.1", reason: "later: \\"soon\\""}]\n');
  });

  test('K4 a frozen check is a map with its hash; Windows line ends stay', () => {
    const edited = addItem('x: 1\r\n', 'frozen', { line: 'it works', sha256: 'f'.repeat(64), check: ['f() === 1', 'f returns 1'] });
    expect(edited).toBe(`x: 1\r\n\r\nfrozen:\r\n  - line: "it works"\r\n    sha256: "${'f'.repeat(64)}"\r\n    check:\r\n      - "f() === 1"\r\n      - "f returns 1"\r\n`);
  });

  test('K4 a text that cannot be changed in place is refused, never written anew', () => {
    for (const text of ['idioms: a\n', 'idioms: {a: 1}\n', '- a\n', 'idioms: &x [a]\nb: *x\n  c: [\n', '']) expect(() => addItem(text, 'idioms', 'b'), text).toThrow(TelarError);
  });

  test('K4 whatever a person decides of a line is read back as it was said', () => {
    fc.assert(fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }), fc.boolean(), (texts, flow) => {
      let text = flow ? 'idioms: []\nx: 1\n' : 'x: 1\n';
      for (const one of texts) text = addItem(text, 'idioms', one);
      expect(readContract(text).contract?.raw.idioms).toEqual(texts);
    }), { seed: 20261121, numRuns: 100 });
  });
});
