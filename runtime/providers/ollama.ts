/**
 * Ollama by its own protocol (`/api/chat`), not by the one that it has for others' clients: only here can the window be set, and cutting be
 * forbidden. Left to itself, Ollama cuts a question that is too long and answers what is left of it, in silence. So `num_ctx` is always sent, with
 * `truncate` and `shift` off (a server that knows them refuses then), and its count of the question is looked at afterwards (one that does not).
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, ModelParameters, ModelProfile } from '../../contracts/models.ts';
import { estimate } from './estimate.ts';
import { converse, keyOf, modelOf, objectOf, pictureOf, textOf, unsent, type Heard, type Json } from './exchange.ts';
import { beginning, refusal, serverOf } from './http-errors.ts';
import { linesOf } from './json-lines.ts';
import { lower } from './lower/lower.ts';
import { addressOf } from './network-use.ts';
import type { Provider, ProviderPowers } from './provider.ts';
import { readyBy } from './ready.ts';

/** Tokens that it sees at once where nobody says: the memory grows with it, and models have windows of any size. */
const USUAL_WINDOW = 8192;
const MOST_SHOWN = 4_000_000;

/** Windows of models, by address and name: asked once a process. */
const windows = new Map<string, number>();

/** Ollama. */
export const provider: Provider = {
  name: 'ollama',
  features: () => ({ streams: true, grammar: true, seed: true, media: true, exactCount: false, promptCache: true }),
  window: async (profile, parameters, powers) => parameters.context ?? windowOf(profile, powers),
  count: async ({ messages }) => ({ tokens: estimate(messages), exact: false }),
  lower: (schema) => lower(schema, 'ollama'),
  async complete(completion, powers) {
    const { profile, parameters, messages, schema } = completion;
    const key = keyOf(profile, powers);
    const window = parameters.context ?? await windowOf(profile, powers);
    const guess = estimate(messages);
    const answer = await converse({
      url: addressOf(profile, '/api/chat'), headers: authorization(key), type: /ndjson|json|octet-stream|text\/plain/i,
      body: {
        model: modelOf(profile), messages: messages.map((message) => written(message, profile)), stream: true, truncate: false, shift: false,
        ...(schema?.schema === undefined ? {} : { format: schema.schema }), ...(parameters.keep_alive === undefined ? {} : { keep_alive: parameters.keep_alive }),
        options: optionsOf(parameters, window),
      },
      events: linesOf,
      hear: (event, heard) => { hear(event, heard); },
    }, completion, powers, key);
    const warnings = [...answer.warnings ?? [], ...unsent(completion, ['threads']), ...lookedAt(answer.input, guess, window, profile)];
    return { ...answer, ...(warnings.length === 0 ? {} : { warnings }) };
  },
  ready: (profile, powers) => readyBy(profile, powers, '/api/tags', authorization, (json) => {
    const models = objectOf(json).models;
    const names = Array.isArray(models) ? models.map((one) => String(objectOf(one).name)) : [];
    const { model } = profile;
    if (model === undefined) return { ok: true, words: `${names.length} models: ${names.slice(0, 5).join(', ')}` };
    return names.some((name) => name === model || name === `${model}:latest`) ? { ok: true, words: `has \`${model}\`` } : { ok: false, words: `has no model \`${model}\`; get it with \`ollama pull ${model}\`` };
  }),
};

const authorization = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` });

function optionsOf({ temperature, top_k, top_p, max_tokens, seed, stop }: ModelParameters, window: number): Json {
  return Object.fromEntries(Object.entries({ num_ctx: window, num_predict: max_tokens, temperature, top_k, top_p, seed, stop }).filter(([, value]) => value !== undefined));
}

function written({ role, content }: Message, profile: ModelProfile): Json {
  const images = content.flatMap((part) => ('media' in part ? [pictureOf(part.media, profile).base64] : []));
  return { role: role === 'model' ? 'assistant' : role, content: textOf(content), ...(images.length === 0 ? {} : { images }) };
}

/** What a model thinks before it answers (`thinking`) is no part of its answer. */
function hear(event: Json, heard: Heard): void {
  if (event.error !== undefined) heard.fail(event);
  heard.say(objectOf(event.message).content);
  if (typeof event.model === 'string') heard.model = event.model;
  if (event.done !== true) return;
  heard.count('input', event.prompt_eval_count);
  heard.count('output', event.eval_count);
  heard.finish = event.done_reason === 'length' ? 'length' : 'stop';
  heard.over = true;
}

/** Whether the server saw the question as it was sent. @throws TelarError `bad-input` when it surely did not */
function lookedAt(input: number | undefined, guess: number, window: number, profile: ModelProfile): string[] {
  if (input === undefined) return [];
  // Where Ollama cuts, the window is full, or half full and a few.
  const half = Math.abs(input - window / 2) <= 8;
  if (input >= window || (half && guess > window)) {
    throw new TelarError('bad-input', `The question did not fit: ${serverOf(profile)} saw ${input} tokens of about ${guess}, in a window of ${window}, and answered without the rest. Give it less, or raise \`context\` in the profile.`, { input, window });
  }
  return input < guess / 4 ? [`${serverOf(profile)} counted ${input} tokens of a question of about ${guess}: it had the rest from before, or left it out.`] : [];
}

/** The window of a model: as its Modelfile sets it, else the usual one, where the model has it. */
async function windowOf(profile: ModelProfile, powers: ProviderPowers): Promise<number> {
  const url = addressOf(profile, '/api/show');
  const model = modelOf(profile);
  const known = windows.get(`${url} ${model}`);
  if (known !== undefined) return known;
  const key = keyOf(profile, powers);
  const response = await powers.stream({ url, method: 'POST', headers: { 'content-type': 'application/json', ...authorization(key) }, body: new TextEncoder().encode(JSON.stringify({ model })) });
  if (response.status !== 200) throw await refusal(response, { profile, key });
  let shown: Json = {};
  try { shown = objectOf(JSON.parse(await beginning(response, MOST_SHOWN))); } catch (error) { if (error instanceof TelarError) throw error; }
  const set = Number(/^num_ctx\s+(\d{1,8})\s*$/m.exec(String(shown.parameters))?.[1] ?? Number.NaN);
  const has = Object.entries(objectOf(shown.model_info)).find(([name]) => name.endsWith('.context_length'))?.[1];
  const room = typeof has === 'number' && Number.isSafeInteger(has) && has > 0 ? has : USUAL_WINDOW;
  const window = set > 0 ? set : Math.min(room, USUAL_WINDOW);
  if (windows.size < 1000) windows.set(`${url} ${model}`, window);
  return window;
}

