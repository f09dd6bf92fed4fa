/**
 * Readiness of models: each profile that a notebook in this folder could name, and Ollama at its usual address. One cheap question each, a
 * second for all. No model is loaded. A file in the workspace may be anybody's: what it would send elsewhere, or with a secret of its choice,
 * is told and not sent; a person allows that when a prompt is run.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemNetwork } from '../../adapters/network.node.ts';
import type { ModelProfile } from '../../../contracts/models.ts';
import { createModels, type FoundProfile } from '../../models/library.node.ts';
import { loadProvider } from '../../providers/index.ts';
import { addressOf, networkOf } from '../../providers/network-use.ts';
import type { Readiness } from '../../providers/provider.ts';
import { createStream } from '../../scheduler/context-network.ts';
import { lacking, passed, type Check } from './doctor-places.node.ts';
import { size } from './terminal.node.ts';

/** Milliseconds for one question. */
const PATIENCE = 1_000;
const MOST_BYTES = 4_000_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const OLLAMA: ModelProfile = { name: 'ollama', provider: 'ollama', parameters: {}, template: 'chat' };

/** @param folder where the command was given, from the root */
export async function models(root: string, folder: string): Promise<Check[]> {
  const found = createModels(root).all(folder);
  const usual = addressOf(OLLAMA, '');
  const isKnown = found.some(({ profile }) => profile?.provider === 'ollama' && addressOf(profile, '') === usual);
  const [ollama, checks] = await Promise.all([isKnown ? undefined : ask(OLLAMA), Promise.all(found.map((one) => look(root, one, folder)))]);
  return [
    ...(checks.length > 0 ? checks : [lacking('models', 'no model is set up for Telar yet; a prompt names one, as `ollama/llama3.2`', 'For one of your own: telar models add NAME --file MODEL.gguf')]),
    ...(ollama === undefined ? [] : [ollama.ok ? passed('ollama', ollama.words) : lacking('ollama', 'only prompts that ask its models need it', ollama.words)]),
  ];
}

const told = (name: string, { ok, words }: Readiness): Check => (ok ? passed(name, words) : lacking(name, 'cannot be asked now', words));

/** @param folder from which the profile was found: a file of answers counts from there */
export async function look(root: string, { name, from, profile, reason }: FoundProfile, folder: string): Promise<Check> {
  const label = `model ${name}`;
  if (profile === undefined) return lacking(label, 'its profile cannot be read', reason);
  if (profile.file !== undefined) {
    const file = statSync(resolve(root, profile.file), { throwIfNoEntry: false });
    return file?.isFile() === true ? passed(label, `${profile.file}, ${size(file.size)}; not loaded`) : lacking(label, `its file ${profile.file} is not there`, 'Correct `file` in the profile, or put the file there.');
  }
  const use = networkOf(profile);
  if (use !== undefined && from === 'workspace' && !isHarmless(profile, use)) {
    const unset = use.secrets.find((secret) => (process.env[secret] ?? '') === '');
    if (unset !== undefined) return lacking(label, `${use.origin} asks for a key, and the secret \`${unset}\` is not set`, `Set the environment variable ${unset}.`);
    return lacking(label, `not asked: its profile in the workspace sends to ${use.origin}${use.secrets.map((secret) => ` with the secret \`${secret}\``).join('')}`, 'Run a prompt that names it: there you are asked whether it may.');
  }
  const answers = use === undefined ? resolve(root, folder, profile.model!) : undefined;
  if (answers !== undefined && statSync(answers, { throwIfNoEntry: false })?.isFile() !== true) return lacking(label, `its file of answers ${profile.model!} is not there`, 'Correct `model` in the profile, or put the file there.');
  return told(label, await ask(profile));
}

/** What a foreign profile may send: nothing of the person's to this machine, and a service's own key to that service. */
function isHarmless({ endpoint, secret }: ModelProfile, { origin, secrets }: { readonly origin: string; readonly secrets: readonly string[] }): boolean {
  return endpoint === undefined ? secret === undefined : LOOPBACK.test(new URL(origin).hostname) && secrets.length === 0;
}

async function ask(profile: ModelProfile): Promise<Readiness> {
  const signal = new AbortController().signal;
  const use = networkOf(profile);
  const stream = createStream({ network: systemNetwork, origins: use === undefined ? [] : [use.origin], limits: { time: PATIENCE, output: MOST_BYTES, memory: 0 }, signal, effect: 'observe' }, PATIENCE);
  return (await loadProvider(profile.provider)).ready(profile, { signal, stream, secret: (name) => process.env[name] });
}
