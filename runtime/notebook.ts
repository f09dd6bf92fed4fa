/**
 * An open notebook: its graph and helpers as they are in the files now, what a run of it would do, and runs of it. It decides
 * and performs nothing itself: `graph/` and `scheduler/` do, with the facts gathered here.
 */
import { TelarError, type Problem } from '../contracts/errors.ts';
import type { NodeKind } from '../contracts/node.ts';
import { nearest } from '../nodes/nearest.ts';
import { Beside } from './beside.ts';
import type { Describer } from './describe.ts';
import type { Document } from './document/document.ts';
import { explainStep, type Explanation } from './explain.ts';
import { givenValues, type Settings } from './given.ts';
import { staticComponents, type Components } from './graph/fingerprint.ts';
import { asksOf, type Ask } from './grants.ts';
import { buildGraph, type Graph } from './graph/graph.ts';
import { findModels } from './graph/models.ts';
import { folderOf, templatePath, type GraphNode } from './graph/node.ts';
import { makePlan, type Plan, type PlanOptions } from './graph/plan.ts';
import { joinPath, readProject, type Project } from './graph/project.ts';
import { askFacts, lackOf, leaveOf } from './leave.ts';
import type { RuntimePorts } from './runtime-ports.ts';
import type { RunHost } from './scheduler/host.ts';
import { previewPlan, type PlannedStep } from './scheduler/preview.ts';
import { runPlan, type RunRequest, type RunResult } from './scheduler/run-plan.ts';
import { keepTexts } from './texts.ts';

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
  /** What its nodes ask a person for. */
  asks(): readonly Ask[];
  /** Reads the files again. @returns paths of the nodes that changed */
  refresh(): Promise<ReadonlySet<string>>;
  plan(options?: PlanOptions & { readonly set?: Settings }): readonly PlannedStep[];
  run(options: RunOptions): Promise<RunResult>;
  /** Workspace paths of the files it is made of, and of those that its last steps have read. */
  sources(): readonly string[];
  why(path: string, options?: { readonly set?: Settings }): Explanation;
}

const NOTEBOOK = '.telar.md';
/** What of a node's model its engine is known by. */
const modelSettings = ({ description: { model } }: GraphNode): { readonly model?: string; readonly sha256?: string } => {
  const { file, sha256 } = model?.profile ?? {};
  return { ...(file === undefined ? {} : { model: file }), ...(sha256 === undefined ? {} : { sha256 }) };
};
const stem = (name: string): string => (name.endsWith(NOTEBOOK) ? name.slice(0, -NOTEBOOK.length) : name);

/** A notebook over a host's ports. `open` is called once, before all else. */
export class OpenNotebook implements Notebook {
  readonly file: string;
  graph!: Graph;
  readonly #ports: RuntimePorts;
  readonly #describer: Describer;
  readonly #load: (path: string) => Document;
  readonly #beside: Beside;
  #statics = new Map<GraphNode, { readonly description: GraphNode['description']; readonly components: Components }>();
  readonly #kinds = new Map<string, Promise<NodeKind>>();

  constructor(file: string, ports: RuntimePorts, describer: Describer, load: (path: string) => Document) {
    this.file = file;
    this.#ports = ports;
    this.#describer = describer;
    this.#load = load;
    this.#beside = new Beside(ports);
  }

