/**
 * A model in a file: llama.cpp in a process beside this one, through the engine `llama`. Tokens are counted by the model's own tokenizer, a schema
 * binds what it says by a grammar of ours, and what it has seen is not taken in again: a conversation goes on where it ended.
 *
 * Nothing of a model runs here; this turns a question into a program. Text that a model thinks before it answers is part of its answer.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, ModelParameters, ModelProfile } from '../../contracts/models.ts';
import type { Program } from '../../contracts/node.ts';
import { lower } from './lower/lower.ts';
import type { Completed, Completion, Provider, ProviderPowers } from './provider.ts';

const UNBOUNDED = 2 ** 22;

/** See the module's head. */
export const provider: Provider = {
  name: 'llama',
  features: () => ({ streams: true, grammar: true, seed: true, media: false, exactCount: true, promptCache: true }),
  async window(profile, parameters, powers) {
    const { window } = await done(programOf(profile, [], parameters, { what: 'window' }), powers, 'value') as { readonly window: number };
    return window;
  },
  async count({ profile, messages, parameters }, powers) {
    const { promptTokens } = await done(programOf(profile, messages, parameters, { what: 'count' }), powers, 'usage') as { readonly promptTokens: number };
    return { tokens: promptTokens, exact: true };
  },
  lower: (schema) => lower(schema, 'llama'),
  complete,
  async ready(profile, { execute, load }) {
    if (execute === undefined || load === undefined) return { ok: true, words: `asks ${profile.file} in a process of its own` };
    try {
      const { window, trained } = await done(programOf(profile, [], profile.parameters, { what: 'window' }), { execute, load }, 'value') as { readonly window: number; readonly trained: number };
      return { ok: true, words: `${profile.file} is here; it sees ${window} tokens${trained > window ? ` of the ${trained} that it could` : ''}` };
    } catch (error) {
      return { ok: false, words: TelarError.from(error).message };
    }
  },
};

async function complete({ profile, messages, parameters, schema, onText }: Completion, powers: ProviderPowers): Promise<Completed> {
  const { temperature, top_k, top_p, max_tokens = UNBOUNDED, seed, stop } = parameters;
  const settings = { maxTokens: max_tokens, temperature, topK: top_k, topP: top_p, seed, stop, promptCache: true, grammar: schema?.schema };
  const outcome = await powers.execute(programOf(profile, messages, parameters, settings), {}, onText);
  const text = powers.load(outcome.outputs.value!.ref!) as string;
  const usage = powers.load(outcome.outputs.usage!.ref!) as { readonly promptTokens: number; readonly tokens: number; readonly cached?: number; readonly isGuessed?: true; readonly stopped: string };
  const warnings = [
    ...(usage.isGuessed === true ? [`${profile.file!} brings no chat template that can be used; one was guessed, which the model may not know. Take another file, or write \`template: raw\` into the profile and the form that it knows into the prompt`] : []),
    ...(parameters.keep_alive === undefined ? [] : ['`keep_alive` is not sent: llama has no place for it']),
  ];
  return {
    text, finish: usage.stopped === 'length' ? 'length' : 'stop', model: `llama/${profile.file!.split(/[\\/]/).at(-1)!}`, input: usage.promptTokens, output: usage.tokens,
    ...(usage.cached === undefined ? {} : { cached: usage.cached }), ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Runs a program, and gives what one of its outputs holds. */
async function done(program: Program, { execute, load }: Pick<ProviderPowers, 'execute' | 'load'>, output: string): Promise<unknown> {
  return load((await execute(program, {})).outputs[output]!.ref!);
}

function programOf(profile: ModelProfile, messages: readonly Message[], { context, threads }: ModelParameters, more: Readonly<Record<string, unknown>>): Program {
  const { file, sha256, template, name } = profile;
  if (file === undefined) throw new TelarError('bad-input', `The model ${name} names no file; write \`file: MODEL.gguf\` into its profile.`);
  const turns = messages.map(({ role, content }) => ({ role, text: content.map((part) => textOf(part, name)).join('') }));
  const settings = Object.fromEntries(Object.entries({ model: file, sha256, context, threads, template, ...more }).filter(([, value]) => value !== undefined));
  return {
    engine: 'llama', code: template === 'raw' ? turns.map(({ text }) => text).join('\n') : JSON.stringify(turns),
    file: profile.path ?? '', line: 1, id: 'ask', wanted: [], binds: [], modules: {}, folder: '', settings,
  };
}

function textOf(part: Message['content'][number], name: string): string {
  if ('text' in part) return part.text;
  throw new TelarError('bad-input', `The model ${name} reads text only, and the prompt holds ${part.media.mediaType.slice(0, 60)}. Leave it out, or ask another model.`);
}
