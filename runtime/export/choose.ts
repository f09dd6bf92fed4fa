/**
 * Which run a skill is pinned with: the one that is named; else the newest that went well of the notebook as it stands; else what an
 * imported skill brought, where its files are still the same; else a new one. A run that is red, or lacks something, is none.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Operation } from '../../contracts/protocol.ts';
import { isAside, type RunRecord, type Store } from '../checkpoints/store.ts';
import { folderOf, templatePath } from '../graph/node.ts';
import type { Notebook } from '../notebook.ts';
import type { RuntimePorts } from '../runtime-ports.ts';
import { textsOf } from '../texts.ts';
import { GRAPH, isPlainPath, type Lock, type Pins } from './format.ts';
import { above, pinRun, type PinnedRun } from './pins.ts';

/** What a skill is made from. */
export interface Chosen {
  readonly lock: Pick<Lock, 'inputs' | 'order' | 'engines' | 'steps' | 'rows' | 'leftOut'>;
  readonly values: Pins['values'];
  /** The notebook's own files, by path from its folder; the notebook is `graph.telar.md`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The run that it is; `undefined` for what was imported. */
  readonly run?: string;
}

/** What choosing needs. */
export interface ChooseFrom {
  readonly ports: RuntimePorts;
  readonly notebook: Notebook;
  readonly places: readonly string[];
  /** The run that a person named. */
  readonly asked?: RunRecord;
  /** What an import left beside the notebook. */
  readonly beside?: Beside;
  readonly jobs: number;
  readonly signal: AbortSignal;
  emit(operation: Operation): void;
}

/** What an import leaves beside a notebook, as `NAME.telar.pins`. */
export interface Beside extends Pick<Chosen, 'lock' | 'values'> {
  /** SHA-256 of each of the notebook's own files. */
  readonly files: Readonly<Record<string, string>>;
}

/** Chooses. @throws TelarError `check-red`, `unavailable`, `refused`, `cancelled`, `value-missing` */
export async function chooseRun(from: ChooseFrom): Promise<Chosen> {
  const { ports, notebook, asked } = from;
  const { store, files } = ports;
  if (asked !== undefined) {
    if (asked.file !== notebook.file) throw new TelarError('usage', `Run ${asked.id} is of ${asked.file}, not of ${notebook.file}.`, { run: asked.id });
    if (!isOfNow(asked, from)) throw new TelarError('refused', `Run ${asked.id} is of another text of ${notebook.file} or its files than there is now. Put them back as they were, or leave --run out.`, { run: asked.id });
    return pinnedBy(asked, from);
  }
  const kept = keptRun(from);
  if (kept !== undefined) return kept;
  const set = settings(from, newestRun(from));
  const { run } = await notebook.run({ jobs: from.jobs, failFast: false, signal: from.signal, emit: from.emit, set });
  await store.flush();
  from.signal.throwIfAborted();
  // A notebook may have been changed while it ran: then the files are not those of the run.
  const record = store.run(run) as RunRecord;
  if (!isOfNow(record, from)) throw new TelarError('refused', `${files.stat(notebook.file) === undefined ? 'The notebook is gone' : 'A file of the notebook changed'} while it ran. Export it again.`, { run });
  return pinnedBy(record, from);
}

/** What can be pinned without running anything: the newest run, or an import, where it is of the files as they are. @throws as `chooseRun` */
export function keptRun(from: Looking): Chosen | undefined {
  const { ports: { store }, notebook, beside } = from;
  const newest = newestRun(from);
  if (newest !== undefined && isOfNow(newest, from) && notebook.plan({ set: settings(from, newest) }).every(({ decision }) => ['reuse', 'disabled', 'skipped'].includes(decision)) && faultOf(store, newest) === undefined) return pinnedBy(newest, from);
  const kept = newest === undefined && beside !== undefined ? sameFiles(beside, from) : undefined;
  return beside !== undefined && kept !== undefined ? { lock: beside.lock, values: beside.values, files: kept } : undefined;
}

type Looking = Omit<ChooseFrom, 'jobs' | 'signal' | 'emit'>;

function newestRun({ ports, notebook }: Looking): RunRecord | undefined {
  return ports.store.runs(notebook.file).find((run) => run.status === 'ok' && !isAside(run) && run.targets.length === 0);
}

/** What a run's inputs were set to, of those that are there still. */
function settings({ notebook }: Looking, run: RunRecord | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(run?.inputs ?? {}).filter(([path]) => notebook.graph.node(path)?.description.kind === 'input'));
}

