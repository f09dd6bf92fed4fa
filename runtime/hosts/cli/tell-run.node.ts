/** Telling a run: problems of its notebook first, then what happens, then how it ended; for people, or as JSON lines. `run` and `fork` share it. */
import type { Problem } from '../../../contracts/errors.ts';
import type { Operation } from '../../../contracts/protocol.ts';
import type { Notebook } from '../../runtime.ts';
import { sumUsage, usageWords } from '../../prompts/usage.ts';
import type { RunResult } from '../../scheduler/run-plan.ts';
import type { Arguments } from './arguments.node.ts';
import type { Host } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { previewValue } from './preview.node.ts';
import { Report } from './report.node.ts';
import { runSummary } from './summary.ts';
import { colour, duration, exitOfRun, terminal } from './terminal.node.ts';

/** A run being told. */
export interface ToldRun {
  emit(operation: Operation): void;
  /** Takes the moving line away. */
  close(): void;
  /** Tells how it ended. @returns the exit status */
  end(result: RunResult): number;
}

/** Begins to tell a run. @param parent of a fork: the run that it came from */
export function tellRun(host: Host, notebook: Notebook, args: Arguments, parent?: string): ToldRun {
  const json = args.flags.json === true;
  const quiet = args.flags.quiet === true;
  const problems = notebook.problems();
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  if (json) { if (problems.length > 0) print({ type: 'problems', file: notebook.file, problems }); }
  else for (const problem of problems) if (!quiet || problem.severity === 'error') terminal.error(problemLine({ ...problem, file: shownPath(host.workspace, problem.file ?? notebook.file) }));
  const report = new Report([...notebook.graph.nodes()].map((node) => node.path), quiet, (file) => shownPath(host.workspace, file));
  return {
    emit: (operation) => { if (json) print(operation); else report.operation(operation); },
    close: () => { report.close(); },
    end: (result) => {
      if (json) print(runSummary(result, parent));
      else if (!quiet) tellResult(host, notebook, result, errors);
      return exitOfRun(result.status === 'cancelled', result.nodes.values(), errors > 0);
    },
  };
}

/** `FILE:LINE:COLUMN: error code: message`, as editors read it. */
export function problemLine(problem: Problem): string {
  const kind = problem.severity === 'error' ? colour.red('error') : colour.yellow(problem.severity);
  return `${problem.file ?? ''}:${problem.line}:${problem.column}: ${kind} ${problem.code}: ${problem.message}`;
}

function tellResult(host: Host, notebook: Notebook, result: RunResult, errors: number): void {
  const count = { ran: 0, reused: 0, failed: 0, other: 0 };
  for (const status of result.nodes.values()) {
    if (status.state === 'fresh') count[status.how === 'ran' ? 'ran' : 'reused'] += 1;
    else count[status.state === 'failed' ? 'failed' : 'other'] += 1;
  }
  for (const name of notebook.graph.root.document.frontMatter.outputs ?? []) {
    const [id, output = 'value'] = name.split('.');
    const value = result.nodes.get(id as string)?.outputs?.[output];
    if (value !== undefined) terminal.out(`\n${colour.bold(name)}\n${previewValue(value, host.store.blobs)}\n`);
  }
  const parts = [`${count.ran} ran`, `${count.reused} reused`, ...(count.failed > 0 ? [colour.red(`${count.failed} failed`)] : []), ...(count.other > 0 ? [`${count.other} not run`] : [])];
  const lacking = exitOfRun(false, result.nodes.values(), false) === 4;
  const verdict = result.status === 'ok' ? (errors > 0 ? colour.yellow('errors') : lacking ? colour.yellow('unavailable') : colour.green('ok')) : result.status === 'failed' ? colour.red('failed') : colour.yellow('cancelled');
  terminal.out(`\n${verdict}  ${parts.join(', ')} in ${duration(result.ms)}  ${colour.grey(`run ${result.run}`)}\n`);
  const usage = sumUsage([...result.nodes.values()].flatMap((one) => one.usage ?? []));
  if (usage !== undefined) terminal.out(colour.grey(`${usage.asks === 1 ? 'one question' : `${usage.asks} questions`} to models: ${usageWords(usage)}\n`));
  if (errors > 0 && result.status === 'ok') terminal.out(colour.yellow(`The file has ${errors === 1 ? 'an error' : `${errors} errors`} elsewhere; see above. What was asked for is ${lacking ? 'not all ' : ''}done.\n`));
}

const print = (value: Operation | Record<string, unknown>): void => { terminal.out(`${JSON.stringify(value)}\n`); };
