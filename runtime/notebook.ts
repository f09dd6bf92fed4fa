/**
 * An open notebook: its graph and helpers as they are in the files now, what a run of it would do, and runs of it. It decides
 * and performs nothing itself: `graph/` and `scheduler/` do, with the facts gathered here.
 */
import { TelarError, type Problem } from '../contracts/errors.ts';
import type { NodeKind, Resources } from '../contracts/node.ts';
import type { Catalogue } from '../nodes/index.ts';
import { nearest } from '../nodes/nearest.ts';
import type { FileObserver } from './adapters/observer.ts';
import type { Store } from './checkpoints/store.ts';
import type { Describer } from './describe.ts';
import type { Document } from './document/document.ts';
import { explainStep, type Explanation } from './explain.ts';
import { givenValues, type Settings } from './given.ts';
import { staticComponents, type Components } from './graph/fingerprint.ts';
import { askOf } from './grants.ts';
import { buildGraph, type Graph } from './graph/graph.ts';
import { folderOf, templatePath, type GraphNode } from './graph/node.ts';
import { makePlan, type Plan, type PlanOptions } from './graph/plan.ts';
import { joinPath, readProject, type Project } from './graph/project.ts';
import { moduleClosure, modulePaths, type HelperModule } from './modules.ts';
import type { Clock, Executor, Files, Network, ParquetWriter, Secrets, Sha256 } from './ports.ts';
import type { RunHost } from './scheduler/host.ts';
import { previewPlan, type PlannedStep } from './scheduler/preview.ts';
import { runPlan, type RunRequest, type RunResult } from './scheduler/run-plan.ts';
import { keepTexts } from './texts.ts';

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
  /** Powers that a host may lack; what asks for them is `unavailable` then. */
  readonly network?: Network;
  readonly secrets?: Secrets;
  readonly parquet?: ParquetWriter;
  /** A name for a run: unique, and later ones sort after earlier ones. */
  newRun(): string;
}

/** What makes a run a fork of another one (C4). */
export interface ForkOf extends Required<Pick<RunHost, 'taken' | 'preferred' | 'before'>> {
  readonly parent: string;
  /** Whether an edit reaches a node; what none reaches is taken, and needs no engine and no leave. */
  reaches(path: string): boolean;
  /** What it changes, in words. */
  readonly edits: readonly string[];
  /** Whether effects that an edit reaches are made. */
  readonly effects: boolean;
}

/** Options of one run. */
export interface RunOptions extends PlanOptions, Omit<RunRequest, 'run'> { readonly set?: Settings; readonly fork?: ForkOf }

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

const NOTEBOOK = '.telar.md';
const stem = (name: string): string => (name.endsWith(NOTEBOOK) ? name.slice(0, -NOTEBOOK.length) : name);

