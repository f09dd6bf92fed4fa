/**
 * The host's side of a SQL engine: keeps a few child processes, gives each one step at a time, and kills what does not stop.
 *
 * A process and not a thread: DuckDB cannot be stopped in a thread when it hangs, its faults would take the runtime along, and it looks for files in the process's folder.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TelarError } from '../../../contracts/errors.ts';
import type { Outcome, Program } from '../../../contracts/node.ts';
import type { Blobs } from '../../../contracts/values.ts';
import { listenTo, quoted } from '../../adapters/last-words.node.ts';
import type { ExecuteContext, Executor } from '../../ports.ts';
import { encodeRecord } from '../../values/record.ts';
import { summarise } from '../../values/summary.ts';
import { putManifest } from '../../values/table.ts';
import { givenFiles } from './given.node.ts';
import { allowedPaths, observing, type StepFile, stepFiles } from './files.node.ts';
import { prepare } from './inputs.ts';
import type { ColumnOutput, SqlJob, SqlReply, ToChild } from './job.ts';
import { raggedLine } from './ragged.node.ts';
import { refuseOutside } from './statements.ts';

/** How a SQL executor is set up. */
export interface SqlOptions {
  /** The workspace's root, absolute. */
  readonly root: string;
  /** Steps at once, each in a process. Default 2. */
  readonly concurrency?: number;
  /** A folder for large columns, best on the store's file system; default the system's. */
  readonly scratch?: string;
}

/** What sets one engine apart. */
export interface SqlEngine {
  readonly engine: string;
  readonly child: URL;
  readonly identity: (threads: number) => Readonly<Record<string, string>>;
  readonly available: () => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Whether it opens files by itself. */
  readonly files: boolean;
}

/** Milliseconds between the interrupt and the kill. */
const GRACE = 400;

const threadsOf = (program?: Pick<Program, 'settings'>): number => Math.max(1, Math.floor(Number(program?.settings?.threads ?? 1)) || 1);

