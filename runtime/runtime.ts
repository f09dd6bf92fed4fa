/**
 * The runtime: opens notebooks, plans, runs, explains. All power comes from the host's ports; the command line, the studio's
 * server and a page's worker are hosts that choose them and nothing else.
 */
import { parse } from 'yaml';
import { TelarError, type Problem } from '../contracts/errors.ts';
import type { NodeKind, OutputValue, Resources } from '../contracts/node.ts';
import type { Decision } from '../contracts/protocol.ts';
import type { Catalogue } from '../nodes/index.ts';
import { nearest } from '../nodes/nearest.ts';
import type { Store, StepRecord } from './checkpoints/store.ts';
import { createDescriber, type Describer } from './describe.ts';
import type { Document } from './document/document.ts';
import { decodeNotebook } from './document/decode.ts';
import { parseDocument } from './document/parse.ts';
import { changedComponents, staticComponents, type ComponentChange, type Components } from './graph/fingerprint.ts';
import { buildGraph, type Graph } from './graph/graph.ts';
import type { GraphNode } from './graph/node.ts';
import { makePlan, type Plan, type PlanOptions } from './graph/plan.ts';
import { joinPath, readProject, type Project } from './graph/project.ts';
import { moduleClosure, modulePaths, type HelperModule } from './modules.ts';
import type { FileObserver } from './adapters/observer.ts';
import type { Clock, Executor, Files, Sha256 } from './ports.ts';
import { explain, keyPart, type DecideFacts } from './scheduler/decide.ts';
import type { RunHost } from './scheduler/host.ts';
import { previewPlan, type PlannedStep } from './scheduler/preview.ts';
import { runPlan, type RunRequest, type RunResult } from './scheduler/run-plan.ts';
import { storeValue } from './values/kinds.ts';

/** What a host gives. */
export interface RuntimePorts {
  readonly files: Files;
  readonly store: Store;
  readonly observer: FileObserver;
  readonly catalogue: Catalogue;
  readonly resources: Resources;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** A name for a run: unique, and later ones sort after earlier ones. */
  newRun(): string;
}

/** Values set from outside, by path of the input node: text as a person typed it, or data. */
export type Settings = Readonly<Record<string, unknown>>;

/** Options of one run. */
export interface RunOptions extends PlanOptions, Omit<RunRequest, 'run'> { readonly set?: Settings }

/** Why a node has the decision it has, and what of its key changed. */
interface Explanation {
  readonly node: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly key?: string;
  readonly previous?: string;
  readonly changed: readonly ComponentChange[];
}

/** An open notebook. */
export interface Notebook {
  readonly file: string;
  readonly graph: Graph;
  problems(): readonly Problem[];
  /** Reads the files again. @returns paths of the nodes that changed */
  refresh(): Promise<ReadonlySet<string>>;
  plan(options?: PlanOptions & { readonly set?: Settings }): readonly PlannedStep[];
  run(options: RunOptions): Promise<RunResult>;
  /** Workspace paths of the files it is made of, and of those that its last steps have read. */
  sources(): readonly string[];
  why(path: string, options?: { readonly set?: Settings }): Explanation;
}

/** Makes a runtime. */
export function createRuntime(ports: RuntimePorts): { open(file: string): Promise<Notebook>; load(file: string): Document } {
  const { catalogue, sha256 } = ports;
  const describer = createDescriber({ catalogue, cache: ports.store, resources: ports.resources, sha256 });
  const load = (path: string): Document => parseDocument(decodeNotebook(ports.files.read(path), path), path);
  return {
    load,
    open: async (file) => {
      const notebook = new OpenNotebook(file, ports, describer, load);
      await notebook.open();
      return notebook;
    },
  };
}

const NOTEBOOK = '.telar.md';
const stem = (name: string): string => (name.endsWith(NOTEBOOK) ? name.slice(0, -NOTEBOOK.length) : name);

class OpenNotebook implements Notebook {
  readonly file: string;
  graph!: Graph;
  readonly #ports: RuntimePorts;
  readonly #describer: Describer;
  readonly #load: (path: string) => Document;
  #modules = new Map<GraphNode, Readonly<Record<string, HelperModule>>>();
  #statics = new Map<GraphNode, { readonly description: GraphNode['description']; readonly components: Components }>();
  readonly #kinds = new Map<string, Promise<NodeKind>>();

  constructor(file: string, ports: RuntimePorts, describer: Describer, load: (path: string) => Document) {
    this.file = file;
    this.#ports = ports;
    this.#describer = describer;
    this.#load = load;
  }

