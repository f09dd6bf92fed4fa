/**
 * `telar check`: problems of notebooks and contracts, found by parsing and wiring alone (D8), as text, JSON, annotations, SARIF or a
 * comment. A file that cannot be read is a problem of its own, and the rest goes on.
 */
import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { TelarError, type Problem } from '../../../contracts/errors.ts';
import type { Arguments } from './arguments.node.ts';
import { inOrder, plainFinding, type Checked, type Finding } from './check/finding.ts';
import { openHost } from './host.node.ts';
import { deliver, shownPath } from './paths.node.ts';
import { problemLine } from './tell-run.node.ts';
import { colour, count } from './terminal.node.ts';

/** Files of one check, by what they are. */
interface Found { readonly notebooks: Set<string>; readonly contracts: Set<string> }

const isContract = (name: string): boolean => /\.ya?ml$/i.test(name);

export async function run(args: Arguments): Promise<number> {
  const format = args.flags.json === true ? 'json' : args.text('format') ?? 'text';
  if (args.flags.json === true && !['json', undefined].includes(args.text('format'))) throw new TelarError('usage', '--json is --format json; take one of them out.');
  const all: Finding[] = [];
  const found: Found = { notebooks: new Set(), contracts: new Set() };
  for (const path of args.positionals) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) { (isContract(path) ? found.contracts : found.notebooks).add(path); continue; }
    const before = found.notebooks.size + found.contracts.size;
    walk(path, found, all);
    if (found.notebooks.size + found.contracts.size === before && all.length === 0) throw new TelarError('usage', `There is no notebook (*.telar.md) and no contract (*.contract.yaml) in ${path}.`, { path });
  }
  for (const file of found.notebooks) all.push(...await problemsOf(file, args));
  if (found.contracts.size > 0) all.push(...await contractProblems([...found.contracts], args));
  const findings = [...new Map(all.map((one) => [JSON.stringify([one.file, one.line, one.column, one.code, one.message]), one])).values()];
  const errors = findings.filter((one) => one.severity === 'error').length;
  deliver([await textOf(format, findings, found, args)], args.text('output'));
  return errors > 0 ? 2 : 0;
}

async function textOf(format: string, findings: readonly Finding[], found: Found, args: Arguments): Promise<string> {
  const files = found.notebooks.size + found.contracts.size;
  const ordered = async (): Promise<Checked> => ({ findings: inOrder(findings), files, version: (await import('./version.node.ts')).readVersion() });
  switch (format) {
    case 'json': return `${JSON.stringify({ type: 'check', problems: findings.map(plainFinding) })}\n`;
    case 'github': return (await import('./check/github.ts')).githubText(await ordered());
    case 'sarif': return (await import('./check/sarif.ts')).sarifText(await ordered(), (await import('../../adapters/hash.node.ts')).sha256);
    case 'markdown': return (await import('./check/markdown.ts')).markdownText(await ordered(), linkOf(process.env));
    default: return plainText(findings, found, args.flags.quiet === true);
  }
}

function plainText(findings: readonly Finding[], { notebooks, contracts }: Found, quiet: boolean): string {
  const errors = findings.filter((one) => one.severity === 'error').length;
  const lines = findings.filter(({ severity }) => !quiet || severity === 'error').map((finding) => `${problemLine(finding as Problem)}\n`);
  if (quiet) return lines.join('');
  const told = findings.length === 0 ? colour.green('no problems') : `${errors === 0 ? 'no errors' : colour.red(count(errors, 'error'))}${findings.length > errors ? `, ${count(findings.length - errors, 'remark')}` : ''}`;
  const looked = [...(notebooks.size > 0 || contracts.size === 0 ? [count(notebooks.size, 'notebook')] : []), ...(contracts.size > 0 ? [count(contracts.size, 'contract')] : [])];
  return `${lines.join('')}${looked.join(', ')}: ${told}\n`;
}

/** Where a line can be read on the forge whose workflow this is. */
function linkOf({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_SHA: sha, GITHUB_WORKSPACE: root }: NodeJS.ProcessEnv): ((file: string, line: number) => string | undefined) | undefined {
  if (server === undefined || repository === undefined || sha === undefined || !/^https:\/\/[\w.-]+$/.test(server) || !/^[\w.-]+\/[\w.-]+$/.test(repository) || !/^[0-9a-f]{7,64}$/.test(sha)) return undefined;
  return (file, line) => {
    const path = relative(root ?? process.cwd(), resolve(file)).split(sep);
    return path[0] === '..' ? undefined : `${server}/${repository}/blob/${sha}/${path.map((part) => encodeURIComponent(part).replace(/[()]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)).join('/')}#L${line}`;
  };
}

async function problemsOf(path: string, args: Arguments): Promise<Finding[]> {
  try {
    const host = openHost(path, args, 'parse');
    try {
      const notebook = await host.open();
      return notebook.problems().map((problem) => ({ ...problem, file: shownPath(host.workspace, problem.file ?? notebook.file) }));
    } finally {
      await host.close();
    }
  } catch (error) {
    const failure = TelarError.from(error);
    return [unreadable(path, failure.message, failure.code, failure.line)];
  }
}

async function contractProblems(paths: readonly string[], args: Arguments): Promise<readonly Finding[]> {
  const { loadContract } = await import('./contract/load.node.ts');
  const { judgeContracts } = await import('./contract/judge.node.ts');
  return (await judgeContracts(paths.map((path) => loadContract(resolve(path), args)))).findings;
}

const unreadable = (file: string, message: string, code: string, line = 1): Finding => ({ file, line, column: 1, severity: 'error', code, message });

/** Notebooks and contracts at and below a folder, sorted. Hidden folders and installed packages are passed by, links are not followed. */
function walk(folder: string, found: Found, findings: Finding[]): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) { if (!entry.name.startsWith('.') && entry.name !== 'node_modules') walk(path, found, findings); }
      else if (entry.isFile() && entry.name.endsWith('.telar.md')) found.notebooks.add(path);
      else if (entry.isFile() && /\.contract\.ya?ml$/i.test(entry.name)) found.contracts.add(path);
    }
  } catch (error) {
    findings.push(unreadable(relative(process.cwd(), folder) || folder, `This folder cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}). Check who may read it.`, 'bad-file'));
  }
}
