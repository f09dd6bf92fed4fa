/** What a skill cannot do by itself, done by `telar` on the PATH: the whole graph, in a temporary copy that is taken away again. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { GRAPH } from '../export/format.ts';

/** Most bytes of an answer. */
const MOST = 256 * 2 ** 20;

/** The command on the PATH; `undefined` where there is none. */
export function findTelar(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of process.platform === 'win32' ? ['telar.exe'] : ['telar']) {
      const path = join(folder, name);
      try { accessSync(path, constants.X_OK); return path; } catch { /* the next one */ }
    }
  }
  return undefined;
}

/** What it gave. */
export interface ByTelar { readonly status: number; readonly values: Readonly<Record<string, unknown>>; readonly error?: { readonly code: string; readonly message: string; readonly node?: string } }

/** Runs the notebook with `telar`. @throws TelarError `unavailable` */
export async function runByTelar(telar: string, files: ReadonlyMap<string, Uint8Array>, input: Readonly<Record<string, unknown>>, outputs: readonly string[], log: (text: string) => void): Promise<ByTelar> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `telar-skill-${process.pid}-`)));
  try {
    mkdirSync(join(folder, '.telar'));
    for (const [path, bytes] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    // Texts are as a run takes them (`settingsOf`).
    const set = Object.entries(input).flatMap(([name, value]) => ['--set', `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`]);
    const run = await ask(telar, ['run', GRAPH, ...set, '--json'], folder, log);
    const summary = run.out.split('\n').filter((one) => one.startsWith('{"type":')).map((one) => JSON.parse(one) as { type: string; code?: string; message?: string; nodes?: Record<string, { error?: { code: string; message: string } }> }).at(-1);
    const failed = Object.entries(summary?.nodes ?? {}).find(([, { error }]) => error !== undefined);
    const said = failed?.[1].error ?? (summary?.type === 'error' ? { code: String(summary.code), message: String(summary.message) } : undefined);
    const error = said === undefined ? {} : { error: { code: said.code, message: said.message, ...(failed === undefined ? {} : { node: failed[0] }) } };
    if (run.status !== 0) return { status: run.status, values: {}, ...error };
    const values: Record<string, unknown> = {};
    for (const name of outputs) {
      const shown = await ask(telar, ['show', GRAPH, name, ...set, '--format', 'json', '-q'], folder, () => undefined);
      if (shown.status === 0) values[name] = JSON.parse(shown.out) as unknown;
    }
    return { status: 0, values };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ask(telar: string, args: readonly string[], cwd: string, log: (text: string) => void): Promise<{ status: number; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(telar, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; if (out.length > MOST) child.kill(); });
    child.stderr.setEncoding('utf8').on('data', log);
    child.once('error', (error) => { reject(new TelarError('unavailable', `\`${telar}\` cannot be started: ${error.message}`)); });
    child.once('close', (code) => { resolve({ status: code ?? 1, out }); });
  });
}
