/** How the processes of engines start, and what is told of one that does not. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { NODE, js, sql } from '../support/cli.ts';

const home = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-linked-'));
afterAll(() => { rmSync(root, { recursive: true, force: true }); });

/** A tree whose node_modules is a link, with one notebook. */
function linked(name: string, text: string): { telar: string; work: string; run(): { status: number | null; stdout: string; stderr: string } } {
  const tree = join(root, name);
  const [telar, work] = [join(tree, 'telar'), join(tree, 'work')];
  mkdirSync(work, { recursive: true });
  for (const part of ['runtime', 'contracts', 'nodes', 'package.json']) cpSync(join(home, part), join(telar, part), { recursive: true });
  symlinkSync(join(home, 'node_modules'), join(telar, 'node_modules'), 'junction');
  writeFileSync(join(work, 'a.telar.md'), text);
  return { telar, work, run: () => spawnSync(NODE, [join(telar, 'runtime/hosts/telar.mjs'), 'run', 'a.telar.md', '--workspace', work, '--json'], { cwd: work, encoding: 'utf8', timeout: 30_000 }) };
}

test('R6 engines start where node_modules is a link', () => {
  const { run } = linked('well', `${sql('rows', 'select range as n from range(4)')}${js('sum', '[...rows].length')}`);
  const done = run();
  expect([done.status, done.stderr]).toEqual([0, '']);
});

test('R6 an engine that cannot start says why, in its error', () => {
  const { telar, run } = linked('broken', `${sql('rows', 'select 1 as n')}${js('sum', '1')}`);
  for (const child of ['javascript/child.node.ts', 'sql/native-child.node.ts']) writeFileSync(join(telar, 'runtime/executors', child), 'throw new Error("no memory for this child");\n');
  const { stdout } = run();
  expect(stdout).toMatch(/"sum".*JavaScript engine ended.*no memory for this child/);
  expect(stdout).toMatch(/"rows".*SQL process ended.*no memory for this child/);
});
