/**
 * The library of models on a disk: profiles beside notebooks, those of a person, and `provider/model` without a file. Looking reads small
 * files and nothing else: no model is opened, no server asked (D8).
 *
 * Near wins over far, as with modules: `NAME.model.yaml` in a folder, then in its `models/`, then one folder up.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { type ModelProfile, type ProviderName, PROVIDERS } from '../../contracts/models.ts';
import { nearest } from '../../nodes/nearest.ts';
import type { Models } from './models.ts';
import { ENDING, isModelName, readProfile } from './profile.ts';

const LARGEST = 256 * 1024;
const MOST = 1000;
const FOLDER = 'models';

/** A profile's file that was found; `reason` says why it is none. */
export interface FoundProfile {
  readonly name: string;
  readonly from: 'workspace' | 'person';
  /** Absolute. */
  readonly file: string;
  readonly profile?: ModelProfile;
  readonly reason?: string;
  /** From the root, of one in the workspace that cannot be read. */
  readonly path?: string;
}

/** The library, for the command line too. */
export interface ModelLibrary extends Models {
  /** All that a notebook in a folder could name, nearest first; a name that a nearer one hides is left out. */
  all(folder: string): readonly FoundProfile[];
}

/** The folder of a person's own models: `TELAR_MODELS`, else in the system's place for settings. It need not be there. */
export function personModels(env: NodeJS.ProcessEnv = process.env): string {
  if (env.TELAR_MODELS !== undefined && env.TELAR_MODELS !== '') return resolve(env.TELAR_MODELS);
  if (process.platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'telar', FOLDER);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'telar', FOLDER);
  return join(env.XDG_CONFIG_HOME !== undefined && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : join(homedir(), '.config'), 'telar', FOLDER);
}

/** @param root of the workspace, absolute */
export function createModels(root: string, { person = personModels() }: { readonly person?: string } = {}): ModelLibrary {
  /** Folders in which a notebook's models are looked for, nearest first, with `/`; then the person's. */
  const folders = (folder: string): readonly { readonly from: FoundProfile['from']; readonly path: string }[] => {
    const up: string[] = [];
    for (let at = posix.normalize(folder === '' ? '.' : folder); ; at = posix.dirname(at)) {
      up.push(at, posix.join(at, FOLDER));
      if (at === '.' || at === '/' || at.startsWith('..')) break;
    }
    return [...up.map((path) => ({ from: 'workspace' as const, path: join(root, path) })), { from: 'person', path: person }];
  };

  const open = (from: FoundProfile['from'], place: string, name: string, folder: string): FoundProfile => {
    const file = join(place, `${name}${ENDING}`);
    const shown = from === 'person' ? file : relative(root, file).split(sep).join('/');
    const found = { name, from, file };
    const broken = (reason: string): FoundProfile => ({ ...found, reason, ...(from === 'person' ? {} : { path: shown }) });
    let source: string;
    try {
      source = readSmall(file, shown);
    } catch (error) {
      return broken(TelarError.from(error).message);
    }
    const { profile, problems } = readProfile(source, name, from === 'person' ? undefined : shown);
    if (profile === undefined) return broken(`${shown}:${problems[0]!.line}:${problems[0]!.column}: ${problems[0]!.message}`);
    return { ...found, ...placed(profile, from, place, folder) };
  };

  /** The profile with its paths as those need them who use it: `file` from the root, `model` of answers from the notebook's folder. */
  const placed = (profile: ModelProfile, from: FoundProfile['from'], place: string, folder: string): Pick<FoundProfile, 'profile' | 'reason'> => {
    const { file, model, provider } = profile;
    if (file !== undefined) return { profile: { ...profile, file: isAbsolute(file) ? file : inside(root, join(place, file)) } };
    if (model === undefined || (provider !== 'script' && provider !== 'replay')) return { profile };
    const answers = relative(join(root, folder), join(place, model)).split(sep).join('/');
    if (from === 'person' || isAbsolute(answers)) return { reason: `${profile.name} answers from a file, and a file of answers has to be in the workspace; put the profile beside the notebook.` };
    return { profile: { ...profile, model: answers } };
  };

  const all = (folder: string): readonly FoundProfile[] => {
    const seen = new Map<string, FoundProfile>();
    for (const { from, path } of folders(folder)) {
      for (const name of namesIn(path)) if (!seen.has(name)) seen.set(name, open(from, path, name, folder));
    }
    return [...seen.values()];
  };

  const named = (name: string, folder: string): FoundProfile | undefined => {
    const place = folders(folder).find(({ path }) => existsSync(join(path, `${name}${ENDING}`)));
    return place === undefined ? undefined : open(place.from, place.path, name, folder);
  };

  const usual = (folder: string): ReturnType<Models['find']> => {
    const near = all(folder).filter(({ from }) => from === 'workspace');
    const only = near[0];
    if (near.length === 1 && only !== undefined) return answer(only);
    const names = near.map(({ name }) => name).join(', ');
    return { reason: near.length > 1
      ? `Which model is asked? There are ${names}: name one of them with model=, or call one \`default\`.`
      : 'No model is named and none is here. Make a profile (`telar models add NAME --file MODEL.gguf`, or `--provider ollama --model llama3.2`), or name one as `provider/model`, as `ollama/llama3.2`.' };
  };

  return {
    all,
    find(reference, folder) {
      if (reference.includes('/')) return plain(reference);
      if (!isModelName(reference)) return { reason: `\`${reference.slice(0, 80)}\` is no name of a model; take the name of a profile, or \`provider/model\`.` };
      const found = named(reference, folder);
      if (found !== undefined) return answer(found);
      if (reference === 'default') return usual(folder);
      const known = all(folder).map(({ name }) => name);
      const near = nearest(reference, known);
      return { reason: `There is no model \`${reference}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`} ${known.length === 0 ? 'No profile is here' : `Here are ${known.slice(0, 20).join(', ')}`}; \`telar models add ${reference}\` makes one, and \`provider/model\` needs none.` };
    },
  };
}

