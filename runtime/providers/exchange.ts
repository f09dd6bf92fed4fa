/**
 * One question over HTTP, whatever the protocol: the key, the address, what is no answer, the limits on the text, and an answer that breaks
 * off. A protocol (`Dialect`) says how a question is written and what each of its events means; it decides nothing else.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ModelProfile } from '../../contracts/models.ts';
import type { StreamedResponse } from '../ports.ts';
import { beginning, faultWithin, refusal, saidIn, serverOf, shown, type Asked } from './http-errors.ts';
import { secretOf } from './network-use.ts';
import type { Completed, Completion, ProviderPowers } from './provider.ts';

/** Most bytes of an answer's text, whatever the step's limit is: no model says as much in one answer. */
const MOST_TEXT = 10_000_000;
/** No honest count of tokens is higher. */
const MOST_TOKENS = 100_000_000;

export type Json = Readonly<Record<string, unknown>>;
/** A value as an object; an empty one where it is none. */
export const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Json : {});

/** What has been heard of an answer. A protocol writes into it. */
export interface Heard {
  finish?: Completed['finish'];
  model?: string;
  /** Nothing more is to come. */
  over?: boolean;
  say(text: unknown): void;
  count(what: 'input' | 'output' | 'cached', value: unknown): void;
  warn(words: string): void;
  /** The server tells an error in its answer. @param usual the status that it has when it names none */
  fail(event: unknown, usual?: number): never;
}

/** One protocol. */
export interface Dialect {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** Media types that its stream has; another one is no stream of it. */
  readonly type: RegExp;
  /** The events of an answer, as texts. */
  events(body: StreamedResponse['body']): AsyncIterable<string>;
  /** What one event means. */
  hear(event: Json, heard: Heard): void;
}

/** The key of a profile. @throws TelarError `unavailable` where its secret is not set */
export function keyOf(profile: ModelProfile, powers: Pick<ProviderPowers, 'secret'>): string | undefined {
  const name = secretOf(profile);
  const key = name === undefined ? undefined : powers.secret(name)?.trim();
  if (name !== undefined && (key === undefined || key === '')) throw new TelarError('unavailable', `${serverOf(profile)} asks for a key, and the secret \`${name}\` is not set. Set the environment variable ${name} and run it again.`, { lacks: 'secret', secret: name });
  return key;
}

/** Asks in a protocol. @throws what `Provider.complete` throws */
export async function converse(dialect: Dialect, { profile, onText }: Completion, powers: ProviderPowers, key?: string): Promise<Completed> {
  const asked: Asked = { profile, key };
  const response = await powers.stream({ url: dialect.url, method: 'POST', headers: { 'content-type': 'application/json', accept: '*/*', ...dialect.headers }, body: new TextEncoder().encode(JSON.stringify(dialect.body)) });
  if (response.status < 200 || response.status > 299) throw await refusal(response, asked);
  const type = response.headers['content-type'] ?? '';
  if (type !== '' && !dialect.type.test(type)) {
    const said = shown(saidIn(await beginning(response)).said, key);
    throw new TelarError('network', `${serverOf(profile)} answered ${shown(type, key).slice(0, 60)}, which is no stream of an answer${said === '' ? '' : `: ${said}`}. Is \`endpoint\` in the profile the address of the API?`, { status: response.status });
  }
  const most = Math.min(powers.limits.output, MOST_TEXT);
  const parts: string[] = [];
  const warnings: string[] = [];
  const counts: { input?: number; output?: number; cached?: number } = {};
  let bytes = 0;
  const heard: Heard = {
    say(text) {
      if (typeof text !== 'string' || text === '') return;
      bytes += new TextEncoder().encode(text).length;
      if (bytes > most) throw new TelarError('output-limit', `The answer of ${serverOf(profile)} is longer than ${most} bytes. Set \`max_tokens\`, or ask for less.`);
      parts.push(text);
      onText(text);
    },
    count(what, value) {
      if (value === undefined || value === null) return;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MOST_TOKENS) counts[what] = value;
      else heard.warn(`${serverOf(profile)} counts ${shown(String(JSON.stringify(value)), key).slice(0, 40)} tokens (${what}), which cannot be; it is not believed.`);
    },
    warn(words) { if (!warnings.includes(words) && warnings.length < 20) warnings.push(words); },
    fail(event, usual) { throw faultWithin(event, asked, usual); },
  };
  try {
    for await (const text of dialect.events(response.body)) {
      dialect.hear(eventOf(text, asked), heard);
      if (heard.over === true) break;
    }
    if (heard.finish === undefined) throw new TelarError('network', `${serverOf(profile)} broke off in the middle of its answer. Try again.`);
  } catch (error) {
    const { code, message, data } = TelarError.from(error);
    // What the answer lacks after its end are counts.
    if (code !== 'network' || heard.finish === undefined || data.status !== undefined) throw new TelarError(code, message, { ...data, partial: parts.join('').length }, { cause: error });
  }
  return { text: parts.join(''), finish: heard.finish as Completed['finish'], ...(heard.model === undefined ? {} : { model: heard.model }), ...counts, ...(warnings.length === 0 ? {} : { warnings }) };
}

function eventOf(text: string, { profile, key }: Asked): Json {
  let event: unknown;
  try { event = JSON.parse(text); } catch { event = undefined; }
  if (typeof event !== 'object' || event === null) throw new TelarError('network', `${serverOf(profile)} sent what is no JSON in the middle of its answer: ${shown(text, key).slice(0, 200)}. Try again; is \`endpoint\` the address of the API?`);
  return event as Json;
}

/** Parameters that a protocol has no place for: told, not dropped in silence. */
export function unsent({ profile, parameters }: Pick<Completion, 'profile' | 'parameters'>, names: readonly (keyof Completion['parameters'])[]): string[] {
  return names.filter((name) => parameters[name] !== undefined).map((name) => `${profile.provider} takes no \`${name}\`; it was not sent.`);
}

/** The media of a message as a picture. @throws TelarError `bad-input` for another thing */
export function pictureOf({ mediaType, base64 }: { readonly mediaType: string; readonly base64: string }, profile: ModelProfile): { readonly mediaType: string; readonly base64: string } {
  if (!/^image\/[\w.+-]{1,60}$/.test(mediaType)) throw new TelarError('bad-input', `${profile.provider} is given pictures only here, and this is ${shown(mediaType).slice(0, 60)}. Give it as text.`);
  return { mediaType, base64 };
}

/** The text of a message. */
export const textOf = (content: Completion['messages'][number]['content']): string => content.map((part) => ('text' in part ? part.text : '')).join('');

/** The name of a profile's model. @throws TelarError `bad-input` */
export function modelOf({ model, name }: ModelProfile): string {
  if (model === undefined || model === '') throw new TelarError('bad-input', `The profile \`${name}\` names no model; say \`model: NAME\`.`);
  return model;
}