/** Whether the texts and files of a run are those that there are now. */
function isOfNow(run: RunRecord, from: Looking): boolean {
  const { ports } = from;
  try {
    if (!Object.entries(textsOf(run.texts)).every(([path, hash]) => ports.sha256(ports.files.read(path)) === hash)) return false;
    const { files } = pin(run, from);
    return [...files].every(([path, hash]) => ports.observer.fileHash(path) === hash);
  } catch (error) {
    if (error instanceof TelarError && error.code !== 'refused') return false;
    throw error;
  }
}

/** Why a run is not to be pinned. */
function faultOf(store: Store, run: RunRecord): TelarError | undefined {
  const steps = store.steps(run.id);
  const red = steps.find(({ state, error }) => state === 'failed' && error !== undefined);
  if (red !== undefined) return new TelarError('check-red', `The export is blocked: \`${red.node}\` ${red.error?.code === 'check-red' ? 'is red' : 'failed'}: ${red.error?.message} Mend it, run the notebook, and export again.`, { node: red.node, why: red.error?.code, run: run.id });
  const lacking = steps.find(({ state }) => state === 'unavailable' || state === 'blocked');
  if (lacking !== undefined) return new TelarError('unavailable', `The export is blocked: \`${lacking.node}\` could not run here: ${lacking.reason ?? lacking.state}.`, { node: lacking.node, run: run.id });
  if (run.status !== 'ok') return new TelarError(run.status === 'cancelled' ? 'cancelled' : 'refused', `Run ${run.id} did not end well (${run.status ?? 'cut off'}). Run the notebook again.`, { run: run.id });
  if (run.targets.length > 0) return new TelarError('refused', `Run ${run.id} was of a part of the notebook. Run all of it.`, { run: run.id });
  return undefined;
}

function pin(run: RunRecord, { ports: { store, sha256 }, places, notebook }: Looking): PinnedRun {
  return pinRun(run, { store, sha256, places }, (step) => { const node = notebook.graph.node(templatePath(step)); return node === undefined ? undefined : folderOf(node); });
}

function pinnedBy(run: RunRecord, from: Looking): Chosen {
  const { ports, notebook } = from;
  const fault = faultOf(ports.store, run);
  if (fault !== undefined) throw fault;
  const { lock, values, files } = pin(run, from);
  return { lock, values, files: carried(new Set([...files.keys(), ...modelFiles(from)]), ports, notebook.file), run: run.id };
}

/** Largest model that goes along; with a larger one a skill has its answers, and asks again only where the model is. */
const LARGEST_MODEL = 8 * 1024 ** 2;

/** The small models that lie with the notebook, so that its prompts can be asked wherever the skill goes. */
function modelFiles({ ports: { files }, notebook }: Looking): readonly string[] {
  const folder = notebook.file.slice(0, notebook.file.lastIndexOf('/') + 1);
  const named = [...notebook.graph.nodes()].flatMap(({ description: { model } }) => model?.profile?.file ?? []);
  return named.filter((path) => path.startsWith(folder) && isPlainPath(path) && (files.stat(path)?.size ?? Infinity) <= LARGEST_MODEL);
}

/** The files by path from the notebook's folder. @throws TelarError `refused` for one above it */
function carried(paths: ReadonlySet<string>, { files }: RuntimePorts, notebook: string): Map<string, Uint8Array> {
  const folder = notebook.slice(0, notebook.lastIndexOf('/') + 1);
  const found = new Map<string, Uint8Array>();
  for (const path of [...paths].sort()) {
    if (!path.startsWith(folder)) throw above(notebook, path);
    const own = path === notebook ? GRAPH : path.slice(folder.length);
    if (found.has(own)) throw new TelarError('refused', `${path} cannot be carried: the notebook itself is \`${GRAPH}\` in a skill. Rename that file.`, { file: path });
    if (!isPlainPath(own)) throw new TelarError('refused', `\`${path}\` cannot be carried in a skill under this name. Rename the file.`, { file: path });
    found.set(own, files.read(path));
  }
  return found;
}

/** The files that an import brought, when they are all as they were. */
function sameFiles(beside: Beside, { ports, notebook }: Looking): Map<string, Uint8Array> | undefined {
  const folder = notebook.file.slice(0, notebook.file.lastIndexOf('/') + 1);
  const found = new Map<string, Uint8Array>();
  for (const [path, hash] of Object.entries(beside.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isPlainPath(path)) return undefined;
    const place = path === GRAPH ? notebook.file : folder + path;
    if (ports.observer.fileHash(place) !== hash) return undefined;
    found.set(path, ports.files.read(place));
  }
  return found.has(GRAPH) ? found : undefined;
}
