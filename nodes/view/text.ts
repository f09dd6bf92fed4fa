/**
 * `text`: a template whose names are wires. Its value is the text, without the last line end of its fence; `format=` tells a viewer
 * how to show it and changes no character.
 */
import { defineNode } from '../../contracts/node.ts';
import type { Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import { analyseTemplate, renderTemplate } from '../template/template.ts';
import { inputValues } from '../yaml-wires.ts';

const MEDIA: Readonly<Record<string, string>> = { markdown: 'text/markdown', html: 'text/html', plain: 'text/plain' };

export const text = defineNode({
  name: 'text', contract: 'core/text.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell) => analyseTemplate(template(cell)),
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const rendered = renderTemplate(template(step.cell), inputValues(step, context), step.line);
    const mediaType = MEDIA[String(step.params.format ?? '')];
    return { outputs: { value: context.store(rendered, { form: 'text', ...(mediaType === undefined ? {} : { mediaType }) }) }, reads: [] };
  },
});

const template = ({ body }: Cell): string => body.replace(/\n$/, '');
