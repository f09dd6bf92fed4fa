/**
 * A host that is a skill: the notebook's files in memory, the pinned run in a store in memory, and those engines that are carried
 * along. What the world was like when the run was pinned is as the lock says; only files can be looked at. The exporter opens a skill by it
 * before it is written, and `run.mjs` where it was put: so both see the same.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { NodeKind } from '../../contracts/node.ts';
import type { Catalogue } from '../../nodes/index.ts';
import type { FileObserver } from '../adapters/observer.ts';
import { createMemoryStore } from '../checkpoints/memory.ts';
import { digestReads, type Row, type RunRecord, type Store } from '../checkpoints/store.ts';
import { templatePath, type GraphNode } from '../graph/node.ts';
import { OpenNotebook } from '../notebook.ts';
import { createDescriber } from '../describe.ts';
import { decodeNotebook } from '../document/decode.ts';
import { parseDocument } from '../document/parse.ts';
import type { Clock, Executor, Files, Sha256 } from '../ports.ts';
import type { Models } from '../models/models.ts';
import type { Content, ReplayPorts, Replica } from '../replay/replica.ts';
import type { RuntimePorts } from '../runtime-ports.ts';
import type { RunHost } from '../scheduler/host.ts';
import { GRAPH, unpinned, type Lock, type Pins } from './format.ts';

/** Kinds that need nothing but this code. */
export const CARRIED: ReadonlySet<string> = new Set(['input', 'javascript', 'text', 'check', 'data', 'graph', 'chart']);
/** The run that is pinned. */
export const PINNED = 'pinned';

/** What a skill's host is made of. */
export interface SkillParts {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly lock: Pick<Lock, 'inputs' | 'order' | 'engines' | 'steps' | 'rows'>;
  readonly pins: Pins;
  readonly catalogue: Catalogue;
  readonly javascript: Executor;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** Parsers that the host has beyond those that are carried; absent: what no pin tells cannot be analysed. */
  readonly resources?: RuntimePorts['resources'];
}

/** A skill, open. */
export interface SkillHost extends ReplayPorts {
  readonly store: Store;
  /** The notebook as it stands in the skill. */
  open(): Promise<OpenNotebook>;
}

/** Files in memory, read-only. */
function memoryFiles(files: ReadonlyMap<string, Uint8Array>, sha256: Sha256): Files {
  const below = (path: string): string[] => {
    const start = path === '' ? '' : `${path}/`;
    return [...new Set([...files.keys()].filter((one) => one.startsWith(start)).map((one) => one.slice(start.length).split('/')[0] as string))].sort();
  };
  return {
    read: (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw new TelarError('missing-file', `There is no file ${path} in this skill.`, { file: path });
      return bytes.slice();
    },
    stat: (path) => {
      const bytes = files.get(path);
      if (bytes !== undefined) return { kind: 'file', size: bytes.length, stamp: sha256(bytes) };
      return below(path).length > 0 ? { kind: 'folder', size: 0, stamp: '' } : undefined;
    },
    list: (path) => { const names = below(path); return names.length > 0 ? names : undefined; },
    write: (path) => { throw new TelarError('refused', `${path} cannot be written: a skill is read only.`, { file: path }); },
  };
}

/** Files are looked at; of all else a step sees what it saw. */
function skillObserver(files: Files, sha256: Sha256): FileObserver {
  const fileHash = (path: string): string | undefined => (files.stat(path)?.kind === 'file' ? sha256(files.read(path)) : undefined);
  const look: FileObserver['look'] = (folder, read) => (read.what === 'file' ? fileHash(folder === '' ? read.path : `${folder}/${read.path}`) ?? 'gone' : read.saw);
  return { fileHash, look, digest: (folder, reads) => digestReads(sha256, reads.map((read) => ({ ...read, saw: look(folder, read) }))) };
}

/** An engine that is not carried: it has the identity that is pinned, so results of it are found, and does nothing. */
function absent(engine: string, identity: string | undefined): Executor {
  const known = Object(JSON.parse(identity ?? '{}')) as Record<string, string>;
  return {
    engine, concurrency: 1, identity: () => known, available: () => ({ ok: true }), close: async () => undefined,
    execute: async () => { throw lacking(engine); },
  };
}

/** Which model a prompt asked is known by its pinned step; nobody is asked here. */
const models: Models = { find: (name) => ({ profile: { name, provider: 'script', parameters: {}, template: 'chat' } }) };

/** The error of a step that only `telar` can do. */
function lacking(what: string): TelarError {
  return new TelarError('unavailable', `It needs \`${what}\`, which this skill does not carry: install \`telar\`, which does.`, { lacks: what });
}

function carriedKinds(catalogue: Catalogue): Catalogue {
  return {
    ...catalogue,
    load: async (name) => {
      if (CARRIED.has(name)) {
        // What a parser found is pinned, so none is prepared.
        const { prepare: _, ...kind } = await catalogue.load(name);
        return kind;
      }
      const refuse = (): never => { throw lacking(name); };
      return { name, contract: '', languages: [], keyVersion: 0, analysisVersion: 0, analyse: refuse, engines: refuse, run: refuse } satisfies NodeKind;
    },
  };
}

