/** The providers by name, each loaded when it is first asked for: a run that asks no model loads none. */
import type { ProviderName } from '../../contracts/models.ts';
import type { Provider } from './provider.ts';

/** Loads a provider. */
export async function loadProvider(name: ProviderName): Promise<Provider> {
  switch (name) {
    case 'ollama': return (await import('./ollama.ts')).provider;
    case 'openai': return (await import('./openai.ts')).provider;
    case 'anthropic': return (await import('./anthropic.ts')).provider;
    case 'llama': return (await import('./llama.ts')).provider;
    case 'script': return (await import('./script.ts')).provider;
    case 'replay': return (await import('./replay.ts')).provider;
  }
}
