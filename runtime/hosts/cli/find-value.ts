/**
 * Which stored value a person means by `ID[.output]`: of the row that a run would reuse, else of the last one that was recorded. Runs nothing.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Display, OutputValue } from '../../../contracts/node.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { Row, Store } from '../../checkpoints/store.ts';
import type { GraphNode, Source } from '../../graph/node.ts';
import type { Notebook, Settings } from '../../runtime.ts';
import type { PlannedStep } from '../../scheduler/preview.ts';

/** A stored value with what must be told of it. */
export interface Found {
  readonly value: OutputValue;
  readonly displays: readonly Display[];
  readonly node: GraphNode;
  readonly output: string;
  /** A remark: that it is not what a run would give now. */
  readonly note?: string;
}

/**
 * @param set values of inputs; what the last run was given unless said
 * @throws TelarError `usage` when there is no such node or output, `value-missing` when nothing is stored
 */
export function findValue(notebook: Notebook, store: Store, name: string, set: Settings = lastSettings(notebook, store)): Found {
  const { node, output } = named(notebook, name);
  const step = notebook.plan({ to: [node.path], set }).find((one) => one.node === node.path);
  const kept = step?.decision === 'reuse' ? step.decided?.row : undefined;
  const last = kept === undefined ? lastRow(notebook, store, node) : undefined;
  const row = kept ?? last?.row;
  const again = `\`telar run ${notebook.file} --to ${node.path}\``;
  const value = row?.outputs[output];
  if (row === undefined || value === undefined) {
    const why = step?.decision === 'failed' || step?.decision === 'blocked' || step?.decision === 'unavailable' ? ` It cannot run: ${sentence(step.reason)}` : ` ${again} computes it.`;
    throw new TelarError('value-missing', `Nothing is stored of ${name} yet.${why}`, { node: node.path });
  }
  const note = kept !== undefined ? undefined
    : last?.failed === true && last.key === step?.decided?.key ? 'this is what its failed step gave'
      : `this is an older value: ${sentence(outdated(step))} ${again} computes the new one`;
  return { value, displays: output === 'value' ? row.displays ?? [] : [], node, output, ...(note === undefined ? {} : { note }) };
}

/** The inputs of the last run, as far as the notebook still has them: what a person saw is what is shown. */
function lastSettings({ file, graph }: Notebook, store: Store): Settings {
  const inputs = store.lastRun(file)?.inputs ?? {};
  return Object.fromEntries(Object.entries(inputs).filter(([path]) => {
    const node = graph.node(path);
    return node?.description.kind === 'input' && node.ports.length === 0;
  }));
}

function outdated(step: PlannedStep | undefined): string {
  if (step?.decision === 'disabled') return 'the node is disabled';
  return step?.decision === 'undecided' ? 'what it depends on has changed' : step?.reason ?? 'it is out of date';
}

/** With its full stop; a reason may end with one, or with a question. */
const sentence = (reason: string): string => (/[.?!]$/.test(reason) ? reason : `${reason}.`);

/** The newest record that has a row which is still there. */
function lastRow(notebook: Notebook, store: Store, node: GraphNode): { row: Row; key?: string; failed: boolean } | undefined {
  for (const { row: id, key, state } of store.history(notebook.file, node.path)) {
    const row = id === undefined ? undefined : store.row(id);
    if (row !== undefined && store.holds(row)) return { row, ...(key === undefined ? {} : { key }), failed: state === 'failed' };
  }
  return undefined;
}

function named({ graph, file }: Notebook, name: string): Source {
  const dot = name.lastIndexOf('.');
  const whole = graph.node(name);
  const node = whole ?? (dot < 0 ? undefined : graph.node(name.slice(0, dot)));
  if (node === undefined) {
    const near = nearest(dot < 0 ? name : name.slice(0, dot), [...graph.nodes()].map((one) => one.path));
    throw new TelarError('usage', `There is no node \`${name}\` in ${file}.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`);
  }
  const said = whole === undefined ? name.slice(dot + 1) : undefined;
  const offered = node.inner === undefined ? node.outputs : node.ports.map((port) => port.name);
  const no = (what: string): TelarError => new TelarError('usage', `${what} It has ${offered.map((one) => `\`${node.path}${one === 'value' ? '' : `.${one}`}\``).join(', ') || 'none'}.`, { node: node.path });
  if (node.inner !== undefined) {
    const port = said === undefined && node.ports.length === 1 ? node.ports[0] : node.ports.find((one) => one.name === said);
    if (port === undefined) throw no(said === undefined ? `\`${node.path}\` is a notebook: say which of its outputs.` : `\`${node.path}\` has no output \`${said}\`.`);
    return port.source;
  }
  const output = said === undefined || said === node.id ? 'value' : said;
  if (!node.outputs.includes(output)) throw no(`\`${node.path}\` has no output \`${output}\`.`);
  return { node, output };
}
