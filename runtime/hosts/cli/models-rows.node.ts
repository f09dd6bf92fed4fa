/** What the verbs of `telar models` share: where models are looked for, how one is told, and what a person named. */
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { type ModelProfile, type ProviderName, PROVIDERS } from '../../../contracts/models.ts';
import { findModel, headerOf } from '../../executors/llama/model.node.ts';
import type { FoundProfile, ModelLibrary } from '../../models/library.node.ts';
import { look } from './doctor-models.node.ts';
import { count, size } from './terminal.node.ts';

/** Where models are looked for, from the folder where the command was given. */
export interface Place { readonly root: string; readonly folder: string; readonly library: ModelLibrary }

/** What one verb tells, as `--json` and in words. */
export interface Told { readonly models: readonly Row[]; readonly told?: readonly string[]; readonly text?: string; readonly words: readonly string[]; readonly exit?: number }

/** A model as `--json` tells it. */
export interface Row extends Pick<FoundProfile, 'name' | 'from'> { readonly path: string; readonly provider?: string; readonly model?: string; readonly bytes?: number; readonly ready: boolean; readonly words: string; readonly profile?: ModelProfile; readonly features?: object; readonly file?: object }

/** A profile with whether it could be asked now. */
export async function rowOf({ root, folder }: Place, found: FoundProfile): Promise<Row> {
  const { name, from, file, profile } = found;
  const { ok, detail, fix } = await look(root, found, folder);
  const weights = profile?.file === undefined ? undefined : statSync(resolve(root, profile.file), { throwIfNoEntry: false });
  return {
    name, from, path: from === 'person' || file === '' ? file : relative(root, file), ready: ok, words: fix === undefined ? detail : `${detail}. ${fix}`,
    ...(profile === undefined ? {} : { provider: profile.provider }), ...(profile?.model === undefined ? {} : { model: profile.model }), ...(weights?.isFile() === true ? { bytes: weights.size } : {}),
  };
}

/** A profile by its name, that of a file. @throws TelarError `usage` */
export function theFile({ library, folder }: Place, name: string): FoundProfile {
  const found = library.all(folder).find((one) => one.name === name);
  if (found !== undefined) return found;
  const answer = library.find(name, folder);
  throw new TelarError('usage', 'reason' in answer ? answer.reason : `\`${name}\` is no file: it names the provider itself.`);
}

/** The only word that stands after a verb. @throws TelarError `usage` */
export function only(verb: string, rest: readonly string[], what = 'NAME'): string {
  if (rest.length !== 1) throw new TelarError('usage', `Say one: telar models ${verb} ${what}`);
  return rest[0]!;
}

/** What a GGUF file says of itself; nothing where it cannot be read. */
export function fileFacts(root: string, { file, parameters }: ModelProfile): Readonly<Record<string, string | number | boolean>> | undefined {
  if (file === undefined) return undefined;
  try {
    const model = findModel(resolve(root, file));
    const { architecture, numbers, context, layers, vocabulary, hasTemplate } = headerOf(model);
    return { architecture, size: size(model.size), weights: numbers >= 1e9 ? `${(numbers / 1e9).toFixed(1)} billion` : numbers >= 1e6 ? `${(numbers / 1e6).toFixed(1)} million` : count(numbers, 'number'), layers, vocabulary, window: parameters.context ?? Math.min(context, 4096), trained: context, chat: hasTemplate ? 'has a template' : 'has no template' };
  } catch {
    return undefined;
  }
}

/** A provider by its name. @throws TelarError `usage` */
export function providerNamed(name: string): ProviderName {
  if (!(PROVIDERS as readonly string[]).includes(name)) throw new TelarError('usage', `\`${name}\` is no provider; there are ${PROVIDERS.join(', ')}.`);
  return name as ProviderName;
}

/** A text file that a person named. @throws TelarError `missing-file`, `bad-file` */
export function textFile(path: string, most: number): string {
  const seen = statSync(path, { throwIfNoEntry: false });
  if (seen === undefined) throw new TelarError('missing-file', `There is no file ${path}.`, { path });
  if (!seen.isFile() || seen.size > most) throw new TelarError('bad-file', `${path} is ${seen.isFile() ? `larger than ${size(most)}` : 'no file'}.`, { path });
  return readFileSync(path, 'utf8');
}
