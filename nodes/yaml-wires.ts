/**
 * Wires in YAML bodies: names that a value says (`from: monthly`), and the paths inside its `{{ }}`. What `save` and `http` have in
 * common; the other YAML kinds read no names, or have expressions.
 */
import { TelarError } from '../contracts/errors.ts';
import type { BodyProblem } from '../contracts/errors.ts';
import type { Read, Step, StepContext } from '../contracts/node.ts';
import { analyseTemplate, renderTemplate } from './template/template.ts';
import type { Path, YamlBody } from './yaml-body.ts';

/** A name, or a name and a member. */
const NAME = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?$/u;

/** The read of a value that is a name; `undefined` when it is none. */
export function nameRead(yaml: YamlBody, path: Path, value: unknown): Read | undefined {
  if (typeof value !== 'string' || !NAME.test(value)) return undefined;
  const [name, member] = value.split('.') as [string, string?];
  return { name, ranges: yaml.within(path, [{ from: 0, to: name.length }]), ...(member === undefined ? {} : { members: [member] }) };
}

/** The reads of a template that stands in a value, with their places in the body. */
export function templateReads(yaml: YamlBody, path: Path, text: string): { readonly reads: readonly Read[]; readonly problems: readonly BodyProblem[] } {
  const found = analyseTemplate(text);
  return {
    reads: found.reads.map((read) => ({ ...read, ranges: yaml.within(path, read.ranges) })),
    problems: found.problems.map((problem) => ({ ...problem, at: yaml.within(path, [problem.at])[0] ?? yaml.at(path) })),
  };
}

/** Reads of several values as those of one body: a name that is bare in one of them is bare. */
export function joinReads(reads: readonly Read[]): Read[] {
  return [...Map.groupBy(reads, (read) => read.name)].map(([name, same]): Read => {
    const members = same.every((read) => read.members !== undefined) ? [...new Set(same.flatMap((read) => read.members ?? []))] : undefined;
    return { name, ranges: same.flatMap((read) => read.ranges), ...(members === undefined ? {} : { members }) };
  });
}

/** Whether a text has anything to fill in. */
export const isTemplate = (text: string): boolean => text.includes('{{');

/**
 * The texts that templates of this step fill in.
 * @throws TelarError `value-type` for an input without a stored value
 */
export function createFiller(step: Step, context: StepContext): (text: string) => string {
  let values: Record<string, unknown> | undefined;
  return (text) => {
    if (!isTemplate(text)) return text;
    values ??= inputValues(step, context);
    return renderTemplate(text, values, step.line);
  };
}

/** The inputs by name; a dotted port is a member of an object. */
export function inputValues(step: Step, context: StepContext): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [port, given] of Object.entries(step.inputs)) {
    if (!('ref' in given)) throw new TelarError('value-type', `\`${port}\` cannot be printed here: it is a function or an open object; give it data.`, { line: step.line, port });
    const [name, member] = port.split('.') as [string, string?];
    const value = context.load(given.ref);
    if (member === undefined) all[name] = value;
    else (all[name] ??= {} as Record<string, unknown>, all[name] as Record<string, unknown>)[member] = value;
  }
  return all;
}
