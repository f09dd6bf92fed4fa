/**
 * The store in memory: for hosts without a disk, and the plain reference of the suite. Nothing outlives the process, so a
 * promise resolves as soon as the thing is kept. Not a cache in front of another store.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Sha256 } from '../ports.ts';
import { alreadyHere, holdsBundled, holdsRow, isAside, meet, rowWithoutValues, unknownRun, type Intent, type Row, type RunLog, type RunRecord, type SizedBlobs, type StepRecord, type Store } from './store.ts';

/** A new, empty store. Records are copied in and out as JSON, as a database would. */
export function createMemoryStore(sha256: Sha256): Store {
  const blobs = memoryBlobs(sha256);
  const rows = new Map<string, Row>();
  const byKey = new Map<string, Set<string>>();
  const evidence = new Map<string, Row[]>();
  const runs = new Map<string, RunRecord>();
  const steps = new Map<string, Map<string, StepRecord>>();
  const recorded = new Map<string, StepRecord[]>();
  const logs = new Map<string, RunLog[]>();
  const intents = new Map<string, Intent>();
  const shown = new Map<string, string>();
  const grants = new Set<string>();
  const analyses = new Map<string, string>();
  const files = new Map<string, { stamp: string; sha: string }>();
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
  const opened = (id: string): RunRecord => {
    const run = runs.get(id);
    if (run === undefined) throw new TelarError('lost', `Run ${id} was never opened.`, { run: id });
    return run;
  };
  const rowsOf = (key: string): Row[] => [...byKey.get(key) ?? []].map((id) => rows.get(id) as Row).sort((a, b) => b.take - a.take);
  const runsOf = (file?: string): RunRecord[] => [...runs.values()].filter((run) => file === undefined || run.file === file).reverse();
  const historyOf = (file: string, node: string): StepRecord[] =>
    copy((recorded.get(`${file}\n${node}`) ?? []).filter((step) => step.key !== undefined && steps.get(step.run)?.get(node) === step)).reverse().slice(0, 1000);

  function keepRow(given: Row): { readonly row: Row; readonly evidence: boolean } {
    const row = copy(given);
    const first = rows.get(row.id);
    const met = first === undefined || !holdsRow(blobs, first) ? { row, outcome: 'grown' as const } : meet(first, row);
    if (met.outcome === 'evidence') {
      const known = evidence.get(row.id) ?? [];
      const text = JSON.stringify(row);
      if (!known.some((other) => JSON.stringify(other) === text)) evidence.set(row.id, [...known, row]);
    }
    rows.set(row.id, met.row);
    byKey.set(row.key, (byKey.get(row.key) ?? new Set()).add(row.id));
    return { row: copy(met.row), evidence: met.outcome === 'evidence' };
  }

  function addStep(given: StepRecord): void {
    const step = copy(given);
    opened(step.run);
    const ofRun = steps.get(step.run) ?? new Map<string, StepRecord>();
    ofRun.delete(step.node);
    steps.set(step.run, ofRun.set(step.node, step));
    const place = `${step.file}\n${step.node}`;
    const ofNode = recorded.get(place) ?? [];
    ofNode.push(step);
    recorded.set(place, ofNode);
  }

  function addLog(run: string, node: string, stream: string, text: string): void {
    opened(run);
    const ofRun = logs.get(run) ?? [];
    ofRun.push({ node, stream, text });
    logs.set(run, ofRun);
  }

  return {
    blobs, addStep, addLog,
    rows: (key) => copy(rowsOf(key)),
    row: (id) => copy(rows.get(id) ?? null) ?? undefined,
    holds: (row) => holdsRow(blobs, row),
    async addRow(row, closes) {
      if (!holdsRow(blobs, row)) throw rowWithoutValues(row);
      const added = keepRow(row);
      if (closes !== undefined) intents.delete(closes);
      return added;
    },
    hold: () => () => undefined,
    evidence: (id) => copy(evidence.get(id) ?? []),
    openRun(run) {
      runs.set(run.id, copy(run));
      if (!isAside(run)) shown.delete(run.file);
    },
    async addIntent(intent) { if (!intents.has(intent.id)) intents.set(intent.id, copy(intent)); },
    intents: () => copy([...intents.values()]),
    intent: (key) => copy([...intents.values()].find((one) => one.key === key) ?? null) ?? undefined,
    recall() { /* nothing is lost here */ },
    async dropIntent(id) { intents.delete(id); },
    async pin(id, pinned) {
      const { pinned: _, ...run } = runs.get(id) ?? unknownRun(id);
      runs.set(id, { ...run, ...(pinned && { pinned }) });
    },
    shown: (file) => shown.get(file),
    async show(file, run) {
      if (!runs.has(run)) unknownRun(run);
      shown.set(file, run);
    },
    granted: (hash) => grants.has(hash),
    async grant(hash) { grants.add(hash); },
    async revoke(hash) { grants.delete(hash); },
    async importRun(run, parts) {
      if (runs.has(run.id)) throw alreadyHere(run.id);
      const without = parts.rows.find((row) => !holdsBundled(blobs, row));
      if (without !== undefined) throw rowWithoutValues(without);
      runs.set(run.id, copy(run));
      for (const row of parts.rows) keepRow(row);
      for (const step of parts.steps) addStep({ ...step, run: run.id });
      for (const { node, stream, text } of parts.logs) addLog(run.id, node, stream, text);
    },
    async closeRun(id, status, ended) { runs.set(id, { ...opened(id), status, ended }); },
    run: (id) => copy(runs.get(id) ?? null) ?? undefined,
    runs: (file) => copy(runsOf(file)),
    lastRun: (file) => copy(runsOf(file).find((run) => !isAside(run)) ?? null) ?? undefined,
    isLiving: (id) => runs.has(id) && runs.get(id)?.status === undefined,
    steps: (run) => copy([...steps.get(run)?.values() ?? []]),
    lastStep: (file, node) => historyOf(file, node)[0],
    history: historyOf,
    logs: (run, node) => copy((logs.get(run) ?? []).filter((entry) => node === undefined || entry.node === node)),
    analysis: (key) => analyses.get(key),
    setAnalysis(key, json) { analyses.set(key, json); },
    fileHash(path, stamp) {
      const known = files.get(path);
      return known?.stamp === stamp ? known.sha : undefined;
    },
    setFileHash(path, stamp, sha) { files.set(path, { stamp, sha }); },
    async flush() {},
    async close() {},
  };
}

function memoryBlobs(sha256: Sha256): SizedBlobs {
  const kept = new Map<string, Uint8Array>();
  return {
    put(bytes) {
      const hash = sha256(bytes);
      if (!kept.has(hash)) kept.set(hash, bytes.slice());
      return hash;
    },
    get: (hash) => kept.get(hash)?.slice(),
    has: (hash) => kept.has(hash),
    size: (hash) => kept.get(hash)?.byteLength,
    path: () => undefined,
  };
}
