/**
 * What a step sees of the network: the origins that it was granted. Redirects are followed within these and nowhere else (of an answer that
 * is streamed, not at all); a server cannot send a step to another place than the person has allowed.
 */
import { isConnectionHeader } from '../../contracts/headers.ts';
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError } from '../../contracts/errors.ts';
import type { Limits, StepContext, WebRequest, WebResponse } from '../../contracts/node.ts';
import type { Network, StreamedResponse } from '../ports.ts';
import type { Deed } from './effects.ts';

/** What a step may do outside itself. */
export interface OutsidePowers {
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** What the step may do to the world: `pure` unless said. */
  readonly effect?: EffectClass;
  /** Before each touch of the world by a step of class `effect`; a rejection keeps it from happening. */
  begin?(deed: Deed): Promise<void>;
  readonly network?: Network;
  /** The origins that the step was granted, where it asks the network. */
  readonly origins?: readonly string[];
}

/** Most redirects of one question. */
const MOST_REDIRECTS = 10;
/** Milliseconds that an answer may pause once it has begun: a model that thinks is silent for minutes, a connection that is gone for ever. */
const IDLE = 300_000;
/** Bytes on the wire for one of text that a step may give out: each few letters of a model's answer come in an event of their own. */
const WRAPPING = 40;
const MOST_WIRE = 2 ** 30;

/** `fetch` of a step's context. */
export function createFetch(powers: OutsidePowers): StepContext['fetch'] {
  const { network, origins = [], limits, signal, effect = 'pure' } = powers;
  return async (first) => {
    if (network === undefined) throw noNetwork();
    if (effect !== 'observe' && effect !== 'effect') throw new TelarError('refused', 'Only a step of class `observe` or `effect` may ask the network.');
    checkHeaders(first);
    let request = first;
    let answered = false;
    try {
      for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
        const asked = originOf(request.url);
        if (!origins.includes(asked)) throw elsewhere(first.url, asked, hop);
        if (effect === 'effect') await powers.begin?.({ what: `${request.method} ${request.url}` });
        const answer = await network.ask(request, { time: limits.time, output: limits.output, signal });
        answered = true;
        const next = redirected(request, answer);
        if (next === undefined) return answer;
        request = next;
      }
      throw new TelarError('network', `${first.url} sends from one place to the next more than ${MOST_REDIRECTS} times; ask the address where it ends.`, { status: 302 });
    } catch (error) {
      const { code, message } = TelarError.from(error);
      // An answer that cannot be followed or held does not say that nothing was done.
      if (effect === 'effect' && (answered || code === 'output-limit')) throw new TelarError(code === 'cancelled' ? code : 'network', message, { sent: true }, { cause: error });
      throw error;
    }
  };
}

/**
 * `stream` of those who speak to models: one question, to a granted origin, and an answer in pieces. The idea is the one of `fetch`; an
 * effect cannot be asked so, for nobody could say of half an answer what was done.
 */
export function createStream({ network, origins = [], limits, signal, effect = 'pure' }: OutsidePowers, idle = IDLE): (request: WebRequest) => Promise<StreamedResponse> {
  return async (request) => {
    if (network?.stream === undefined) throw noNetwork();
    if (effect !== 'observe') throw new TelarError('refused', 'Only a step of class `observe` may ask a model on the network.');
    checkHeaders(request);
    const asked = originOf(request.url);
    if (!origins.includes(asked)) throw elsewhere(request.url, asked, 0);
    const answer = await network.stream(request, { time: limits.time, idle, output: Math.min(limits.output * WRAPPING, MOST_WIRE), signal });
    const to = answer.status >= 300 && answer.status < 400 ? answer.headers.location : undefined;
    if (to === undefined) return answer;
    for await (const _ of answer.body) break;
    throw new TelarError('network', `${request.url} sends on to \`${to.slice(0, 200)}\`. A model is asked at the address that its profile names; name the one where it ends.`, { status: answer.status });
  };
}

const noNetwork = (): TelarError => new TelarError('unavailable', 'There is no network in this host.', { lacks: 'network' });

function checkHeaders({ headers }: WebRequest): void {
  const theirs = Object.keys(headers).find(isConnectionHeader);
  if (theirs !== undefined) throw new TelarError('refused', `The header \`${theirs}\` is not set by a step; leave it out.`);
}

function originOf(url: string): string {
  if (!URL.canParse(url)) throw new TelarError('refused', `\`${url.slice(0, 200)}\` is no address.`);
  return new URL(url).origin;
}

function elsewhere(url: string, origin: string, hop: number): TelarError {
  const what = hop === 0 ? `${url} is not at the origin that this step was granted` : `${url} redirects to ${origin}, which this step was not granted`;
  return new TelarError('refused', `${what}; write the address where it ends, and allow that.`, { origin });
}

/** The question that a redirect asks next; `undefined` when the answer is none. */
function redirected(request: WebRequest, { status, headers }: WebResponse): WebRequest | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) return undefined;
  let url: string;
  try {
    url = new URL(headers.location, request.url).href;
  } catch {
    throw new TelarError('network', `${request.url} redirects to \`${headers.location}\`, which is no address.`, { status });
  }
  const keep = status === 307 || status === 308 || ['GET', 'HEAD'].includes(request.method);
  const away = new URL(url).origin !== new URL(request.url).origin;
  const headersLeft = Object.fromEntries(Object.entries(request.headers).filter(([name]) => (keep || !/^content-/i.test(name)) && !(away && /^(?:authorization|cookie)$/i.test(name))));
  return keep ? { ...request, url, headers: headersLeft } : { url, method: 'GET', headers: headersLeft };
}
