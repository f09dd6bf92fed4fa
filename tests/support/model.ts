/** A model for tests: it says what it was told to say, a word at a time, and remembers what it was asked. */
import type { ModelProfile } from '../../contracts/models.ts';
import { watchdog } from '../../runtime/adapters/watchdog.node.ts';
import { createAsk, type AskPowers } from '../../runtime/prompts/ask.ts';
import type { Completed, Completion, Lowered, Provider } from '../../runtime/providers/provider.ts';

type Answer = string | Error | Partial<Completed> | ((completion: Completion) => Promise<Completed>);

/** What a test says of it. */
export interface ModelOptions {
  readonly window?: number;
  readonly exact?: boolean;
  readonly media?: boolean;
  readonly lowered?: Lowered;
  readonly profile?: Partial<ModelProfile>;
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly watchdog?: false;
}

/** Words of a question: what this model counts as tokens. */
const wordsIn = (messages: Completion['messages']): number => messages.reduce((sum, { content }) => sum + content.reduce((all, part) => all + ('text' in part ? part.text.split(/\s+/).filter((word) => word !== '').length : 0), 0), 0);

/** `ask` over such a model. */
export function saying(answers: readonly Answer[], options: ModelOptions = {}) {
  const asked: Completion[] = [];
  const said: string[] = [];
  const profile: ModelProfile = { name: 'fake', provider: 'script', model: 'x', parameters: {}, template: 'chat', ...options.profile };
  const provider: Provider = {
    name: 'script',
    features: () => ({ streams: true, grammar: options.lowered?.schema !== undefined, seed: true, media: options.media === true, exactCount: options.exact !== false, promptCache: false }),
    window: async () => options.window,
    count: async ({ messages }) => ({ tokens: wordsIn(messages), exact: options.exact !== false }),
    lower: () => options.lowered ?? { enforcement: [] },
    complete: async (completion) => {
      const answer = answers[Math.min(asked.push(completion), answers.length) - 1]!;
      if (answer instanceof Error) throw answer;
      if (typeof answer === 'function') return answer(completion);
      const whole = typeof answer === 'string' ? { text: answer } : { text: '', ...answer };
      for (const word of whole.text.match(/\S+\s*/g) ?? []) completion.onText(word);
      return { finish: 'stop', ...whole };
    },
    ready: async () => ({ ok: true, words: 'ready' }),
  };
  const powers: AskPowers = {
    limits: { time: options.time ?? 5_000, memory: 1e9, output: 1e9 }, signal: options.signal ?? new AbortController().signal, provider: async () => provider,
    powers: () => { throw new Error('it needs no powers'); },
    now: () => performance.now(), emit: (stream, text) => { said.push(stream === 'stdout' ? text : `[${text}]`); }, ...(options.watchdog === false ? {} : { watchdog }),
  };
  return { asked, said, profile, ask: createAsk({ ...powers, powers: (signal) => ({ signal }) as ReturnType<AskPowers['powers']> }) };
}
