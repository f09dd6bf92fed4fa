/** Arguments and help, from one table of options: what is parsed, printed by `--help`, and offered by completion is the same. */
import { parseArgs } from 'node:util';
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import { colour } from './terminal.node.ts';

/** One option of a command. */
export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What stands after it: `ID,..`; none for a flag. */
  readonly value?: string;
  readonly many?: boolean;
  readonly choices?: readonly string[];
  readonly help: string;
}

/** A command of the table in `commands.node.ts`. */
export interface Command {
  readonly name: string;
  /** `FILE ID[.output]`. */
  readonly takes: string;
  readonly summary: string;
  readonly options: readonly Option[];
  readonly detail?: string;
  /** Its file. `run` gives the exit status. */
  load(): Promise<{ run(args: Arguments, commands: readonly Command[]): Promise<number> }>;
}

/** A parsed command line. */
export interface Arguments {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** The text of a one-valued option. */
  text(name: string): string | undefined;
  /** Texts of an option that may be repeated, and of lists with commas. */
  list(name: string): readonly string[] | undefined;
}

/** Options that every command takes. */
export const COMMON: readonly Option[] = [
  { name: 'workspace', value: 'DIR', help: 'folder that holds .telar/ (default: found from the file)' },
  { name: 'quiet', short: 'q', help: 'say only what went wrong' },
  { name: 'help', short: 'h', help: 'this text' },
];

/** Parses what stands after the command's name. @throws TelarError `usage`, naming the nearest option */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const options = [...command.options, ...COMMON];
  const config = Object.fromEntries(options.map((option) => [option.name, {
    type: option.value === undefined ? 'boolean' as const : 'string' as const, multiple: option.many === true, ...(option.short === undefined ? {} : { short: option.short }),
  }]));
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    const unknown = /'(?:-\w, )?--?([^'\s=]+)/.exec((error as Error).message)?.[1];
    const near = unknown === undefined ? undefined : nearest(unknown, options.map((option) => option.name));
    const known = options.some((option) => option.name === unknown);
    if (known && /argument is ambiguous/.test((error as Error).message)) throw new TelarError('usage', `--${unknown} takes a value; one that begins with a dash is written \`--${unknown}=VALUE\`. See \`telar ${command.name} --help\`.`, {}, { cause: error });
    throw new TelarError('usage', known ? `${(error as Error).message.split('.')[0]}. See \`telar ${command.name} --help\`.`
      : `${unknown === undefined ? (error as Error).message : `\`telar ${command.name}\` has no option --${unknown}.`}${near === undefined ? '' : ` Did you mean --${near}?`} See \`telar ${command.name} --help\`.`, {}, { cause: error });
  }
  const { values, positionals } = parsed;
  for (const option of options) {
    const value = values[option.name];
    if (option.choices !== undefined && typeof value === 'string' && !option.choices.includes(value)) {
      throw new TelarError('usage', `--${option.name} is one of ${option.choices.join(', ')}; \`${value}\` is not.`);
    }
  }
  const least = command.takes.split(' ').filter((word) => word !== '' && !word.startsWith('[')).length;
  const most = command.takes.includes('...') ? Infinity : command.takes.split(' ').filter((word) => word !== '').length;
  if (values.help !== true && positionals.length < least) throw new TelarError('usage', `Usage: telar ${command.name} ${command.takes}`);
  if (positionals.length > most) throw new TelarError('usage', `\`${positionals[most]}\` is one word too many. Usage: telar ${command.name} ${command.takes}`);
  return {
    positionals, flags: values as Arguments['flags'],
    text: (name) => (typeof values[name] === 'string' ? values[name] as string : undefined),
    list: (name) => {
      const value = values[name];
      if (value === undefined) return undefined;
      return ([] as unknown[]).concat(value).flatMap((one) => String(one).split(',')).map((one) => one.trim()).filter((one) => one !== '');
    },
  };
}

const row = (left: string, right: string, width: number): string => `  ${left.padEnd(width)}  ${right}\n`;

/** Help of one command. */
export function helpFor(command: Command): string {
  const options = [...command.options, ...COMMON];
  const shown = options.map((option) => `${option.short === undefined ? '    ' : `-${option.short}, `}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`);
  const width = Math.max(...shown.map((text) => text.length));
  return `${command.summary}\n\n${colour.bold('Usage')}\n  telar ${command.name} ${command.takes}\n\n${colour.bold('Options')}\n${
    options.map((option, i) => row(shown[i] as string, `${option.help}${option.choices === undefined ? '' : ` (${option.choices.join(', ')})`}${option.many === true ? '; may be repeated' : ''}`, width)).join('')}${
    command.detail === undefined ? '' : `\n${command.detail}\n`}`;
}

/** Help of all commands. */
export function overview(commands: readonly Command[]): string {
  const shown = commands.map((command) => `${command.name} ${command.takes}`);
  const width = Math.min(34, Math.max(...shown.map((text) => text.length)));
  return `telar: one Markdown file that is a notebook and a graph\n\n${colour.bold('Commands')}\n${
    commands.map((command, i) => row(shown[i] as string, command.summary, width)).join('')}\nHelp on one: telar COMMAND --help. Start with: telar new hello.telar.md, then telar run hello.telar.md\n`;
}
