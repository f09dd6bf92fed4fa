/**
 * What of the network a profile needs: its address, and the secret that is sent there. It is told before anything runs, so that a person can
 * allow it; it loads no provider. A key is only sent where its profile says, or to the service that it is usually for: to an address of
 * one's own never by itself.
 */
import type { ModelProfile, ProviderName } from '../../contracts/models.ts';

/** Where each service is usually asked; its API's own path comes after. */
const USUAL: Readonly<Partial<Record<ProviderName, string>>> = { ollama: 'http://127.0.0.1:11434', openai: 'https://api.openai.com/v1', anthropic: 'https://api.anthropic.com/v1' };
const USUAL_SECRETS: Readonly<Partial<Record<ProviderName, string>>> = { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY' };

/** Whether a profile is for the service itself, not for another that speaks like it. */
export const isUsual = ({ provider, endpoint }: ModelProfile): boolean => endpoint === undefined || new URL(endpoint).origin === new URL(USUAL[provider] ?? 'about:blank').origin;

/** The name of the secret that is sent with each question, if any is. */
export const secretOf = (profile: ModelProfile): string | undefined => profile.secret ?? (isUsual(profile) ? USUAL_SECRETS[profile.provider] : undefined);

/**
 * The address of one call. A path that names its version is taken as it is (`https://example.org/openai/v1`); else the API's own (`/v1`)
 * is added. Ollama's is never versioned.
 */
export function addressOf(profile: ModelProfile, call: string): string {
  const base = (profile.endpoint ?? USUAL[profile.provider] ?? '').replace(/\/+$/, '');
  const versioned = profile.provider === 'ollama' || /\/v\d+[a-z0-9]*(?:\/|$)/.test(new URL(base).pathname);
  return `${base}${versioned ? '' : '/v1'}${call}`;
}

/** What is asked of the network; `undefined` for providers that ask nobody. */
export function networkOf(profile: ModelProfile): { readonly origin: string; readonly method: string; readonly secrets: readonly string[] } | undefined {
  const base = profile.endpoint ?? USUAL[profile.provider];
  if (base === undefined || USUAL[profile.provider] === undefined) return undefined;
  const secret = secretOf(profile);
  return { origin: new URL(base).origin, method: 'POST', secrets: secret === undefined ? [] : [secret] };
}
