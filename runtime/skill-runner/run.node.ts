/**
 * `scripts/run.mjs` of an exported skill, before it is bundled. It is a host of the portable runtime, like the command line, whose
 * workspace is the skill: pinned results are reused by their keys, what changed inputs reach is done anew where it can be done here.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { TelarError } from '../../contracts/errors.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import { createCatalogue } from '../../nodes/index.ts';
import { canonical, LOCK, mismatches, notWhole, ownFiles, PINS, readCanonical, readLock, type Lock, type Pins } from '../export/format.ts';
import { inputSchema, outputsOf, settingsJson, settingsOf, valueJson, valueOf, type JsonSchema } from '../export/outputs.ts';
import { proveSkill } from '../export/prove.ts';
import { createSkillHost, PINNED, type SkillHost } from '../export/skill-host.ts';
import type { Settings } from '../given.ts';
import type { OpenNotebook } from '../notebook.ts';
import type { Clock, Sha256 } from '../ports.ts';
import { pastNodes } from '../replay/past.ts';
import { fromBase64 } from '../values/base64.ts';
import { findTelar, runByTelar } from './by-telar.node.ts';
import { HELP, MOST_INPUT, parseInput, parseOptions, type RunnerOptions } from './options.ts';
import { createRealm, serveRealm } from './realm.node.ts';

/** What the bundle carries beside code. */
export interface Carried {
  /** QuickJS, in base64. */
  readonly wasm: string;
  readonly quickjs: string;
  /** Texts of `contracts/nodes/`, by path there. */
  readonly contracts: Readonly<Record<string, string>>;
}

/** What ends the command. `status` is the exit status. */
interface Result { readonly status: number; readonly told: Record<string, unknown>; readonly text: string }

const sha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');
const clock: Clock = {
  now: () => performance.now(), date: () => new Date(),
  sleep: (ms, signal) => new Promise((resolve) => { const timer = setTimeout(resolve, ms); signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true }); }),
};
const log = (text: string): void => { process.stderr.write(text); };