  async open(): Promise<void> {
    this.graph = buildGraph(await this.#project(), (cell) => this.#describer.describe(cell));
    await this.#readHelpers();
  }

  async refresh(): Promise<ReadonlySet<string>> {
    const touched = this.graph.update(await this.#project());
    return new Set([...touched, ...await this.#readHelpers()]);
  }

  problems(): readonly Problem[] {
    const { problems } = this.#beside;
    return problems.length === 0 ? this.graph.problems() : [...this.graph.problems(), ...problems];
  }

  asks(): readonly Ask[] { return asksOf(this.graph, askFacts(this.#ports, this.#beside)); }

  plan(options: PlanOptions & { readonly set?: Settings } = {}): readonly PlannedStep[] {
    return previewPlan(this.makePlan(options), this.host(options.set));
  }

  async run(options: RunOptions): Promise<RunResult> {
    const { store, clock, newRun } = this.#ports;
    const plan = this.makePlan(options, 'try');
    const { fork } = options;
    const host = { ...this.host(options.set), leave: leaveOf(this.file, this.#ports, this.#beside, options.trust), ...(fork === undefined ? {} : { taken: fork.taken, preferred: fork.preferred, before: fork.before, skipEffects: !fork.effects }) };
    const run = newRun();
    store.openRun({
      id: run, file: this.file, started: clock.date().toISOString(), targets: plan.targets, inputs: { ...options.set },
      texts: keepTexts(this.graph.project, this.#beside.modules, [...this.#beside.locks, ...this.#profiles(plan)], store.blobs), engines: this.#engines(plan), order: plan.order.map((node) => node.path),
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
    const profiles = [...this.graph.nodes()].flatMap(({ description: { model } }) => model?.profile?.path ?? model?.path ?? []);
    const paths = new Set([this.file, ...this.graph.project.nested.keys(), ...this.#beside.paths(), ...profiles]);
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
    const documents = [project.root, ...[...project.nested.values()].flatMap((one) => ('document' in one ? [one.document] : []))];
    await this.#describer.prepare(documents);
    this.#beside.readLocks(documents);
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

  async #readHelpers(): Promise<readonly string[]> {
    this.#statics = new Map();
    const models = findModels(this.graph, this.#ports.models);
    await this.#beside.readHelpers(this.graph, this.#describer);
    return models;
  }

  /** Freezes a plan. @param how `try`: it is going to be run, so a wall may be tried @throws TelarError `usage` */
  makePlan(options: PlanOptions & { readonly fork?: ForkOf; readonly set?: Settings }, how: 'look' | 'try' = 'look'): Plan {
    const lacks = (node: GraphNode): string | undefined => (options.fork?.reaches(node.path) === false ? undefined : lackOf(node, this.#ports, this.#beside, how));
    const leave = leaveOf(this.file, this.#ports, this.#beside, options.trust);
    const unasked = new Set([...this.graph.nodes()].filter((node) => options.fork?.reaches(node.path) !== false && leave(node) !== undefined));
    if (unasked.size === 0) return makePlan(this.graph, options, lacks);
    // What is stored needs no leave: it is reused, and nothing is asked.
    const told = new Map(previewPlan(makePlan(this.graph, options, lacks), this.host(options.set)).map((step) => [step.node, step.decision]));
    return makePlan(this.graph, options, (node) => lacks(node) ?? (unasked.has(node) && told.get(node.path) !== 'reuse' ? leave(node) : undefined));
  }

  /** The facts and powers that deciding and performing need. */
  host(set: Settings = {}): RunHost {
    const { catalogue, resources, sha256, executors, store, observer, files, clock, network, secrets, parquet, worker, journal, provider, watchdog } = this.#ports;
    const given = givenValues(this.graph, set, store.blobs);
    return {
      store, observer, sha256, file: this.file, files, clock, executors,
      ...(network === undefined ? {} : { network }), ...(secrets === undefined ? {} : { secrets }), ...(parquet === undefined ? {} : { parquet }),
      ...(provider === undefined ? {} : { provider }), ...(watchdog === undefined ? {} : { watchdog }), ...(worker === undefined ? {} : { worker }), ...(journal === undefined ? {} : { journal }),
      statics: (node) => {
        const known = this.#statics.get(node);
        if (known?.description === node.description) return known.components;
        const components = staticComponents(node, node.description.engines, this.#beside.helpers(node), {
          sha256, version: (kind) => catalogue.version(kind), contract: (kind) => catalogue.contract(kind),
          keyParams: (kind) => catalogue.params(kind).filter((param) => param.key && param.place === 'fence').map((param) => param.name),
          engine: (name, params) => executors.get(name)?.identity({ settings: { ...params, ...this.#beside.pins(node), ...modelSettings(node) } }) ?? {},
          secret: (name) => secrets?.fingerprint(name),
        });
        this.#statics.set(node, { description: node.description, components });
        return components;
      },
      folder: folderOf,
      leave: leaveOf(this.file, this.#ports, this.#beside),
      packages: (node) => this.#beside.pins(node),
      given: (node) => given.get(node),
      modules: (node) => this.#beside.texts(node),
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

  /** The files of the profiles that a run asks by, so that the run can be opened as it was. */
  #profiles(plan: Plan): { readonly path: string; readonly text: string }[] {
    const { files } = this.#ports;
    const paths = new Set(plan.order.flatMap(({ description: { model } }) => model?.profile?.path ?? []));
    return [...paths].flatMap((path) => (files.stat(path)?.kind === 'file' ? [{ path, text: new TextDecoder().decode(files.read(path)) }] : []));
  }

  #engines(plan: Plan): Record<string, string> {
    const names = new Set(plan.order.flatMap((node) => node.description.engines));
    return Object.fromEntries([...names].sort().map((name) => [name, JSON.stringify(this.#ports.executors.get(name)?.identity() ?? {})]));
  }
}
