/**
 * `telar models`: the profiles that a notebook here could name. What is listed and shown is read from small files and asked with one cheap
 * question; no model is loaded. What changes them is in `models-change.node.ts`, what fetches one in `models-pull.node.ts`.
 */
import { TelarError } from '../../../contracts/errors.ts';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { createModels, type FoundProfile } from '../../models/library.node.ts';
import type { Arguments } from './arguments.node.ts';
import { fileFacts, only, type Place, rowOf, theFile, type Told } from './models-rows.node.ts';
import { clean, colour, size, terminal } from './terminal.node.ts';

const VERBS = ['list', 'show', 'add', 'remove', 'pull', 'import', 'export', 'schema'] as const;
/** Options that belong to some verbs only. */
const BELONGS: Readonly<Record<string, readonly string[]>> = {
  provider: ['add', 'schema'], model: ['add'], file: ['add'], endpoint: ['add'], secret: ['add'], system: ['add'], about: ['add', 'pull'], template: ['add'], parameter: ['add'], user: ['add', 'import'],
  sha256: ['pull', 'add'], 'with-file': ['remove'], output: ['export'], yes: ['add', 'remove', 'pull', 'import'],
};

export async function run(args: Arguments): Promise<number> {
  const [verb = '', ...rest] = args.positionals;
  if (!(VERBS as readonly string[]).includes(verb)) throw new TelarError('usage', `\`telar models\` takes ${VERBS.join(', ')}; \`${verb}\` is none of them.`);
  for (const [option, verbs] of Object.entries(BELONGS)) if (args.flags[option] !== undefined && !verbs.includes(verb)) throw new TelarError('usage', `--${option} belongs to ${verbs.map((one) => `\`telar models ${one}\``).join(', ')}.`);
  const { root, folder } = findWorkspace('.', args.text('workspace'));
  const place: Place = { root, folder, library: createModels(root) };
  if (verb === 'schema') return (await import('./models-schema.node.ts')).schema(rest, args);
  const told = verb === 'list' ? await list(place, rest) : verb === 'show' ? await show(place, rest)
    : verb === 'pull' ? await (await import('./models-pull.node.ts')).pull(place, rest, args) : await (await import('./models-change.node.ts')).change(verb, place, rest, args);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'models', verb, models: told.models, ...(told.told === undefined ? {} : { told: told.told }), ...(told.text === undefined ? {} : { text: told.text }) })}\n`);
  else if (args.flags.quiet !== true) for (const line of told.words) terminal.out(`${line}\n`);
  return told.exit ?? 0;
}

async function list(place: Place, rest: readonly string[]): Promise<Told> {
  if (rest.length > 0) throw new TelarError('usage', '`telar models list` takes no further word; `telar models show NAME` tells of one.');
  const models = await Promise.all(place.library.all(place.folder).map((found) => rowOf(place, found)));
  const width = Math.max(0, ...models.map(({ name }) => name.length));
  const lines = models.map(({ name, provider = '?', bytes, ready, words, from, path }) =>
    `${colour.bold(clean(name).padEnd(width))}  ${provider.padEnd(9)} ${(bytes === undefined ? '' : size(bytes)).padEnd(8)} ${ready ? colour.green('ready') : colour.yellow('not ready')}: ${clean(words)}  ${colour.grey(from === 'person' ? 'your own' : clean(path))}`);
  return { models, words: lines.length > 0 ? lines : ['No model is set up here. `telar models add NAME --file MODEL.gguf` makes a profile of a file, `telar models add NAME --provider ollama --model llama3.2` one of a server; a prompt may also name `ollama/llama3.2`.'] };
}

async function show(place: Place, rest: readonly string[]): Promise<Told> {
  const name = only('show', rest);
  const answer = place.library.find(name, place.folder);
  const found: FoundProfile = 'reason' in answer ? theFile(place, name)
    : place.library.all(place.folder).find((one) => one.name === answer.profile.name) ?? { name, from: 'workspace', file: '', profile: answer.profile };
  const row = await rowOf(place, found);
  if (found.profile === undefined) return { models: [row], words: [row.words], exit: 2 };
  const { loadProvider } = await import('../../providers/index.ts');
  const features = (await loadProvider(found.profile.provider)).features(found.profile);
  const file = fileFacts(place.root, found.profile);
  const { name: _name, path: _path, parameters, price, ...rows } = found.profile;
  const facts = { ...rows, ...parameters, ...(price === undefined ? {} : { price: `${price.input} in, ${price.output} out${price.cached === undefined ? '' : `, ${price.cached} reused`} (${price.currency} per million tokens)` }), ...file };
  const words = [
    `${colour.bold(clean(name))}  ${row.ready ? colour.green('ready') : colour.yellow('not ready')}: ${clean(row.words)}`,
    ...Object.entries(facts).map(([key, value]) => `  ${key.padEnd(12)} ${clean(value)}`),
    `  ${'can'.padEnd(12)} ${Object.entries(features).filter(([, can]) => can).map(([key]) => CAN[key]).join(', ')}`,
    ...(row.path === '' ? [] : [colour.grey(`  ${clean(row.path)}`)]),
  ];
  return { models: [{ ...row, profile: found.profile, features, ...(file === undefined ? {} : { file }) }], words };
}

const CAN: Readonly<Record<string, string>> = { streams: 'stream', grammar: 'be bound by a schema', seed: 'be seeded', media: 'see pictures', exactCount: 'count exactly', promptCache: 'reuse what it has seen' };
