/**
 * `text`: a template whose names are wires. Its value is the text, without the last line end of its fence; `format=` tells a viewer
 * how to show it and changes no character.
 */
import { TelarError } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import { analyseTemplate, renderTemplate } from '../template/template.ts';

const MEDIA: Readonly<Record<string, string>> = { markdown: 'text/markdown', html: 'text/html', plain: 'text/plain' };

export const text = defineNode({
  name: 'text', contract: 'core/text.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell) => analyseTemplate(template(cell)),
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const rendered = renderTemplate(template(step.cell), values(step, context), step.line);
    const mediaType = MEDIA[String(step.params.format ?? '')];
    return { outputs: { value: context.store(rendered, { form: 'text', ...(mediaType === undefined ? {} : { mediaType }) }) }, reads: [] };
  },
});

const template = ({ body }: Cell): string => body.replace(/\n$/, '');

/** The inputs by name; a dotted port is a member of an object. */
function values(step: Step, context: StepContext): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [port, given] of Object.entries(step.inputs)) {
    if (!('ref' in given)) throw new TelarError('value-type', `A text cannot print \`${port}\`: it is a function or an open object; give it data.`, { line: step.line, port });
    const [name, member] = port.split('.') as [string, string?];
    const value = context.load(given.ref);
    if (member === undefined) all[name] = value;
    else (all[name] ??= {} as Record<string, unknown>, all[name] as Record<string, unknown>)[member] = value;
  }
  return all;
}
