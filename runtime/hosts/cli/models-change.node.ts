/** `telar models add|remove|import|export`: profiles written, taken away, and carried over from and to Ollama's Modelfile. Nothing that is there is written over unasked. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { TelarError } from '../../../contracts/errors.ts';
import type { ModelParameters, ModelProfile } from '../../../contracts/models.ts';
import { PARAMETERS } from '../../../nodes/model-parameters.ts';
import { cacheFolder } from '../../adapters/cache-folder.node.ts';
import { findModel, Hashes, headerOf } from '../../executors/llama/model.node.ts';
import { personModels } from '../../models/library.node.ts';
import { readModelfile, writeModelfile } from '../../models/modelfile.ts';
import { ENDING, isModelName, readProfile, writeProfile } from '../../models/profile.ts';
import type { Arguments } from './arguments.node.ts';
import { fileFacts, only, type Place, providerNamed, rowOf, textFile, theFile, type Told } from './models-rows.node.ts';
import { deliver } from './paths.node.ts';
import { stoppable } from './stoppable.node.ts';
import { clean, colour, terminal } from './terminal.node.ts';

/** Milliseconds between two words of progress. */
const EVERY = 500;
const CHUNK = 4 * 1024 * 1024;
const LARGEST = 1024 * 1024;

export async function change(verb: string, place: Place, rest: readonly string[], args: Arguments): Promise<Told> {
  if (verb === 'add') return add(place, only(verb, rest), args);
  if (verb === 'remove') return remove(place, only(verb, rest), args);
  if (verb === 'export') return exportIt(place, only(verb, rest), args);
  return importIt(place, rest, args);
}

async function add(place: Place, name: string, args: Arguments): Promise<Told> {
  const file = args.text('file');
  const provider = args.text('provider') ?? (file === undefined ? undefined : 'llama');
  if (provider === undefined) throw new TelarError('usage', `Say who is asked: --file MODEL.gguf, or --provider with --model, as \`telar models add ${name} --provider ollama --model llama3.2\`.`);
  if (provider === 'llama' && file === undefined) throw new TelarError('usage', 'Of llama say the file: --file MODEL.gguf.');
  const folder = folderFor(place, args);
  checkName(name, folder, args);
  const given = Object.fromEntries(['model', 'endpoint', 'secret', 'system', 'about', 'template', 'sha256'].flatMap((key) => { const text = args.text(key); return text === undefined ? [] : [[key, text]]; }));
  const pinned = file === undefined ? {} : { file: besides(place, folder, resolve(file)), sha256: await hashed(resolve(file), args.text('sha256')) };
  const profile = { provider: providerNamed(provider), template: 'chat', ...given, ...pinned, parameters: parametersOf(args.list('parameter') ?? []) } as Omit<ModelProfile, 'name'>;
  return written(place, name, profile, folder, args);
}

/** Parameters as `temperature=0.7`; `stop` may come more than once. */
function parametersOf(texts: readonly string[]): ModelParameters {
  const parameters: Record<string, unknown> = {};
  for (const text of texts) {
    const [key = '', ...rest] = text.split('=');
    const value = rest.join('=');
    const check = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key as keyof ModelParameters] : undefined;
    if (check === undefined || rest.length === 0) throw new TelarError('usage', `\`${text}\` is no parameter; write one of ${Object.keys(PARAMETERS).join(', ')} with its value: --parameter temperature=0.7.`);
    const read = key === 'stop' ? [...(parameters.stop as readonly string[] | undefined ?? []), value] : key === 'keep_alive' ? value : value === '' ? Number.NaN : Number(value);
    if (!check[0](read)) throw new TelarError('usage', `${key} has to be ${check[1]}, not \`${value}\`.`);
    parameters[key] = read;
  }
  return parameters;
}

/** The folder for new profiles: `models/` here, or the person's own. */
export const folderFor = ({ root, folder }: Place, args: Arguments): string => (args.flags.user === true ? personModels() : join(root, folder, 'models'));

/** A model's file as the profile names it: by its place beside the profile where both move together, else absolute. */
export function besides({ root }: Place, folder: string, file: string): string {
  const near = relative(folder, file).split(sep).join('/');
  const isWithin = (base: string): boolean => !relative(base, file).startsWith('..') && !isAbsolute(relative(base, file));
  return isWithin(folder) || (isWithin(root) && !relative(root, folder).startsWith('..')) ? near : file;
}

/** The SHA-256 of a model's file, which has to be one; large ones tell how far it has come. @throws TelarError `missing-file`, `bad-file`, `refused` */
export async function hashed(path: string, expected: string | undefined): Promise<string> {
  const model = findModel(path);
  headerOf(model);
  const cache = cacheFolder('');
  const hashes = new Hashes(cache === '' ? undefined : cache);
  let done = 0;
  let said = performance.now();
  const found = await stoppable((signal) => hashes.in(model, () => {
    signal.throwIfAborted();
    done += CHUNK;
    if (performance.now() - said < EVERY) return;
    said = performance.now();
    terminal.error(colour.grey(`hashing ${path}: ${Math.min(99, Math.floor(100 * done / model.size))} %`));
  }));
  if (expected !== undefined && expected.toLowerCase() !== found) throw new TelarError('refused', `${path} is not the file that was asked for: its SHA-256 is ${found}, not ${expected}. Get it again.`, { found, expected });
  return found;
}

