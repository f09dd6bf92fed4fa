/**
 * The one door through which packages come from the network: https (plain http to this machine alone), bounded in time and size, tried again
 * where a failure may pass. It sends nothing but a question; no file of the workspace, and no name that nobody asked for.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { WebResponse } from '../../contracts/node.ts';
import type { Clock, Network } from '../ports.ts';
import { LARGEST } from './wheel.ts';

/** Milliseconds for one answer, tries, the wait before the second, and how often an answer may point elsewhere. */
const PATIENCE = 60_000;
const TRIES = 3;
const WAIT = 500;
const TURNS = 4;
/** Largest page of an index. */
const PAGE = 64 * 1024 * 1024;

/** Asks the network for packages. */
export interface Web {
  page(url: string, accept: string): Promise<{ readonly body: string; readonly type: string; readonly url: string } | undefined>;
  file(url: string): Promise<Uint8Array>;
}

/** @param begun told of each question, for progress */
export function createWeb(powers: { readonly network: Network; readonly clock: Clock; readonly signal: AbortSignal; readonly begun?: (url: string) => void }): Web {
  const ask = async (first: string, accept: string, output: number): Promise<{ answer: WebResponse; url: string }> => {
    let url = first;
    for (let turn = 0; turn < TURNS; turn += 1) {
      assertSafe(url);
      powers.begun?.(url);
      const answer = await patient(url, accept, output);
      if (answer.status < 300 || answer.status >= 400 || answer.headers.location === undefined) return { answer, url };
      const { location } = answer.headers;
      url = URL.canParse(location, url) ? new URL(location, url).href : location;
    }
    throw new TelarError('network', `${first} points elsewhere again and again; check the address of the index.`);
  };
  const patient = async (url: string, accept: string, output: number): Promise<WebResponse> => {
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await powers.network.ask({ url, method: 'GET', headers: { accept } }, { time: PATIENCE, output, signal: powers.signal });
        if (tried === TRIES || (answer.status < 500 && answer.status !== 429)) return answer;
      } catch (error) {
        if (tried === TRIES || !(error instanceof TelarError) || !['network', 'timeout'].includes(error.code)) throw error;
      }
      await powers.clock.sleep(WAIT * 2 ** (tried - 1), powers.signal);
    }
  };
  return {
    page: async (asked, accept) => {
      const { answer, url } = await ask(asked, accept, PAGE);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusal(url, answer.status);
      return { body: new TextDecoder().decode(answer.body), type: answer.headers['content-type'] ?? '', url };
    },
    file: async (asked) => {
      const { answer, url } = await ask(asked, '*/*', LARGEST);
      if (answer.status !== 200) throw refusal(url, answer.status);
      return answer.body;
    },
  };
}

const refusal = (url: string, status: number): TelarError => new TelarError('network', `${url} answered with status ${status}. Try again later, or put the wheel into a folder and name it with --wheels.`, { status });

/** @throws TelarError `refused` for what is neither https nor on this machine */
function assertSafe(url: string): void {
  const { protocol, hostname, username } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '', username: '' };
  const here = protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol !== 'https:' && !here) throw new TelarError('refused', `Packages are got over https only, and ${url.slice(0, 200)} is not. Set PIP_INDEX_URL to an https address.`);
  if (username !== '') throw new TelarError('refused', 'An address with a password in it is not asked for packages.');
}
