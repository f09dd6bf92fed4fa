/** An exported skill taken apart: what is forged, too much or leads astray is refused before anything is written. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, GRAPH, isPlainPath, LOCK, MOST_FILES, PINS, sealed, type Lock } from '../../runtime/export/format.ts';
import { readSkillFolder, writeSkillFolder } from '../../runtime/export/folder.node.ts';
import { checkExport } from '../../runtime/export/schema.node.ts';
import { unpackSkill } from '../../runtime/export/unpack.ts';
import type { Sha256 } from '../../runtime/ports.ts';

const sha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A skill with the lock that belongs to it. */
function skill(own: Readonly<Record<string, string>> = {}, lock: Partial<Record<keyof Lock, unknown>> = {}, pins: unknown = { values: {}, analyses: {} }): Map<string, Uint8Array> {
  const files = new Map(Object.entries({ 'SKILL.md': 'x', [`assets/${GRAPH}`]: '# A notebook\n', [PINS]: canonical(pins), ...own }).map(([path, text]) => [path, bytes(text)]));
  const parts = { telarSkill: 1, name: 'a', notebook: 'a.telar.md', files: Object.fromEntries([...files].map(([path, one]) => [path, sha256(one)])), inputs: {}, order: [], engines: {}, steps: [], rows: [], leftOut: [], ...lock };
  return files.set(LOCK, bytes(sealed(parts as unknown as Omit<Lock, 'seal'>, sha256)));
}
const unpack = (files: ReadonlyMap<string, Uint8Array>): ReturnType<typeof unpackSkill> => unpackSkill(files, sha256, checkExport);
const refused = (files: ReadonlyMap<string, Uint8Array>): unknown => { try { unpack(files); return 'taken'; } catch (error) { return (error as { code: string }).code; } };

test('K9 a whole skill is unpacked under the names that it had', () => {
  expect([...unpack(skill({ 'assets/data/x.csv': 'a\n1\n' })).files.keys()].sort()).toEqual(['a.telar.md', 'a.telar.pins', 'data/x.csv']);
});

test('K9 paths that lead out, hidden folders and names that no file may have are refused', () => {
  for (const path of ['assets/../../x', 'assets//x', 'assets/.git/config', 'assets/.telar/x', 'assets/.ssh/authorized_keys', 'assets/a.telar.pins/x', 'assets/A.telar.md/x', 'assets/a\\b', 'assets/a:b', 'assets/x.', '/x']) expect([path, refused(skill({ [path]: 'x' }))]).toEqual([path, 'forged']);
  for (const notebook of ['../a.telar.md', 'b/a.telar.md', '.telar', 'a.md']) expect([notebook, refused(skill({}, { notebook }))]).toEqual([notebook, 'forged']);
  expect(refused(skill({ 'assets/A.telar.md': 'x' }))).toBe('forged');
});

test('K9 what is not as the schema says, too much, or sealed otherwise is refused', () => {
  expect(refused(skill({}, { steps: [{ node: 1 }] }))).toBe('forged');
  expect(refused(skill({}, { more: 1 } as never))).toBe('forged');
  expect(refused(skill({}, { telarSkill: 2 }))).toBe('newer-generation');
  expect(refused(skill({}, {}, { values: { ['0'.repeat(64)]: { text: 'x' } }, analyses: {} }))).toBe('forged');
  expect(refused(skill(Object.fromEntries(Array.from({ length: MOST_FILES }, (_, at) => [`assets/f${at}`, '']))))).toBe('forged');
  const lock = new TextDecoder().decode(skill().get(LOCK));
  for (const depth of [1000, 3000, 6000, 12_000]) expect([depth, refused(skill().set(LOCK, bytes(lock.replace('"inputs": {}', `"inputs": {"x": ${'['.repeat(depth)}${']'.repeat(depth)}}`))))]).toEqual([depth, 'forged']);
  for (const text of [lock.replace('"name": "a"', '"name": "b"'), lock.replace('{', '{ '), lock.replace('"inputs": {}', '"inputs": {"__proto__": {"x": 1}}'), '[]', 'null', '']) expect(refused(skill().set(LOCK, bytes(text)))).toBe('forged');
  expect(refused(skill().set('extra', bytes('x')))).toBe('forged');
  expect(refused(new Map([['SKILL.md', bytes('x')]]))).toBe('refused');
});

test('K9 a skill that was exported is replaced, and one to which somebody put a file is not', () => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-skill-'));
  try {
    const place = join(root, 'a');
    writeSkillFolder(place, skill());
    writeSkillFolder(place, skill({ 'SKILL.md': 'y' }));
    expect(new TextDecoder().decode(readSkillFolder(place).get('SKILL.md'))).toBe('y');
    for (const own of ['.git', 'assets/notes.txt']) {
      writeFileSync(join(place, own), 'mine');
      expect(() => { writeSkillFolder(place, skill()); }).toThrow(expect.objectContaining({ code: 'refused' }));
      expect(readFileSync(join(place, own), 'utf8')).toBe('mine');
      rmSync(join(place, own));
    }
    expect(() => readSkillFolder(join(root, 'a'.repeat(300)))).toThrow(expect.objectContaining({ code: 'bad-file' }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('K9 a flipped bit of any file is seen', () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 7 }), (file, place, bit) => {
    const files = skill({ 'assets/data/x.csv': 'a\n1\n' });
    const path = [...files.keys()][file % files.size] as string;
    const changed = (files.get(path) as Uint8Array).slice();
    const at = place % changed.length;
    changed[at] = (changed[at] as number) ^ (1 << bit);
    expect(refused(new Map(files).set(path, changed))).toBe('forged');
  }), { seed: 5, numRuns: 200 });
});

test('K9 JSON of a skill is written in one way, whatever the order of names', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const text = canonical(value);
    expect(canonical(JSON.parse(text))).toBe(text);
    expect(canonical(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
  }), { seed: 5, numRuns: 100 });
  fc.assert(fc.property(fc.string(), (path) => { if (isPlainPath(path)) expect(path.split('/')).not.toContain('..'); }), { seed: 5 });
});
