/**
 * `http`: an answer from the network as a value. Reading is `observe`: what came is recorded, reused until somebody asks again, and
 * served on verify. What changes something there (POST, PUT, PATCH, DELETE) is `effect`, made once, unless a POST says `effect=observe`.
 *
 * It asks one origin, which a person has to allow (`telar trust`), and keeps no cookies. Not here: retries (the fence's), pages of
 * answers, streams.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, OutputValue, Step, StepContext, WebResponse } from '../../contracts/node.ts';
import { parseExactJson } from '../data/read.ts';
import { isMapping, normalForm, parseYamlBody } from '../yaml-body.ts';
import { createFiller } from '../yaml-wires.ts';
import { readHttpBody, secretsOf } from './body.ts';
import type { HttpBody } from './body.ts';
import { parseCsv } from './csv.ts';

export const http = defineNode({
  name: 'http', contract: 'core/http.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const { body, reads, problems } = readHttpBody(yaml);
    const effect: EffectClass = body === undefined || ['GET', 'HEAD'].includes(body.method) ? 'observe' : 'effect';
    if (body !== undefined && effect === 'effect' && body.method !== 'POST' && cell.params.effect === 'observe') {
      problems.push({ code: 'bad-value', severity: 'error', message: `${body.method} changes something where it is sent, so \`effect=observe\` is not true of it; leave it out.`, at: yaml.at(['method']) });
    }
    return {
      reads, binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body), effect, problems,
      ...(body === undefined ? {} : { network: { origin: body.origin, method: body.method, secrets: secretsOf(body) } }),
    };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const yaml = parseYamlBody(step.cell.body);
    const { body } = readHttpBody(yaml);
    if (body === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
    const line = step.line + yaml.line(['url']);
    try {
      const fill = createFiller(step, context);
      const url = fill(body.url);
      const headers = headersOf(body, step, context, fill);
      const sent = body.body === undefined ? undefined : typeof body.body === 'string' ? fill(body.body) : JSON.stringify(filled(body.body, fill));
      const answer = await context.fetch({ url, method: body.method, headers, ...(sent === undefined ? {} : { body: new TextEncoder().encode(sent) }) });
      if (answer.status < 200 || answer.status > 299) throw refusedBy(url, body, answer, context);
      return received(answer, body, step, url, context);
    } catch (error) {
      if (!(error instanceof TelarError)) throw error;
      throw new TelarError(error.code, error.message, { line, ...error.data }, { cause: error });
    }
  },
});

function headersOf(body: HttpBody, step: Step, context: StepContext, fill: (text: string) => string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(body.headers)) {
    const text = typeof value === 'string' ? fill(value) : context.secret(value.secret);
    if (text === undefined) throw new TelarError('unavailable', `The secret \`${(value as { secret: string }).secret}\` is not set. Set it as an environment variable, and run again.`, { lacks: 'secret' });
    if (/[\r\n\0]/.test(text)) throw new TelarError('refused', `The header \`${name}\` would have more than one line.`, { header: name });
    headers[name.toLowerCase()] = text.trim();
  }
  if (body.body !== undefined) headers['content-type'] ??= typeof body.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  if (step.idempotencyKey !== undefined) headers['idempotency-key'] = step.idempotencyKey;
  return headers;
}

/** Data with the templates in its texts filled in. */
function filled(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => filled(item, fill));
  return isMapping(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, fill)])) : value;
}

/** What came, as an outcome. What changed something there is done, whatever can be made of the answer: then it is kept as it came. */
function received(answer: WebResponse, body: HttpBody, step: Step, url: string, context: StepContext): Outcome {
  try {
    return { outputs: { value: valueOf(answer, body, url, context) }, reads: [] };
  } catch (error) {
    if (step.idempotencyKey === undefined) throw error;
    return { outputs: { value: context.store(answer.body, { form: 'bytes' }) }, reads: [], warnings: [`the answer is kept as bytes: ${TelarError.from(error).message}`] };
  }
}

/** The value of an answer; its form is what the body says, else what the server says. */
function valueOf({ headers, body: bytes }: WebResponse, { as, method }: HttpBody, url: string, context: StepContext): OutputValue {
  if (method === 'HEAD') return context.store(headers);
  const mediaType = (headers['content-type'] ?? 'application/octet-stream').split(';')[0]!.trim().toLowerCase();
  const form = as ?? (/[/+]json$/.test(mediaType) ? 'json' : mediaType === 'text/csv' ? 'csv' : mediaType.startsWith('text/') ? 'text' : 'bytes');
  if (form === 'bytes') return context.store(bytes, { form: 'bytes', mediaType });
  const text = decoded(bytes, /charset="?([\w-]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8', url);
  if (form === 'json') return context.store(parseExactJson(text, url), { form: 'record' });
  if (form === 'csv') return context.store(parseCsv(text, url));
  return context.store(text, { form: 'text', ...(['text/html', 'text/markdown'].includes(mediaType) ? { mediaType } : {}) });
}

function decoded(bytes: Uint8Array, charset: string, url: string): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TelarError('bad-file', `The answer of ${url} is no text in ${charset}; say \`as: bytes\` to have it as it is.`, {}, { cause: error });
  }
}

/** An answer that is no success, with the beginning of what the server says. */
function refusedBy(url: string, asked: HttpBody, { status, headers, body }: WebResponse, context: StepContext): TelarError {
  let said = /^text\/plain|json/.test(headers['content-type'] ?? '') ? new TextDecoder().decode(body) : '';
  // A server may say back what it was sent.
  for (const name of secretsOf(asked)) {
    const secret = context.secret(name)?.trim() ?? '';
    for (const written of secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1)]) said = said.replaceAll(written, '…');
  }
  said = said.replace(/\s+/g, ' ').trim();
  said = said.length > 300 ? `${said.slice(0, 299)}…` : said;
  const help = status === 401 || status === 403 ? 'Send what it asks for by `headers`' : status === 404 || status === 410 ? 'Correct the address' : status === 429 || status >= 500 ? 'Try again later; `retries=` on the fence does so by itself' : 'Correct what is asked';
  return new TelarError('network', `${asked.method} ${url}: the server answered ${status}${said === '' ? '' : ` (${said})`}. ${help}.`, { status });
}