  async open(): Promise<void> {
    this.graph = buildGraph(await this.#project(), (cell) => this.#describer.describe(cell));
    await this.#readModules();
  }

  async refresh(): Promise<ReadonlySet<string>> {
    const touched = this.graph.update(await this.#project());
    await this.#readModules();
    return touched;
  }

  problems(): readonly Problem[] { return this.graph.problems(); }

  plan(options: PlanOptions & { readonly set?: Settings } = {}): readonly PlannedStep[] {
    return previewPlan(this.#makePlan(options), this.#facts(options.set));
  }

  async run(options: RunOptions): Promise<RunResult> {
    const { store, clock, newRun } = this.#ports;
    const plan = this.#makePlan(options);
    const host = this.#facts(options.set);
    const run = newRun();
    store.openRun({
      id: run, file: this.file, started: clock.date().toISOString(), targets: plan.targets, inputs: { ...options.set },
      texts: this.#texts(), engines: this.#engines(plan), order: plan.order.map((node) => node.path),
    });
    return runPlan(plan, { ...options, run }, host);
  }

  why(path: string, options: { readonly set?: Settings } = {}): Explanation {
    const step = this.plan({ ...options, to: [path] }).find((one) => one.node === path) as PlannedStep;
    const [last, before] = this.#history(path);
    const key = step.decided?.key;
    const base = { node: path, decision: step.decision, ...(key === undefined ? {} : { key }) };
    if (step.decided === undefined || last?.components === undefined) {
      return { ...base, reason: step.reason, ...(last?.key === undefined ? {} : { previous: last.key }), changed: [] };
    }
    if (step.decision === 'reuse' && key === last.key) {
      const changed = before?.components === undefined ? [] : changedComponents(before.components, last.components);
      const then = changed.length > 0 ? changed.map((one) => explain(one.component, one.before, one.after)).join('; ') : last.reason ?? '';
      const told = last.how === 'ran' ? `nothing it depends on has changed since run ${last.run}, in which it ran: ${then}` : step.reason;
      return { ...base, reason: told, ...(before?.key === undefined ? {} : { previous: before.key }), changed };
    }
    const now = { ...step.decided.components, ...this.#readsNow(path, last, step) };
    const seen = step.decision === 'run' && key === last.key ? last.components : keyPart(last.components);
    return { ...base, reason: step.reason, ...(last.key === undefined ? {} : { previous: last.key }), changed: changedComponents(seen, now) };
  }

  sources(): readonly string[] {
    const paths = new Set([this.file, ...this.graph.project.nested.keys()]);
    for (const [node, modules] of this.#modules) for (const path of modulePaths(node, Object.keys(modules))) paths.add(joinPath(node.scope.document.file, path));
    for (const node of this.graph.nodes()) {
      const row = this.#ports.store.lastStep(this.file, node.path)?.row;
      for (const read of (row === undefined ? undefined : this.#ports.store.row(row))?.reads ?? []) paths.add(joinPath(node.scope.document.file, read.path));
    }
    return [...paths];
  }

  /** What the step's last reads would see now, for a step that only its reads changed. */
  #readsNow(path: string, last: StepRecord, step: PlannedStep): Components {
    const row = last.row === undefined ? undefined : this.#ports.store.row(last.row);
    if (row === undefined || step.decided?.key !== last.key) return {};
    const folder = this.#folder(this.graph.node(path) as GraphNode);
    return Object.fromEntries(row.reads.map((read) => [`reads.${read.path}${read.what === 'file' ? '' : ` (${read.what})`}`, this.#ports.observer.look(folder, read)]));
  }

  /** The newest step records with different keys or rows, newest first. */
  #history(path: string): StepRecord[] {
    const found: StepRecord[] = [];
    for (const record of this.#ports.store.history(this.file, path)) {
      if (found.at(-1)?.key === record.key && found.at(-1)?.row === record.row) found[found.length - 1] = { ...record, ...(record.how === 'ran' ? {} : found.at(-1)) };
      else if (found.length === 2) break;
      else found.push(record);
    }
    return found;
  }

  async #project(): Promise<Project> {
    const project = readProject(this.file, (path) => this.#read(path));
    await this.#describer.prepare([project.root, ...[...project.nested.values()].flatMap((one) => ('document' in one ? [one.document] : []))]);
    return project;
  }

  /** Reads a notebook. Where one is missing that another uses, the nearest one of its folder is offered. */
  #read(path: string): Document {
    try {
      return this.#load(path);
    } catch (error) {
      if (path === this.file || !(error instanceof TelarError) || error.code !== 'missing-file') throw error;
      const from = path.lastIndexOf('/') + 1;
      const beside = (this.#ports.files.list(path.slice(0, from).replace(/\/$/, '')) ?? []).filter((name) => name.endsWith(NOTEBOOK));
      const near = nearest(stem(path.slice(from)), beside.map(stem));
      throw near === undefined ? error : new TelarError(error.code, `${error.message} Did you mean \`${near}${NOTEBOOK}\`?`, error.data);
    }
  }

  async #readModules(): Promise<void> {
    this.#modules = new Map();
    this.#statics = new Map();
    for (const node of this.graph.nodes()) {
      const { analysis } = node.description;
      if (analysis.imports.length > 0) this.#modules.set(node, await moduleClosure(this.#ports.files, this.#folder(node), analysis, this.#describer));
    }
  }

  #makePlan(options: PlanOptions): Plan {
    const lacks = (node: GraphNode): string | undefined => {
      for (const engine of node.description.engines) {
        const executor = this.#ports.executors.get(engine);
        if (executor === undefined) return `there is no engine \`${engine}\` in this host`;
        const ready = executor.available();
        if (!ready.ok) return ready.reason;
      }
      return undefined;
    };
    return makePlan(this.graph, options, lacks);
  }

  #facts(set: Settings = {}): RunHost & DecideFacts {
    const { catalogue, resources, sha256, executors, store, observer, files, clock } = this.#ports;
    const given = this.#given(set);
    return {
      store, observer, sha256, file: this.file, files, clock, executors,
      statics: (node) => {
        const known = this.#statics.get(node);
        if (known?.description === node.description) return known.components;
        const components = staticComponents(node, node.description.engines, this.#modules.get(node) ?? {}, {
          sha256, version: (kind) => catalogue.version(kind), contract: (kind) => catalogue.contract(kind),
          keyParams: (kind) => catalogue.params(kind).filter((param) => param.key && param.place === 'fence').map((param) => param.name),
          engine: (name, params) => executors.get(name)?.identity({ settings: params }) ?? {},
        });
        this.#statics.set(node, { description: node.description, components });
        return components;
      },
      folder: (node) => this.#folder(node),
      given: (node) => given.get(node),
      modules: (node) => Object.fromEntries(Object.entries(this.#modules.get(node) ?? {}).map(([name, one]) => [name, one.text])),
      loadKind: (name) => {
        let loading = this.#kinds.get(name);
        if (loading === undefined) {
          loading = catalogue.load(name).then(async (kind) => { await kind.prepare?.(resources); return kind; });
          this.#kinds.set(name, loading);
        }
        return loading;
      },
    };
  }

  /** Values for input nodes: set by a person, or constants of an enclosing `with:`. */
  #given(set: Settings): Map<GraphNode, OutputValue> {
    const given = new Map<GraphNode, OutputValue>();
    for (const node of this.graph.nodes()) {
      const { constants } = node.scope;
      const constant = Object.hasOwn(constants, node.id) ? constants[node.id] : undefined;
      if (node.description.kind === 'input' && constant !== undefined) given.set(node, storeValue(constant, this.#ports.store.blobs));
    }
    for (const [path, value] of Object.entries(set)) {
      const node = this.graph.node(path);
      if (node?.description.kind !== 'input') {
        const inputs = [...this.graph.nodes()].filter((one) => one.description.kind === 'input').map((one) => one.path);
        throw new TelarError('usage', `--set ${path}: there is no input \`${path}\`; inputs are ${inputs.join(', ') || 'none'}.`, { node: path });
      }
      const wire = node.ports.find((port) => port.name === 'given');
      if (wire !== undefined) {
        throw new TelarError('usage', `--set ${path}: this input is wired to \`${wire.source.node.path}\`, which gives its value; set what that depends on, or run its notebook alone.`, { node: path });
      }
      given.set(node, storeValue(typeof value === 'string' ? typed(value, node) : value, this.#ports.store.blobs));
    }
    return given;
  }

  #folder(node: GraphNode): string {
    const { file } = node.scope.document;
    return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
  }

  #texts(): Record<string, string> {
    const { blobs } = this.#ports.store;
    const encoder = new TextEncoder();
    const texts: Record<string, string> = {};
    const { root, nested } = this.graph.project;
    texts[root.file] = blobs.put(encoder.encode(root.text));
    for (const one of nested.values()) if ('document' in one) texts[one.path] = blobs.put(encoder.encode(one.document.text));
    for (const [node, modules] of this.#modules) {
      const folder = this.#folder(node);
      for (const [name, { text }] of Object.entries(modules)) texts[`${folder === '' ? '' : `${folder}/`}module:${name}`] = blobs.put(encoder.encode(text));
    }
    return texts;
  }

  #engines(plan: Plan): Record<string, string> {
    const names = new Set(plan.order.flatMap((node) => node.description.engines));
    return Object.fromEntries([...names].sort().map((name) => [name, JSON.stringify(this.#ports.executors.get(name)?.identity() ?? {})]));
  }
}

/** Text that a person typed, as its input's type says: a string as it stands, all else as JSON where it is JSON. */
function typed(text: string, node: GraphNode): unknown {
  let type: unknown;
  try { type = (parse(node.cell.body) as { type?: unknown } | null)?.type; } catch { type = undefined; }
  if (type === 'string') return text;
  try { return JSON.parse(text) as unknown; } catch { return text; }
}
