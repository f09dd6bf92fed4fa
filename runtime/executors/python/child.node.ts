/**
 * The child: one Pyodide, one step at a time. Started by `process.node.ts` under Node's permission model; imported by nobody.
 *
 * Control comes in over Node's IPC, which is read between steps; all that goes out are frames (`frames.node.ts`). The child believes
 * its parent; the parent believes nothing the child says.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { realNow, showWorld } from '../world.node.ts';
import { ask } from './ask.node.ts';
import { unkept } from './chance.node.ts';
import { FRAME, INLINE, packResult, writeFrame } from './frames.node.ts';
import { grantedFolders } from './grants.node.ts';
import { quit } from '../quit.node.ts';
import { harden } from './harden.node.ts';
import { Guard } from './limits.node.ts';
import { type EmscriptenFS, readOnlyFolder, Recorder, unmount } from './mount.node.ts';
import { SOURCES } from './sources.node.ts';
import type { ChildOptions, Job, Result } from './wire.ts';

interface Buffered { getBuffer(kind: 'u8'): { readonly data: Uint8Array; release(): void } }
interface Python {
  FS: EmscriptenFS;
  ERRNO_CODES: Record<string, number>;
  _module: { HEAPU8: Uint8Array };
  globals: { set(name: string, value: unknown): void };
  runPython(code: string): unknown;
  pyimport(name: string): { install(host: unknown): void; run: { callPromising(job: string): Promise<string> }; end(): void };
  setInterruptBuffer(buffer: Uint8Array): void;
  makeMemorySnapshot(): Uint8Array;
}

/** Pyodide knows typed arrays, not Node's `Buffer`, which is what IPC and files give. */
const plain = (bytes: Uint8Array | undefined): Uint8Array | undefined => bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

const options = JSON.parse(process.argv[2]!) as ChildOptions;
const MOUNT = '/notebook';
process.once('disconnect', quit);
harden();
const guard = new Guard(join(options.in, 'cancel'));
const python = await start();
if (options.make !== undefined) make(options.make);
else serve();

