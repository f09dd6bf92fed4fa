/** Whether a server could be asked now, by one cheap question to it; in words that say what to do. Readiness is never an error. */
import { TelarError } from '../../contracts/errors.ts';
import type { ModelProfile } from '../../contracts/models.ts';
import { keyOf } from './exchange.ts';
import { beginning, refusal, serverOf, shown } from './http-errors.ts';
import { addressOf } from './network-use.ts';
import type { ProviderPowers, Readiness } from './provider.ts';

const MOST = 4_000_000;

/** Asks for `call`, and says what its answer means. */
export async function readyBy(
  profile: ModelProfile, powers: Pick<ProviderPowers, 'signal' | 'stream' | 'secret'>, call: string,
  headersOf: (key: string | undefined) => Record<string, string>, meaning: (json: unknown) => Readiness,
): Promise<Readiness> {
  const who = serverOf(profile);
  try {
    const key = keyOf(profile, powers);
    const response = await powers.stream({ url: addressOf(profile, call), method: 'GET', headers: headersOf(key) });
    // Some that speak a service's language have no list of models.
    if (response.status === 404 && profile.provider === 'openai') { await beginning(response); return { ok: true, words: `${who} answers` }; }
    if (response.status !== 200) return { ok: false, words: (await refusal(response, { profile, key })).message };
    const text = await beginning(response, MOST);
    let json: unknown;
    try { json = JSON.parse(text); } catch { return { ok: false, words: `${who} answers, but not in JSON: another program listens there. Correct \`endpoint\` in the profile.` }; }
    const { ok, words } = meaning(json);
    return { ok, words: `${who} ${shown(words, key)}` };
  } catch (error) {
    const { code, message, data } = TelarError.from(error);
    if (code === 'unavailable') return { ok: false, words: message };
    if (data.reason === 'ECONNREFUSED') return { ok: false, words: `nobody listens for ${who}; ${profile.provider === 'ollama' ? 'start it with `ollama serve`' : 'start the server'}, or correct \`endpoint\` in the profile` };
    return { ok: false, words: `${who} does not answer: ${message}` };
  }
}
