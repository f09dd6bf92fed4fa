/** Converting: the older form into the open one; nothing is lost unsaid, what comes out is valid, and a second time changes nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSkill, readSkill } from '../../nodes/skill/read.ts';
import { convertSkill, formatSkill, skillName } from '../../runtime/skills/convert.ts';
import { folderOfFiles } from '../../runtime/skills/folder.ts';
import { validateSkill } from '../../runtime/skills/validate.ts';
import { GOOD } from './corpus.ts';

const convert = (text: string, file = 'old.md'): ReturnType<typeof convertSkill> => convertSkill(new TextEncoder().encode(text), file);
const verdict = (name: string, text: string, profile: 'standard' | 'strict' = 'standard'): string[] => validateSkill(folderOfFiles(name, new Map([['SKILL.md', new TextEncoder().encode(text)]])), profile).problems.filter(({ level }) => level === 'error').map(({ rule, message }) => `${rule}: ${message}`);

test('K8 the seeds\' form becomes the open one, and what moved is told', () => {
  const { name, text, remarks } = convert('---\nname: Python Script Creation\ncategory: coding\ndescription: How we --- write: "scripts"\nkeywords: [python, scripts]\n---\n# Skill: Python\r\n\r\n## When to Use\r\nWhen a script is needed.\r\n'.replace('How we --- write: "scripts"', '"How we --- write: scripts"'));
  expect(name).toBe('python-script-creation');
  expect(text).toBe('---\nname: python-script-creation\ndescription: "How we -- write: scripts"\nmetadata:\n  title: "Python Script Creation"\n  category: "coding"\n  keywords: "python, scripts"\n---\n\n# Skill: Python\n\n## When to Use\nWhen a script is needed.\n');
  expect(remarks).toHaveLength(3);
  expect(remarks.join(' ')).toMatch(/became `python-script-creation`.*`---`.*`category`, `keywords` stand under `metadata`/);
  expect(verdict(name, text)).toEqual([]);
});

test('K8 a missing name is the file\'s, a missing description the text\'s; both are told', () => {
  const one = convert('---\ncategory: x\n---\n# Skill\n\n## When to Use\nWhen a script\nis needed.\n\nMore.\n', 'deep/Old Thing.md');
  expect(one.text).toMatch(/^---\nname: old-thing\ndescription: "When a script is needed\."\n/);
  expect(one.remarks).toHaveLength(3);
  expect(convert('---\nkeywords: a\n---\nJust this.\n\nAnd that.\n', 'x/SKILL.md')).toMatchObject({ name: 'x', text: expect.stringContaining('description: "Just this."') as string });
});

test('K8 what cannot be read, or has no text, is refused with its reason', () => {
  for (const [text, why] of [['', /empty/], ['# no front matter', /front matter/], ['---\nname: a\n---\n', /no instructions/], ['---\na: *b\n---\nx', /YAML|Aliases/]] as const) expect(() => convert(text)).toThrow(expect.objectContaining({ code: 'bad-file', message: expect.stringMatching(why) as string }));
});

test('K8 a skill that is written keeps every rule of the strict profile', () => {
  const text = formatSkill({ name: 'it', description: GOOD, license: 'MIT', compatibility: 'Needs Node 20.', metadata: { author: 'us: "we"', version: '1.0' }, allowedTools: 'Bash(node:*)' }, '\r\nDo it.\r\n\r\n');
  expect(verdict('it', text, 'strict')).toEqual([]);
  expect(readSkill(openSkill(text))).toMatchObject({ description: GOOD, metadata: { author: 'us: "we"', version: '1.0' }, body: 'Do it.', allowedTools: 'Bash(node:*)' });
});

test('K8 names in words become names with hyphens', () => {
  expect([skillName('Año Nuevo!'), skillName('__'), skillName('A--b'), skillName(`${'a'.repeat(63)} bc`), skillName('日本')]).toEqual(['ano-nuevo', 'skill', 'a-b', 'a'.repeat(63), 'skill']);
});

test('K8 whatever the older form says, what comes out is valid, says the same, and is stable', { timeout: 20_000 }, () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcXYZ éñ😀\'":#-&*!|>%@`{}[],?~\t\u0085\u2028'), maxLength: 24 });
  const line = (text: string): string => JSON.stringify(text).replace(/[\u0085\u2028]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  fc.assert(fc.property(word, word, word, fc.array(word, { maxLength: 3 }), fc.string({ unit: fc.constantFrom(...'ab#-` \n'), minLength: 1, maxLength: 40 }), (name, category, description, keywords, body) => {
    fc.pre(body.trim() !== '');
    const old = `---\nname: ${line(name)}\ncategory: ${line(category)}\ndescription: ${line(description)}\nkeywords: [${keywords.map(line).join(', ')}]\n---\n${body}\n`;
    const done = convert(old);
    expect(verdict(done.name, done.text)).toEqual([]);
    const before = readSkill(openSkill(old))!;
    const after = readSkill(openSkill(done.text))!;
    const undashed = (text: string): string => text.replace(/-{3,}/g, '--');
    expect(after.body).toBe(before.body);
    if (before.description !== '') expect(after.description).toBe(undashed(before.description));
    expect(after.metadata.category ?? '').toBe(undashed(before.other.category ?? ''));
    const again = convert(done.text, `${done.name}/SKILL.md`);
    expect([again.text, again.remarks]).toEqual([done.text, []]);
  }), { seed: 3, numRuns: 300 });
});