const answer = ({ profile, reason, path }: FoundProfile): ReturnType<Models['find']> => (profile === undefined ? { reason: reason!, ...(path === undefined ? {} : { path }) } : { profile });

/** `provider/model`: a profile that needs no file. */
function plain(reference: string): ReturnType<Models['find']> {
  const [provider = '', ...rest] = reference.split('/');
  const model = rest.join('/');
  if (!(PROVIDERS as readonly string[]).includes(provider)) return { reason: `\`${provider.slice(0, 80)}\` is no provider; there are ${PROVIDERS.join(', ')}: write it as \`ollama/llama3.2\`.` };
  if (model === '' || model.length > 500 || model.includes('\0')) return { reason: `\`${reference.slice(0, 80)}\` names no model after the provider.` };
  return { profile: { name: reference, provider: provider as ProviderName, ...(provider === 'llama' ? { file: model } : { model }), parameters: {}, template: 'chat' } };
}

/** A path from the root where it is in it, else absolute. */
function inside(root: string, path: string): string {
  const near = relative(root, path);
  return near.startsWith('..') || isAbsolute(near) ? path : near.split(sep).join('/');
}

/** Names of the profiles in a folder, sorted. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith(ENDING)).slice(0, MOST).map((file) => file.slice(0, -ENDING.length)).sort();
  } catch {
    return [];
  }
}

/** @throws TelarError `bad-file` */
function readSmall(path: string, shown: string): string {
  let descriptor: number | undefined;
  try {
    // A pipe of that name would otherwise be waited for.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const seen = fstatSync(descriptor);
    if (!seen.isFile() || seen.size > LARGEST) throw new TelarError('bad-file', `${shown} is ${seen.isFile() ? `larger than ${LARGEST} bytes` : 'no file'}; a profile is a few lines of text.`, { path: shown });
    const bytes = new Uint8Array(seen.size);
    const length = readSync(descriptor, bytes);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('bad-file', `${shown} cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}); check what it is and who may read it.`, { path: shown }, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
