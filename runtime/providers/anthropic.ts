/**
 * Anthropic's messages. The system's text is marked for its cache, and the whole question is too (`cache_control` of the request, which moves
 * on by itself): what was sent once is the same bytes in each later turn. An answer of a schema is the input of a tool that the model has to use, as every model of
 * the service can. The roads not taken: markers on messages, which would change them; `output_config.format`, which newer models have only.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, ModelProfile } from '../../contracts/models.ts';
import { estimate } from './estimate.ts';
import { converse, keyOf, modelOf, objectOf, pictureOf, unsent, type Heard, type Json } from './exchange.ts';
import { lower } from './lower/lower.ts';
import { addressOf, isUsual } from './network-use.ts';
import type { Completion, Provider } from './provider.ts';
import { readyBy } from './ready.ts';
import { serverEvents } from './server-events.ts';

const VERSION = '2023-06-01';
/** The request has to say one. */
const USUAL_OUTPUT = 4096;
/** Every model of the service has at least so much room. */
const WINDOW = 200_000;
const CACHED = { type: 'ephemeral' };
const TOOL = 'answer';

/** Anthropic, or a server that speaks like it. */
export const provider: Provider = {
  name: 'anthropic',
  features: () => ({ streams: true, grammar: false, seed: false, media: true, exactCount: false, promptCache: true }),
  window: async (profile, parameters) => parameters.context ?? (isUsual(profile) ? WINDOW : undefined),
  count: async ({ messages }) => ({ tokens: estimate(messages), exact: false }),
  lower: (schema) => lower(schema, 'anthropic'),
  async complete(completion, powers) {
    const { profile } = completion;
    const key = keyOf(profile, powers);
    const answer = await converse({ url: addressOf(profile, '/messages'), headers: headersOf(key), type: /event-stream/i, body: bodyOf(completion), events: dataOf, hear: hearing() }, completion, powers, key);
    const warnings = [...answer.warnings ?? [], ...misplaced(completion.messages), ...unsent(completion, ['seed', 'threads', 'keep_alive'])];
    return { ...answer, ...(warnings.length === 0 ? {} : { warnings }) };
  },
  ready: (profile, powers) => readyBy(profile, powers, `/models/${encodeURIComponent(profile.model ?? '')}`, headersOf, () => ({ ok: true, words: profile.model === undefined ? 'answers' : `has \`${profile.model}\`` })),
};

const headersOf = (key: string | undefined): Record<string, string> => ({ 'anthropic-version': VERSION, ...(key === undefined ? {} : { 'x-api-key': key }) });

function bodyOf({ profile, messages, parameters, schema }: Completion): Json {
  const { temperature, top_k, top_p, max_tokens = USUAL_OUTPUT, stop } = parameters;
  const later = messages.findIndex(({ role }) => role !== 'system');
  const first = later < 0 ? messages : messages.slice(0, later);
  const system = first.flatMap((message) => blocksOf(message, profile));
  const rest = later < 0 ? [] : messages.slice(later).map((message) => ({ role: message.role === 'model' ? 'assistant' : 'user', content: blocksOf(message, profile) })).filter(({ content }) => content.length > 0);
  if (rest.length === 0) throw new TelarError('bad-input', 'anthropic answers to somebody: the prompt has only system text. Give it a text of the user (`{{role "user"}}`).');
  return {
    model: modelOf(profile), max_tokens, stream: true, cache_control: CACHED,
    ...(system.length === 0 ? {} : { system: system.map((block, i) => (i === system.length - 1 ? { ...block, cache_control: CACHED } : block)) }),
    messages: rest,
    ...Object.fromEntries(Object.entries({ temperature, top_k, top_p, stop_sequences: stop }).filter(([, value]) => value !== undefined)),
    ...(schema?.schema === undefined ? {} : { tools: [{ name: TOOL, description: 'Gives the answer.', input_schema: schema.schema }], tool_choice: { type: 'tool', name: TOOL, disable_parallel_tool_use: true } }),
  };
}

function misplaced(messages: readonly Message[]): string[] {
  const later = messages.slice(Math.max(0, messages.findIndex(({ role }) => role !== 'system')));
  return later.some(({ role }) => role === 'system') ? ['anthropic takes system text only at the beginning; what stands later was sent as the user\'s.'] : [];
}

/** The parts of a message; empty text is none, and the service refuses it. */
function blocksOf({ content }: Message, profile: ModelProfile): Json[] {
  return content.flatMap((part): Json[] => {
    if ('text' in part) return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    const { mediaType, base64 } = pictureOf(part.media, profile);
    return [{ type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } }];
  });
}

async function* dataOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  for await (const { data } of serverEvents(body)) yield data;
}

/** Its events: `message_start`, blocks with their deltas, `message_delta` with the reason and the counts, `message_stop`; `ping` and what is newer are nothing. */
function hearing(): (event: Json, heard: Heard) => void {
  let usage: Json = {};
  return (event, heard) => {
    switch (event.type) {
      case 'message_start': {
        const { model, usage: told } = objectOf(event.message);
        if (typeof model === 'string') heard.model = model;
        usage = objectOf(told);
        break;
      }
      case 'content_block_delta': {
        const { type, text, partial_json: json } = objectOf(event.delta);
        if (type === 'text_delta') heard.say(text);
        if (type === 'input_json_delta') heard.say(json);
        break;
      }
      case 'message_delta': {
        const { stop_reason: reason } = objectOf(event.delta);
        usage = { ...usage, ...objectOf(event.usage) };
        if (typeof reason === 'string') heard.finish = reason === 'refusal' ? 'refusal' : reason === 'max_tokens' || reason === 'model_context_window_exceeded' ? 'length' : 'stop';
        break;
      }
      case 'message_stop': heard.over = true; break;
      case 'error': heard.fail(event); break;
      default:
    }
    if (event.type === 'message_delta') tell(usage, heard);
  };
}

/** The service counts what it had, and what it now keeps, apart from the rest of the question. */
function tell({ input_tokens: fresh, cache_read_input_tokens: read, cache_creation_input_tokens: kept, output_tokens: output }: Json, heard: Heard): void {
  const apart = [read, kept].map((one) => one ?? 0);
  const parts = [fresh, ...apart];
  const odd = parts.find((one) => typeof one !== 'number' || one < 0);
  heard.count('input', fresh === undefined ? undefined : odd === undefined ? (parts as number[]).reduce((sum, one) => sum + one, 0) : odd);
  if (odd === undefined) heard.count('cached', read);
  heard.count('output', output);
}
