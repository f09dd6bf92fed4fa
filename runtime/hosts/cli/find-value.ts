/**
 * Which stored value a person means by `ID[.output]`: of the row that a run would reuse, else of the last one that was recorded.
 * Runs nothing. Values of a past run are found by `find-past.ts`.
 */
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import { isAside, type Row, type Store } from '../../checkpoints/store.ts';
import { eachOf, enclosureOf, outputPorts, templatePath, type GraphNode, type Source } from '../../graph/node.ts';
import type { Notebook, Settings } from '../../runtime.ts';
import type { PlannedStep } from '../../scheduler/preview.ts';
import { findPastValue, type Found } from './find-past.ts';

/**
 * @param set values of inputs; what the last run was given unless said
 * @throws TelarError `usage` when there is no such node or output, `value-missing` when nothing is stored
 */
export function findValue(notebook: Notebook, store: Store, name: string, set: Settings = lastSettings(notebook, store)): Found {
  const { node, output } = named(notebook, templatePath(name));
  if (name.includes('[') || isInsideEach(node)) return findElement(notebook, store, name, node, set);
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
  return { value, displays: output === 'value' ? row.displays ?? [] : [], node: node.path, output, ...(note === undefined ? {} : { note }) };
}

/** The value of one element of an `each=`: of the notebook's last run, for only a run tells which elements there are. */
function findElement(notebook: Notebook, store: Store, name: string, node: GraphNode, set: Settings): Found {
  const last = store.lastRun(notebook.file);
  const again = `\`telar run ${notebook.file} --to ${node.path}\``;
  if (last === undefined) throw new TelarError('value-missing', `Nothing is stored of ${name} yet. ${again} computes it.`, { node: node.path });
  const { note: _, ...found } = findPastValue(store, last, notebook.graph, name);
  const same = JSON.stringify(set) === JSON.stringify(lastSettings(notebook, store)) && notebook.plan({ to: [node.path], set }).find((one) => one.node === node.path)?.decision === 'reuse';
  return same ? found : { ...found, note: `this is of run ${last.id}; ${again} computes the new one` };
}

function isInsideEach(node: GraphNode): boolean {
  for (let one = enclosureOf(node); one !== undefined; one = enclosureOf(one)) if (eachOf(one) !== undefined) return true;
  return false;
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

/** The newest record that has a row which is still there; of a fork, or of an imported run, none. */
function lastRow(notebook: Notebook, store: Store, node: GraphNode): { row: Row; key?: string; failed: boolean } | undefined {
  for (const { row: id, key, state, run } of store.history(notebook.file, node.path)) {
    const row = id === undefined ? undefined : store.row(id);
    const made = store.run(run);
    if (row !== undefined && store.holds(row) && made !== undefined && !isAside(made)) return { row, ...(key === undefined ? {} : { key }), failed: state === 'failed' };
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
  const ports = outputPorts(node);
  const offered = node.inner === undefined ? node.outputs : ports.map((port) => port.name);
  const no = (what: string): TelarError => new TelarError('usage', `${what} It has ${offered.map((one) => `\`${node.path}${one === 'value' ? '' : `.${one}`}\``).join(', ') || 'none'}.`, { node: node.path });
  if (node.inner !== undefined) {
    const port = said === undefined && ports.length === 1 ? ports[0] : ports.find((one) => one.name === said);
    if (port === undefined) throw no(said === undefined ? `\`${node.path}\` is a notebook: say which of its outputs.` : `\`${node.path}\` has no output \`${said}\`.`);
    return eachOf(node) === undefined ? port.source : { node, output: port.name };
  }
  const output = said === undefined || said === node.id ? 'value' : said;
  if (!node.outputs.includes(output)) throw no(`\`${node.path}\` has no output \`${output}\`.`);
  return { node, output };
}
