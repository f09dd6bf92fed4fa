/** Provider `llama` over a real engine and random models: powers as a step has them. */
import type { ModelProfile, ModelParameters } from '../../contracts/models.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import type { Executor } from '../../runtime/ports.ts';
import type { Completion, ProviderPowers } from '../../runtime/providers/provider.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { memoryBlobs } from './memory-blobs.ts';

/** What one question may differ in. */
export interface PowerOptions { readonly signal?: AbortSignal; readonly time?: number; readonly output?: number; readonly files?: Readonly<Record<string, string>> }

/** Powers with one engine, and files by name. */
export function powersOf(engine: Executor | undefined, { signal = new AbortController().signal, time = 30_000, output = 1e6, files = {} }: PowerOptions = {}): ProviderPowers {
  const blobs = memoryBlobs();
  return {
    signal, limits: { output }, load: (ref) => loadValue(ref, blobs), sha256, secret: () => undefined,
    execute: (program, inputs, onText) => engine!.execute(program, inputs, { blobs, signal, limits: { time, output, memory: 2e9 }, emit: (stream, text) => { if (stream === 'stdout') onText?.(text); } }),
    stream: () => Promise.reject(new Error('no network here')),
    readFile: (path) => new TextEncoder().encode(files[path] ?? ''),
  };
}

/** A profile of a model's file. */
export const profileOf = (file: string, more: Partial<ModelProfile> = {}): ModelProfile => ({ name: 'random', provider: 'llama', file, parameters: {}, template: 'raw', ...more });

/** A question of one text by a user. */
export const question = (profile: ModelProfile, text: string, parameters: ModelParameters = {}, more: Partial<Completion> = {}): Completion => ({
  profile, parameters, messages: [{ role: 'user', content: [{ text }] }], onText: () => undefined, ...more,
});
