/** The package as `npm pack` makes it: it works where Node strips no types, away from its sources. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODE, fence, js, py, sql } from '../support/cli.ts';
import { writeFileSync } from 'node:fs';

const home = join(import.meta.dirname, '../..');
// Under the clone's own node_modules its packages are found, and nothing has to be fetched.
const cache = join(home, 'node_modules', '.cache');
let root: string;
let telar: string;

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  root = mkdtempSync(join(cache, 'package-'));
  const packed = spawnSync('npm', ['pack', '--json', '--pack-destination', root], { cwd: home, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.search(/^\[/m))) as [{ filename: string }];
  mkdirSync(join(root, 'node_modules'));
  expect(spawnSync('tar', ['-xzf', join(root, filename), '-C', root]).status).toBe(0);
  cpSync(join(root, 'package'), join(root, 'node_modules', 'telar'), { recursive: true });
  telar = join(root, 'node_modules', 'telar', 'runtime', 'hosts', 'telar.mjs');
});
afterAll(() => { rmSync(root, { recursive: true, force: true }); });

test('CLI an installed package runs all engines, and its children find their code', () => {
  expect(existsSync(join(root, 'node_modules', 'telar', 'runtime', 'hosts', 'cli.node.ts'))).toBe(false);
  const work = join(root, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'a.telar.md'), `${sql('rows', 'select range as n from range(4)')}${py('twice', '[2 * row["n"] for row in rows]')}${js('sum', 'twice.reduce((a, b) => a + b, 0)')}${fence('text', '#told .text', 'sum {{ sum }}')}`);
  const run = spawnSync(NODE, [telar, 'run', 'a.telar.md', '--workspace', work], { cwd: work, encoding: 'utf8' });
  expect([run.status, run.stderr]).toEqual([0, '']);
  expect(spawnSync(NODE, [telar, 'show', 'a.telar.md', 'told', '--workspace', work], { cwd: work, encoding: 'utf8' }).stdout).toBe('sum 12\n');
  expect(spawnSync(NODE, [telar, '--version'], { encoding: 'utf8' }).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
