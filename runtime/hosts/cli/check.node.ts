/** `telar check`: problems of notebooks, found by parsing and wiring alone (D8). A file that cannot be read is a problem of its own, and the rest goes on. */
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { TelarError, type Problem } from '../../../contracts/errors.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { problemLine } from './tell-run.node.ts';
import { colour, terminal } from './terminal.node.ts';

/** A problem as `check` tells it; a file that cannot be read has an error's code. */
type Finding = Omit<Problem, 'code'> & { readonly code: string };

export async function run(args: Arguments): Promise<number> {
  const findings: Finding[] = [];
  const files = new Set<string>();
  for (const path of args.positionals) {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind?.isDirectory() !== true) { files.add(path); continue; }
    const found = notebooksIn(path, findings);
    if (found.length === 0) throw new TelarError('usage', `There is no notebook (*.telar.md) in ${path}.`, { path });
    for (const file of found) files.add(file);
  }
  const seen = new Set<string>();
  for (const file of files) {
    for (const finding of await problemsOf(file, args)) {
      const key = JSON.stringify([finding.file, finding.line, finding.column, finding.code, finding.message]);
      if (!seen.has(key)) findings.push(finding);
      seen.add(key);
    }
  }
  const errors = findings.filter((one) => one.severity === 'error').length;
  if (args.flags.json === true) {
    const problems = findings.map(({ file = '', line, column, node, severity, code, message }) => ({ file, line, column, ...(node === undefined ? {} : { node }), severity, code, message }));
    terminal.out(`${JSON.stringify({ type: 'check', problems })}\n`);
  } else {
    for (const finding of findings) if (args.flags.quiet !== true || finding.severity === 'error') terminal.out(`${problemLine(finding as Problem)}\n`);
    const told = findings.length === 0 ? colour.green('no problems') : `${errors === 0 ? 'no errors' : colour.red(count(errors, 'error'))}${findings.length > errors ? `, ${count(findings.length - errors, 'remark')}` : ''}`;
    if (args.flags.quiet !== true) terminal.out(`${count(files.size, 'notebook')}: ${told}\n`);
  }
  return errors > 0 ? 2 : 0;
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

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

const unreadable = (file: string, message: string, code: string, line = 1): Finding => ({ file, line, column: 1, severity: 'error', code, message });

/** Notebooks at and below a folder, sorted. Hidden folders and installed packages are passed by, links are not followed. */
function notebooksIn(folder: string, findings: Finding[]): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : notebooksIn(path, findings);
      return entry.isFile() && entry.name.endsWith('.telar.md') ? [path] : [];
    });
  } catch (error) {
    findings.push(unreadable(relative(process.cwd(), folder) || folder, `This folder cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}). Check who may read it.`, 'bad-file'));
    return [];
  }
}