/** Starts. @param root the skill's folder @param entry this file, as a thread starts it */
export async function start(carried: Carried, root: string, entry: URL): Promise<void> {
  if (!isMainThread) { serveRealm(); return; }
  process.env.TZ = 'UTC';
  const argv = process.argv.slice(2);
  try {
    const options = parseOptions(argv);
    if (options.help) { process.stdout.write(HELP); return; }
    const { status, told, text } = await act(options, carried, root, entry);
    process.stdout.write(options.json ? `${JSON.stringify(told)}\n` : text);
    process.exitCode = status;
  } catch (caught) {
    const error = TelarError.from(caught);
    log(`run.mjs: ${error.code === 'internal' ? (caught as Error).stack ?? error.message : error.message}\n`);
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ type: 'skill', ok: false, error: error.toJSON() })}\n`);
    process.exitCode = exitOf(error.code);
  }
}

function exitOf(code: string): number {
  if (code === 'usage' || code === 'bad-input') return 2;
  if (code === 'check-red') return 3;
  if (code === 'unavailable' || code === 'input-gone') return 4;
  return code === 'forged' || code === 'newer-generation' || code === 'bad-file' ? 5 : 1;
}

async function act(options: RunnerOptions, carried: Carried, root: string, entry: URL): Promise<Result> {
  const files = readFolder(root);
  const lock = readLock(files.get(LOCK) ?? new Uint8Array(), sha256);
  const wrong = mismatches(lock, files, sha256);
  if (wrong.length > 0) throw notWhole(`${wrong.slice(0, 5).join('; ')}.`, { files: wrong });
  const pins = readCanonical(files.get(PINS) as Uint8Array, PINS) as Pins;
  const javascript = createRealm(entry, fromBase64(carried.wasm), carried.quickjs);
  const catalogue = createCatalogue((path) => carried.contracts[path] ?? '');
  const host = await createSkillHost({ files: ownFiles(files), lock, pins, catalogue, javascript, sha256, clock });
  try {
    if (options.verify) return await verify(host, lock);
    const notebook = await host.open();
    if (options.replay) return replay(host, notebook);
    const input = options.input === undefined ? {} : settingsOf(notebook.graph, parseInput(readInput(options.input), inputSchema(notebook.graph).properties as Readonly<Record<string, JsonSchema>>));
    return options.dryRun ? dryRun(notebook, input) : await run(host, notebook, input, ownFiles(files));
  } finally {
    await javascript.close();
  }
}

/** All files of the skill, without looking behind links. @throws TelarError `forged` for what is no plain file */
function readFolder(root: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? (entry as unknown as { path: string }).path, entry.name);
    const name = relative(root, path).split(sep).join('/');
    if (entry.isFile()) files.set(name, new Uint8Array(readFileSync(path)));
    else if (!entry.isDirectory()) throw notWhole(`${name} is a link or something else that is no file.`, { file: name });
  }
  return files;
}

/** What `--input` means. @throws TelarError `bad-input` */
export function readInput(said: string): string {
  if (said !== '-' && !said.startsWith('@')) {
    if (said.length < 1024 && !/[{}\0]/.test(said) && existsSync(said) && statSync(said).isFile()) throw new TelarError('bad-input', `${said} is a file, and --input takes JSON; write @${said}.`);
    return said;
  }
  let file: number;
  try { file = said === '-' ? 0 : openSync(said.slice(1), 'r'); } catch (error) { throw new TelarError('bad-input', `The input cannot be read: ${(error as Error).message}`); }
  try {
    const parts: Buffer[] = [];
    let size = 0;
    for (const piece = Buffer.alloc(65_536);;) {
      const got = readSync(file, piece);
      size += got;
      if (size > MOST_INPUT) throw new TelarError('bad-input', `The input has more than ${MOST_INPUT} bytes.`);
      if (got === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(Buffer.from(piece.subarray(0, got)));
    }
  } finally {
    if (file !== 0) closeSync(file);
  }
}

async function verify(host: SkillHost, lock: Lock): Promise<Result> {
  const { same, held, differ } = await proveSkill(host, lock);
  const told = { type: 'skill', ok: differ.length === 0, files: Object.keys(lock.files).length, same, held, differ, leftOut: lock.leftOut };
  const text = differ.length === 0
    ? `verified  ${Object.keys(lock.files).length} files and ${lock.rows.length} results are as exported; ${same.length} steps done again came out the same, ${Object.keys(held).length} are held to their hashes\n`
    : `${differ.map(({ node, what }) => `${node}: ${what}`).join('\n')}\nnot verified\n`;
  return { status: differ.length === 0 ? 0 : 5, told, text };
}

function replay(host: SkillHost, notebook: OpenNotebook): Result {
  const nodes = pastNodes(host.store, host.store.run(PINNED) as NonNullable<ReturnType<typeof host.store.run>>, notebook.graph);
  return given(outputs(host, notebook, nodes), notebook, 'pinned');
}

function outputs(host: SkillHost, notebook: OpenNotebook, nodes: ReadonlyMap<string, NodeStatus>): Record<string, unknown> {
  return Object.fromEntries(outputsOf(notebook.graph).flatMap((one) => {
    const value = valueOf(one, (path) => nodes.get(path)?.outputs);
    return value === undefined ? [] : [[one.name, valueJson(value, host.store.blobs)]];
  }));
}

function given(values: Readonly<Record<string, unknown>>, notebook: OpenNotebook, by = 'skill'): Result {
  const names = outputsOf(notebook.graph).map(({ name }) => name).filter((name) => Object.hasOwn(values, name));
  const text = names.map((name) => { const value = values[name]; const shown = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2); return `${names.length === 1 ? '' : `# ${name}\n`}${shown.replace(/\n$/, '')}\n`; }).join('\n');
  return { status: 0, told: { type: 'skill', ok: true, by, outputs: values }, text };
}

function dryRun(notebook: OpenNotebook, set: Settings): Result {
  const steps = notebook.plan({ set }).map(({ node, decision, reason }) => ({ node, decision, reason }));
  return { status: 0, told: { type: 'skill', ok: true, steps }, text: steps.map(({ node, decision, reason }) => `${node}  ${decision}  ${reason}\n`).join('') };
}

async function run(host: SkillHost, notebook: OpenNotebook, set: Settings, files: ReadonlyMap<string, Uint8Array>): Promise<Result> {
  const stop = new AbortController();
  let lacks: string | undefined;
  const result = await notebook.run({
    set, jobs: 1, failFast: true, signal: stop.signal,
    emit: (operation) => {
      if (operation.type === 'stream' && operation.stream !== 'progress') log(`${operation.node}: ${operation.text.replace(/\n?$/, '\n')}`);
      if (operation.type !== 'node') return;
      const { state, error, reason } = operation.status;
      if (state !== 'unavailable' && error?.code !== 'unavailable') return;
      lacks ??= `\`${operation.node}\`: ${error?.message ?? reason ?? 'it cannot be done here'}`;
    },
  });
  const failed = [...result.nodes].filter(([, { state, error }]) => state === 'failed' && error !== undefined && error.code !== 'unavailable');
  if (lacks !== undefined && failed.length === 0) {
    // Files and inputs are those of the pinned run: its results are what a run would reuse.
    const isPinned = canonical(settingsJson(notebook.graph, set)) === canonical(settingsJson(notebook.graph, host.store.run(PINNED)?.inputs ?? {}));
    return isPinned ? replay(host, notebook) : byTelar(notebook, set, files, lacks);
  }
  const [first] = failed;
  if (first !== undefined) throw new TelarError((first[1].error as { code: 'exception' }).code, `\`${first[0]}\`: ${first[1].error?.message}`, { node: first[0] });
  return given(outputs(host, notebook, result.nodes), notebook);
}

async function byTelar(notebook: OpenNotebook, set: Settings, files: ReadonlyMap<string, Uint8Array>, lacks: string): Promise<Result> {
  const telar = findTelar();
  if (telar === undefined) throw new TelarError('unavailable', `${lacks.replace(/[.]$/, '')}. There is no \`telar\` on the PATH.`);
  log(`run.mjs: asking ${telar}\n`);
  const { status, values, error } = await runByTelar(telar, files, set, outputsOf(notebook.graph).map(({ name }) => name), log);
  if (status === 0) return given(values, notebook, 'telar');
  const told = { code: error?.code ?? 'exception', message: error === undefined ? `telar ended with status ${status}.` : `${error.node === undefined ? '' : `\`${error.node}\`: `}${error.message}` };
  log(`run.mjs: ${told.message}\n`);
  const known = exitOf(told.code);
  return { status: known !== 1 ? known : status <= 4 ? status : 1, told: { type: 'skill', ok: false, error: told }, text: '' };
}
