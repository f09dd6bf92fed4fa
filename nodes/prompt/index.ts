/**
 * `prompt`: a question to a language model, in dotprompt's form. Names of the template are wires, as in `text`; the answer is recorded
 * and reused like any value, and asked again only on purpose (`telar ask`, `--from`).
 *
 * The kind makes messages and keeps the answer; which model that is, counting, trimming, validation and repair are the runtime's.
 * Not here: tools, loops of questions, and keys of a profile: a prompt does not know who answers.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { AskRequest } from '../../contracts/models.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Read, Step, StepContext } from '../../contracts/node.ts';
import { analyseTemplate } from '../template/template.ts';
import { isMapping, normalForm } from '../yaml-body.ts';
import { inputValues } from '../yaml-wires.ts';
import { readPromptText, type PromptFront, type PromptText } from './front-matter.ts';
import { promptDialect, promptMessages } from './messages.ts';

export const prompt = defineNode({
  name: 'prompt', contract: 'core/prompt.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const text = readPromptText(cell.body);
    const { front, said, template, at } = text;
    const { file } = cell.params;
    const found = analyseTemplate(template, promptDialect);
    const problems = [...text.problems, ...found.problems.map((problem) => ({ ...problem, at: { from: problem.at.from + at, to: problem.at.to + at } }))];
    if (file !== undefined && template.trim() !== '') problems.push({ code: 'bad-value', severity: 'error', message: `The template stands in \`${file}\`, so the body can only have front matter; take \`file=\` or the template out.`, at: { from: at, to: cell.body.length } });
    if (file === undefined && template.trim() === '' && problems.length === 0) problems.push({ code: 'missing-key', severity: 'error', message: 'A prompt needs a text: what the model is asked.', at: { from: 0, to: cell.body.length } });
    return {
      reads: file === undefined ? templateReads(found.reads, front, at) : front.inputs.map((name) => ({ name, ranges: [], ...(Object.hasOwn(front.defaults, name) ? { optional: true } : {}) })),
      binds: [], imports: [], normal: said === null ? template : `${normalForm(withoutModel(said))}\n${template}`, effect: 'observe', problems,
      model: cell.params.model ?? front.model ?? 'default', ...(front.skills === undefined ? {} : { skills: true as const }), ...(file === undefined ? {} : { files: [file] }),
    };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const own = readPromptText(step.cell.body);
    const { file } = step.cell.params;
    const before = step.cell.body.slice(0, own.at).split('\n').length - 1;
    const { front, template, warnings } = file === undefined ? { front: own.front, template: own.template, warnings: [] } : readFile(file, own, step, context);
    const line = file === undefined ? step.line + before : step.line;
    try {
      const filled = promptMessages(template, valuesOf(step, context, front), line);
      const skilled = await withSkills(step, context, front, filled.messages);
      const answer = await context.ask(requestOf(step, front, skilled.messages));
      const { value } = answer;
      const all = [...warnings, ...filled.warnings, ...skilled.warnings, ...answer.warnings];
      return {
        outputs: { value: front.schema === undefined ? context.store(answer.text, { form: 'text' }) : context.store(value, { form: 'record' }) },
        reads: [], usage: answer.usage, ...(all.length === 0 ? {} : { warnings: all }),
      };
    } catch (error) {
      if (!(error instanceof TelarError)) throw error;
      throw new TelarError(error.code, error.message, { line, ...error.data }, { cause: error });
    }
  },
});

/** Who is asked is in the key as what its profile says, not by its name. */
const withoutModel = (said: unknown): unknown => (isMapping(said) ? Object.fromEntries(Object.entries(said).filter(([key]) => key !== 'model')) : said);

/** Names of the template with their places in the body; one that has a default need not be wired. */
const templateReads = (reads: readonly Read[], front: PromptFront, at: number): Read[] => reads.map((read) => ({
  ...read, ranges: read.ranges.map(({ from, to }) => ({ from: from + at, to: to + at })), ...(Object.hasOwn(front.defaults, read.name) ? { optional: true } : {}),
}));

