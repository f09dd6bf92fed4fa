/** The specification and the tests: a rule that holds has a test that bears its number, in the files that it names. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = readdirSync(`${root}/tests`, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/')).filter((path) => path.endsWith('.ts') && !path.includes('node_modules/'));

/** Ids at the beginning of the names of a file's tests: the first text given to a call. */
const idsIn = (path: string): string[] => [...readFileSync(`${root}/tests/${path}`, 'utf8').matchAll(/\(\s*['"`]((?:[DGPRCWTK]\d+,? )+)/g)]
  .flatMap(([, ids]) => (ids as string).trim().split(/,? /));
const borne = new Map(files.map((path) => [path, new Set(idsIn(path))]));

/** Each rule with its text, up to the next one. */
const rules = [...readFileSync(`${root}/runtime/SPEC.md`, 'utf8').matchAll(/^\* \*\*([DGPRCWTK]\d+)\*\* ([\s\S]*?)(?=^\* \*\*|^## |(?![\s\S]))/gm)]
  .map(([, id, text]) => ({ id: id as string, later: (text as string).startsWith('*later*'), named: [...(text as string).matchAll(/`([\w/.-]+\.ts)`/g)].map(([, path]) => path as string) }));

test('S36 the specification has every rule once, in order', () => {
  const range = (letter: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  expect(rules.map(({ id }) => id)).toEqual([...range('D', 10), ...range('G', 11), ...range('P', 10), ...range('R', 10), ...range('C', 9), ...range('W', 18), ...range('T', 4), ...range('K', 16)]);
});

test.each(rules.filter(({ later }) => !later))('S36 $id is borne by a test in every file that it names', ({ id, named }) => {
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) {
    expect(files).toContain(path);
    // The invariants are one test over many rules; it bears their letters.
    if (path !== 'run/invariants.test.ts') expect([...borne.get(path) ?? []], path).toContain(id);
  }
});

test.each(rules.filter(({ later }) => later))('S36 $id is not built, so no file is named for it', ({ named }) => { expect(named).toEqual([]); });
