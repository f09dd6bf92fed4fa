/**
 * Describing cells: kind, keys, analysis. Parsers are loaded only for bodies that no process has analysed before; all other
 * analyses come from the store's cache by the hash of the body.
 */
import type { Analysis, Cell, NodeKind, Resources } from '../contracts/node.ts';
import type { Catalogue } from '../nodes/index.ts';
import { parseParams } from '../nodes/params.ts';
import type { Document, NotebookCell } from './document/document.ts';
import type { Condition, Description, Flaw } from './graph/node.ts';
import type { Sha256 } from './ports.ts';

/** What analysing a cell gives, as it is cached: all that planning asks of a kind, so that a reused step loads no kind. */
interface Analysed { readonly analysis: Analysis; readonly engines: readonly string[] }

/** A cache of analyses, by a key that covers the cell and the versions of kind and parser. */
export interface AnalysisCache { analysis(key: string): string | undefined; setAnalysis(key: string, json: string): void }

/** Describes cells. `prepare` is awaited before `describe` is called for new text. */
export interface Describer {
  /** Makes sure that every cell of these documents can be described at once. */
  prepare(documents: readonly Document[]): Promise<void>;
  describe(cell: NotebookCell): Description;
  /** The analysis of one text as a body of a kind: helper modules, and whatever is not a cell of a document. */
  analyse(cell: Cell): Promise<Analysis>;
}

/** Kinds that the design names and this version does not have. */
const LATER: ReadonlySet<string> = new Set(['scene', 'spice', 'quantum']);

const EMPTY: Analysis = { reads: [], binds: [], imports: [], normal: '', problems: [] };

/** Makes a describer. */
export function createDescriber(powers: { catalogue: Catalogue; cache: AnalysisCache; resources: Resources; sha256: Sha256 }): Describer {
  const { catalogue, cache, resources, sha256 } = powers;
  const known = new Map<string, Analysed>();
  const byCell = new WeakMap<NotebookCell, Analysed>();
  const conditions = new Map<string, Analysis>();
  const ready = new Map<string, Promise<NodeKind>>();
  const load = (kind: string): Promise<NodeKind> => {
    let loading = ready.get(kind);
    if (loading === undefined) {
      loading = catalogue.load(kind).then(async (one) => { await one.prepare?.(resources); return one; });
      ready.set(kind, loading);
    }
    return loading;
  };
  const keyOf = (cell: Cell): string => sha256(JSON.stringify([cell.kind, catalogue.version(cell.kind), cell.id, cell.language, cell.body, Object.entries(cell.params).sort()]));
  const ensure = async (cell: Cell): Promise<Analysed> => {
    const key = keyOf(cell);
    let found = known.get(key);
    if (found !== undefined) return found;
    const cached = cache.analysis(key);
    if (cached === undefined) {
      const kind = await load(cell.kind);
      found = { analysis: kind.analyse(cell), engines: kind.engines(cell) };
      cache.setAnalysis(key, JSON.stringify(found));
    } else found = JSON.parse(cached) as Analysed;
    known.set(key, found);
    return found;
  };
  /** The analysis of a `when=`, by the parser of the kind `javascript`. */
  const ensureCondition = async (text: string): Promise<void> => {
    if (conditions.has(text)) return;
    const key = sha256(JSON.stringify(['when', catalogue.version('javascript'), text]));
    const cached = cache.analysis(key);
    if (cached !== undefined) { conditions.set(text, JSON.parse(cached) as Analysis); return; }
    const { analyseJavaScriptExpression } = await import('../nodes/javascript/analyse.ts');
    const analysis = analyseJavaScriptExpression(text);
    cache.setAnalysis(key, JSON.stringify(analysis));
    conditions.set(text, analysis);
  };
  return {
    prepare: async (documents) => {
      for (const document of documents) {
        for (const cell of document.cells) {
          if (!catalogue.has(cell.kind)) continue;
          byCell.set(cell, await ensure(bareCell(cell)));
          const when = conditionOf(cell);
          if (when !== undefined) await ensureCondition(when);
        }
      }
    },
    analyse: async (cell) => (await ensure(cell)).analysis,
    describe: (cell) => {
      if (!catalogue.has(cell.kind)) return { kind: cell.kind, analysis: EMPTY, params: {}, flaws: [unknownKind(cell, catalogue)], engines: [] };
      const found = byCell.get(cell);
      if (found === undefined) throw new Error(`describe before prepare: ${cell.id}`);
      const { values, problems } = parseParams(catalogue.params(cell.kind), bareCell(cell).params);
      const flaws: Flaw[] = problems.map(({ key, ...rest }) => {
        const at = cell.attributes.find((one) => one.key === key)?.at.from ?? cell.fenceAt.from;
        return { severity: 'error', ...rest, at: { part: 'fence', offset: at - cell.fenceAt.from } };
      });
      for (const { at, ...rest } of found.analysis.problems) flaws.push({ ...rest, at: { part: 'body', offset: at.from } });
      const text = conditionOf(cell);
      const when: Condition | undefined = text === undefined ? undefined : { text, analysis: conditions.get(text) as Analysis };
      for (const { at: _, ...rest } of when?.analysis.problems ?? []) flaws.push({ ...rest, at: keyPlace(cell, 'when'), message: `\`when=\`: ${rest.message}` });
      if (typeof values.retries === 'number' && (values.retries < 0 || values.retries > MOST_RETRIES)) {
        flaws.push({ code: 'bad-value', severity: 'error', message: `\`retries=${values.retries}\` is not a number of times from 0 to ${MOST_RETRIES}.`, at: keyPlace(cell, 'retries') });
      }
      if (values.worker === 'heavy' && found.engines.length === 0 && found.analysis.model === undefined) {
        flaws.push({ code: 'bad-value', severity: 'error', message: `A \`${cell.kind}\` node uses no engine, so no worker can do it; take \`worker=\` out.`, at: keyPlace(cell, 'worker') });
      }
      return { kind: cell.kind, analysis: found.analysis, params: values, flaws, engines: found.engines, ...(when === undefined ? {} : { when }) };
    },
  };
}

