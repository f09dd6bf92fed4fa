/**
 * The real command line in a workspace of its own: every call is a new process of the pinned Node that runs `telar.mjs`, as a
 * person's shell would. What can be made again and is the same for all (Python's memory snapshot) has one folder for all tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const manifest = require.resolve('node/package.json');
const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: string | { node: string } };

/** The pinned Node. */
export const NODE = join(dirname(manifest), typeof bin === 'string' ? bin : bin.node);
/** The command. */
export const TELAR = fileURLToPath(new URL('../../runtime/hosts/telar.mjs', import.meta.url));

/** Where the cache of all tests lies; processes that the tests start and this one share it. */
const CACHE = join(realpathSync(tmpdir()), 'telar-e2e-cache');
process.env.TELAR_CACHE = CACHE;

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON lines of standard output. */
  readonly lines: readonly Line[];
  readonly ms: number;
}

/** One JSON line. */
export type Line = { readonly type: string } & Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any

/** A node in the summary of `run --json`. */
export interface NodeEnd {
  readonly state: string;
  readonly by?: readonly string[];
  readonly how?: string;
  readonly key?: string;
  readonly ms?: number;
  readonly outputs?: Readonly<Record<string, { readonly hash?: string; readonly type: string; readonly bytes?: number }>>;
  readonly error?: { readonly code: string; readonly message: string; readonly line?: number; readonly data?: Readonly<Record<string, unknown>> };
}

/** The end of a run. */
export interface RunEnd extends Finished {
  readonly status: string;
  readonly nodes: Readonly<Record<string, NodeEnd>>;
  /** Ids that ran, sorted. */
  readonly ran: readonly string[];
  /** Ids that are neither fresh nor skipped by their `when=`, with their state or the code of their error. */
  readonly unwell: Readonly<Record<string, string>>;
}

/** What may differ from an ordinary call. */
export interface Call { readonly env?: Readonly<Record<string, string>>; readonly patience?: number; readonly begun?: (child: ChildProcess) => void }

/** A folder with a workspace. */
export interface Place {
  readonly root: string;
  path(name: string): string;
  write(name: string, content: string | Uint8Array): void;
  read(name: string): string;
  /** Any command; it never rejects for what the command does. */
  telar(args: readonly string[], call?: Call): Promise<Finished>;
  /** `run FILE --json`. */
  run(file?: string, args?: readonly string[], call?: Call): Promise<RunEnd>;
  why(id: string, file?: string): Promise<Line>;
  plan(file?: string): Promise<Readonly<Record<string, string>>>;
  remove(): void;
}

/** Lays files into a new workspace. The first notebook is the one that `run()` means. */
export function createPlace(files: Readonly<Record<string, string | Uint8Array>>): Place {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-e2e-'));
  mkdirSync(join(root, '.telar'));
  const first = Object.keys(files).find((name) => name.endsWith('.telar.md')) ?? 'main.telar.md';
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  const telar = (args: readonly string[], call: Call = {}): Promise<Finished> => command(args, root, call);
  return {
    root, write, telar,
    path: (name) => join(root, name),
    read: (name) => readFileSync(join(root, name), 'utf8'),
    run: async (file = first, args = [], call = {}) => endOf(await telar(['run', file, '--json', ...args], call)),
    why: async (id, file = first) => (await telar(['why', file, id, '--json'])).lines.at(-1) as Line,
    plan: async (file = first) => {
      const { steps } = (await telar(['plan', file, '--json'])).lines.at(-1) as Line;
      return Object.fromEntries((steps as { node: string; decision: string }[]).map(({ node, decision }) => [node, decision]));
    },
    remove: () => { rmSync(root, { recursive: true, force: true }); },
  };
}

/** Runs the command line once. A command that outlives its patience (60 s) is ended and has no status. */
export function command(args: readonly string[], cwd: string, { env = {}, patience = 60_000, begun }: Call = {}): Promise<Finished> {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(NODE, [TELAR, ...args], { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, TELAR_CACHE: CACHE, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    const timer = setTimeout(() => { child.kill('SIGKILL'); }, patience);
    child.once('close', (code) => {
      clearTimeout(timer);
      const lines = stdout.split('\n').filter((line) => line.startsWith('{"type":')).map((line) => JSON.parse(line) as Line);
      resolve({ code, stdout, stderr, lines, ms: performance.now() - started });
    });
    begun?.(child);
  });
}

function endOf(finished: Finished): RunEnd {
  const last = finished.lines.at(-1);
  const nodes = (last?.type === 'summary' ? last.nodes : {}) as RunEnd['nodes'];
  const entries = Object.entries(nodes);
  return {
    ...finished, nodes, status: String(last?.type === 'summary' ? last.status : last?.code ?? 'none'),
    ran: entries.filter(([, node]) => node.how === 'ran').map(([id]) => id).sort(),
    unwell: Object.fromEntries(entries.filter(([, node]) => node.state !== 'fresh' && node.state !== 'skipped').map(([id, node]) => [id, node.state === 'failed' ? node.error?.code ?? 'failed' : node.state])),
  };
}

/** A fence. */
export const fence = (language: string, info: string, body: string): string => `\`\`\`${language} {${info}}\n${body}\n\`\`\`\n\n`;
/** A Python node. */
export const py = (id: string, body: string, keys = ''): string => fence('python', `#${id}${keys === '' ? '' : ` ${keys}`}`, body);
/** A JavaScript node. */
export const js = (id: string, body: string, keys = ''): string => fence('javascript', `#${id}${keys === '' ? '' : ` ${keys}`}`, body);
/** A SQL node. */
export const sql = (id: string, body: string, keys = ''): string => fence('sql', `#${id}${keys === '' ? '' : ` ${keys}`}`, body);
/** A node whose body is YAML. */
export const yaml = (id: string, kind: string, body: string, keys = ''): string => fence('yaml', `#${id} .${kind}${keys === '' ? '' : ` ${keys}`}`, body);
