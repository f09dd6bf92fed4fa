/**
 * The command line: finds the command, runs it, turns errors into words and an exit status. Each command is a file in `cli/`
 * and is loaded when it is called.
 */
import { TelarError } from '../../contracts/errors.ts';
import { commands, findCommand } from './cli/commands.node.ts';
import { helpFor, overview, parseArguments } from './cli/arguments.node.ts';
import { exitOf, terminal } from './cli/terminal.node.ts';

/**
 * Runs one command line.
 * @returns the exit status of `semantics.md`, last section
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === '--version' || name === '-V') { terminal.out(`${await version()}\n`); return 0; }
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      terminal.out(rest[0] === undefined ? overview(commands) : helpFor(findCommand(rest[0])));
      return name === undefined ? 2 : 0;
    }
    const command = findCommand(name);
    const parsed = parseArguments(command, rest);
    if (parsed.flags.help === true) { terminal.out(helpFor(command)); return 0; }
    const faults = [...parsed.list('fault') ?? [], ...(process.env.TELAR_FAULT ?? '').split(/[\s,]+/).filter((one) => one !== '')];
    if (faults.length > 0) (await import('../adapters/faults.node.ts')).armFaults(faults);
    const { run } = await command.load();
    return await run(parsed, commands);
  } catch (error) {
    const failure = TelarError.from(error);
    terminal.error(failure.code === 'internal' ? `telar: ${(error as Error).stack ?? failure.message}` : `telar: ${failure.message}`);
    if (argv.includes('--json')) terminal.out(`${JSON.stringify({ type: 'error', ...failure.toJSON() })}\n`);
    return exitOf(failure);
  }
}

async function version(): Promise<string> {
  const { readVersion } = await import('./cli/version.node.ts');
  return readVersion();
}