/** Most times that a failed step is tried again: with the waits between them, some eight minutes. */
const MOST_RETRIES = 20;

const conditionOf = (cell: NotebookCell): string | undefined => cell.attributes.find(({ key }) => key === 'when')?.value;

/** Place of a key's value. */
function keyPlace(cell: NotebookCell, key: string): Flaw['at'] {
  return { part: 'fence', offset: (cell.attributes.find((one) => one.key === key)?.valueAt.from ?? cell.fenceAt.from) - cell.fenceAt.from };
}

/** A cell as a kind sees it: without wires, and without what is common to all kinds and not its business. */
export function bareCell(cell: NotebookCell): Cell {
  const params = Object.fromEntries(cell.attributes.filter(({ key }) => !key.startsWith('in.')).map(({ key, value }) => [key, value]));
  return { id: cell.id, kind: cell.kind, language: cell.language, body: cell.body, params };
}

function unknownKind(cell: NotebookCell, catalogue: Catalogue): Flaw {
  const later = LATER.has(cell.kind);
  const near = later ? undefined : catalogue.nearestKind(cell.kind === '' ? cell.language : cell.kind);
  const said = later ? `\`.${cell.kind}\` comes with a later version of Telar` : cell.kind === '' ? `A fence in ${cell.language === '' ? 'no language' : `\`${cell.language}\``} has no kind of its own` : `There is no kind \`${cell.kind}\``;
  const help = near === undefined ? `Kinds: ${catalogue.kinds().join(', ')}.` : `Did you mean \`.${near}\`?`;
  return {
    code: 'unknown-kind', severity: 'error', message: `${said}. ${help}`, at: { part: 'fence', offset: (cell.kindAt?.from ?? cell.fenceAt.from) - cell.fenceAt.from },
    ...(near === undefined ? {} : { data: { nearest: near } }),
  };
}
