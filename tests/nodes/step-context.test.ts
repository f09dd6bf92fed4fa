import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Blobs } from '../../contracts/values.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import { resolve } from '../../runtime/scheduler/context-files.ts';
import { glob, matchName, matchPath } from '../../runtime/glob.ts';
import { memoryFiles } from '../support/memory-files.ts';

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const blobs: Blobs = { put: () => '', get: () => undefined, has: () => false, path: () => undefined };
const files = memoryFiles({ 'nb/data/a.csv': 'a', 'nb/data/b.csv': 'b', 'nb/data/sub/c.csv': 'c', 'nb/.hidden.csv': 'h', 'shared/x.json': '{}', '.git/config': 'secret' });
const context = () => createStepContext({ blobs, files, sha256, executors: new Map(), folder: 'nb', limits: { time: 1, memory: 1, output: 1 }, signal: new AbortController().signal, emit: () => {} });

describe('files of a step', () => {
  test('P9 what is read, listed and missed is recorded, once each, with what was seen', () => {
    const step = context();
    expect(new TextDecoder().decode(step.readFile('data/a.csv'))).toBe('a');
    step.readFile('data/a.csv');
    expect(step.glob('data/*.csv')).toEqual(['data/a.csv', 'data/b.csv']);
    expect(() => step.readFile('data/z.csv')).toThrow(/There is no file `data\/z\.csv`/);
    expect(step.glob('none/*')).toEqual([]);
    expect(step.reads()).toEqual([
      { what: 'file', path: 'data/a.csv', saw: sha256('a') },
      { what: 'list', path: 'data', saw: sha256('a.csv\nb.csv\nsub') },
      { what: 'missing', path: 'data/z.csv', saw: '' },
      { what: 'missing', path: 'none', saw: '' },
    ].sort((a, b) => (a.path < b.path ? -1 : 1)));
  });

  test('S8 nothing outside the workspace, and neither .git nor .telar, is reached by any spelling', () => {
    const step = context();
    expect(new TextDecoder().decode(step.readFile('../shared/x.json'))).toBe('{}');
    for (const path of ['../../x', '/etc/passwd', 'C:\\x', '../.git/config', '../.GIT/config', 'data/../../.telar/x', 'file:///etc/passwd', 'a\0b', '\\\\host\\share']) {
      expect(() => step.readFile(path), path).toThrow(expect.objectContaining({ code: 'refused' }) as Error);
    }
    expect(() => step.glob('../../*')).toThrow(expect.objectContaining({ code: 'refused' }) as Error);
    expect(step.glob('../*/x.json')).toEqual(['../shared/x.json']);
    expect(resolve('a/b', './c//../d')).toBe('a/b/d');
  });

  test('P9 a link that leads nowhere, or out, is told as one, not as a name that is wrong', () => {
    const step = createStepContext({ blobs, files: { ...files, stat: (path) => (path === 'nb/data/a.csv' ? undefined : files.stat(path)) }, sha256, executors: new Map(), folder: 'nb', limits: { time: 1, memory: 1, output: 1 }, signal: new AbortController().signal, emit: () => {} });
    expect(() => step.readFile('data/a.csv')).toThrow(/`data\/a\.csv` is a link that leads to nothing, or out of the workspace/);
  });

  test('R5 a folder is no file, and an engine that is not here is unavailable', async () => {
    expect(() => context().readFile('data')).toThrow(expect.objectContaining({ code: 'bad-file' }) as Error);
    const program = { engine: 'sql', code: '', file: '', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '' };
    await expect(context().execute(program, {})).rejects.toMatchObject({ code: 'unavailable', data: { lacks: 'sql' } });
  });
});

describe('globs', () => {
  test.each([
    ['*.csv', 'a.csv', true], ['*.csv', 'a.csv.gz', false], ['?.csv', 'ab.csv', false], ['[a-c].csv', 'b.csv', true], ['[!a-c].csv', 'b.csv', false], ['a\\*b', 'a*b', true], ['a\\*b', 'axb', false],
    ['*a*b*', 'xxaxxbxx', true], ['*', '.hidden', false], ['.*', '.hidden', true], ['[', '[', true], ['*', '', true], ['a**b', 'ab', true], ['[]a]', ']', true],
  ])('P9 %s on %s is %s', (pattern, name, matches) => { expect(matchName(pattern, name)).toBe(matches); });

  test('P9 folders, braces and ** ', () => {
    const list = (path: string): readonly string[] | undefined => files.list(path);
    expect(glob('nb/**/*.csv', list)).toEqual(['nb/data/a.csv', 'nb/data/b.csv', 'nb/data/sub/c.csv']);
    expect(glob('nb/data/{a,b}.csv', list)).toEqual(['nb/data/a.csv', 'nb/data/b.csv']);
    expect(glob('{nb/data/sub/{c,d},shared/x}.{csv,json}', list)).toEqual(['nb/data/sub/c.csv', 'shared/x.json']);
    expect(glob('nb/data', list)).toEqual([]);
  });

  test.each([
    ['data/*.csv', 'data/a.csv', true], ['data/*.csv', 'data/sub/a.csv', false], ['**/*.csv', 'a.csv', true], ['**/*.csv', 'x/y/a.csv', true], ['data/**', 'data/x/y', true],
    ['data/**/a.csv', 'data/a.csv', true], ['data/**/b/**/a.csv', 'data/x/b/y/a.csv', true], ['data/**/b/**/a.csv', 'data/x/y/a.csv', false], ['a', 'a/b', false], ['a/b', 'a', false],
  ])('P9 the path pattern %s on %s is %s', (pattern, path, matches) => { expect(matchPath(pattern, path)).toBe(matches); });

  test('S5 a pattern of many stars, folders or braces ends at once, and a tree without end is refused', () => {
    expect(matchName(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
    expect(matchPath(`${'**/*a*/'.repeat(30)}b`, 'a/'.repeat(400))).toBe(false);
    let looks = 0;
    const chain = (path: string): readonly string[] => { looks += 1; return path.split('/').length < 20 ? ['d'] : []; };
    expect(glob(`${'**/'.repeat(20)}x`, chain)).toEqual([]);
    expect(looks).toBeLessThan(1000);
    expect(glob('{a,b}'.repeat(60), () => undefined)).toEqual([]);
    expect(() => glob('**/*.csv', () => ['a', 'b'])).toThrow(expect.objectContaining({ code: 'refused' }) as Error);
  });
});
