/**
 * What a run tells its clients, as records of the journal: that it began and ended, with counts, and what became of each step. A step that
 * is reused is only counted, unless traces are kept (`TELAR_JOURNAL=trace`): a run that reuses all shall cost nothing here.
 */
import type { Usage } from '../../contracts/models.ts';
import type { NodeStatus, Operation } from '../../contracts/protocol.ts';
import { sumUsage, usageWords } from '../prompts/usage.ts';
import type { Journal, Level } from './record.ts';

/** What became of nodes, by how often. */
type Counts = Record<string, number>;

/** Writes what a run's operations say into a journal. One for each run. */
export function journalOf(journal: Journal): (operation: Operation) => void {
  const counts: Counts = {};
  const usages: Usage[] = [];
  return (operation) => {
    switch (operation.type) {
      case 'run':
        journal.write('info', `run of ${operation.file} begun`, { event: 'run', run: operation.run, file: operation.file, nodes: operation.nodes, ...(operation.targets.length === 0 ? {} : { targets: operation.targets }) });
        break;
      case 'node':
        if (operation.status.usage !== undefined) usages.push(operation.status.usage);
        node(journal, operation.run, operation.node, operation.status, counts);
        break;
      case 'end': {
        const lacking = operation.status === 'ok' && (counts.unavailable ?? 0) > 0;
        const level = lacking ? 'warn' : operation.status === 'ok' ? 'info' : operation.status === 'failed' ? 'error' : 'warn';
        const told = Object.entries(counts).map(([what, many]) => `${many} ${what}`).join(', ');
        const usage = sumUsage(usages);
        journal.write(level, `run ended: ${lacking ? 'unavailable' : operation.status}${told === '' ? '' : `, ${told}`}${usage === undefined ? '' : `; ${usageWords(usage)}`}`, { event: 'end', run: operation.run, status: operation.status, ms: Math.round(operation.ms), ...counts, ...(usage === undefined ? {} : { usage }) });
        break;
      }
      case 'stream': case 'problems': break;
    }
  };
}

function node(journal: Journal, run: string, path: string, status: NodeStatus, counts: Counts): void {
  const { state, how, reason, error, ms, by } = status;
  const what = state === 'fresh' ? how ?? 'ran' : state;
  const write = (level: Level, msg: string, more: Record<string, unknown> = {}): void => {
    journal.write(level, msg, { event: 'step', run, node: path, state: what, ...(ms === undefined ? {} : { ms: Math.round(ms) }), ...(status.usage === undefined ? {} : { usage: status.usage }), ...more });
  };
  if (state === 'queued' || state === 'running') {
    if (state === 'running') write('debug', 'step begun');
    return;
  }
  counts[what] = (counts[what] ?? 0) + 1;
  if (what === 'reused') write('trace', `reused: ${reason ?? ''}`);
  else if (state === 'fresh') write('info', `step ended${reason === undefined ? '' : ` (${reason})`}`);
  else if (error !== undefined) {
    const doubt = error.code === 'in-doubt';
    write(doubt ? 'warn' : 'error', `${doubt ? 'effect in doubt' : 'step failed'}: ${error.message}`, { code: error.code, ...(doubt ? { event: 'doubt' } : {}) });
  } else write('debug', `${state}${by === undefined || by.length === 0 ? '' : `, because of ${by.join(', ')}`}${reason === undefined ? '' : `: ${reason}`}`);
  for (const warning of status.warnings ?? []) if (what !== 'reused') write('warn', warning);
}
