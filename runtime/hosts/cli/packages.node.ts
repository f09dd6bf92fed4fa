/**
 * `telar packages`: the packages of Python that a notebook asks for, and their lock. A notebook and its lock change together, when every
 * wheel is here; where something fails both stay as they were.
 */
import { existsSync, rmSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { sha256 } from '../../adapters/hash.node.ts';
import { applyChanges } from '../../document/changes.ts';
import type { Document } from '../../document/document.ts';
import { parseDocument } from '../../document/parse.ts';
import { pyodideFolder } from '../../executors/python/engine.node.ts';
import { pyodidePackages } from '../../executors/python/missing.node.ts';
import { addPackage, removePackage } from '../../packages/edit.ts';
import { formatLock, lockPath, outOfDate, parseLock, readWants, type Lock } from '../../packages/lock.ts';
import { makeLock, wheelFolders } from '../../packages/make-lock.node.ts';
import { realmOf } from '../../packages/realm.ts';
import { readRequirement, type Requirement } from '../../packages/requirement.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { stoppable } from './stoppable.node.ts';
import { colour, count, size, terminal } from './terminal.node.ts';

const VERBS = ['add', 'remove', 'list', 'lock'];
/** Milliseconds before it says what it does. */
const SILENT = 500;

export async function run(args: Arguments): Promise<number> {
  const [verb = '', file = '', ...names] = args.positionals;
  if (!VERBS.includes(verb)) throw new TelarError('usage', `\`telar packages\` takes ${VERBS.join(', ')}; \`${verb}\` is none of them.`);
  const changes = verb === 'add' || verb === 'remove';
  if (changes && names.length === 0) throw new TelarError('usage', `Say which packages: telar packages ${verb} ${file} PACKAGE...`);
  if (!changes && names.length > 0) throw new TelarError('usage', `\`telar packages ${verb}\` takes no packages; it looks at all of them.`);
  const host = openHost(file, args, 'parse');
  try {
    const document = host.runtime.load(host.workspace.file);
    if (verb === 'list') return list(host, document, await unlocked(host, document), args);
    const edited = verb === 'add' ? added(document, names) : verb === 'remove' ? removed(document, names) : document;
    return await stoppable((signal) => write(host, document, edited, args, signal));
  } finally {
    await host.close();
  }
}

function added(document: Document, names: readonly string[]): Document {
  return names.reduce((now, text) => {
    const read = readRequirement(text);
    if (typeof read === 'string') throw new TelarError('usage', `\`${text}\` cannot be read: ${read}. Write it as \`pandas\` or \`pandas>=2\`.`);
    return edit(now, addPackage(now, text));
  }, document);
}

function removed(document: Document, names: readonly string[]): Document {
  return names.reduce((now, text) => {
    const read = readRequirement(text);
    if (typeof read === 'string') throw new TelarError('usage', `\`${text}\` cannot be read: ${read}.`);
    return edit(now, removePackage(now, read.name));
  }, document);
}

const edit = (document: Document, changes: Parameters<typeof applyChanges>[1]): Document => parseDocument(applyChanges(document.text, changes), document.file);

/** What the front matter asks for. @throws TelarError `usage` */
function wantsOf({ file, frontMatter: { packages = [] } }: Document): readonly Requirement[] {
  const wants = readWants(packages);
  if (typeof wants === 'string') throw new TelarError('usage', `${file}: ${wants}`);
  return wants;
}

const nameOf = (text: string): string | undefined => {
  const read = readRequirement(text);
  return typeof read === 'string' ? undefined : read.name;
};

/** A failure to add packages for the sake of one that the front matter names already. */
function inTheWay(error: unknown, added: readonly string[], had: ReadonlySet<string>): unknown {
  if (!(error instanceof TelarError) || added.length === 0 || typeof error.data.name !== 'string' || !had.has(error.data.name)) return error;
  return new TelarError(error.code, `\`${error.data.name}\`, which the front matter names already, stands in the way of ${added.join(', ')}: ${error.message}`, error.data, { cause: error });
}

/** The lock as it is; `undefined` when there is none that can be read: it is made again. */
function lockOf(host: Host, path: string): { readonly lock?: Lock; readonly fault?: string } {
  if (host.files.stat(path)?.kind !== 'file') return {};
  try {
    return { lock: parseLock(new TextDecoder().decode(host.files.read(path)), path, sha256) };
  } catch (error) {
    return { fault: TelarError.from(error).message };
  }
}

async function write(host: Host, before: Document, document: Document, args: Arguments, signal: AbortSignal): Promise<number> {
  const path = lockPath(document.file);
  const quiet = args.flags.quiet === true;
  const known = lockOf(host, path);
  if (known.fault !== undefined) terminal.error(`telar: ${known.fault} It is made again.`);
  const wants = wantsOf(document);
  const began = performance.now();
  const folders = wheelFolders((args.list('wheels') ?? []).map((one) => resolve(one)), join(host.workspace.root, '.telar'), process.env);
  for (const one of args.list('wheels') ?? []) if (!existsSync(resolve(one))) throw new TelarError('usage', `There is no folder ${one} for --wheels.`);
  const had = new Set((before.frontMatter.packages ?? []).flatMap((text) => nameOf(text) ?? []));
  const lock = wants.length === 0 ? undefined : await makeLock(wants, known.lock, {
    identity: host.executors.get('python')?.identity() ?? {}, wheels: host.wheels, network: host.network!, clock: host.clock, signal, env: process.env, folders,
    offline: args.flags.offline === true, said: (what) => { if (!quiet && performance.now() - began > SILENT) terminal.error(colour.grey(what)); },
  }).catch((error: unknown) => { throw document === before ? error : inTheWay(error, wants.map(({ name }) => name).filter((name) => !had.has(name)), had); });
  const text = lock === undefined ? undefined : formatLock(lock, sha256);
  const old = host.files.stat(path)?.kind === 'file' ? host.files.read(path) : undefined;
  try {
    if (text !== undefined && (old === undefined || new TextDecoder().decode(old) !== text)) host.files.write(path, new TextEncoder().encode(text));
    if (text === undefined && old !== undefined) rmSync(host.files.absolute(path));
    if (document.text !== before.text) host.files.write(document.file, new TextEncoder().encode(document.text));
  } catch (error) {
    if (old !== undefined) host.files.write(path, old); else rmSync(host.files.absolute(path), { force: true });
    throw error;
  }
  return tell(host, document, lock, known.lock, args);
}

function tell(host: Host, { file, frontMatter: { packages = [] } }: Document, lock: Lock | undefined, before: Lock | undefined, args: Arguments): number {
  const rows = rowsOf(host, lock);
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'packages', file, asked: packages, ...(lock === undefined ? {} : { lock: lockPath(file), python: lock.python, platform: lock.platform }), packages: rows })}\n`);
    return 0;
  }
  if (args.flags.quiet === true) return 0;
  const old = new Map((before?.packages ?? []).map((one) => [one.name, one.version]));
  for (const { name, version } of rows) if (old.get(name) !== version) terminal.out(`${colour.green('+')} ${name} ${version}${old.has(name) ? colour.grey(` (was ${old.get(name)})`) : ''}\n`);
  for (const [name, version] of old) if (!rows.some((one) => one.name === name)) terminal.out(`${colour.red('-')} ${name} ${version}\n`);
  terminal.out(lock === undefined ? `${file} asks for no packages.\n` : `${count(rows.length, 'package')} locked in ${lockPath(file)}, all on this machine.\n`);
  return 0;
}

function rowsOf(host: Host, lock: Lock | undefined) {
  return (lock?.packages ?? []).map(({ name, version, from, sha256: hash, depends }) => {
    const bytes = host.wheels.size(hash);
    return { name, version, from, sha256: hash, here: bytes !== undefined, ...(bytes === undefined ? {} : { bytes }), depends };
  });
}

/** What Python nodes import from Pyodide's release, by the node that does. */
async function unlocked(host: Host, { file }: Document): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const folder = pyodideFolder();
  if (folder === undefined) return found;
  const beside = (top: string): boolean => ['.py', ''].some((end) => host.files.stat(posix.join(posix.dirname(file), top + end)) !== undefined);
  for (const node of (await host.open()).graph.nodes()) {
    const { kind, params, analysis } = node.description;
    if (kind !== 'python' || params.kernel !== undefined || node.scope.boundary !== undefined) continue;
    for (const { module } of analysis.imports) {
      const top = module.split('.')[0] as string;
      const name = beside(top) ? undefined : pyodidePackages(folder).packageOf(top);
      if (name !== undefined && !found.has(name)) found.set(name, node.path);
    }
  }
  return found;
}

function list(host: Host, document: Document, imported: ReadonlyMap<string, string>, args: Arguments): number {
  const path = lockPath(document.file);
  const { lock, fault } = lockOf(host, path);
  const wants = wantsOf(document);
  const realm = realmOf(host.executors.get('python')?.identity() ?? {});
  const late = fault ?? (lock === undefined ? (wants.length === 0 ? undefined : `${path} is not there: no versions are locked.`) : realm === undefined ? undefined : outOfDate(lock, wants, realm));
  const rows = rowsOf(host, lock);
  const complete = late === undefined && rows.every(({ here }) => here);
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({
      type: 'packages', file: document.file, asked: document.frontMatter.packages ?? [], packages: rows,
      ...(lock === undefined ? {} : { lock: path, python: lock.python, platform: lock.platform }), ...(late === undefined ? {} : { problem: late }),
    })}\n`);
  } else {
    const width = Math.max(0, ...rows.map(({ name }) => name.length));
    for (const { name, version, from, here, bytes } of rows) terminal.out(`${name.padEnd(width)}  ${version.padEnd(12)} ${from.padEnd(8)} ${here ? size(bytes as number) : colour.red('not on this machine')}\n`);
    if (late !== undefined) terminal.error(`telar: ${late} Run \`telar packages lock ${document.file}\`.`);
    else if (!complete) terminal.error(`telar: Some are not on this machine: \`telar packages lock ${document.file}\` gets them.`);
    else if (rows.length === 0 && args.flags.quiet !== true) terminal.out(`${document.file} asks for no packages.\n`);
    for (const [name, node] of imported) {
      if (!rows.some((one) => one.name === name) && !wants.some((one) => one.name === name)) terminal.error(`telar: ${node} imports ${name}, which is not locked: telar packages add ${document.file} ${name}`);
    }
  }
  return complete ? 0 : 4;
}