/** Opens a skill. @throws TelarError `forged` when its pins do not hang together */
export async function createSkillHost(parts: SkillParts): Promise<SkillHost> {
  const { lock, pins, sha256, clock, javascript } = parts;
  const store = createMemoryStore(sha256);
  for (const [hash, value] of Object.entries(pins.values)) if (store.blobs.put(unpinned(value)) !== hash) throw new TelarError('forged', `The pinned value ${hash.slice(0, 12)} has other bytes than its name says.`, { hash });
  for (const [key, json] of Object.entries(pins.analyses)) store.setAnalysis(key, json);
  const texts: Record<string, string> = {};
  for (const [path, bytes] of parts.files) texts[path] = store.blobs.put(bytes);
  await store.importRun(pinnedRun(lock, texts), { steps: lock.steps.map((step) => ({ ...step, run: PINNED, file: GRAPH, decision: 'reuse' as const })), rows: lock.rows.map((row) => kept(row, store)), logs: [] });

  const executors = new Map<string, Executor>(Object.keys(lock.engines).map((name) => [name, absent(name, lock.engines[name])]));
  for (const name of ['sql', 'sql-wasm', 'python', 'jupyter', 'llama']) if (!executors.has(name)) executors.set(name, absent(name, undefined));
  executors.set('javascript', javascript);
  const files = memoryFiles(parts.files, sha256);
  let runs = 0;
  const ports: RuntimePorts = {
    files, store, observer: skillObserver(files, sha256), catalogue: parts.resources === undefined ? carriedKinds(parts.catalogue) : parts.catalogue,
    resources: parts.resources ?? { bytes: async (specifier) => { throw lacking(specifier); } },
    executors, models, sha256, clock, isolation: () => ({ ok: true }), newRun: () => `run-${runs += 1}`,
  };
  return { ...ports, store, replica: () => replicaOf(ports, sha256), open: () => openWith(ports, GRAPH, lock) };
}

/** The notebook as it stands; what of its keys the host it was run on gave is as it is pinned. */
async function openWith(ports: RuntimePorts, file: string, lock: SkillParts['lock']): Promise<OpenNotebook> {
  const load = (path: string): ReturnType<typeof parseDocument> => parseDocument(decodeNotebook(ports.files.read(path), path), path);
  const notebook = new SkillNotebook(file, ports, createDescriber({ catalogue: ports.catalogue, cache: ports.store, resources: ports.resources, sha256: ports.sha256 }), load);
  notebook.follow(lock);
  await notebook.open();
  return notebook;
}

/** Parts of a key that are of the machine and the folder, not of the notebook: engines, models, whose secrets, where skills lay. */
const OF_THE_HOST = /^(?:engine\.(?!javascript$).*|secret\..*|model|skills|folder)$/;

class SkillNotebook extends OpenNotebook {
  readonly #pinned = new Map<string, Record<string, string>>();

  follow({ steps }: SkillParts['lock']): void {
    for (const { node, components = {} } of steps) this.#pinned.set(templatePath(node), { ...this.#pinned.get(templatePath(node)), ...Object.fromEntries(Object.entries(components).filter(([name]) => OF_THE_HOST.test(name))) });
  }

  override host(set: Readonly<Record<string, unknown>> = {}): RunHost {
    const host = super.host(set);
    return { ...host, statics: (node: GraphNode) => ({ ...host.statics(node), ...this.#pinned.get(node.path) }) };
  }
}

function pinnedRun({ inputs, order, engines }: SkillParts['lock'], texts: Record<string, string>): RunRecord {
  return { id: PINNED, file: GRAPH, started: '1970-01-01T00:00:00.000Z', ended: '1970-01-01T00:00:00.000Z', status: 'ok', targets: [], inputs, texts, engines, order };
}

/** A pinned result as a row; what is not pinned of it is as if only its summary was kept. */
function kept(row: Lock['rows'][number], { blobs }: Store): Row {
  const outputs = Object.entries(row.outputs).map(([name, value]) => {
    const { ref } = value;
    const isHere = ref === undefined || ref.form === 'live' || holds(ref, blobs);
    return [name, isHere ? value : { summary: value.summary }] as const;
  });
  return { ...row, outputs: Object.fromEntries(outputs), ms: 0, producedBy: PINNED };
}

function holds({ form, hash }: { readonly form: string; readonly hash: string }, blobs: Store['blobs']): boolean {
  const bytes = blobs.get(hash);
  if (bytes === undefined) return false;
  return form !== 'table' || (JSON.parse(new TextDecoder().decode(bytes)) as { columns: { blob: string }[] }).columns.every(({ blob }) => blobs.has(blob));
}

/** A replica in memory. What steps make in it is kept apart from what is pinned. */
function replicaOf(ports: RuntimePorts, sha256: Sha256): Replica {
  const laid = new Map<string, Uint8Array>();
  const own = createMemoryStore(sha256).blobs;
  const { blobs } = ports.store;
  const files = memoryFiles(laid, sha256);
  const put = (path: string, content: Content): boolean => {
    const bytes = content.what === 'bytes' ? content.bytes : content.what === 'blob' ? blobs.get(content.hash) : content.what === 'size' ? new Uint8Array(content.size) : undefined;
    if (bytes !== undefined) laid.set(path, bytes);
    return bytes !== undefined || content.what === 'folder';
  };
  return {
    ports: { ...ports, files, observer: skillObserver(files, sha256) },
    results: { put: (bytes) => own.put(bytes), get: (hash) => own.get(hash) ?? blobs.get(hash), has: (hash) => own.has(hash) || blobs.has(hash), size: (hash) => own.size(hash) ?? blobs.size(hash), path: () => undefined },
    put, close: async () => undefined,
  };
}
