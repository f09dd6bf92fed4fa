/**
 * `save`: a value as a file, written once. The only effect in the core: its value is the receipt, and nothing but asking again on
 * purpose writes it a second time (P7).
 *
 * How a value becomes bytes is the context's business, and so is the disk. Not here: reading the file again; a node that reads it
 * by its name is not ordered after this one.
 */
import { TelarError } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { normalForm, parseYamlBody } from '../yaml-body.ts';
import { createFiller, inputValues } from '../yaml-wires.ts';
import { readSaveBody } from './body.ts';

export const save = defineNode({
  name: 'save', contract: 'core/save.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const { reads, problems } = readSaveBody(yaml);
    return { reads, binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body), effect: 'effect', problems };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const yaml = parseYamlBody(step.cell.body);
    const { body } = readSaveBody(yaml);
    if (body === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
    const { bytes, remarks } = await at(step.line + yaml.line(['from']), () => context.encode(chosen(body.from, step, context), body.format));
    const receipt = await at(step.line + yaml.line(['file']), () => context.writeFile(createFiller(step, context)(body.file), bytes));
    return { outputs: { value: context.store(receipt) }, reads: [], ...(remarks.length === 0 ? {} : { warnings: remarks }) };
  },
});

/** The value to write: an input, or a member of one. */
function chosen(from: string, step: Step, context: StepContext): ValueRef {
  const [name, member] = from.split('.') as [string, string?];
  const given = step.inputs[from] ?? step.inputs[name];
  if (given === undefined || !('ref' in given)) throw new TelarError('value-type', `\`${from}\` is a function or an open object, which no file can hold; give out data.`, { port: from });
  if (member === undefined || from in step.inputs) return given.ref;
  const whole = inputValues({ ...step, inputs: { [name]: given } }, context)[name];
  const found: unknown = whole instanceof Map ? whole.get(member) : typeof whole === 'object' && whole !== null && Object.hasOwn(whole, member) ? (whole as Record<string, unknown>)[member] : undefined;
  const ref = found === undefined ? undefined : context.store(found).ref;
  if (ref === undefined) throw new TelarError('value-type', `\`${name}\` has no member \`${member}\`. If \`${member}\` is another output of that node, write \`from: ${member}\`.`, { port: name });
  return ref;
}

/** An error of these lines of the body bears their place. */
async function at<T>(line: number, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    throw new TelarError(error.code, error.message, { ...error.data, line }, { cause: error });
  }
}
