/**
 * The chat completions of OpenAI, which many servers speak (llama.cpp's, vLLM, LM Studio, services). They differ in what they leave out, so
 * little is needed of an answer: pieces of text and a reason to stop. Where it is OpenAI itself, its newer names are used.
 * The road not taken: its newer interface (`/v1/responses`), which keeps state there and which the others do not have.
 */
import type { Message, ModelProfile } from '../../contracts/models.ts';
import { estimate } from './estimate.ts';
import { converse, keyOf, modelOf, objectOf, pictureOf, textOf, unsent, type Heard, type Json } from './exchange.ts';
import { lower } from './lower/lower.ts';
import { addressOf, isUsual } from './network-use.ts';
import type { Completion, Provider } from './provider.ts';
import { readyBy } from './ready.ts';
import { serverEvents } from './server-events.ts';

/** Any server that speaks like OpenAI's. */
export const provider: Provider = {
  name: 'openai',
  features: () => ({ streams: true, grammar: true, seed: true, media: true, exactCount: false, promptCache: true }),
  window: async (_, parameters) => parameters.context,
  count: async ({ messages }) => ({ tokens: estimate(messages), exact: false }),
  lower: (schema) => lower(schema, 'openai'),
  async complete(completion, powers) {
    const { profile } = completion;
    const key = keyOf(profile, powers);
    const answer = await converse({ url: addressOf(profile, '/chat/completions'), headers: authorization(key), type: /event-stream/i, body: bodyOf(completion), events: dataOf, hear }, completion, powers, key);
    const warnings = [...answer.warnings ?? [], ...unsent(completion, isUsual(profile) ? ['top_k', 'threads', 'keep_alive'] : ['threads', 'keep_alive'])];
    return { ...answer, ...(warnings.length === 0 ? {} : { warnings }) };
  },
  ready: (profile, powers) => readyBy(profile, powers, '/models', authorization, (json) => {
    const list = objectOf(json).data;
    const names = Array.isArray(list) ? list.map((one) => String(objectOf(one).id)) : [];
    const { model = '' } = profile;
    if (model === '' || names.includes(model)) return { ok: true, words: model === '' ? `lists ${names.length} models` : `has \`${model}\`` };
    // Servers with one model answer to any name.
    const others = names.length === 0 ? 'none' : names.slice(0, 5).join(', ');
    return isUsual(profile) ? { ok: false, words: `has no model \`${model}\`; correct \`model\` in the profile` } : { ok: true, words: `answers; it does not list \`${model}\` (it lists ${others})` };
  }),
};

const authorization = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` });

function bodyOf({ profile, messages, parameters, schema }: Completion): Json {
  const { temperature, top_k, top_p, max_tokens, seed, stop } = parameters;
  const own = !isUsual(profile);
  const set = { temperature, top_p, top_k: own ? top_k : undefined, [own ? 'max_tokens' : 'max_completion_tokens']: max_tokens, seed, stop };
  return {
    model: modelOf(profile), messages: messages.map((message) => written(message, profile)), stream: true, stream_options: { include_usage: true },
    ...Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)),
    ...(schema?.schema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: schema.schema } } }),
  };
}

function written({ role, content }: Message, profile: ModelProfile): Json {
  const part = (one: Message['content'][number]): Json => {
    if ('text' in one) return { type: 'text', text: one.text };
    const { mediaType, base64 } = pictureOf(one.media, profile);
    return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } };
  };
  return { role: role === 'model' ? 'assistant' : role, content: content.every((one) => 'text' in one) ? textOf(content) : content.map(part) };
}

async function* dataOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  for await (const { data } of serverEvents(body)) yield data.trim() === '[DONE]' ? '{"done": true}' : data;
}

/** What a model reasons before it answers (`reasoning_content`) is no part of its answer. */
function hear(event: Json, heard: Heard): void {
  if (event.error !== undefined && event.error !== null) heard.fail(event);
  if (event.done === true) { heard.finish ??= 'stop'; heard.over = true; return; }
  if (typeof event.model === 'string') heard.model = event.model;
  const { delta, finish_reason: reason } = objectOf(Array.isArray(event.choices) ? event.choices[0] : undefined);
  const { content, refusal } = objectOf(delta);
  heard.say(content);
  if (typeof refusal === 'string' && refusal !== '') { heard.say(refusal); heard.finish = 'refusal'; }
  if (typeof reason === 'string' && heard.finish === undefined) heard.finish = reason === 'length' ? 'length' : reason === 'content_filter' ? 'refusal' : 'stop';
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = objectOf(event.usage);
  heard.count('input', input);
  heard.count('output', output);
  heard.count('cached', objectOf(details).cached_tokens);
}
