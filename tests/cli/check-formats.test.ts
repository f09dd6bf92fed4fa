/** `telar check` as text, JSON, annotations, SARIF and a comment that teaches: the same findings, rightly escaped. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { githubText } from '../../runtime/hosts/cli/check/github.ts';
import { inOrder, type Checked, type Finding } from '../../runtime/hosts/cli/check/finding.ts';
import { lessonOf } from '../../runtime/hosts/cli/check/lessons.ts';
import { MARK, markdownText } from '../../runtime/hosts/cli/check/markdown.ts';
import { sarifText } from '../../runtime/hosts/cli/check/sarif.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createPlace, js, type Line, type Place } from '../support/cli.ts';
import { canary, preload } from './fixtures.ts';

const finding = (over: Partial<Finding> = {}): Finding => ({ file: 'a/b.telar.md', line: 3, column: 5, severity: 'error', code: 'missing-name', message: 'Nothing here is called `x`.', ...over });
const checked = (...findings: Finding[]): Checked => ({ findings, files: 2, version: '1.2.3' });

/** What the schema of SARIF 2.1.0 demands of what we write (the parts of it, as they stand there). */
const demands = new Ajv2020({ allErrors: true, strict: false }).compile({
  type: 'object', required: ['version', 'runs'],
  properties: {
    $schema: { type: 'string', pattern: 'sarif-2\\.1\\.0' }, version: { const: '2.1.0' },
    runs: { type: 'array', minItems: 1, items: {
      type: 'object', required: ['tool'],
      properties: {
        columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
        originalUriBaseIds: { type: 'object', additionalProperties: { $ref: '#/$defs/artifactLocation' } },
        tool: { type: 'object', required: ['driver'], properties: { driver: { type: 'object', required: ['name'], properties: {
          name: { type: 'string' }, version: { type: 'string', pattern: '[0-9]' }, semanticVersion: { type: 'string' },
          rules: { type: 'array', uniqueItems: true, items: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, name: { type: 'string' }, shortDescription: { $ref: '#/$defs/text' }, fullDescription: { $ref: '#/$defs/text' }, help: { $ref: '#/$defs/text' }, defaultConfiguration: { type: 'object', properties: { level: { $ref: '#/$defs/level' } }, additionalProperties: false } }, additionalProperties: false } },
        }, additionalProperties: false } }, additionalProperties: false },
        results: { type: 'array', items: { type: 'object', required: ['message'], properties: {
          ruleId: { type: 'string' }, ruleIndex: { type: 'integer', minimum: -1 }, level: { $ref: '#/$defs/level' }, message: { $ref: '#/$defs/text' }, partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
          locations: { type: 'array', items: { type: 'object', properties: {
            physicalLocation: { type: 'object', required: ['artifactLocation'], properties: { artifactLocation: { $ref: '#/$defs/artifactLocation' }, region: { type: 'object', properties: { startLine: { type: 'integer', minimum: 1 }, startColumn: { type: 'integer', minimum: 1 } }, additionalProperties: false } }, additionalProperties: false },
            logicalLocations: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, kind: { type: 'string' } }, additionalProperties: false } },
          }, additionalProperties: false } },
        }, additionalProperties: false } },
      },
      additionalProperties: false,
    } },
  },
  additionalProperties: false,
  $defs: {
    level: { enum: ['none', 'note', 'warning', 'error'] },
    text: { type: 'object', required: ['text'], properties: { text: { type: 'string' }, markdown: { type: 'string' } }, additionalProperties: false },
    artifactLocation: { type: 'object', properties: { uri: { type: 'string', pattern: '^(?:[^\\s<>"{}|\\\\^`]|%[0-9A-F]{2})*$' }, uriBaseId: { type: 'string' }, description: { $ref: '#/$defs/text' } }, additionalProperties: false },
  },
});
interface Sarif { runs: [{ tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number; level: string; partialFingerprints: Record<string, string>; locations: [{ physicalLocation: { artifactLocation: { uri: string; uriBaseId?: string }; region: object } }] }[] }] }
const sarif = (...findings: Finding[]): Sarif => {
  const log = JSON.parse(sarifText(checked(...findings), sha256)) as Sarif;
  demands(log);
  expect(demands.errors ?? []).toEqual([]);
  return log;
};

