/**
 * A model profile on disk, `NAME.model.yaml`: who is asked, which model, and how. It is data; reading one asks nobody and opens no model.
 *
 * Paths in it (`file`; `model` of `script` and `replay`) count from its own folder, so that a folder of models can be moved whole; a
 * profile that was read has them as its finder needs them. Keys are few and closed: a key that means nothing would be believed to mean something.
 */
import { isMap, isScalar, stringify } from 'yaml';
import type { Problem, ProblemCode } from '../../contracts/errors.ts';
import { type ModelProfile, type ProviderName, PROVIDERS } from '../../contracts/models.ts';
import { type Check, number, PARAMETERS, text } from '../../nodes/model-parameters.ts';
import { nearest } from '../../nodes/nearest.ts';
import { yamlOf } from '../document/front-matter.ts';
import { lineStarts, placeIn } from '../document/lines.ts';

/** Generation of the file. */
const GENERATION = 1;
const LARGEST = 64 * 1024;
/** How a profile's file ends. */
export const ENDING = '.model.yaml';

/** What a name of a profile may be. */
export const isModelName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !name.endsWith('.');

const PRICE: Readonly<Record<string, Check>> = {
  input: [number(0, 1e9), 'a price per million tokens'], output: [number(0, 1e9), 'a price per million tokens'], cached: [number(0, 1e9), 'a price per million tokens'],
  currency: [(value) => typeof value === 'string' && /^[A-Z]{3}$/.test(value), 'three letters: `USD`'],
};

