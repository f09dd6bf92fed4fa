/**
 * What a server's refusal means: the code of the error, what happened, what to do. What the server says is shown in one short line, without
 * the key (servers repeat it) and without what would move a terminal's cursor.
 */
import { TelarError, type ErrorCode } from '../../contracts/errors.ts';
import type { ModelProfile } from '../../contracts/models.ts';
import type { StreamedResponse } from '../ports.ts';
import { createRedactor } from '../journal/redact.ts';
import { addressOf, secretOf } from './network-use.ts';

const MOST_BODY = 65_536;
const MOST_SAID = 300;
const LONGEST_WAIT = 86_400;

/** Whom a question goes to, for words about it. */
export interface Asked { readonly profile: ModelProfile; readonly key?: string | undefined }

/** Kinds of errors that servers name in their answer, and the status that they stand for. */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid_request_error: 400, exceed_context_size_error: 400, context_length_exceeded: 400, authentication_error: 401, invalid_api_key: 401, billing_error: 402, permission_error: 403,
  not_found_error: 404, model_not_found: 404, request_too_large: 413, rate_limit_error: 429, rate_limit_exceeded: 429, insufficient_quota: 429, api_error: 500, server_error: 500, unavailable_error: 503, timeout_error: 504, overloaded_error: 529,
};
const TOO_LONG = /context (?:length|size|window)|maximum context|prompt is too long|exceed_context|too many tokens/i;

/** How a server is called in words. */
export const serverOf = (profile: ModelProfile): string => `${profile.provider} at ${new URL(addressOf(profile, '')).host}`;

/** What a server said, in one line that may be shown. The key is taken out of all that was said: a part of one is not known as one. */
export function shown(said: string, key?: string): string {
  const line = createRedactor([key]).text(said.slice(0, MOST_BODY).replace(/[\p{C}\s]+/gu, ' ')).trim();
  return line.length > MOST_SAID ? `${line.slice(0, MOST_SAID)}…` : line;
}

/** The words of an answer that is an error: JSON in one of the usual forms, a page, or text. */
export function saidIn(text: string): { readonly said: string; readonly kind?: string } {
  let json: unknown;
  try { json = JSON.parse(text); } catch { return { said: /<title[^>]{0,200}>([^<]{0,300})/i.exec(text)?.[1] ?? text.replace(/<(?:style|script)[\s\S]*?(?:<\/|$)|<[^<>]{0,2000}>/gi, ' ') }; }
  return saidBy(json);
}

/** The same of what has been read as JSON. */
function saidBy(json: unknown): { readonly said: string; readonly kind?: string } {
  const of = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {});
  const outer = of(json);
  const error = outer.error ?? (outer.object === 'error' || outer.type === 'error' ? outer : undefined);
  const { message, type, code } = of(error);
  const said = [message, error, outer.message, outer.detail].find((one) => typeof one === 'string') ?? JSON.stringify(json) ?? '';
  const kind = [code, type].map(String).find((one) => Object.hasOwn(STATUS_OF, one) || /^[45]\d\d$/.test(one));
  return { said: said as string, ...(kind === undefined ? {} : { kind }) };
}

/** The error of an answer that is none. */
export async function refusal(response: StreamedResponse, asked: Asked): Promise<TelarError> {
  const { said } = saidIn(await beginning(response));
  return faultOf(response.status, said, asked, retryAfter(response.headers));
}

/** The beginning of an answer's text, as far as it came; its connection is closed. @throws TelarError `cancelled` */
export async function beginning({ body }: StreamedResponse, most = MOST_BODY): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length >= most) break;
    }
  } catch (error) {
    if (!(error instanceof TelarError) || error.code === 'cancelled') throw error;
  }
  return text.slice(0, most);
}

/** The error that a server tells in the middle of its answer. */
export function faultWithin(event: unknown, asked: Asked, usual = 500): TelarError {
  const { said, kind } = saidBy(event);
  return faultOf(kind === undefined ? usual : STATUS_OF[kind] ?? Number(kind), said, asked);
}

/** Seconds that a server asks for; a date counts from the server's own clock. */
function retryAfter({ 'retry-after': after, 'retry-after-ms': ms, date }: StreamedResponse['headers']): number | undefined {
  const isDate = after !== undefined && /^[A-Z][a-z]{2}, \d/.test(after);
  const seconds = ms !== undefined && /^\d+$/.test(ms) ? Number(ms) / 1000 : isDate ? (Date.parse(after) - Date.parse(date ?? '')) / 1000 : /^\d+(?:\.\d+)?$/.test(after ?? '') ? Number(after) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), LONGEST_WAIT);
}

function faultOf(status: number, words: string, { profile, key }: Asked, wait?: number): TelarError {
  const who = serverOf(profile);
  const said = shown(words, key);
  const quoted = said === '' ? '' : `: ${said}`;
  const fault = (code: ErrorCode, what: string, data: Record<string, unknown> = {}): TelarError => new TelarError(code, what, { status, ...(wait === undefined ? {} : { retryAfter: wait }), ...data });
  const secret = secretOf(profile);
  const full = (message: string): string => (/[.!?…]$/.test(message) ? message : `${message}.`);
  if (status === 401 || status === 403) {
    return fault('unavailable', `${full(`${who} does not let this in (${status})${quoted}`)} ${secret === undefined ? 'Name the secret with its key in the profile: `secret: NAME`.' : `Is the key in the secret \`${secret}\` right, and allowed to use this model?`}`, { lacks: 'secret' });
  }
  if (status === 402) return fault('unavailable', `${full(`${who} wants to be paid first (402)${quoted}`)} See to it there, or name another model.`);
  if (status === 404) {
    const model = profile.model ?? profile.name;
    return fault('unavailable', `${full(`${who} has no model \`${model}\` (404)${quoted}`)} ${profile.provider === 'ollama' ? `Get it with \`ollama pull ${model}\`.` : 'Correct `model` in the profile, or the path in `endpoint`.'}`, { lacks: 'model' });
  }
  if (status === 413 || (status < 500 && status >= 400 && TOO_LONG.test(said)) || (status === 500 && TOO_LONG.test(said))) return fault('bad-input', `${full(`The question is too long for ${who} (${status})${quoted}`)} Give it less, or raise \`context\` in the profile where the model has room.`);
  if (status === 429) return fault('network', `${full(`${who} is asked too often (429)${quoted}`)} ${wait === undefined ? 'Wait, and try again.' : `Try again in ${Math.ceil(wait)} s.`}`);
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) return fault('bad-input', `${full(`${who} does not take the question (${status})${quoted}`)} Correct the prompt or its parameters.`);
  if (status >= 300 && status < 400) return fault('network', `${full(`${who} sends on to another place (${status})${quoted}`)} Name the address where it ends as \`endpoint\`.`);
  return fault('network', `${full(`${who} failed (${status})${quoted}`)} ${wait === undefined ? 'Try again later.' : `Try again in ${Math.ceil(wait)} s.`}`);
}
