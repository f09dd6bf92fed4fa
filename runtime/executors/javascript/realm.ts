/**
 * Realm: runs one module in a QuickJS instance of its own, with a deadline and a stack limit, in memory that its host bounds, and reads its outputs.
 *
 * Portable: it knows neither process nor disk. It runs synchronously between awaits, so a host that must stay responsive
 * puts it in a process (`child.node.ts`) or a worker. The instance is dropped afterwards, whatever state the body left it in. Inputs are this realm's own
 * copies: changing one in place reaches nobody, and is told as a warning (R7).
 */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten-core';
import { TelarError } from '../../../contracts/errors.ts';
import type { Limits } from '../../../contracts/node.ts';
import type { TableManifest, ValueRef } from '../../../contracts/values.ts';
import { helperPath } from '../../../nodes/javascript/specifier.ts';
import { arrayHeader } from '../../values/array.ts';
import { crossColumn } from './columns.ts';
import { labelOf, realmError } from './errors.ts';
import type { Module } from './module.ts';
import { INPUTS, PRELUDE } from './prelude.ts';

/** What a realm asks of its host. */
export interface RealmHost {
  /** A QuickJS instance that nothing else has used, whose WebAssembly memory cannot grow beyond the limit: QuickJS's own limit does not hold. */
  instance(): Promise<QuickJSWASMModule>;
  /** The bytes of a stored blob. */
  get(hash: string): Uint8Array | undefined;
  emit(stream: 'stdout' | 'stderr', text: string): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Bytes of QuickJS's own stack; the host's stack must be able to hold what it stands for. */
  readonly stack: number;
}

/** An output as it leaves the realm. */
export type Emitted =
  | { readonly kind: 'given'; readonly ref: ValueRef; readonly text: string }
  | { readonly kind: 'record' | 'text' | 'summary'; readonly text: string }
  | { readonly kind: 'live'; readonly what: 'function' | 'class' | 'object'; readonly text: string }
  | { readonly kind: 'array' | 'bytes'; readonly text: string; readonly data: Uint8Array };

/** What a run gave: outputs by name (`value` among them), and remarks. */
export interface Emission { readonly outputs: Readonly<Record<string, Emitted>>; readonly warnings: readonly string[] }

/**
 * Runs a module.
 * @throws TelarError as `Executor.execute`
 */
export async function runModule(module: Module, seed: number, limits: Limits, host: RealmHost): Promise<Emission> {
  const realm = new Realm(await host.instance(), limits, host);
  try {
    return realm.run(module, seed);
  } catch (error) {
    throw realm.explain(error);
  }
}

interface Given { readonly port: string; readonly ref: ValueRef; readonly handle: QuickJSHandle; readonly before: Uint8Array | string; readonly column?: string }

/** A module as one importer names it: `from` is that importer's own path, `''` for a body. */
interface Helper { readonly module: Module; readonly path: string; readonly specifier: string; readonly from: string }

class Realm {
  readonly #host: RealmHost;
  readonly #limits: Limits;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #deadline: number;
  readonly #ran: Module[] = [];
  readonly #helpers = new Map<string, Helper>();
  /** What was said of a module that is not there, and the notebook line that asks for it: a failed import's stack is empty, or of another line. */
  readonly #unfound = new Map<string, number | undefined>();
  readonly #values = new Map<Module, QuickJSHandle>();
  readonly #given: Given[] = [];
  readonly #tables: { readonly ref: ValueRef; readonly port: string; readonly manifest: TableManifest }[] = [];
  #expired = false;
  /** An error of the host that a body must not catch. */
  #fatal: TelarError | undefined;
  #said = 0;
  #inside: QuickJSHandle | undefined;

  constructor(instance: QuickJSWASMModule, limits: Limits, host: RealmHost) {
    this.#host = host;
    this.#limits = limits;
    this.#deadline = host.now() + limits.time;
    this.#runtime = instance.newRuntime();
    this.#runtime.setMaxStackSize(host.stack);
    this.#runtime.setInterruptHandler(() => this.#late());
    this.#runtime.setModuleLoader((name) => this.#load(name), (base, specifier) => this.#resolve(base, specifier));
    this.#context = this.#runtime.newContext();
  }

