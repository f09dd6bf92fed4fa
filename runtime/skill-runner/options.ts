/** The words of `run.mjs`. */
import { TelarError } from '../../contracts/errors.ts';

/** What was asked for. */
export interface RunnerOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly replay: boolean;
  readonly verify: boolean;
  /** JSON, `@FILE`, or `-`. */
  readonly input?: string;
}

/** Help. */
export const HELP = `Runs the graph of this skill.

  node run.mjs [--input JSON|@FILE|-] [--json] [--dry-run]
  node run.mjs --replay [--verify] [--json]

  --input JSON   values of inputs, as assets/input.schema.json says; @FILE reads a file, - standard input
  --json         one JSON object on standard output
  --dry-run      tell what would be done, and do nothing
  --replay       the pinned results, running nothing
  --verify       prove the pinned results: hashes of all files and values, and each step that can be done here
  --help         this text

Exit status: 0 ok, 1 a step failed, 2 bad input, 3 a contract or check is red, 4 something is missing here, 5 files or results are not what was exported.
`;

/** Reads the words. @throws TelarError `usage` */
export function parseOptions(argv: readonly string[]): RunnerOptions {
  const options = { help: false, json: false, dryRun: false, replay: false, verify: false } as { -readonly [K in keyof RunnerOptions]: RunnerOptions[K] };
  const flags: Readonly<Record<string, 'help' | 'json' | 'dryRun' | 'replay' | 'verify'>> = { '--help': 'help', '-h': 'help', '--json': 'json', '--dry-run': 'dryRun', '--replay': 'replay', '--verify': 'verify' };
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string;
    const flag = Object.hasOwn(flags, word) ? flags[word] : undefined;
    if (flag !== undefined) options[flag] = true;
    else if (word === '--input' && argv[at + 1] !== undefined) options.input = argv[at += 1] as string;
    else if (word.startsWith('--input=')) options.input = word.slice(8);
    else throw new TelarError('usage', `\`${word}\` is not understood. \`--help\` tells what is.`);
  }
  if (options.input !== undefined && (options.replay || options.verify)) throw new TelarError('usage', 'What is pinned has the inputs that it had: leave --input out, or --replay.');
  return options;
}

/** Most characters of an input. */
export const MOST_INPUT = 8 * 2 ** 20;

/**
 * Values of inputs out of JSON. That a value is what its schema says is for the input to say; but a text is none of another type, though an
 * input reads what a person types as one.
 * @throws TelarError `bad-input`
 */
export function parseInput(text: string, schemas: Readonly<Record<string, { readonly type?: unknown }>>): Record<string, unknown> {
  if (text.length > MOST_INPUT) throw new TelarError('bad-input', `The input has ${text.length} characters; ${MOST_INPUT} is the most.`);
  let value: unknown;
  try { value = JSON.parse(text); } catch (error) { throw new TelarError('bad-input', `The input is no JSON: ${(error as Error).message}`); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TelarError('bad-input', 'The input must be a JSON object, like {"year": 2014}.');
  for (const [name, one] of Object.entries(value)) {
    if (!Object.hasOwn(schemas, name)) throw new TelarError('bad-input', `There is no input \`${name}\`; inputs are ${Object.keys(schemas).join(', ') || 'none'}.`, { input: name });
    const { type } = schemas[name] as { readonly type?: unknown };
    if (typeof one === 'string' && type !== undefined && ![type].flat().includes('string')) throw new TelarError('bad-input', `\`${name}\` must be ${[type].flat().join(' or ')}, but is ${JSON.stringify(one.slice(0, 80))}.`, { input: name });
  }
  return value as Record<string, unknown>;
}
