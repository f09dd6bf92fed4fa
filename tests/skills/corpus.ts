/** Small skills, most of them hostile or careless, with what the validator has to say of each: a rule id for every error, by profile. */

/** One folder, called `it` unless it says otherwise. */
export interface Sample {
  readonly what: string;
  readonly folder?: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Rules that are errors by the profile `standard`, sorted. Empty: it is valid. */
  readonly standard: readonly string[];
  /** Further errors by the profile `strict`, beside those. */
  readonly strict?: readonly string[];
  /** Why the format's reference validator takes what we do not. It never refuses what we take. */
  readonly laxer?: string;
}

/** A description that the strict profile takes. */
export const GOOD = 'Use when a weekly report of sales by region has to be written: it says which tables to read, how to round, which chart to draw, and whom to tell.';
const head = (lines: string, body = 'Write it.\n'): string => `---\n${lines}\n---\n${body}`;
const skill = (lines: string, body?: string): Readonly<Record<string, string>> => ({ 'SKILL.md': head(lines, body) });
const NAMED = `name: it\ndescription: "${GOOD}"`;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const corpus: readonly Sample[] = [
  { what: 'a good one', files: skill(NAMED), standard: [] },
  { what: 'all keys', files: skill(`${NAMED}\nlicense: MIT\ncompatibility: "Needs git."\nmetadata:\n  author: "us"\n  version: "1.0"\nallowed-tools: "Read Bash(git:*)"`), standard: [] },
  { what: 'files beside it, linked', files: { ...skill(NAMED, '[a](references/a.md) ![b](<assets/b c.svg>) [web](https://example.org/x.md) [here](#it) `[no](code.md)`\n\n[r]: references/a.md\n\n```\n[no](fence.md)\n```\n'), 'references/a.md': 'x', 'assets/b c.svg': '<svg/>' }, standard: [] },
  { what: 'a byte order mark', files: { 'SKILL.md': `\uFEFF${head(NAMED)}` }, standard: ['bom'] },
  { what: 'CRLF', files: { 'SKILL.md': head(NAMED).replaceAll('\n', '\r\n') }, standard: [], strict: ['line-ends'] },
  { what: 'lone CR', files: { 'SKILL.md': head(NAMED).replaceAll('\n', '\r') }, standard: [], strict: ['line-ends'] },
  { what: 'a blank line first', files: { 'SKILL.md': `\n${head(NAMED)}` }, standard: ['start'] },
  { what: 'prose and no front matter', files: { 'SKILL.md': '# A skill\n\nDo it.\n' }, standard: ['start'] },
  { what: 'front matter that does not end', files: { 'SKILL.md': `---\n${NAMED}\n\n# A skill\n` }, standard: ['unclosed'] },
  { what: 'an empty file', files: { 'SKILL.md': '' }, standard: ['empty'] },
  { what: 'nothing but spaces', files: { 'SKILL.md': ' \n\n ' }, standard: ['empty'] },
  { what: 'no SKILL.md', files: { 'README.md': '# hi\n' }, standard: ['skill-md'] },
  { what: 'skill.md in small letters', files: { 'skill.md': head(NAMED) }, standard: ['skill-md'], laxer: 'it reads skill.md, too' },
  { what: 'not UTF-8', files: { 'SKILL.md': new Uint8Array([...utf8('---\nname: it\ndescription: '), 0xff, 0xfe, ...utf8('\n---\nx\n')]) }, standard: ['utf8'] },
  { what: 'UTF-16', files: { 'SKILL.md': new Uint8Array([0xff, 0xfe, ...[...head(NAMED)].flatMap((sign) => [sign.charCodeAt(0), 0])]) }, standard: ['utf8'] },
  { what: 'dashes in a quoted description', files: skill(`name: it\ndescription: "${GOOD} --- and more"`), standard: ['dashes'] },
  { what: 'dashes in a plain description', files: skill(`name: it\ndescription: ${GOOD.replace(':', '')} --- and more`), standard: ['dashes'], laxer: 'it ends the front matter there, and loses the rest unsaid' },
  { what: 'flow style', files: skill(`${NAMED}\nmetadata: {author: "us"}`), standard: ['block-style'] },
  { what: 'a list in brackets', files: skill(`${NAMED}\nallowed-tools: [Read, Write]`), standard: ['block-style'], strict: ['allowed-tools-form'] },
  { what: 'a block list for tools', files: skill(`${NAMED}\nallowed-tools:\n  - Read`), standard: [], strict: ['allowed-tools-form'] },
  { what: 'not YAML', files: skill('name: it\ndescription: a: b: c'), standard: ['yaml'] },
  { what: 'a tab as indentation', files: skill(`${NAMED}\nmetadata:\n\ta: "b"`), standard: ['yaml'] },
  { what: 'a list on top', files: skill('- name: it'), standard: ['not-a-map'] },
  { what: 'a text on top', files: skill('it'), standard: ['not-a-map'] },
  { what: 'no keys at all', files: skill('# nothing'), standard: ['not-a-map'] },
  { what: 'the same key twice', files: skill(`${NAMED}\nname: it`), standard: ['duplicate-key'] },
  { what: 'the same key of metadata twice', files: skill(`${NAMED}\nmetadata:\n  a: "1"\n  a: "2"`), standard: ['duplicate-key'] },
  { what: 'a bomb of aliases', files: skill(`${NAMED}\nmetadata:\n  a: &a "x"\n  b: &b "y"\n${Array.from({ length: 20 }, (_, i) => `  c${i}: *${i % 2 === 0 ? 'a' : 'b'}`).join('\n')}`), standard: ['alias'] },
  { what: 'a bomb of aliases in flow style', files: skill(`a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nname: it\ndescription: [*d,*d,*d,*d,*d,*d]`), standard: ['alias', 'block-style'] },
  { what: 'a tag', files: skill(`name: !!str it\ndescription: "${GOOD}"`), standard: ['tag'] },
  { what: 'an unknown key', files: skill(`${NAMED}\nversion: "1.0"`), standard: ['unknown-key'] },
  { what: 'the older form', files: skill(`name: Weekly Report\ncategory: writing\ndescription: "${GOOD}"\nkeywords: [a, b]`), standard: ['block-style', 'name-folder', 'name-form', 'unknown-key'] },
  { what: 'the older form without brackets', files: skill(`name: it\ncategory: writing\ndescription: "${GOOD}"`), standard: ['unknown-key'] },
  { what: 'a key that pollutes', files: skill(`${NAMED}\n__proto__: "x"`), standard: ['unknown-key'] },
  { what: 'metadata that pollutes', files: skill(`${NAMED}\nmetadata:\n  __proto__: "x"\n  constructor: "y"`), standard: [] },
  { what: 'nested metadata', files: skill(`${NAMED}\nmetadata:\n  a:\n    b: "c"`), standard: [], strict: ['metadata-nested'] },
  { what: 'metadata as a text', files: skill(`${NAMED}\nmetadata: us`), standard: [], strict: ['metadata-form'] },
  { what: 'metadata without quotes', files: skill(`${NAMED}\nmetadata:\n  version: 1.0\n  date: 2026-01-01`), standard: [], strict: ['metadata-quoted'] },
  { what: 'no name', files: skill(`description: "${GOOD}"`), standard: ['name-missing'] },
  { what: 'an empty name', files: skill(`name:\ndescription: "${GOOD}"`), standard: ['name-missing'] },
  { what: 'a name that is a list', files: skill(`name:\n  - it\ndescription: "${GOOD}"`), standard: ['name-missing'] },
  { what: 'another name than the folder', files: skill(`name: that\ndescription: "${GOOD}"`), standard: ['name-folder'] },
  { what: 'capitals', folder: 'It', files: skill(`name: It\ndescription: "${GOOD}"`), standard: ['name-form'] },
  { what: 'two hyphens', folder: 'a--b', files: skill(`name: a--b\ndescription: "${GOOD}"`), standard: ['name-form'] },
  { what: 'a hyphen at the end', folder: 'a-', files: skill(`name: a-\ndescription: "${GOOD}"`), standard: ['name-form'] },
  { what: 'an underscore', folder: 'a_b', files: skill(`name: a_b\ndescription: "${GOOD}"`), standard: ['name-form'] },
  { what: 'a path as name', files: skill(`name: ../it\ndescription: "${GOOD}"`), standard: ['name-folder', 'name-form'] },
  { what: 'letters beyond ASCII', folder: 'año', files: skill(`name: año\ndescription: "${GOOD}"`), standard: [], strict: ['name-ascii'] },
  { what: 'a name of 65', folder: 'a'.repeat(65), files: skill(`name: ${'a'.repeat(65)}\ndescription: "${GOOD}"`), standard: ['name-length'] },
  { what: 'a name of 64', folder: 'a'.repeat(64), files: skill(`name: ${'a'.repeat(64)}\ndescription: "${GOOD}"`), standard: [] },
  { what: 'a reserved word', folder: 'claude-helper', files: skill(`name: claude-helper\ndescription: "${GOOD}"`), standard: [], strict: ['name-reserved'] },
  { what: 'no description', files: skill('name: it'), standard: ['description-missing'] },
  { what: 'an empty description', files: skill('name: it\ndescription: ""'), standard: ['description-missing'] },
  { what: 'a description of 1,025', files: skill(`name: it\ndescription: "${'Use '.padEnd(1025, 'x')}"`), standard: ['description-length'] },
  { what: 'a description of 1,024 wide signs', files: skill(`name: it\ndescription: "${'😀'.repeat(1024)}"`), standard: [], strict: ['description-line', 'description-short', 'description-trigger'] },
  { what: 'a short description', files: skill('name: it\ndescription: Reports.'), standard: [], strict: ['description-short', 'description-trigger'] },
  { what: 'a folded description', files: skill(`name: it\ndescription: >-\n  ${GOOD.slice(0, 50)}\n  ${GOOD.slice(50)}`), standard: [], strict: ['description-line'] },
  { what: 'markup in the description', files: skill(`name: it\ndescription: "${GOOD} <b>"`), standard: [], strict: ['description-signs'] },
  { what: 'a number as description', files: skill('name: it\ndescription: 5'), standard: [], strict: ['description-short', 'description-trigger'] },
  { what: 'a long compatibility', files: skill(`${NAMED}\ncompatibility: "${'x'.repeat(501)}"`), standard: ['compatibility-form'] },
  { what: 'spaces after the dashes', files: { 'SKILL.md': `--- \n${NAMED}\n---  \nWrite it.\n` }, standard: [], strict: ['start-spaces'] },
  { what: 'no instructions', files: skill(NAMED, ''), standard: [], strict: ['body-empty'] },
  { what: 'a link to nothing', files: skill(NAMED, 'See [a](a.md).\n'), standard: [], strict: ['link-missing'] },
  { what: 'links out of the folder', files: skill(NAMED, '[a](../../etc/passwd) [b](/etc/passwd) [c](%2e%2e/x) [d](file:///etc/passwd) [e](C:\\x) [f](..\\x)\n'), standard: [], strict: ['link-outside'] },
];