async function start(): Promise<Python> {
  const folder = `${options.pyodide}/`;
  const { loadPyodide } = await import(pathToFileURL(join(folder, 'pyodide.mjs')).href) as { loadPyodide(options: object): Promise<Python> };
  // Only `info` of the lock file: no package is ever fetched from here.
  const { info } = JSON.parse(readFileSync(join(folder, 'pyodide-lock.json'), 'utf8')) as { info: object };
  const loaded = await loadPyodide({
    indexURL: folder, packageBaseUrl: folder, lockFileContents: { info, packages: {} }, jsglobals: {}, _sysExecutable: 'python', args: [],
    env: { HOME: '/home', PYTHONHASHSEED: '0', TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
    ...(options.snapshot === undefined ? {} : { _loadSnapshot: readFileSync(options.snapshot) }),
    ...(options.make === undefined ? {} : { _makeSnapshot: true }),
  });
  if (options.snapshot === undefined) {
    for (const [name, source] of SOURCES()) {
      loaded.globals.set('_source', source);
      loaded.runPython(name === 'boot' ? source : `_load(${JSON.stringify(name)}, _source)`);
    }
  }
  return loaded;
}

function make(path: string): void {
  writeFileSync(`${path}.part`, python.makeMemorySnapshot());
  renameSync(`${path}.part`, path);
  writeFrame(FRAME.made, new Uint8Array());
  process.exit(0);
}

/** What reads columns; loaded while the parent gets the news that Python is ready. */
async function loadValues() {
  return { ...await import('../../values/column-decode.ts'), ...await import('../../values/layout.ts'), ...await import('../../values/record.ts') };
}

function serve(): void {
  const { FS } = python;
  const step = python.pyimport('_telar.step');
  const reset = python.pyimport('_telar.reset');
  const folderType = readOnlyFolder(FS, python.ERRNO_CODES);
  delete FS.filesystems.NODEFS;
  unkept(FS);
  // Read in place by mounts that live as long as the child: one snapshot serves every set of packages.
  const [shelf, silent] = ['/packages', new Recorder()];
  for (const [i, folder] of (options.packages ?? []).entries()) {
    FS.mkdirTree(`${shelf}/${i}`);
    FS.mount(folderType, { root: folder, folder, prefix: '', record: silent }, `${shelf}/${i}`);
  }
  if (options.packages !== undefined) python.runPython(`import sys; sys.path.extend(f'${shelf}/{index}' for index in range(${options.packages.length})); sys.dont_write_bytecode = True`);
  FS.mkdirTree(MOUNT);
  const base = python._module.HEAPU8.length;
  const slack = 16 * 1024 * 1024;
  const still = new Int32Array(new SharedArrayBuffer(4));

  let inline: Job['inline'] = {};
  let kept: (number | string)[] = [];
  let small: Uint8Array[] = [];
  let quiet = false;
  let stays = false;
  let values: Awaited<typeof loading>;
  let record = new Recorder();

  let home = '';
  let shown = '';

  /** Mounts a folder of the workspace; what is read there is told from the step's own. */
  const show = (folder: string): void => {
    shown = folder;
    FS.mount(folderType, { root: options.root, folder: join(options.root, folder), prefix: relative(join(options.root, home), join(options.root, folder)), record }, MOUNT);
  };

  const granted = grantedFolders(options.files ?? []);
  const unseen = new Recorder();
  /** Mounts what was granted outside the workspace, where it really lies. */
  const grant = (): void => {
    for (const { folder, shows } of granted) {
      FS.mkdirTree(folder);
      FS.mount(folderType, { root: folder, folder, prefix: '', record: unseen, shows }, folder);
    }
  };

  const blob = (hash: string): Uint8Array => {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error('no hash of a blob'); // Python is not believed either: a path would read around the mount
    return plain(inline[hash]) ?? plain(readFileSync(join(options.in, hash)))!;
  };
  const host = {
    bytes: blob,
    expired: (): boolean => guard.interrupt(),
    /** Monotonic seconds, also where the step's clocks stand still. */
    now: (): number => realNow() / 1000,
    pause(seconds: number): void { Atomics.wait(still, 0, 0, seconds * 1000); },
    /** Shows the folder of the program that runs next: a producer's may be another than the step's. */
    enter(folder: string): void {
      if (folder === shown) return;
      FS.unmount(MOUNT);
      show(folder);
    },
    /** The notebook's code runs from here to there; `silent`: its output is not for this step. */
    running(on: boolean, silent: boolean): void { record.on = on; quiet = silent; },
    emit(kind: number, data: Buffered): void {
      const buffer = data.getBuffer('u8');
      if ((kind === FRAME.stdout || kind === FRAME.stderr) && record.on && !quiet && guard.spend(buffer.data.length)) writeFrame(kind, buffer.data);
      buffer.release();
    },
    /** This child is not used again. */
    stay(): void { stays = true; },
    /** Asks the network through the parent, and waits. */
    ask(head: string, data: Buffered): { head: string; body: Uint8Array } {
      const buffer = data.getBuffer('u8');
      try {
        const answer = ask(JSON.parse(head), buffer.data);
        return { head: JSON.stringify(answer.head), body: answer.body };
      } finally {
        buffer.release();
      }
    },
    keep(data: Buffered): number {
      const buffer = data.getBuffer('u8');
      try {
        if (!guard.spend(buffer.data.length)) throw new Error('the step gave out more than it may');
        if (buffer.data.length <= INLINE) kept.push(small.push(buffer.data.slice()) - 1);
        else {
          const name = String(kept.length);
          writeFileSync(join(options.out, name), buffer.data);
          kept.push(name);
        }
        return kept.length - 1;
      } finally {
        buffer.release();
      }
    },
    /** A fixed-width column as it lies in its blob. */
    buffers(hash: string): { data: Uint8Array; validity: Uint8Array | undefined } {
      const bytes = blob(hash);
      const { buffers, validity } = values.columnLayout(bytes);
      return { data: bytes.subarray(buffers[0]!.from, buffers[0]!.to), validity: validity && bytes.subarray(validity.from, validity.to) };
    },
    /** The first `count` values of any column, as tagged JSON. */
    text(hash: string, count: number): string {
      const column = values.readColumn(blob(hash));
      return values.recordText(values.decodeRows(column, 0, Math.min(count, column.length)));
    },
  };
  step.install(Object.freeze(host));
  python.setInterruptBuffer(guard.buffer);

  const run = async (job: Job): Promise<void> => {
    values = await loading;
    [inline, kept, small, quiet] = [job.inline, [], [], false];
    record = new Recorder();
    home = job.program.folder;
    show(home);
    grant();
    guard.begin(job, base + slack);
    const watch = setInterval(() => { if (guard.expired()) leave(job.number); }, 20);
    const unshow = job.world && showWorld(job.world);
    const answer = JSON.parse(await step.run.callPromising(JSON.stringify(job.program))) as Partial<Result>;
    unshow?.();
    clearInterval(watch);
    guard.end();
    finish(job.number, answer);
    inline = {};
    for (const { folder } of granted) unmount(FS, folder, folderType);
    reset.end();
    unmount(FS, MOUNT, folderType);
    if (stays) process.exit(0);
    writeFrame(FRAME.idle, new Uint8Array());
  };
  const finish = (number: number, answer: Partial<Result>, heap = stays ? 0 : python._module.HEAPU8.length): void => {
    const told = guard.stop === undefined ? answer : { error: { code: guard.stop, message: '' } };
    const result: Result = { ...told, number, reads: record.reads, blobs: kept, heap };
    writeFrame(FRAME.result, packResult(result, small));
  };
  /** Ends a step whose Python is suspended or beyond use, and this process with it; the parent has another. */
  const leave = (number: number, error?: unknown): never => {
    const said = error instanceof Error ? error.message.trim().split('\n').at(-1)!.slice(0, 500) : String(error);
    const fatal = { code: 'exception', type: 'FatalError', message: `Python ended itself: ${said}. Very deep recursion in a data structure does this, and an error in a task that nobody awaits.` } as const;
    finish(number, { error: guard.starved ? { code: 'memory', message: '' } : fatal }, 0);
    return process.exit(0);
  };
  let current = 0;
  process.on('uncaughtException', (error) => leave(current, error));
  process.on('unhandledRejection', (error) => leave(current, error));
  process.on('message', (job: Job) => {
    current = job.number;
    void run(job);
  });
  writeFrame(FRAME.ready, new Uint8Array());
  const loading = loadValues();
}