/** Before anything is hashed or fetched for it. @throws TelarError `usage` for a name that is none, or that has a profile already */
export function checkName(name: string, folder: string, args: Arguments): void {
  if (!isModelName(name)) throw new TelarError('usage', `\`${name.slice(0, 80)}\` is no name of a model; take letters, digits, \`-\`, \`_\` and \`.\`, at most 64.`);
  const path = join(folder, `${name}${ENDING}`);
  if (existsSync(path) && args.flags.yes !== true) throw new TelarError('usage', `There is a model \`${name}\` already (${path}). Take another name, or write over it with --yes.`);
}

/** Writes a profile as a file, after it was read back. @throws TelarError `usage` for one that is none, or where one is already */
export async function written(place: Place, name: string, profile: Omit<ModelProfile, 'name'>, folder: string, args: Arguments, told: readonly string[] = []): Promise<Told> {
  checkName(name, folder, args);
  const path = join(folder, `${name}${ENDING}`);
  const text = writeProfile(profile);
  const [problem] = readProfile(text, name).problems;
  if (problem !== undefined) throw new TelarError('usage', problem.message);
  mkdirSync(folder, { recursive: true });
  deliver([text], path);
  const found = { ...place.library.all(place.folder).find((one) => one.name === name) ?? { name, from: args.flags.user === true ? 'person' as const : 'workspace' as const, file: path } };
  const row = await rowOf(place, found);
  const facts = found.profile === undefined ? undefined : fileFacts(place.root, found.profile);
  return {
    models: [{ ...row, ...(found.profile === undefined ? {} : { profile: found.profile }), ...(facts === undefined ? {} : { file: facts }) }], told,
    words: [`${colour.green('+')} ${clean(name)}: ${clean(row.words)}`, ...(facts === undefined ? [] : [`  ${Object.entries(facts).map(([key, value]) => `${key}: ${value}`).join(', ')}`]), ...told.map((one) => colour.yellow(`  ${clean(one)}`)), colour.grey(`  ${clean(path)}`)],
  };
}

async function remove(place: Place, name: string, args: Arguments): Promise<Told> {
  const found = theFile(place, name);
  const row = await rowOf(place, found);
  const weights = args.flags['with-file'] === true && found.profile?.file !== undefined ? resolve(place.root, found.profile.file) : undefined;
  if (weights !== undefined && (dirname(weights) !== dirname(found.file) || !/\.gguf$/i.test(weights))) throw new TelarError('refused', `${weights} is no GGUF file beside its profile, and is not Telar’s to remove. Remove it yourself.`, { path: weights });
  const shared = weights === undefined ? undefined : place.library.all(place.folder).find((one) => one.name !== name && one.profile?.file !== undefined && resolve(place.root, one.profile.file) === weights);
  if (shared !== undefined) throw new TelarError('refused', `${weights} is the file of \`${shared.name}\` too; remove that one first, or leave the file.`);
  const what = [found.file, ...(weights === undefined ? [] : [weights])].join(' and ');
  if (args.flags.yes !== true && !await agreed(`Remove ${what}?`)) throw new TelarError('refused', `Nothing was removed. Say so with --yes: \`telar models remove ${name} --yes\`.`);
  rmSync(found.file);
  if (weights !== undefined) rmSync(weights, { force: true });
  return { models: [row], words: [`${colour.red('-')} ${clean(name)}  ${colour.grey(clean(what))}`] };
}

/** Whether the person at the terminal says yes; nobody there says no. */
async function agreed(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

async function importIt(place: Place, rest: readonly string[], args: Arguments): Promise<Told> {
  const [path, name] = rest;
  if (path === undefined || name === undefined || rest.length > 2) throw new TelarError('usage', 'Say the Modelfile and the name that the model gets here: telar models import Modelfile NAME');
  const { profile, told, problems } = readModelfile(textFile(path, LARGEST), path);
  if (profile === undefined) throw new TelarError('bad-file', problems.map(({ line, message }) => `${path}:${line}: ${message}`).join('\n'), { path, problems });
  const folder = folderFor(place, args);
  checkName(name, folder, args);
  if (profile.file === undefined) return written(place, name, profile, folder, args, told);
  const file = resolve(dirname(path), profile.file);
  return written(place, name, { ...profile, file: besides(place, folder, file), sha256: await hashed(file, undefined) }, folder, args, told);
}

async function exportIt(place: Place, name: string, args: Arguments): Promise<Told> {
  const answer = place.library.find(name, place.folder);
  if ('reason' in answer) throw new TelarError('usage', answer.reason);
  const { profile } = answer;
  const output = args.text('output');
  const base = output === undefined || output === '-' ? process.cwd() : dirname(resolve(output));
  const file = profile.file === undefined ? undefined : resolve(place.root, profile.file);
  const near = file === undefined ? undefined : relative(base, file);
  const { text, told } = writeModelfile({ ...profile, ...(near === undefined ? {} : { file: near.startsWith('..') ? file! : near.split(sep).join('/') }) });
  if (output !== undefined && output !== '-') {
    if (statSync(output, { throwIfNoEntry: false })?.isDirectory() === true) throw new TelarError('usage', `${output} is a folder; name the file to write.`);
    deliver([text], output);
  } else if (args.flags.json !== true) terminal.out(text);
  for (const one of args.flags.json === true ? [] : told) terminal.error(`telar: ${one}`);
  return { models: [], told, text, words: output === undefined || output === '-' ? [] : [`${output}: ollama create ${name} -f ${output}`] };
}
