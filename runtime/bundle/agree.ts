/**
 * Whether the records of a run agree with its notebook, read from its own texts: what each key says of the code is so, and what
 * each step was given is what its sources gave. Nothing is run: whether the results follow is for verify to find out.
 *
 * A kind of another version may analyse a body in another way, so its steps are not held to this release's analysis.
 */
import { TelarError } from '../../contracts/errors.ts';
import { NOTHING, refComponent, type Components } from '../graph/fingerprint.ts';
import type { GraphNode, InputPort, Source } from '../graph/node.ts';
import type { Replay } from '../replay/replay.ts';
import { forged } from './format.ts';
import { checkGathered, type Opened } from './gathered.ts';

/** Checks all steps. @throws TelarError `forged`, with the step and what is wrong */
export function checkAgreement(opened: Opened & Pick<Replay, 'run' | 'notebook'>): void {
  const given = setValues(opened);
  for (const [path, { components }] of opened.steps) {
    const node = opened.node(path);
    if (node === undefined) throw forged(`the step ${path}`, 'is of a node that the notebook does not have.');
    if (components === undefined) continue;
    if (components.kind === 'gather') {
      if (isTop(path)) checkGathered(node, components, opened);
      continue;
    }
    checkStatics(path, components, opened.host.statics(node));
    if (!isTop(path)) continue;
    checkInputs(path, node, components, opened);
    const isSet = node.description.kind === 'input' && node.ports.length === 0;
    if (isSet && components['input.given'] !== given(node)) throw forged(`the step ${path}`, 'says that it was set to another value than the run.');
  }
}

/** The component of a value that the run, or a `with:`, sets for an input. */
function setValues({ run, notebook }: Pick<Replay, 'run' | 'notebook'>): (node: GraphNode) => string | undefined {
  let host;
  try {
    host = notebook.host(run.inputs);
  } catch (error) {
    throw forged('the run', `sets what its notebook does not take (${TelarError.from(error).message}).`);
  }
  return (node) => {
    const ref = host.given(node)?.ref;
    return ref === undefined ? undefined : refComponent(ref);
  };
}

/** Not of an element: the sources of one have the paths of their own elements. What goes into it is checked with its gathering. */
const isTop = (path: string): boolean => !path.includes('[');

/** The parts of a key that the texts alone decide. */
const isText = (name: string): boolean => !/^(?:input|reads|engine|secret)\./.test(name);

function checkStatics(path: string, recorded: Components, now: Components): void {
  if (recorded.kind !== now.kind) return;
  for (const name of new Set([...Object.keys(recorded), ...Object.keys(now)])) {
    if (isText(name) && recorded[name] !== now[name]) throw forged(`the step ${path}`, `was not made from the text in the bundle: its ${name} is another one.`);
  }
}

function checkInputs(path: string, node: GraphNode, components: Components, opened: Opened): void {
  for (const port of node.ports) {
    const recorded = components[`input.${port.name}`];
    // The component of an input node is its given value, whoever gave it.
    if (port.gate === true || recorded === undefined) continue;
    const given = givenBy(port, opened);
    if (given !== undefined && given !== recorded) throw forged(`the step ${path}`, `says that its input \`${port.name}\` was another value than \`${port.source.node.path}\` gave.`);
  }
}

/** The component of a port by its source's result; `undefined` where the result was not kept. */
function givenBy({ source }: InputPort, opened: Opened): string | undefined {
  const { node, output } = innermost(source, opened);
  const step = opened.steps.get(node.path);
  const row = opened.row(node.path);
  // A red check has a result, which nobody is given.
  if (row === undefined || step?.state !== 'fresh') return step === undefined ? undefined : NOTHING;
  const value = row.outputs[output];
  if (value === undefined) return NOTHING;
  return value.ref === undefined ? undefined : refComponent(value.ref);
}

/** Behind a nested notebook's output stands a node of it. */
function innermost(source: Source, opened: Opened): Source {
  const { node, output } = source;
  if (node.inner === undefined || opened.row(node.path) !== undefined) return source;
  const behind = node.ports.find((port) => port.name === output);
  return behind === undefined ? source : innermost(behind.source, opened);
}