describe('annotations', () => {
  test('K6 each finding is one workflow command, whatever stands in it', () => {
    const text = githubText(checked(finding({ file: 'a,b:c.telar.md', message: '100 % of\r\nthis::error::x' }), finding({ severity: 'warning', code: 'pending' }), finding({ severity: 'info' })));
    expect(text).toBe('::error file=a%2Cb%3Ac.telar.md,line=3,col=5,title=A name that nothing defines (missing-name)::100 %25 of%0D%0Athis::error::x\n'
      + '::warning file=a/b.telar.md,line=3,col=5,title=A line of a contract that nothing can check yet (pending)::Nothing here is called `x`.\n'
      + '::notice file=a/b.telar.md,line=3,col=5,title=A name that nothing defines (missing-name)::Nothing here is called `x`.\n');
  });

  test('K6 no text of a document begins a command of its own', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(':', '%', '\n', '\r', ',', '0', 'A', 'a', '\u2028') }), fc.string({ unit: fc.constantFrom(':', '%', ',', '\n', 'x') }), (message, file) => {
      const lines = githubText(checked(finding({ message, file }))).split(/\r\n|\r|\n/);
      expect(lines.length).toBe(2);
      const [, properties = '', said = ''] = /^::error (.*?)::(.*)$/su.exec(lines[0]!) ?? [];
      const plain = (text: string): string => text.replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
      expect(plain(said)).toBe(message);
      expect(plain(/^file=(.*?),line=/su.exec(properties)?.[1] ?? '')).toBe(file);
    }), { seed: 20261121, numRuns: 200 });
  });
});

describe('SARIF', () => {
  test('K6 rules and results of all severities, with places and fingerprints that stay', () => {
    const [{ tool, results }] = sarif(finding(), finding({ line: 9 }), finding({ severity: 'warning', code: 'pending', node: 'T1.1' }), finding({ severity: 'info', code: 'new-code' })).runs;
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(['missing-name', 'new-code', 'pending']);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(results.map(({ level }) => level)).toEqual(['error', 'error', 'warning', 'note']);
    const prints = (...findings: Finding[]): string[] => sarif(...findings).runs[0].results.map(({ partialFingerprints }) => partialFingerprints['telarFinding/v1']!);
    expect(prints(finding({ line: 30 }), finding({ line: 90 }))).toEqual(prints(finding(), finding({ line: 9 })));
    expect(new Set(prints(finding(), finding({ line: 9 }), finding({ message: 'y' }))).size).toBe(3);
  });

  test('K6 paths are URIs, nothing found is an empty list, and any text is in order', () => {
    const uri = (file: string): unknown => sarif(finding({ file })).runs[0].results[0]!.locations[0].physicalLocation.artifactLocation;
    expect(uri('a b/ü#?.telar.md')).toEqual({ uri: 'a%20b/%C3%BC%23%3F.telar.md', uriBaseId: 'SRCROOT' });
    expect(uri('/srv/a b.telar.md')).toEqual({ uri: 'file:///srv/a%20b.telar.md' });
    expect(uri('C:\\x\\y.md')).toEqual({ uri: 'file:///C:/x/y.md' });
    expect(sarif().runs[0].results).toEqual([]);
    fc.assert(fc.property(fc.string(), fc.string({ minLength: 1 }), (message, code) => { sarif(finding({ message, code })); }), { seed: 20261121, numRuns: 100 });
  });
});

