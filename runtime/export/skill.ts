/** Making a skill out of a pinned run: all files of the folder, in memory. The same notebook, helpers, data and run give the same bytes. */
import { TelarError } from '../../contracts/errors.ts';
import type { Executor } from '../ports.ts';
import { canonical, GRAPH, isPlainPath, LOCK, MADE, MOST_BYTES, MOST_FILES, PINS, sealed, SKILL_GENERATION, type Lock, type Pins, type SkillFiles } from './format.ts';
import { inputSchema, outputSchema, outputsOf, settingsJson, valueJson, valueOf } from './outputs.ts';
import { proveSkill } from './prove.ts';
import { createSkillHost, type SkillHost, type SkillParts } from './skill-host.ts';
import { evalsOf, graphPage, skillDescription, skillName, skillPage, type PageFacts } from './words.ts';

/** What a skill is made of. */
export interface Making extends Pick<SkillParts, 'catalogue' | 'sha256' | 'clock' | 'resources'> {
  /** The notebook's own files by path from its folder; the notebook itself is `graph.telar.md`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The notebook's file name. */
  readonly notebook: string;
  readonly lock: Pick<Lock, 'inputs' | 'order' | 'engines' | 'steps' | 'rows' | 'leftOut'>;
  readonly values: Pins['values'];
  /** Whether another made these results: then nothing is believed that does not come out the same. */
  readonly imported: boolean;
  readonly javascript: Executor;
  /** The text of `run.mjs`. */
  readonly runner: string;
  /** Whether an analysis of a body can be looked up, so that no parser is started. */
  analysis(key: string): string | undefined;
  readonly signal?: AbortSignal;
}

/** A skill in memory. */
export interface MadeSkill {
  readonly name: string;
  readonly files: SkillFiles;
  readonly lock: Lock;
  /** Steps that did not come out the same when they were done again. */
  readonly recorded: readonly string[];
  /** Steps done again that came out the same. */
  readonly same: readonly string[];
}

const utf8 = new TextEncoder();

/** Makes it. @throws TelarError `refused` when it would be too large, or a path cannot be carried */
export async function makeSkill(making: Making): Promise<MadeSkill> {
  const { sha256, values } = making;
  refuseUnfit(making.files);
  const analyses: Record<string, string> = {};
  const host = await createSkillHost({ ...making, pins: { values, analyses: {} } });
  const found = watch(host, making, analyses);
  const notebook = await found.open();
  const { graph } = notebook;
  const { title = making.notebook.replace(/\.telar\.md$/i, ''), data } = graph.root.document.frontMatter as { title?: string; data: Readonly<Record<string, unknown>> };
  const name = skillName(making.notebook, title);
  const proof = await proveSkill(found, making.lock, making.signal);
  const [odd] = proof.differ;
  if (odd !== undefined && making.imported) throw new TelarError('forged', `What was imported does not come out the same here: \`${odd.node}\`, ${odd.what}. Run the notebook, and export what it gives.`, { node: odd.node });
  const recorded = new Set([...making.lock.steps.flatMap((step) => (step.recorded === true ? [step.node] : [])), ...proof.differ.map(({ node }) => node)]);
  const steps = making.lock.steps.map((step) => (recorded.has(step.node) ? { ...step, recorded: true as const } : step));

  const results = new Map(making.lock.steps.flatMap((step) => { const row = making.lock.rows.find(({ id }) => id === step.row); return row === undefined ? [] : [[step.node, row.outputs] as const]; }));
  const outputs = outputsOf(graph).flatMap((one) => { const value = valueOf(one, (path) => results.get(path)); return value === undefined ? [] : [[one.name, value] as const]; });
  const facts: PageFacts = {
    name, title, graph, description: skillDescription(graph, title, data.description), input: inputSchema(graph), output: outputSchema(graph),
    types: Object.fromEntries(outputs.map(([id, { summary }]) => [id, summary.type])), ...(typeof data.license === 'string' && /^\w[\w .()+]*(?:-[\w .()+]+)*$/.test(data.license.slice(0, 80)) ? { license: data.license } : {}),
  };
  const expected = Object.fromEntries(outputs.map(([id, value]) => [id, shortened(pinnedJson(value, found))]));
  const files = new Map<string, Uint8Array>();
  const put = (path: string, content: string | Uint8Array): void => { files.set(path, typeof content === 'string' ? utf8.encode(content) : content); };
  put('SKILL.md', skillPage(facts));
  put('scripts/run.mjs', making.runner);
  put('references/GRAPH.md', graphPage(facts));
  for (const [path, bytes] of making.files) put(`assets/${path}`, bytes);
  put('assets/input.schema.json', canonical(facts.input));
  put('assets/output.schema.json', canonical(facts.output));
  put(PINS, canonical({ values, analyses } satisfies Pins));
  put('evals/evals.json', canonical(evalsOf(facts, settingsJson(graph, making.lock.inputs), expected)));
  const hashes = Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)]));
  const { inputs, order, engines, rows, leftOut } = making.lock;
  put(LOCK, sealed({ telarSkill: SKILL_GENERATION, name, notebook: making.notebook, files: hashes, inputs, order, engines, steps, rows, leftOut }, sha256));
  refuseLarge(files);
  const sorted = new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { name, files: sorted, lock: JSON.parse(new TextDecoder().decode(files.get(LOCK))) as Lock, recorded: [...recorded], same: proof.same };
}

/** The host, keeping what is found of bodies whose parsers are not carried. */
function watch(host: SkillHost, making: Making, analyses: Record<string, string>): SkillHost {
  const { store } = host;
  const keep = (key: string, json: string): void => { analyses[key] = json; };
  const own = store.analysis;
  Object.assign(store, {
    analysis: (key: string) => { const known = own(key) ?? making.analysis(key); if (known !== undefined) keep(key, known); return known; },
    setAnalysis: keep,
  } satisfies Partial<SkillHost['store']>);
  return host;
}

function pinnedJson(value: Parameters<typeof valueJson>[0], host: SkillHost): unknown {
  try { return valueJson(value, host.store.blobs); } catch { return value.summary.preview; }
}

/** Most characters of an expected output in an eval. */
const MOST_EXPECTED = 20_000;

function shortened(value: unknown): unknown {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= MOST_EXPECTED ? value : { begins: text.slice(0, 1000), characters: text.length };
}

function refuseUnfit(files: ReadonlyMap<string, Uint8Array>): void {
  for (const path of files.keys()) {
    if (!isPlainPath(path) || MADE.has(path)) throw new TelarError('refused', `\`${path}\` cannot be carried in a skill under this name. Rename the file.`, { file: path });
  }
  if (!files.has(GRAPH)) throw new Error('a skill without its notebook');
}

function refuseLarge(files: SkillFiles): void {
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  if (files.size <= MOST_FILES && bytes <= MOST_BYTES) return;
  const [largest] = [...files].filter(([path]) => !path.startsWith('scripts/')).sort(([, a], [, b]) => b.length - a.length);
  throw new TelarError('refused', `The skill would have ${files.size} files and ${bytes} bytes; ${MOST_FILES} files and ${MOST_BYTES} bytes are the most. The largest is ${largest?.[0]} with ${largest?.[1].length} bytes: make it smaller, or read it from elsewhere.`, { files: files.size, bytes, largest: largest?.[0] });
}