/** A notebook over a host's ports. `open` is called once, before all else. */
export class OpenNotebook implements Notebook {
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
    return previewPlan(this.makePlan(options), this.host(options.set));
  }

  async run(options: RunOptions): Promise<RunResult> {
    const { store, clock, newRun } = this.#ports;
    const plan = this.makePlan(options);
    const { fork } = options;
    const host = { ...this.host(options.set), leave: this.#leave(options), ...(fork === undefined ? {} : { taken: fork.taken, preferred: fork.preferred, before: fork.before, skipEffects: !fork.effects }) };
    const run = newRun();
    store.openRun({
      id: run, file: this.file, started: clock.date().toISOString(), targets: plan.targets, inputs: { ...options.set },
      texts: keepTexts(this.graph.project, this.#modules, store.blobs), engines: this.#engines(plan), order: plan.order.map((node) => node.path),
      ...(fork === undefined ? {} : { parent: fork.parent, edits: fork.edits }),
    });
    return runPlan(plan, { ...options, run }, host);
  }

  why(path: string, options: { readonly set?: Settings } = {}): Explanation {
    const { store, observer } = this.#ports;
    const step = this.plan({ ...options, to: [path] }).find((one) => one.node === path) as PlannedStep;
    return explainStep(step, { store, observer, file: this.file, folder: folderOf(this.graph.node(path) as GraphNode) });
  }

  sources(): readonly string[] {
    const paths = new Set([this.file, ...this.graph.project.nested.keys()]);
    for (const [node, modules] of this.#modules) for (const path of modulePaths(node, Object.keys(modules))) paths.add(joinPath(node.scope.document.file, path));
    const { store } = this.#ports;
    const read = (node: GraphNode, row: string | undefined): void => {
      for (const { path } of (row === undefined ? undefined : store.row(row))?.reads ?? []) paths.add(joinPath(node.scope.document.file, path));
    };
    for (const node of this.graph.nodes()) read(node, store.lastStep(this.file, node.path)?.row);
    const last = store.lastRun(this.file);
    for (const { node: path, row } of last === undefined ? [] : store.steps(last.id)) {
      const node = path.includes('[') ? this.graph.node(templatePath(path)) : undefined;
      if (node !== undefined) read(node, row);
    }
    return [...paths];
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
      if (analysis.imports.length > 0) this.#modules.set(node, await moduleClosure(this.#ports.files, folderOf(node), analysis, this.#describer));
    }
  }

  /** Freezes a plan. @throws TelarError `usage` */
  makePlan(options: PlanOptions & { readonly fork?: ForkOf; readonly set?: Settings }): Plan {
    const lacks = (node: GraphNode): string | undefined => {
      if (options.fork?.reaches(node.path) === false) return undefined;
      for (const engine of node.description.engines) {
        const executor = this.#ports.executors.get(engine);
        if (executor === undefined) return `there is no engine \`${engine}\` in this host`;
        const ready = executor.available();
        if (!ready.ok) return ready.reason;
      }
      return undefined;
    };
    const leave = this.#leave(options);
    const unasked = new Set([...this.graph.nodes()].filter((node) => options.fork?.reaches(node.path) !== false && leave(node) !== undefined));
    if (unasked.size === 0) return makePlan(this.graph, options, lacks);
    // What is stored needs no leave: it is reused, and nothing is asked.
    const told = new Map(previewPlan(makePlan(this.graph, options, lacks), this.host(options.set)).map((step) => [step.node, step.decision]));
    return makePlan(this.graph, options, (node) => lacks(node) ?? (unasked.has(node) && told.get(node.path) !== 'reuse' ? leave(node) : undefined));
  }

  /** Why a node may not do what it asks for: no power here, or no leave. */
  #leave({ trust }: PlanOptions): (node: GraphNode) => string | undefined {
    return (node) => {
      const ask = askOf(node, this.#ports.sha256);
      if (ask === undefined) return undefined;
      if (this.#ports.network === undefined) return 'there is no network in this host';
      if (trust === true || this.#ports.store.granted(ask.hash)) return undefined;
      return `it would ${ask.words}, which nobody has allowed: \`telar trust ${this.file}\` allows it until its code changes, \`--trust\` for this run`;
    };
  }

  /** The facts and powers that deciding and performing need. */
  host(set: Settings = {}): RunHost {
    const { catalogue, resources, sha256, executors, store, observer, files, clock, network, secrets, parquet } = this.#ports;
    const given = givenValues(this.graph, set, store.blobs);
    return {
      store, observer, sha256, file: this.file, files, clock, executors,
      ...(network === undefined ? {} : { network }), ...(secrets === undefined ? {} : { secrets }), ...(parquet === undefined ? {} : { parquet }),
      statics: (node) => {
        const known = this.#statics.get(node);
        if (known?.description === node.description) return known.components;
        const components = staticComponents(node, node.description.engines, this.#modules.get(node) ?? {}, {
          sha256, version: (kind) => catalogue.version(kind), contract: (kind) => catalogue.contract(kind),
          keyParams: (kind) => catalogue.params(kind).filter((param) => param.key && param.place === 'fence').map((param) => param.name),
          engine: (name, params) => executors.get(name)?.identity({ settings: params }) ?? {},
          secret: (name) => secrets?.fingerprint(name),
        });
        this.#statics.set(node, { description: node.description, components });
        return components;
      },
      folder: folderOf,
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

  #engines(plan: Plan): Record<string, string> {
    const names = new Set(plan.order.flatMap((node) => node.description.engines));
    return Object.fromEntries([...names].sort().map((name) => [name, JSON.stringify(this.#ports.executors.get(name)?.identity() ?? {})]));
  }
}