describe('the comment', () => {
  test('K6 it begins with its mark, and says of each code what is wrong, why it matters and how to mend it', () => {
    const text = markdownText(checked(finding(), finding({ line: 8, message: 'Nothing here is called `y`.' }), finding({ severity: 'warning', code: 'drifted', message: 'A has drifted' })));
    expect(text).toBe(`${MARK}
### Telar: 2 errors, 1 remark

2 files looked at; nothing was run.

#### A name that nothing defines (\`missing-name\`)

- \`a/b.telar.md:3:5\` Nothing here is called \`x\`.
- \`a/b.telar.md:8:5\` Nothing here is called \`y\`.

**Why it matters.** ${lessonOf('missing-name').why}

**How to mend it.** ${lessonOf('missing-name').mend}

#### A contract and its code that have drifted apart (\`drifted\`)

- \`a/b.telar.md:3:5\` (remark) A has drifted

**Why it matters.** ${lessonOf('drifted').why}

**How to mend it.** ${lessonOf('drifted').mend}
`);
    expect(markdownText(checked())).toBe(`${MARK}\n### Telar: no problems\n\n2 files looked at; nothing was run.\n`);
  });

  test('K6 words of a document draw nothing, call nobody and make no link', () => {
    const text = markdownText(checked(finding({ message: '![x](https://evil.example/a.png) @octocat <img src=x> | **b** `@me <b>` and\n- # y', file: 'a`b.md' })), (file, line) => `https://forge.example/${encodeURIComponent(file)}#L${line}`);
    expect(text).toContain("- [`` a`b.md:3:5 ``](https://forge.example/a%60b.md#L3) \\!\\[x\\](https:\u200b//evil.example/a.png) @\u200boctocat \\<img src=x\\> \\| \\*\\*b\\*\\* `@me <b>` and - \\# y\n");
    expect(markdownText(checked(finding({ message: 'www.evil.example and FTP://evil.example' })))).toContain('www.\u200bevil.example and FTP:\u200b//evil.example\n');
    expect(markdownText(checked(finding({ message: 'a ` b <i>' })))).toContain("a ' b \\<i\\>");
  });

  test('K6 a comment stays below what a forge takes, and says how much more there is', () => {
    const many = Array.from({ length: 3000 }, (_, i) => finding({ line: i + 1, code: `code-${i % 200}`, message: 'x'.repeat(5000) }));
    const text = markdownText(checked(...many));
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/\nAnd \d+ more; `telar check` tells all of them\.\n$/);
  });
});

test('K6 every code of a finding has a lesson, and an unknown one does no harm', () => {
  for (const code of ['syntax', 'pending', 'drifted', 'version-too-low', 'cycle', 'bad-file']) expect(lessonOf(code).title).not.toBe(code);
  expect(lessonOf('constructor').title).toBe('constructor');
});

test('K6 findings stand in one order: errors first, then by file and line', () => {
  const all = [finding({ severity: 'info' }), finding({ line: 9 }), finding({ file: 'a/a.md' }), finding({ severity: 'warning' })];
  expect(inOrder(all).map(({ severity, file, line }) => [severity, file, line])).toEqual([['error', 'a/a.md', 3], ['error', 'a/b.telar.md', 9], ['warning', 'a/b.telar.md', 3], ['info', 'a/b.telar.md', 3]]);
});

