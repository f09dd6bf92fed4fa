/** The documents at the root name files that exist, commands that exist, and every kind. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../runtime/hosts/cli/commands.node.ts';
import { catalogue } from '../support/graphs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** Paths that a document names in code, from the root: with a slash and an extension, or a folder with a slash at its end. */
const pathsIn = (text: string): string[] => [...text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '').matchAll(/`((?:contracts|nodes|runtime|studio|notebooks|samples|tests|\.ci)\/[\w./-]*)`/g)].map(([, path]) => path as string);

test.each(documents)('S36 %s names files and folders that are there', (path) => {
  const missing = pathsIn(read(path)).filter((named) => !existsSync(join(root, named)));
  expect(missing).toEqual([]);
  const dead = [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => join(root, dirname(path), link as string)).filter((link) => !existsSync(link));
  expect(dead).toEqual([]);
});

test('S36 ARCHITECTURE.md names a file of every room of the core', () => {
  const named = pathsIn(read('ARCHITECTURE.md'));
  const rooms = ['contracts', 'nodes', ...readdirSync(join(root, 'runtime')).filter((name) => statSync(join(root, 'runtime', name)).isDirectory()).map((name) => `runtime/${name}`)];
  for (const room of rooms) expect(named.filter((path) => path.startsWith(`${room}/`) && path !== `${room}/`), room).not.toEqual([]);
});

test('S36 README.md tells every command and every kind, and sets up in two lines', () => {
  const text = read('README.md');
  for (const { name, takes } of commands) expect(text).toContain(`${name}${takes === '' ? '' : ` ${takes}`}`);
  for (const kind of catalogue.kinds()) expect(text).toContain(`| \`${kind}\` |`);
  expect(text.match(/^```sh\n([\s\S]*?)^```/m)?.[1]).toBe('npm ci && npx telar run notebooks/welcome.telar.md\nnpm ci && npm test\n');
});