/** An executor over child processes. */
export function createSqlHost(engine: SqlEngine, options: SqlOptions): Executor {
  /** Made when first needed: a run that reuses everything leaves no trace. */
  let scratch: string | undefined;
  const idle: ChildProcess[] = [];
  const homes = new WeakMap<ChildProcess, string>();
  const words = new WeakMap<ChildProcess, () => string>();
  const all = new Set<ChildProcess>();

  const folderOf = (): string => {
    const place = options.scratch ?? tmpdir();
    mkdirSync(place, { recursive: true });
    return scratch ??= mkdtempSync(join(place, `telar-sql-${process.pid}-`));
  };

  const start = (): ChildProcess => {
    const home = mkdtempSync(join(folderOf(), 'empty-'));
    const child = fork(fileURLToPath(engine.child), [], {
      cwd: home, env: {}, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: ['--no-warnings'],
    });
    all.add(child);
    homes.set(child, home);
    words.set(child, listenTo(child));
    const gone = (): void => { all.delete(child); const at = idle.indexOf(child); if (at >= 0) idle.splice(at, 1); };
    // One that could not be started has no end, only an error; so has a message to one that is just ending.
    child.once('exit', gone).on('error', () => { if (child.pid === undefined) gone(); });
    child.unref();
    child.channel?.unref();
    return child;
  };

  return {
    engine: engine.engine, concurrency: options.concurrency ?? 2,
    identity: (program) => engine.identity(threadsOf(program)),
    available: engine.available,
    async execute(program, inputs, context) {
      const { given, rest } = givenFiles(program, inputs, context.blobs);
      const prepared = guarded(program, () => { refuseOutside(program.code); return prepare(program, rest, context.blobs); });
      const files = engine.files ? stepFiles(program, options.root) : [];
      const child = idle.pop() ?? start();
      const folder = given.length === 0 ? join(options.root, program.folder) : homes.get(child)!;
      const seed = program.seed ?? context.world?.seed;
      const [reply, reads] = await observing(files, async () => {
        const placed = given.map(({ name }) => join(folder, name));
        try {
          for (const file of given) file.put(folder);
          return await ask(child, {
            ...prepared, folder, allowed: [...allowedPaths(prepared.sql, files, folder), ...given.map(({ name }) => name), ...placed], threads: context.world?.threads ?? threadsOf(program), ...(seed === undefined ? {} : { seed }), memory: context.limits.memory, output: context.limits.output, scratch: folderOf(),
          } satisfies SqlJob, context, words.get(child)!);
        } finally {
          for (const path of placed) rmSync(path, { force: true });
          if (all.has(child) && child.connected) idle.push(child);
        }
      });
      if (!reply.ok) throw failure(reply, program, prepared.sql, files, folder);
      return { outputs: { value: keep(reply, context.blobs, folderOf()) }, reads };
    },
    async close() {
      const ends = [...all].map((child) => new Promise((resolve) => { child.ref(); child.once('exit', resolve); child.kill('SIGKILL'); }));
      await Promise.all(ends);
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Adds the place in the notebook to an error that has a position in the SQL. */
function guarded<T>(program: Program, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    const { position, ...data } = error.data;
    throw new TelarError(error.code, error.message, { ...data, line: lineOf(program, program.code, Number(position ?? 0)) }, { cause: error });
  }
}

/** Line in the notebook of a position, in bytes, of the SQL; bound values take up other bytes, but no other lines. */
function lineOf(program: Program, sql: string, position: number | undefined): number {
  const head = position === undefined ? /^\s*/.exec(sql)?.[0] ?? '' : Buffer.from(sql).subarray(0, position).toString();
  return program.line + (head.match(/\n/g)?.length ?? 0);
}

function failure(reply: Extract<SqlReply, { ok: false }>, program: Program, sql: string, files: readonly StepFile[], folder: string): TelarError {
  const path = String(reply.data?.path ?? '').replace(/\/\*\*\/\*\.\w+$/, '');
  const line = lineOf(program, sql, reply.position);
  const gone = files.find((file) => file.real === undefined && (file.path === path || file.absolute === path));
  if (gone !== undefined) return new TelarError('missing-file', `There is no file “${gone.path}”; check its name, which counts from the notebook's folder.`, { path: gone.path, line });
  const { file, delimiter, ...data } = reply.data ?? {};
  if (typeof file !== 'string') return new TelarError(reply.code, reply.message, { ...reply.data, line });
  const absolute = resolve(folder, file);
  const place = { ...data, file: relative(folder, absolute), line };
  const ragged = typeof delimiter === 'string' ? raggedLine(absolute, delimiter) : undefined;
  if (ragged === undefined) return new TelarError(reply.code, reply.message, place);
  return new TelarError('bad-file', `${basename(absolute)}, line ${ragged.line}: there are ${ragged.found} columns where ${ragged.expected} are expected. Mend the line, or read the file with other options (delim, quote, ignore_errors, null_padding).`, { ...place, fileLine: ragged.line });
}

function keep(reply: Extract<SqlReply, { ok: true }>, blobs: Blobs, scratch: string): Outcome['outputs'][string] {
  const { table } = reply;
  if (table === undefined) {
    const bytes = encodeRecord(null);
    return { ref: { form: 'record', hash: blobs.put(bytes), bytes: bytes.length }, summary: summarise(null) };
  }
  const columns = table.columns.map((column) => ({ name: column.name, type: column.type, blob: keepColumn(column, blobs, scratch), bytes: column.size }));
  return { ref: putManifest(columns, table.rows, blobs), summary: table.summary };
}

function keepColumn({ bytes, path }: ColumnOutput, blobs: Blobs, scratch: string): string {
  if (bytes !== undefined) return blobs.put(bytes);
  if (path === undefined) throw new Error('unreachable: a column has bytes or a path');
  // A child is not believed: it could name any file.
  if (dirname(path) !== scratch) throw new TelarError('lost', 'The SQL process named a result that is not its own.');
  if (blobs.adopt !== undefined) return blobs.adopt(path);
  const read = readFileSync(path);
  rmSync(path);
  return blobs.put(read);
}

/** Sends a job and waits for its end: the reply, or the limit, or the loss of the process. */
function ask(child: ChildProcess, job: SqlJob, context: ExecuteContext, said: () => string): Promise<SqlReply> {
  return new Promise((resolve) => {
    let why: SqlReply | undefined;
    let killer: NodeJS.Timeout | undefined;
    const stop = (reason: SqlReply): void => {
      if (why !== undefined) return;
      why = reason;
      if (child.connected) child.send({ type: 'interrupt' } satisfies ToChild);
      killer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    };
    const cancel = (): void => stop({ ok: false, code: 'cancelled', message: 'The step was cancelled.' });
    const timer = setTimeout(() => stop({ ok: false, code: 'timeout', message: `The step took longer than ${context.limits.time / 1000} s; raise timeout= on the fence line, or do less.` }), context.limits.time);
    const end = (reply: SqlReply): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      context.signal.removeEventListener('abort', cancel);
      child.off('message', hear);
      child.off('close', lost);
      child.off('error', failed);
      child.unref();
      child.channel?.unref();
      resolve(why ?? reply);
    };
    const hear = (message: SqlReply | { ready: true }): void => { if ('ok' in message) end(message); };
    // Of one that is just ending the end tells more; its last words may still be on their way.
    const failed = (error: Error): void => { if (child.pid === undefined) lost(null, error.message); else child.kill('SIGKILL'); };
    const lost = (code: number | null, signal: string | null): void => end({ ok: false, code: 'lost', message: `The SQL process ended by itself (${signal ?? `status ${code}`}); run the step again, with less data if it happens again.${quoted(said())}` });
    child.on('message', hear as (message: unknown) => void);
    child.once('close', lost);
    child.once('error', failed);
    child.ref();
    child.channel?.ref();
    context.signal.addEventListener('abort', cancel);
    if (context.signal.aborted) cancel();
    child.send({ type: 'run', job } satisfies ToChild, (error) => { if (error !== null) failed(error); });
  });
}
