/** What the tests of exported skills share: the Node that a user has, and `run.mjs` under it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The first `node` of the PATH that is not one of a package, else this one. */
const PLAIN_NODE = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).map((folder) => join(folder, 'node'))
  .find((path) => { try { accessSync(path, constants.X_OK); return true; } catch { return false; } }) ?? process.execPath;

export interface Ran { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly told: Readonly<Record<string, any>> } // oxlint-disable-line typescript/no-explicit-any

/** Runs `run.mjs` of a skill in an empty folder. */
export function runSkill(skill: string, args: readonly string[], env: Readonly<Record<string, string>> = { PATH: '' }, input = ''): Promise<Ran> {
  const cwd = mkdtempSync(join(realpathSync(tmpdir()), 'telar-empty-'));
  return new Promise((resolve) => {
    const child = spawn(PLAIN_NODE, [join(skill, 'scripts', 'run.mjs'), ...args], { cwd, env: { HOME: process.env.HOME, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.stdin.end(input);
    const timer = setTimeout(() => { child.kill('SIGKILL'); }, 30_000);
    child.once('close', (code) => {
      clearTimeout(timer);
      rmSync(cwd, { recursive: true, force: true });
      resolve({ code, stdout, stderr, told: stdout.startsWith('{') ? JSON.parse(stdout) as Record<string, unknown> : {} });
    });
  });
}