  run(module: Module, seed: number): Emission {
    const { evalCode } = this.#context;
    const prelude = this.#unwrap(evalCode.call(this.#context, PRELUDE, 'telar', { type: 'global', strict: true }));
    const emit = this.#context.newFunction('emit', (stream, text) => this.#emit(this.#context.getString(stream) === 'stderr' ? 'stderr' : 'stdout', this.#context.getString(text)));
    const column = this.#context.newFunction('column', (table, at) => this.#column(this.#context.getNumber(table), this.#context.getNumber(at)));
    this.#inside = this.#unwrap(this.#context.callFunction(prelude, this.#context.undefined, emit, column, this.#context.newNumber(module.seed ?? seed)));
    const values = this.#evaluate(module);
    const warnings = this.#changes();
    const outputs: Record<string, Emitted> = {};
    outputs.value = module.value === undefined ? { kind: 'record', text: 'null' } : this.#read(this.#context.getProp(values, module.value), `value of ${module.id}`);
    for (const [name, exported] of Object.entries(module.outputs)) {
      const handle = this.#context.getProp(values, exported);
      outputs[name] = module.wanted.includes(name) ? this.#read(handle, name) : { kind: 'summary', text: this.#show(handle) };
    }
    const size = Object.values(outputs).reduce((sum, output) => sum + output.text.length + ('data' in output ? output.data.length : 0), 0);
    if (size > this.#limits.output) throw this.#tooMuch('The outputs are', size);
    return { outputs, warnings };
  }

  /** Any thrown thing as the step's error. */
  explain(error: unknown): TelarError {
    if (this.#fatal !== undefined) return this.#fatal;
    if (this.#expired) {
      return new TelarError('timeout', `The step took longer than ${this.#limits.time / 1000} s. Raise it with timeout= on the fence, or do less at once.`, { limit: this.#limits.time });
    }
    if (error instanceof TelarError) return error;
    if (error instanceof RangeError && /call stack/.test(error.message)) return realmError({ name: 'InternalError', message: 'stack overflow' }, this.#ran, this.#limits.memory);
    if ((error as Error).name === 'RuntimeError' || /memory/.test((error as Error).message)) {
      return realmError({ name: 'InternalError', message: 'out of memory' }, this.#ran, this.#limits.memory);
    }
    return TelarError.from(error);
  }

  /** The name under which a helper is loaded: its path in the workspace, for a producer may come from another folder and have another helper of the same name. */
  #resolve(base: string, specifier: string): string {
    const { module, path: from } = this.#helpers.get(base) ?? { module: this.#ran.find((one) => labelOf(one) === base), path: '' };
    if (module === undefined) return specifier;
    const path = helperPath(specifier, from);
    const name = path === undefined ? specifier : module.file.slice(0, module.file.lastIndexOf('/') + 1) + path;
    this.#helpers.set(name, { module, path: path ?? '', specifier, from });
    return name;
  }

  #load(name: string): string | { error: Error } {
    const helper = this.#helpers.get(name);
    if (helper !== undefined && Object.hasOwn(helper.module.modules, helper.path)) return helper.module.modules[helper.path]!;
    const message = `There is no module “${helper?.specifier ?? name}” here: a body can import helpers that lie beside the notebook, and nothing else.`;
    this.#unfound.set(message, helper?.from === '' ? importLine(helper.module, helper.specifier) : undefined);
    return { error: new Error(message) };
  }

  #late(): boolean {
    if (this.#host.now() > this.#deadline) this.#expired = true;
    return this.#expired || this.#fatal !== undefined;
  }

  #emit(stream: 'stdout' | 'stderr', text: string): void {
    this.#said += text.length;
    if (this.#said > this.#limits.output) {
      this.#fatal = this.#tooMuch('The printed text is', this.#said);
      throw this.#fatal;
    }
    this.#host.emit(stream, text);
  }

  #tooMuch(what: string, size: number): TelarError {
    return new TelarError('output-limit', `${what} ${size} bytes, more than the limit of ${this.#limits.output}. Give out less, or raise the limit.`, { size, limit: this.#limits.output });
  }

  #unwrap(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (result.error === undefined) return result.value;
    throw this.#thrown(result.error);
  }

  #thrown(handle: QuickJSHandle): TelarError {
    const thrown = this.#context.dump(handle) as { readonly message?: unknown } | undefined | null;
    const error = realmError(thrown, this.#ran, this.#limits.memory);
    const line = this.#unfound.get(String(thrown?.message));
    return line === undefined ? error : new TelarError(error.code, error.message, { ...error.data, line });
  }

  #call(name: string, ...args: readonly (QuickJSHandle | string | number | Uint8Array)[]): QuickJSHandle {
    const handles = args.map((arg) => (typeof arg === 'string' ? this.#context.newString(arg) : typeof arg === 'number' ? this.#context.newNumber(arg)
      : arg instanceof Uint8Array ? this.#context.newArrayBuffer(exact(arg)) : arg));
    return this.#unwrap(this.#context.callFunction(this.#context.getProp(this.#inside!, name), this.#context.undefined, ...handles));
  }

  /** Runs a module once, after its producers; gives its settled exports. */
  #evaluate(module: Module): QuickJSHandle {
    const known = this.#values.get(module);
    if (known !== undefined) return known;
    const inputs = this.#inputs(module);
    this.#ran.push(module);
    this.#context.defineProp(this.#context.global, INPUTS, { value: inputs, configurable: true, enumerable: false });
    const exported = this.#settled(this.#unwrap(this.#context.evalCode(module.source, labelOf(module), { type: 'module' })));
    const names = [...Object.values(module.outputs), ...(module.value === undefined ? [] : [module.value])];
    const values = this.#settled(this.#call('settle', exported, JSON.stringify(names)));
    this.#values.set(module, values);
    return values;
  }

  /** Runs pending jobs to their end, and gives what the promise (or plain value) came to. */
  #settled(handle: QuickJSHandle): QuickJSHandle {
    for (;;) {
      const done = this.#runtime.executePendingJobs(100);
      if (done.error !== undefined) throw this.#thrown(done.error);
      if (this.#late()) throw new TelarError('timeout', 'The deadline is past.');
      if (done.value === 0) break;
    }
    const state = this.#context.getPromiseState(handle);
    if (state.type === 'rejected') throw this.#thrown(state.error);
    if (state.type === 'pending') throw new TelarError('exception', 'The body awaits something that can never happen here: there are no timers and no network.', { line: this.#ran.at(-1)!.line });
    return state.value;
  }

  /** The object that a module's first line takes its names from; dotted ports are members of frozen namespaces. */
  #inputs(module: Module): QuickJSHandle {
    const inputs = this.#context.newObject();
    const spaces = new Map<string, Map<string, QuickJSHandle>>();
    for (const [port, input] of Object.entries(module.inputs)) {
      const handle = 'ref' in input ? this.#input(port, input.ref) : this.#produced(port, input.producer, input.output);
      const dot = port.indexOf('.');
      if (dot < 0) this.#context.setProp(inputs, port, handle);
      else spaces.set(port.slice(0, dot), (spaces.get(port.slice(0, dot)) ?? new Map<string, QuickJSHandle>()).set(port.slice(dot + 1), handle));
    }
    for (const [name, members] of spaces) this.#context.setProp(inputs, name, this.#call('space', JSON.stringify([...members.keys()]), ...members.values()));
    return inputs;
  }

  #produced(port: string, producer: Module, output: string): QuickJSHandle {
    const exported = output === 'value' ? producer.value : producer.outputs[output];
    if (exported === undefined) throw new TelarError('bad-input', `“${port}” reads ${producer.id}.${output}, which ${producer.id} does not define.`, { port });
    return this.#context.getProp(this.#evaluate(producer), exported);
  }

  #input(port: string, ref: ValueRef): QuickJSHandle {
    if (ref.form === 'opaque' || ref.form === 'live') {
      throw new TelarError('value-type', `“${port}” is ${ref.form === 'live' ? `a live ${ref.live?.what ?? 'object'} of ${ref.live?.language ?? 'another language'}` : 'a Python object'}, which JavaScript cannot read. Hand over plain data instead.`, { port, type: ref.form });
    }
    const blob = this.#blob(port, ref.hash);
    if (ref.form === 'text') return this.#context.newString(new TextDecoder('utf-8', { ignoreBOM: true }).decode(blob));
    if (ref.form === 'table') {
      const manifest = JSON.parse(new TextDecoder().decode(blob)) as TableManifest;
      const id = this.#tables.push({ ref, port, manifest }) - 1;
      const handle = this.#call('table', id, JSON.stringify(manifest.columns.map(({ name, type }) => ({ name, type }))), manifest.rows);
      return this.#remember({ port, ref, handle, before: '' });
    }
    let handle: QuickJSHandle;
    if (ref.form === 'bytes') handle = this.#call('typed', 'uint8', blob);
    else if (ref.form === 'array') {
      const { type, shape, from } = arrayHeader(blob);
      handle = this.#call('array', type, JSON.stringify(shape), blob.subarray(from));
    } else handle = this.#call('record', new TextDecoder().decode(blob));
    return this.#context.typeof(handle) === 'object' ? this.#remember({ port, ref, handle, before: this.#picture(handle) }) : handle;
  }

  #blob(port: string, hash: string): Uint8Array {
    const blob = this.#host.get(hash);
    if (blob === undefined) throw new TelarError('value-missing', `A part of “${port}” is not in the store any more; run its producer again.`, { port, hash });
    return blob;
  }

  #remember(given: Given): QuickJSHandle {
    this.#call('remember', given.handle, this.#given.push(given) - 1);
    return given.handle;
  }

