import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import type { ObservedRead } from '../../contracts/node.ts';
import { createFiles, type DiskFiles } from '../../runtime/adapters/files.node.ts';
import { sha256, sha256File } from '../../runtime/adapters/hash.node.ts';
import { removeLeftovers } from '../../runtime/adapters/leftovers.node.ts';
import { createObserver, seenList } from '../../runtime/adapters/observer.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { findWorkspace } from '../../runtime/adapters/workspace.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import { digestReads } from '../../runtime/checkpoints/store.ts';

let outer: string;
let root: string;
let files: DiskFiles;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Old enough for its stamp to be trusted. */
const age = (path: string): void => utimesSync(path, new Date(1e12), new Date(1e12));

beforeEach(() => {
  outer = realpathSync(mkdtempSync(join(tmpdir(), 'telar-')));
  root = join(outer, 'work');
  mkdirSync(join(root, 'data'), { recursive: true });
  mkdirSync(join(root, '.git'));
  mkdirSync(join(root, '.telar'));
  writeFileSync(join(root, 'data', 'a.csv'), 'a\n1\n');
  writeFileSync(join(root, '.git', 'config'), 'secret');
  writeFileSync(join(outer, 'outside.txt'), 'outside');
  files = createFiles(root);
});
afterEach(() => rmSync(outer, { recursive: true, force: true }));

