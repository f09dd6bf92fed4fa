/** What runs with a node beside its own body: the helper modules beside its notebook, and the locked packages, as they are in the files now. Only read. */
import type { Problem } from '../contracts/errors.ts';
import type { Describer } from './describe.ts';
import type { Document } from './document/document.ts';
import type { Graph } from './graph/graph.ts';
import { folderOf, type GraphNode } from './graph/node.ts';
import { joinPath } from './graph/project.ts';
import { moduleClosure, modulePaths, type HelperModule } from './modules.ts';
import { packagesOf, type NotebookPackages, type PackagePin } from './packages/locked.ts';
import { realmOf } from './packages/realm.ts';
import type { RuntimePorts } from './runtime-ports.ts';

/** Helpers and packages of a notebook's nodes. */
export class Beside {
  readonly #ports: RuntimePorts;
  #modules = new Map<GraphNode, Readonly<Record<string, HelperModule>>>();
  /** By the path of the notebook that asks for packages. */
  #packages = new Map<string, NotebookPackages>();

  constructor(ports: RuntimePorts) { this.#ports = ports; }

  /** Reads the locks of notebooks again. */
  readLocks(documents: readonly Document[]): void {
    const { files, sha256, executors, wheels } = this.#ports;
    const facts = { files, sha256, realm: realmOf(executors.get('python')?.identity() ?? {}), here: (hash: string) => wheels?.has(hash) === true };
    this.#packages = new Map(documents.flatMap((document) => { const found = packagesOf(document, facts); return found === undefined ? [] : [[document.file, found]]; }));
  }

  /** Reads the helpers of all nodes again. */
  async readHelpers(graph: Graph, describer: Describer): Promise<void> {
    this.#modules = new Map();
    for (const node of graph.nodes()) {
      const { analysis } = node.description;
      if (analysis.imports.length > 0) this.#modules.set(node, await moduleClosure(this.#ports.files, folderOf(node), analysis, describer));
    }
  }

  /** Helpers by node, of nodes that have some. */
  get modules(): ReadonlyMap<GraphNode, Readonly<Record<string, HelperModule>>> { return this.#modules; }
  get locks(): readonly NotebookPackages[] { return [...this.#packages.values()]; }
  /** What is wrong with the locks. */
  get problems(): readonly Problem[] { return this.locks.flatMap(({ problem }) => problem ?? []); }

  helpers(node: GraphNode): Readonly<Record<string, HelperModule>> { return this.#modules.get(node) ?? {}; }

  /** The texts of a node's helpers, by name. */
  texts(node: GraphNode): Readonly<Record<string, string>> { return Object.fromEntries(Object.entries(this.helpers(node)).map(([name, { text }]) => [name, text])); }

  /** What a node's notebook says of packages; only the restricted Python has them. */
  packagesOf({ description, scope }: GraphNode): NotebookPackages | undefined {
    return description.kind === 'python' && description.engines.includes('python') ? this.#packages.get(scope.document.file) : undefined;
  }

  /** The locked packages of a node's step, as a param of it; none for most. */
  pins(node: GraphNode): { readonly packages?: readonly PackagePin[] } {
    const found = this.packagesOf(node);
    return found === undefined ? {} : { packages: found.pins };
  }

  /** Workspace paths of all these files. */
  paths(): readonly string[] {
    const paths = this.locks.map(({ path }) => path);
    for (const [node, modules] of this.#modules) for (const path of modulePaths(node, Object.keys(modules))) paths.push(joinPath(node.scope.document.file, path));
    return paths;
  }
}