const isMapping = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const KEYS: Readonly<Record<string, Check>> = {
  'telar-model': [(value) => value === GENERATION, `the generation of the file, ${GENERATION}`],
  provider: [(value) => (PROVIDERS as readonly unknown[]).includes(value), `one of ${PROVIDERS.join(', ')}`],
  model: [text(500), 'text; put it in quotes'],
  file: [text(4096), 'the path of a GGUF file'],
  sha256: [(value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value), '64 digits of lower-case hex, in quotes'],
  endpoint: [isEndpoint, 'an address without a key, a question mark or a `#`: `http://127.0.0.1:11434`'],
  secret: [(value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(value), 'the name of a secret (an environment variable), never the secret itself'],
  system: [text(LARGEST), 'text'],
  parameters: [isMapping, `keys with values: ${Object.keys(PARAMETERS).join(', ')}`],
  template: [(value) => value === 'chat' || value === 'raw', '`chat` or `raw`'],
  price: [isMapping, 'keys with values: input, output, cached, currency'],
  about: [text(LARGEST), 'text'],
};

/** Keys that only some providers know, and those that one cannot do without. */
const ONLY: Readonly<Record<string, readonly ProviderName[]>> = { file: ['llama'], model: ['ollama', 'openai', 'anthropic', 'replay', 'script'], sha256: ['llama'], template: ['llama'], endpoint: ['ollama', 'openai', 'anthropic'], secret: ['ollama', 'openai', 'anthropic'] };

function isEndpoint(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 2000 && /^https?:\/\/[^?#@\s]+$/i.test(value) && URL.canParse(value);
}

/** Reads a profile. Total: what is wrong is told by line and column, and a profile with an error is none. */
export function readProfile(source: string, name: string, path?: string): { readonly profile?: ModelProfile; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const starts = lineStarts(source);
  const tell = (code: ProblemCode, message: string, offset = 0, data?: Readonly<Record<string, unknown>>): void => {
    problems.push({ code, severity: 'error', message, ...placeIn(starts, offset), ...(path === undefined ? {} : { file: path }), ...(data === undefined ? {} : { data }) });
  };
  if (!isModelName(name)) tell('bad-id', `\`${name.slice(0, 80)}\` is no name of a model; take letters, digits, \`-\`, \`_\` and \`.\`, at most 64.`);
  if (source.length > LARGEST) tell('bad-value', `The profile is longer than ${LARGEST} characters; a profile is a few lines.`);
  const yaml = source.length > LARGEST ? undefined : yamlOf(source);
  if (yaml === undefined) {
    if (problems.length === 0) tell('syntax', 'The profile is nested too deeply to be read.');
    return { problems };
  }
  for (const error of yaml.errors) tell('syntax', `The profile is not valid YAML: ${error.message.split('\n')[0]!.slice(0, 200)}.`, error.pos[0]);
  if (yaml.errors.length === 0 && !isMap(yaml.contents)) tell('syntax', 'A profile is keys with values, as in `provider: ollama`.');
  if (problems.length > 0) return { problems };
  let data: Record<string, unknown>;
  try {
    data = yaml.toJS({ maxAliasCount: 100 }) as Record<string, unknown>;
  } catch (error) {
    tell('syntax', `The profile cannot be read: ${(error as Error).message.slice(0, 200)}.`);
    return { problems };
  }
  const check = (keys: Readonly<Record<string, Check>>, within: readonly string[], values: Readonly<Record<string, unknown>>): void => {
    const node = within.length === 0 ? yaml.contents : yaml.getIn(within, true);
    if (!isMap(node)) return tell('bad-value', `\`${within.join('.')}\` has to be written out; it is a reference to another place.`);
    for (const { key, value } of node.items) {
      const word = String(isScalar(key) ? key.value : key);
      const at = isScalar(key) ? key.range?.[0] : undefined;
      const shown = [...within, word].join('.').slice(0, 80);
      if (!Object.hasOwn(keys, word)) tell('unknown-key', `A profile has no key \`${shown}\`; it has ${Object.keys(keys).join(', ')}.`, at, { nearest: nearest(word, Object.keys(keys)) });
      else if (!keys[word]![0](values[word])) tell('bad-value', `\`${shown}\` has to be ${keys[word]![1]}.`, (value as { readonly range?: readonly number[] } | null)?.range?.[0] ?? at);
    }
  };
  check(KEYS, [], data);
  for (const [key, keys] of [['parameters', PARAMETERS], ['price', PRICE]] as const) if (isMapping(data[key])) check(keys, [key], data[key] as Record<string, unknown>);
  for (const key of ['telar-model', 'provider']) if (!Object.hasOwn(data, key)) tell('missing-key', `A profile needs \`${key}\`: ${KEYS[key]![1]}.`, 0, { key });
  const provider = data.provider as ProviderName;
  const needed = provider === 'llama' ? 'file' : 'model';
  if (problems.length === 0 && !Object.hasOwn(data, needed)) tell('missing-key', `A profile for ${provider} needs \`${needed}\`: ${KEYS[needed]![1]}.`, 0, { key: needed });
  for (const [key, who] of Object.entries(ONLY)) if (problems.length === 0 && Object.hasOwn(data, key) && !who.includes(provider)) tell('unknown-key', `\`${key}\` means nothing to ${provider}; it is for ${who.join(', ')}. Leave it out.`, keyOffset(yaml.contents, key), { key });
  if (problems.length === 0 && data.price !== undefined) for (const key of ['input', 'output', 'currency']) if (!Object.hasOwn(data.price as object, key)) tell('missing-key', `\`price\` needs \`${key}\`: ${PRICE[key]![1]}.`, keyOffset(yaml.contents, 'price'), { key });
  if (problems.length > 0) return { problems };
  const { 'telar-model': _, parameters = {}, template = 'chat', ...rest } = data;
  return { profile: { ...rest, name, provider, parameters, template, ...(path === undefined ? {} : { path }) } as ModelProfile, problems };
}

function keyOffset(node: unknown, key: string): number {
  const found = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
  return (found?.key as { readonly range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}

/** Writes a profile; `readProfile` reads it as it was. Keys stand in one order, so that a change is a small diff. */
export function writeProfile(profile: Omit<ModelProfile, 'path' | 'name'>): string {
  const { parameters, template } = profile;
  const data: Record<string, unknown> = { 'telar-model': GENERATION };
  for (const key of Object.keys(KEYS)) {
    const value = (profile as unknown as Readonly<Record<string, unknown>>)[key];
    if (key === 'parameters') { if (Object.keys(parameters).length > 0) data.parameters = parameters; } else if (key === 'template') { if (template !== 'chat') data.template = template; } else if (value !== undefined) data[key] = value;
  }
  return stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });
}