describe('on the command line', () => {
  let place: Place;
  beforeAll(() => {
    place = createPlace({
      'main.telar.md': js('a', 'nothing_here'), 'fine.telar.md': js('b', '1'),
      'c/store.contract.yaml': 'metadata: {id: C, version: 1.0.0, name: C, description: x, language: JavaScript}\ninterface: {exports: {f: {type: function}}}\ndependencies: {}\nconstraints: {}\nacceptance_tests:\n  - {id: T1, name: one, when: f(), then: [f() === 1, it is good]}\n',
    });
  });
  afterAll(() => { place.remove(); });

  test('K6 all formats tell the same findings, of notebooks and contracts alike', { timeout: 30_000 }, async () => {
    const check = (...words: string[]): ReturnType<Place['telar']> => place.telar(['check', '.', ...words]);
    const [json, github, sarifOut, markdown, text] = await Promise.all([check('--json'), check('--format', 'github'), check('-f', 'sarif', '-o', 'out.sarif'), check('-f', 'markdown'), check()]);
    const problems = (json.lines.at(-1) as Line).problems as Finding[];
    expect(problems.map(({ file, line, code, severity }) => [file, line, code, severity])).toEqual([['main.telar.md', 2, 'missing-name', 'error'], ['c/store.contract.yaml', 6, 'pending', 'warning']]);
    expect([json, github, sarifOut, markdown, text].map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(github.stdout.split('\n').filter((line) => line !== '').map((line) => line.slice(0, 40))).toEqual(['::error file=main.telar.md,line=2,col=1,', '::warning file=c/store.contract.yaml,lin']);
    expect(sarifOut.stdout).toBe('');
    expect((JSON.parse(place.read('out.sarif')) as Sarif).runs[0].results.map(({ ruleId }) => ruleId)).toEqual(['missing-name', 'pending']);
    expect(markdown.stdout.startsWith(`${MARK}\n### Telar: 1 error, 1 remark\n`)).toBe(true);
    expect(text.stdout).toContain('2 notebooks, 1 contract: 1 error, 1 remark');
  });

  test('K6 checking starts no process, no thread and no connection, whatever a contract says', async () => {
    place.write('x/x.contract.yaml', 'metadata: {id: X, version: 1.0.0, name: X, description: x, language: JavaScript, file: x.ts}\ninterface: {exports: {f: {type: function}}}\ndependencies: {}\nconstraints: {}\nacceptance_tests:\n  - {id: T1, name: one, when: process.exit(9), then: [f(process.exit(9)) === fetch("http://127.0.0.1/")]}\n');
    place.write('x/x.ts', 'process.exit(9); export const f = 1;');
    for (const words of [['check', 'x'], ['contract', 'check', 'x'], ['contract', 'status', 'x']]) {
      const { code, stdout } = await place.telar(words, { env: preload(place.root, 'canary.cjs', canary(place.path('song'))) });
      expect([code, stdout.length > 0]).toEqual([0, true]);
    }
    expect(existsSync(place.path('song'))).toBe(false);
  });

  test('K6 a comment links to the lines on the forge whose workflow it is', async () => {
    const { stdout } = await place.telar(['check', 'main.telar.md', '-f', 'markdown'], { env: { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'o/r', GITHUB_SHA: 'a'.repeat(40), GITHUB_WORKSPACE: place.root } });
    expect(stdout).toContain(`[\`main.telar.md:2:1\`](https://github.com/o/r/blob/${'a'.repeat(40)}/main.telar.md#L2)`);
  });
});

test('K6 the workflow to copy is YAML, pins majors, asks for no more than it needs, and knows the mark', () => {
  const text = readFileSync(join(import.meta.dirname, '../../samples/contracts/telar-check.yml'), 'utf8');
  const flow = parse(text) as { permissions: object; on: object; jobs: { check: { steps: { uses?: string; with?: { script?: string; 'node-version'?: number } }[] } } };
  expect(flow.permissions).toEqual({ contents: 'read' });
  expect(Object.keys(flow.on)).toEqual(['pull_request', 'push']);
  for (const { uses } of flow.jobs.check.steps) if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w/-]+@v\d+$/);
  // Without the scripts of packages there is no pinned Node, so the workflow's own has to do.
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { dependencies: { node: string } };
  expect(flow.jobs.check.steps.find((step) => step.with?.['node-version'])?.with?.['node-version']).toBe(Number(dependencies.node.split('.')[0]));
  expect(flow.jobs.check.steps.some((step) => step.with?.script?.includes(MARK))).toBe(true);
});
