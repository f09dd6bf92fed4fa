/**
 * What a step sees of the network: the origins that it was granted. Redirects are followed within these and nowhere else;
 * a server cannot send a step to another place than the person has allowed.
 */
import { isConnectionHeader } from '../../contracts/headers.ts';
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError } from '../../contracts/errors.ts';
import type { Limits, StepContext, WebRequest, WebResponse } from '../../contracts/node.ts';
import type { Network } from '../ports.ts';
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

/** `fetch` of a step's context. */
export function createFetch(powers: OutsidePowers): StepContext['fetch'] {
  const { network, origins = [], limits, signal, effect = 'pure' } = powers;
  return async (first) => {
    if (network === undefined) throw new TelarError('unavailable', 'There is no network in this host.', { lacks: 'network' });
    if (effect !== 'observe' && effect !== 'effect') throw new TelarError('refused', 'Only a step of class `observe` or `effect` may ask the network.');
    const theirs = Object.keys(first.headers).find(isConnectionHeader);
    if (theirs !== undefined) throw new TelarError('refused', `The header \`${theirs}\` is not set by a step; leave it out.`);
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