  #column(table: number, at: number): QuickJSHandle {
    const { ref, port, manifest } = this.#tables[table]!;
    const { name, blob } = manifest.columns[at]!;
    const crossing = crossColumn(this.#blob(port, blob));
    let handle: QuickJSHandle;
    if (crossing.kind === 'json') handle = this.#call(crossing.tagged ? 'record' : 'plain', crossing.text);
    else {
      handle = this.#call('typed', crossing.type, new Uint8Array(crossing.data));
      if (crossing.nulls !== undefined) handle = this.#call('holes', handle, new Uint8Array(crossing.nulls));
    }
    this.#given.push({ port, ref, handle: handle.dup(), before: this.#picture(handle), column: name });
    return handle;
  }

  /** A value's contents for comparison: QuickJS's own fast form, or tagged JSON where it has none (maps, sets). */
  #picture(handle: QuickJSHandle): Uint8Array | string {
    try {
      return this.#context.getArrayBuffer(this.#context.encodeBinaryJSON(handle)).value.slice();
    } catch {
      return this.#context.getString(this.#call('encode', handle));
    }
  }

  /** R7: names the inputs that the body changed in place, and forgets that they are what was given. */
  #changes(): string[] {
    const changed = new Set<string>();
    for (const { port, handle, before, column } of this.#given) {
      if (before === '' || same(before, this.#pictureOrNone(handle))) continue;
      changed.add(column === undefined ? `input “${port}”` : `column “${column}” of input “${port}”`);
      if (column === undefined) this.#call('forget', handle);
    }
    return [...changed].map((what) => `covenant: The body changed its ${what} in place. No other node sees that; change a copy, such as […list] or {…record}, and give it out.`);
  }

  #pictureOrNone(handle: QuickJSHandle): Uint8Array | string {
    try {
      return this.#picture(handle);
    } catch (error) {
      if (this.#expired) throw error;
      return '';
    }
  }

  #read(handle: QuickJSHandle, name: string): Emitted {
    const result = this.#call('read', handle);
    const kind = this.#context.getString(this.#context.getProp(result, 'kind'));
    const text = this.#context.getString(this.#context.getProp(result, 'text'));
    switch (kind) {
      case 'given': return { kind, ref: this.#given[Number(text)]!.ref, text: this.#show(handle) };
      case 'live': return { kind, what: text as 'function', text: this.#show(handle) };
      case 'array': case 'bytes': return { kind, text, data: this.#context.getArrayBuffer(this.#context.getProp(result, 'buffer')).value.slice() };
      case 'refused': {
        const { path, what } = JSON.parse(text) as { path: string; what: string };
        throw new TelarError('value-type', `The ${name}${path === '' ? '' : ` at ${path}`} is ${what}, which cannot leave the node; give numbers, text, lists and objects.`, { path, type: what });
      }
      default: return { kind: kind as 'record' | 'text', text };
    }
  }

  #show(handle: QuickJSHandle): string {
    return this.#context.getString(this.#call('show', handle));
  }
}

/** The notebook line on which a body imports a module by this name. */
function importLine({ source, line }: Module, specifier: string): number | undefined {
  for (const { index, 2: name } of source.matchAll(/\b(?:from|import)\s*\(?\s*(["'])(.*?)\1/g)) {
    if (name === specifier) return line + source.slice(0, index).split(/\r\n|[\n\r\u2028\u2029]/).length - 1;
  }
  return undefined;
}

/** A copy, which a Node Buffer's `slice` would not be. */
const exact = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function same(a: Uint8Array | string, b: Uint8Array | string): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
