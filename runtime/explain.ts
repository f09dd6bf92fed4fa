/** Explaining a decision (P6): what of a step's key, or of what it read, is not as it was at its last record. */
import type { Decision } from '../contracts/protocol.ts';
import type { FileObserver } from './adapters/observer.ts';
import type { StepRecord, Store } from './checkpoints/store.ts';
import { changedComponents, type ComponentChange, type Components } from './graph/fingerprint.ts';
import { explain, keyPart, readName } from './scheduler/decide.ts';
import type { PlannedStep } from './scheduler/preview.ts';

/** Why a node has the decision it has, and what of its key changed. */
export interface Explanation {
  readonly node: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly key?: string;
  readonly previous?: string;
  readonly changed: readonly ComponentChange[];
}

/** Where to look. */
interface ExplainFacts {
  readonly store: Store;
  readonly observer: FileObserver;
  /** The notebook whose history counts. */
  readonly file: string;
  /** Folder of the notebook that holds the node. */
  readonly folder: string;
}

/** Why a planned step is decided as it is. */
export function explainStep(step: PlannedStep, facts: ExplainFacts): Explanation {
  const { node: path } = step;
  const [last, before] = history(path, facts);
  const key = step.decided?.key;
  const base = { node: path, decision: step.decision, ...(key === undefined ? {} : { key }) };
  if (step.decided === undefined || last?.components === undefined) {
    return { ...base, reason: step.reason, ...(last?.key === undefined ? {} : { previous: last.key }), changed: [] };
  }
  if (step.decision === 'reuse' && key === last.key) {
    const changed = before?.components === undefined ? [] : changedComponents(before.components, last.components);
    const then = changed.length > 0 ? changed.map((one) => explain(one.component, one.before, one.after)).join('; ') : last.reason ?? '';
    const asked = step.reason.startsWith('as read ');
    const told = last.how === 'ran' && !asked ? `nothing it depends on has changed since run ${last.run}, in which it ran: ${then}` : step.reason;
    return { ...base, reason: told, ...(before?.key === undefined ? {} : { previous: before.key }), changed };
  }
  const now = { ...step.decided.components, ...readsNow(last, step, facts) };
  const seen = step.decision === 'run' && key === last.key ? last.components : keyPart(last.components);
  return { ...base, reason: step.reason, ...(last.key === undefined ? {} : { previous: last.key }), changed: changedComponents(seen, now) };
}

/** What the step's last reads would see now, for a step that only its reads changed. */
function readsNow(last: StepRecord, step: PlannedStep, { store, observer, folder }: ExplainFacts): Components {
  const row = last.row === undefined ? undefined : store.row(last.row);
  if (row === undefined || step.decided?.key !== last.key) return {};
  return Object.fromEntries(row.reads.map((read) => [readName(read), observer.look(folder, read)]));
}

/** The newest step records with different keys or rows, newest first. */
function history(path: string, { store, file }: ExplainFacts): StepRecord[] {
  const found: StepRecord[] = [];
  for (const record of store.history(file, path)) {
    if (found.at(-1)?.key === record.key && found.at(-1)?.row === record.row) found[found.length - 1] = { ...record, ...(record.how === 'ran' ? {} : found.at(-1)) };
    else if (found.length === 2) break;
    else found.push(record);
  }
  return found;
}