describe('files of a workspace', () => {
  test('P9 reads, tells and lists what is inside', () => {
    writeFileSync(join(root, 'data', 'Z'), '');
    expect(text(files.read('data/a.csv'))).toBe('a\n1\n');
    expect(files.hash('data/a.csv')).toBe(sha256('a\n1\n'));
    expect(files.stat('data/a.csv')).toMatchObject({ kind: 'file', size: 4 });
    expect(files.stat('data')).toMatchObject({ kind: 'folder', size: 0 });
    expect(files.list('data')).toEqual(['Z', 'a.csv']);
    expect(files.list('')).toEqual(['data']);
    expect([files.stat('no'), files.list('no'), files.list('data/a.csv'), files.stat('data/a.csv/b')]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('S8 nothing outside is reached, by dots, by an absolute path, or by a link', () => {
    symlinkSync(join(outer, 'outside.txt'), join(root, 'link.txt'));
    symlinkSync(outer, join(root, 'folder'));
    for (const path of ['../outside.txt', join(outer, 'outside.txt'), 'link.txt', 'folder/outside.txt', 'data/../../outside.txt', 'folder/new.txt', 'a\0b']) {
      expect(() => files.read(path), path).toThrow(expect.objectContaining({ code: 'refused' }));
      expect(() => files.write(path, utf8('x')), path).toThrow(expect.objectContaining({ code: 'refused' }));
      expect(() => files.absolute(path), path).toThrow(expect.objectContaining({ code: 'refused' }));
      expect([files.stat(path), files.list(path)]).toEqual([undefined, undefined]);
    }
    expect(readdirSync(outer).sort()).toEqual(['outside.txt', 'work']);
    expect(readFileSync(join(outer, 'outside.txt'), 'utf8')).toBe('outside');
  });

  test('S8 a link that stays inside is followed', () => {
    symlinkSync(join(root, 'data'), join(root, 'also'));
    expect(text(files.read('also/a.csv'))).toBe('a\n1\n');
    expect(files.absolute('also/a.csv')).toBe(join(root, 'data', 'a.csv'));
  });

  test('P9 `.git` and `.telar` do not exist, in any spelling or through a link', () => {
    symlinkSync(join(root, '.git'), join(root, 'git'));
    for (const path of ['.git/config', 'git/config', 'data/../.git/config']) {
      expect(() => files.read(path)).toThrow(expect.objectContaining({ code: 'missing-file' }));
      expect(files.stat(path)).toBeUndefined();
      expect(() => files.write(path, utf8('x'))).toThrow(expect.objectContaining({ code: 'refused' }));
    }
    for (const path of ['.GIT/hooks/x', 'data/.Telar/x', '.telar/telar.db']) expect(() => files.write(path, utf8('x'))).toThrow(expect.objectContaining({ code: 'refused' }));
    expect(files.list('.git')).toBeUndefined();
    expect(readFileSync(join(root, '.git', 'config'), 'utf8')).toBe('secret');
  });

  test('P9 what is missing or has no content is told as such', () => {
    expect(() => files.read('data/none.csv')).toThrow(expect.objectContaining({ code: 'missing-file', message: expect.stringContaining('data/none.csv') }));
    expect(() => files.read('data')).toThrow(expect.objectContaining({ code: 'bad-file' }));
  });

  test('D6 writing replaces a file whole, keeps its mode, and leaves nothing else behind', () => {
    writeFileSync(join(root, 'run.sh'), 'old', { mode: 0o755 });
    files.write('run.sh', utf8('new'));
    files.write('new/deep/file.txt', utf8('deep'));
    expect(readFileSync(join(root, 'run.sh'), 'utf8')).toBe('new');
    expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o755);
    expect(text(files.read('new/deep/file.txt'))).toBe('deep');
    expect(files.list('')).toEqual(['data', 'new', 'run.sh']);
    expect(() => files.write('data/a.csv/x', utf8('x'))).toThrow();
    expect(() => files.write('data', utf8('x'))).toThrow();
    expect(files.list('data')).toEqual(['a.csv']);
  });
});

describe('the observer', () => {
  const seen = (what: ObservedRead['what'], path: string, saw: string): ObservedRead => ({ what, path, saw });
  const honest = (): ObservedRead[] => [
    seen('file', 'a.csv', sha256('a\n1\n')), seen('stat', 'a.csv', 'file:4'), seen('list', '.', seenList(['a.csv'], sha256) as string), seen('missing', 'b.csv', ''), seen('stat', '.', 'folder:0'),
  ];
  const observe = () => createObserver({ files, store: createMemoryStore(sha256), sha256 });

  test('P9 the digest stays the same while all would be seen the same, in any order; none is empty', () => {
    expect(observe().digest('data', honest())).toBe(digestReads(sha256, honest()));
    expect(observe().digest('data', honest().reverse())).toBe(digestReads(sha256, honest()));
    expect(observe().digest('data', [])).toBe('');
    utimesSync(join(root, 'data', 'a.csv'), new Date(5e11), new Date(5e11));
    expect(observe().digest('data', honest())).toBe(digestReads(sha256, honest()));
  });

  for (const [name, change] of Object.entries({
    'other bytes of the same size': () => writeFileSync(join(root, 'data', 'a.csv'), 'a\n2\n'),
    'a file that came': () => writeFileSync(join(root, 'data', 'b.csv'), ''),
    'a file that went': () => rmSync(join(root, 'data', 'a.csv')),
    'a file that became a folder': () => { rmSync(join(root, 'data', 'a.csv')); mkdirSync(join(root, 'data', 'a.csv')); },
    'a file replaced by a link that leads out': () => { rmSync(join(root, 'data', 'a.csv')); symlinkSync(join(outer, 'outside.txt'), join(root, 'data', 'a.csv')); },
  })) {
    test(`P9 it changes with ${name}`, () => {
      const observer = observe();
      const before = observer.digest('data', honest());
      change();
      expect(observer.digest('data', honest())).not.toBe(before);
    });
  }

  test('P9 a file is hashed once as long as its stamp stays; a young one is hashed again each time', () => {
    let hashed = 0;
    const counting = { ...files, hash: (path: string) => (hashed++, files.hash(path)) };
    const observer = createObserver({ files: counting, store: createMemoryStore(sha256), sha256 });
    const look = (): string | undefined => observer.fileHash('data/a.csv');
    look();
    look();
    expect(hashed).toBe(2);
    // Its ctime cannot be set back, so an old file is one whose stamp no longer says that it is young.
    const settled = { ...counting, stat: (path: string) => { const found = files.stat(path); return found && { ...found, stamp: found.stamp.replace(/:young:.*/, '') }; } };
    const patient = createObserver({ files: settled, store: createMemoryStore(sha256), sha256 });
    expect([patient.fileHash('data/a.csv'), patient.fileHash('data/a.csv')]).toEqual([sha256('a\n1\n'), sha256('a\n1\n')]);
    expect(hashed).toBe(3);
    writeFileSync(join(root, 'data', 'a.csv'), 'a\n2\n');
    age(join(root, 'data', 'a.csv'));
    expect(patient.fileHash('data/a.csv')).toBe(sha256('a\n2\n'));
  });
});

describe('the workspace of a notebook', () => {
  test('D1 the nearest `.telar` wins, then the git work tree, then the folder itself', () => {
    const at = (...parts: string[]): string => join(outer, ...parts);
    mkdirSync(at('work', 'deep', 'er'), { recursive: true });
    expect(findWorkspace(at('work', 'deep', 'er', 'n.telar.md'))).toEqual({ root, folder: 'deep/er', file: 'deep/er/n.telar.md' });
    mkdirSync(at('work', 'deep', '.git'));
    expect(findWorkspace(at('work', 'deep', 'er', 'n.telar.md')).root).toBe(root);
    rmSync(at('work', '.telar'), { recursive: true });
    expect(findWorkspace(at('work', 'deep', 'er', 'n.telar.md')).root).toBe(at('work', 'deep'));
    expect(findWorkspace(at('work', 'n.telar.md'))).toEqual({ root, folder: '', file: 'n.telar.md' });
    mkdirSync(at('plain'));
    expect(findWorkspace(at('plain', 'n.telar.md'), at('plain'))).toEqual({ root: at('plain'), folder: '', file: 'n.telar.md' });
    expect(() => findWorkspace(at('work', 'n.telar.md'), at('plain'))).toThrow(expect.objectContaining({ code: 'usage' }));
    writeFileSync(at('plain', 'file'), '');
    for (const none of ['nowhere', join('plain', 'file')]) expect(() => findWorkspace(at(none, 'n.telar.md'), at(none))).toThrow(/There is no folder .*--workspace/);
  });
});

describe('what packages bring', () => {
  test('C1 a file of a package is read by package path; what is not installed is told', async () => {
    const bytes = await createResources().bytes('tree-sitter-python/tree-sitter-python.wasm');
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d]);
    expect(text(await createResources().bytes('@duckdb/node-api/package.json'))).toContain('"@duckdb/node-api"');
    for (const path of ['no-such-package/x', 'yaml/../acorn/package.json', 'yaml/none']) await expect(createResources().bytes(path)).rejects.toMatchObject({ code: 'missing-file' });
  });

  test('C1 SHA-256 in one shot, by file, and of text agree', () => {
    const path = join(root, 'big');
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, index) => index % 256);
    writeFileSync(path, bytes);
    expect(sha256File(path)).toBe(sha256(bytes));
    expect(sha256('é')).toBe(sha256(utf8('é')));
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

test('R6 what a killed process left in the scratch folder is removed at the next start, and a living one’s is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'telar-leftovers-'));
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  for (const name of [`python-${gone}-a`, `python-${process.pid}-b`, 'notes']) { mkdirSync(join(folder, name)); writeFileSync(join(folder, name, 'x'), ''); }
  removeLeftovers(folder, /^[a-z-]+-(\d+)-/);
  expect(readdirSync(folder).sort()).toEqual(['notes', `python-${process.pid}-b`]);
  removeLeftovers(join(folder, 'none'), /(\d+)/);
  rmSync(folder, { recursive: true });
});

test('P9 what cannot be looked at is not there, for a step and for the observer', () => {
  const long = 'n'.repeat(300);
  expect(files.stat(long)).toBeUndefined();
  expect(files.list(long)).toBeUndefined();
  const shut = { ...files, list: () => { throw new TelarError('bad-file', 'shut'); } };
  const observer = createObserver({ files: shut, store: createMemoryStore(sha256), sha256 });
  expect(observer.look('', { what: 'list', path: 'folder', saw: sha256('') })).toBe('gone');
  expect(observer.look('', { what: 'stat', path: long, saw: 'file:1' })).toBe('gone');
});