function valuesOf(step: Step, context: StepContext, { defaults }: PromptFront): Record<string, unknown> {
  const given = inputValues(step, context);
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== null || !Object.hasOwn(defaults, name))) };
}

/** The messages with the skills that the front matter asks for, after the system text that is the same for every question. */
async function withSkills(step: Step, context: StepContext, { skills }: PromptFront, messages: AskRequest['messages']): Promise<{ readonly messages: AskRequest['messages']; readonly warnings: readonly string[] }> {
  if (skills === undefined) return { messages, warnings: [] };
  const { injectSkills } = await import('../skill/inject.ts');
  const question = messages.filter(({ role }) => role === 'user').at(-1)?.content.map((part) => ('text' in part ? part.text : '')).join(' ') ?? '';
  const { text, warnings } = injectSkills(skills, question, { read: (path) => context.readFile(path), glob: (pattern) => context.glob(pattern) }, step.skills ?? []);
  const begun = messages.findIndex(({ role }) => role !== 'system');
  return { warnings, messages: text === '' ? messages : [...messages.slice(0, begun), { role: 'system', content: [{ text }] }, ...messages.slice(begun)] };
}

function requestOf(step: Step, front: PromptFront, messages: AskRequest['messages']): AskRequest {
  if (step.model === undefined) throw new TelarError('unavailable', 'No model is known here. `telar models list` tells which there are.', { lacks: 'models' });
  const { seed } = step.params;
  const parameters = { ...(typeof seed === 'number' ? { seed } : {}), ...front.parameters };
  return {
    profile: step.model, messages, ...(Object.keys(parameters).length === 0 ? {} : { parameters }), ...(front.schema === undefined ? {} : { schema: front.schema }),
    ...(front.overflow === undefined ? {} : { overflow: front.overflow }),
  };
}

/** A dotprompt file beside the notebook. What the fence's own front matter says wins. @throws TelarError `missing-file`, `bad-file` with the file's line */
function readFile(file: string, own: PromptText, { analysis, inputs }: Step, context: StepContext): { front: PromptFront; template: string; warnings: string[] } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(context.readFile(file));
  } catch (error) {
    throw error instanceof TelarError ? error : new TelarError('bad-file', `\`${file}\` is not UTF-8 text; save it so.`, { file }, { cause: error });
  }
  const read = readPromptText(text);
  const template = analyseTemplate(read.template, promptDialect);
  const problem = [...read.problems, ...template.problems.map((one) => ({ ...one, at: { from: one.at.from + read.at, to: one.at.to + read.at } }))][0];
  if (problem !== undefined) {
    const fileLine = text.slice(0, problem.at.from).split('\n').length;
    throw new TelarError('bad-file', `\`${file}\`, line ${fileLine}: ${problem.message}`, { file, fileLine });
  }
  const warnings = read.front.model === undefined || read.front.model === analysis.model ? [] : [`the model \`${read.front.model}\` that \`${file}\` names is not asked: the fence says which, by \`model=\` or its own front matter`];
  if (read.front.skills !== undefined && own.front.skills === undefined) warnings.push(`the skills that \`${file}\` asks for are not taken: the fence's own front matter says which`);
  const given = new Set([...Object.keys(inputs).map((port) => port.split('.')[0]), ...Object.keys(read.front.defaults), ...Object.keys(own.front.defaults)]);
  const nameless = template.reads.filter(({ name }) => !given.has(name)).map(({ name }) => `\`${name}\``);
  if (nameless.length > 0) warnings.push(`nothing gives ${nameless.join(', ')}, which \`${file}\` names: wire it on the fence (\`in.name=…\`), or list it in \`input.schema\` of the fence's front matter`);
  const { skills: _, ...theirs } = read.front;
  return {
    template: read.template, warnings,
    front: { ...theirs, ...own.front, parameters: { ...read.front.parameters, ...own.front.parameters }, defaults: { ...read.front.defaults, ...own.front.defaults }, inputs: own.front.inputs },
  };
}
