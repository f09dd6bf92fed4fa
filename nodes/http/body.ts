/**
 * The YAML of an `http` node, read and checked. Scheme, host and port stand in the address outright, so that what a person allows is
 * known before anything runs; the rest of it may be filled in.
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import { isConnectionHeader } from '../../contracts/headers.ts';
import type { Read } from '../../contracts/node.ts';
import { isMapping, unknownKeys } from '../yaml-body.ts';
import type { Path, YamlBody } from '../yaml-body.ts';
import { isTemplate, joinReads, templateReads } from '../yaml-wires.ts';

export const HTTP_KEYS = ['url', 'method', 'headers', 'body', 'as'] as const;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const FORMS = ['json', 'text', 'bytes', 'csv'] as const;
/** Headers that are made here, beside those of the connection. */
const NOT_YOURS = /^(?:cookie2?|idempotency-key)$/i;

/** A header's value: a text, or a secret by its name. */
type Header = string | { readonly secret: string };

/** What a well-formed body says. */
export interface HttpBody {
  readonly url: string;
  /** `https://example.org`: what a person allows. */
  readonly origin: string;
  readonly method: typeof METHODS[number];
  readonly headers: Readonly<Record<string, Header>>;
  /** A text, or data that is sent as JSON. */
  readonly body?: unknown;
  readonly as?: typeof FORMS[number];
}

/** Names of the secrets that are sent. */
export const secretsOf = ({ headers }: HttpBody): string[] => [...new Set(Object.values(headers).flatMap((one) => (typeof one === 'string' ? [] : [one.secret])))].sort();

/** Reads a body; `body` is `undefined` when there are problems. */
export function readHttpBody(yaml: YamlBody): { body?: HttpBody; reads: readonly Read[]; problems: BodyProblem[] } {
  if (yaml.problems.length > 0) return { reads: [], problems: [...yaml.problems] };
  const raw = yaml.value;
  if (!isMapping(raw)) return { reads: [], problems: [{ code: 'missing-key', severity: 'error', message: 'Say what to read: `url: https://example.org/data.json`.', at: yaml.at([]) }] };
  const problems = unknownKeys(yaml, [], raw, HTTP_KEYS, 'http');
  const bad = (path: Path, message: string, code: BodyProblem['code'] = 'bad-value'): void => { problems.push({ code, severity: 'error', message, at: yaml.at(path) }); };

  const origin = originOf(raw.url);
  if (!('url' in raw)) bad([], 'Say what to read: `url: https://example.org/data.json`.', 'missing-key');
  else if (typeof origin !== 'string') bad(['url'], origin.fault);
  const method = raw.method === undefined ? 'GET' : METHODS.find((one) => one === raw.method);
  if (method === undefined) bad(['method'], `\`method\` must be one of ${METHODS.join(', ')}.`);
  const as = FORMS.find((one) => one === raw.as);
  if ('as' in raw && as === undefined) bad(['as'], `\`as\` must be one of ${FORMS.join(', ')}.`);
  if (as !== undefined && method === 'HEAD') bad(['as'], 'The value of HEAD is the headers of the answer; leave `as` out, or say `method: GET`.');
  if ('body' in raw && (method === 'GET' || method === 'HEAD')) bad(['body'], `${method} sends no body; say \`method: POST\`, or leave the body out.`);
  for (const { value, path } of leavesOf(raw.body, ['body'])) if (typeof value === 'bigint') bad(path, `\`${value}\` has more digits than JSON keeps everywhere; quote it, or write the whole body as a text.`);
  readHeaders(raw.headers, bad);

  const leaves = [...leavesOf(raw.url, ['url']), ...leavesOf(raw.headers, ['headers']), ...leavesOf(raw.body, ['body'])];
  const found = leaves.flatMap(({ value, path }) => (typeof value === 'string' && isTemplate(value) ? [templateReads(yaml, path, value)] : []));
  problems.push(...found.flatMap((one) => one.problems));
  const reads = joinReads(found.flatMap((one) => one.reads));
  if (problems.length > 0) return { reads, problems };
  return {
    reads, problems,
    body: {
      url: raw.url as string, origin: origin as string, method: method as HttpBody['method'], headers: (raw.headers ?? {}) as HttpBody['headers'],
      ...('body' in raw ? { body: raw.body } : {}), ...(as === undefined ? {} : { as }),
    },
  };
}

/** The origin of an address, or what is wrong with it. */
export function originOf(url: unknown): string | { readonly fault: string } {
  if (typeof url !== 'string') return { fault: '`url` must be an address, like `https://example.org/data.json`.' };
  const head = /^https?:\/\/[^/?#]*/i.exec(url)?.[0];
  if (head === undefined) return { fault: '`url` must begin with `https://` or `http://` and a host, written out.' };
  if (isTemplate(head)) return { fault: 'Scheme, host and port of `url` must be written out, so that it is known before what is asked; fill in what comes after them.' };
  if (!URL.canParse(head)) return { fault: `\`${head}\` is no address.` };
  const { origin, username, password } = new URL(head);
  if (username !== '' || password !== '') return { fault: 'An address with a name or password in it would be in logs and keys; send them by a header: `headers: {authorization: {secret: NAME}}`.' };
  return origin;
}

function readHeaders(headers: unknown, bad: (path: Path, message: string) => void): void {
  if (headers === undefined) return;
  if (!isMapping(headers)) { bad(['headers'], '`headers` must be a map, like `{accept: text/csv}`.'); return; }
  for (const [name, value] of Object.entries(headers)) {
    const path = ['headers', name];
    const secret = isMapping(value) && Object.keys(value).length === 1 ? value.secret : undefined;
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) bad(path, `\`${name}\` is no name of a header.`);
    else if (NOT_YOURS.test(name) || isConnectionHeader(name)) bad(path, `The header \`${name}\` is not set by a notebook; leave it out.`);
    else if (typeof value !== 'string' && !(typeof secret === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(secret))) {
      bad(path, `The header \`${name}\` must be a text (quote numbers), or \`{secret: NAME}\` with the name of an environment variable.`);
    } else if (typeof value === 'string' && /[\r\n\0]/.test(value)) bad(path, `The header \`${name}\` must be one line.`);
  }
}

/** All texts, numbers and flags in a value, with their paths. */
function leavesOf(value: unknown, path: Path): { value: unknown; path: Path }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]));
  return isMapping(value) ? Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key])) : [{ value, path }];
}
