/**
 * `telar contract implement` and `regenerate`: code from its contract by a model, tested in the sandbox, shown as a difference, and written only when
 * a person agrees (`--yes` for scripts). What it replaces stays in the store; `telar contract undo` brings it back.
 */
import { posix, relative, sep } from 'node:path';
import { TelarError } from '../../../../contracts/errors.ts';
import type { ModelProfile } from '../../../../contracts/models.ts';
import { networkOf } from '../../../providers/network-use.ts';
import { assignmentOf, judgeBy } from '../../../regenerate/assignment.ts';
import { REPAIRS, regenerate, stability, type Budgets, type RegeneratePowers, type Round } from '../../../regenerate/regenerate.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import { createStepContext } from '../../../scheduler/context.ts';
import type { Arguments } from '../arguments.node.ts';
import { openHost, type Host } from '../host.node.ts';
import { stoppable } from '../stoppable.node.ts';
import { clean, colour, count, duration, terminal } from '../terminal.node.ts';
import { openBench } from './bench.node.ts';
import { findContract } from './find.node.ts';
import { graphOf } from './judge.node.ts';
import type { Readable } from './load.node.ts';
import { nearLine, replaceCode, type Offer } from './replace.node.ts';

/** Largest answer of a model; bytes. A file of code is far below it. */
const LONGEST = 8 * 1024 * 1024;

export async function run(args: Arguments, words: readonly string[], verb: string): Promise<number> {
  const [id] = words;
  if (id === undefined || words.length > 1) throw new TelarError('usage', `Usage: telar contract ${verb} ID [--profile NAME], where ID is a contract's metadata.id or its file.`);
  const { file, known } = await findContract(id, args);
  const { contract } = file;
  const code = file.code ?? missingPlace(file);
  if (verb === 'implement' && code.text !== undefined) throw new TelarError('usage', `${code.shown} is there already. \`telar contract regenerate ${id}\` makes it anew.`);
  refuseRings(known);
  const budgets = budgetsOf(args);
  const n = numberOf(args, 'stability', 1);
  const host = openHost(file.path, args);
  try {
    const profile = profileOf(host, args.text('profile') ?? 'default', file.path);
    const rounds: Round[] = [];
    const quiet = args.flags.json === true || args.flags.quiet === true;
    const say = (text: string): void => { if (!quiet) terminal.error(text); };
    say(colour.grey(`asking ${profile.name} (${profile.provider}) for ${contract.id}, at most ${count(budgets.attempts, 'attempt')} of ${1 + REPAIRS} answers each`));
    const { made, stable } = await stoppable(async (signal) => {
      const bench = openBench(file.root, signal);
      try {
        const others = Object.fromEntries(known.map((one) => [one.contract.id, one.contract]));
        const assignment = assignmentOf(contract, others);
        const powers: RegeneratePowers = {
          ask: askerOf(host, profile, file, budgets, signal), now: () => performance.now(), judge: judgeBy(contract, bench, { dependencies: others, signal }),
          onRound: (round) => { rounds.push(round); say(roundLine(round, n === 1 ? '' : `regeneration ${1 + Math.floor((round.seed - 1) / budgets.attempts)} of ${n}, `)); },
        };
        if (n === 1) return { made: await regenerate(assignment, budgets, powers), stable: undefined };
        const all = await stability(n, assignment, budgets, powers);
        return { made: all.made.find(({ outcome }) => outcome === 'green') ?? all.made[0]!, stable: all.stability };
      } finally {
        await bench.close();
      }
    });
    if (stable !== undefined) say(`stability: ${stable.green} of ${stable.n} pass everything and keep the interface, in ${count(stable.texts, 'text')}; ${stable.rounds.join(', ')} rounds`);
    const { outcome, issue } = made;
    const offer: Offer | undefined = outcome === 'green' ? { before: code.text, after: made.code!, what: `${verb} ${contract.id} with ${profile.name}: ${count(made.rounds.length, 'round')}, ${count(made.tokens, 'token')}` } : undefined;
    const written = offer === undefined ? undefined : await replaceCode(offer, { contract: contract.id, path: code.path, shown: code.shown, root: file.root }, host, args);
    if (args.flags.json === true) {
      const { code: text, ...rest } = made;
      terminal.out(`${JSON.stringify({
        type: 'contract-regenerate', id: contract.id, file: file.shown, code: code.shown, profile: profile.name, ...rest, rounds,
        ...(text === undefined ? {} : { text }), ...(stable === undefined ? {} : { stability: stable }), ...(written === undefined ? { written: false } : written),
      })}\n`);
    } else if (issue !== undefined) terminal.error(`${nearLine(file.shown, issue.line)}: the model says that the contract is wrong: ${clean(issue.reason)}\nNothing was written. Mend the contract, or ask again.`);
    else if (offer === undefined) terminal.error(`${colour.red('✗')} ${outcome === 'budget' ? 'the budget is spent' : `none of ${count(budgets.attempts, 'attempt')} passes`}; nothing was written (${count(made.tokens, 'token')}, ${duration(made.ms)}).${lastFailure(rounds)}`);
    else say(`${colour.green('●')} ${contract.id} passes after ${count(made.rounds.length, 'round')}: ${count(made.tokens, 'token')}, ${duration(made.ms)}${made.cost === undefined ? '' : `, ${made.cost.toFixed(4)} ${made.currency}`}`);
    if (offer === undefined) return outcome === 'contract-issue' ? 2 : 3;
    return written!.written ? 0 : 1;
  } finally {
    await host.close();
  }
}

/** How a model is asked: as a step of class `observe` would, within the profile's own origin. That a person named the profile is the leave. */
function askerOf(host: Host, profile: ModelProfile, file: Readable, { tokens, ms }: Budgets, signal: AbortSignal): RegeneratePowers['ask'] {
  const origin = networkOf(profile)?.origin;
  const context = createStepContext({
    blobs: host.store.blobs, files: host.files, sha256, executors: host.executors, folder: folderOf(file), limits: { time: ms, memory: 4 * 1024 ** 3, output: LONGEST }, signal,
    effect: 'observe', emit: () => undefined, ...(host.secrets === undefined ? {} : { secrets: host.secrets }),
    ...(host.network === undefined || origin === undefined ? {} : { network: host.network, origins: [origin] }),
    ...(host.provider === undefined ? {} : { models: { provider: host.provider, now: () => performance.now() } }),
  });
  return async (messages, seed) => {
    const longest = profile.parameters.max_tokens ?? Math.min(8192, tokens);
    const { text, usage } = await context.ask({ profile, messages, parameters: { seed, max_tokens: longest } });
    return { text, usage };
  };
}

/** Folder of a contract, from the workspace's root. */
const folderOf = ({ path, root }: Readable): string => { const folder = posix.dirname(relative(root, path).split(sep).join('/')); return folder === '.' ? '' : folder; };

function profileOf(host: Host, name: string, path: string): ModelProfile {
  const found = host.models?.find(name, folderOf({ path, root: host.workspace.root } as Readable));
  if (found === undefined) throw new TelarError('unavailable', 'There are no models in this host.', { lacks: 'models' });
  if ('reason' in found) throw new TelarError('unavailable', found.reason, { lacks: 'models' });
  return found.profile;
}

function missingPlace({ contract, shown }: Readable): never {
  throw new TelarError('bad-input', `${shown}: ${contract.id} does not say where its code lies. Add \`file:\` to its metadata.`, { contract: contract.id });
}

/** Contracts that need each other in a ring are told before anything is made. */
function refuseRings(known: readonly Readable[]): void {
  const [ring] = graphOf(known).cycles;
  if (ring !== undefined) throw new TelarError('cycle', `These contracts need each other in a ring: ${ring.path.join(' → ')}. Break it before code is made (\`telar contract graph\` says where).`, { path: ring.path });
}

function budgetsOf(args: Arguments): Budgets {
  return { attempts: numberOf(args, 'attempts', 3), tokens: numberOf(args, 'tokens', 200_000), ms: numberOf(args, 'seconds', 600) * 1000 };
}

function numberOf(args: Arguments, name: string, otherwise: number): number {
  const said = args.text(name);
  if (said === undefined) return otherwise;
  const value = Number(said);
  if (!Number.isInteger(value) || value < 1 || value > 100_000_000) throw new TelarError('usage', `--${name} is a whole number from 1, not \`${said}\`.`);
  return value;
}

function roundLine({ attempt, repair, outcome, passed, total, failure, input, output, ms }: Round, which: string): string {
  const what = repair === 0 ? `attempt ${attempt}` : `attempt ${attempt}, repair ${repair}`;
  const how = outcome === 'green' ? colour.green('green') : outcome === 'red' ? `${colour.red('red')}, ${passed} of ${total}` : outcome === 'no-code' ? colour.red('no code') : 'says that the contract is wrong';
  const why = failure === undefined ? '' : `: ${outcome === 'no-code' ? '' : `${clean(failure.test)} `}${clean(failure.line)}${failure.actual === undefined ? failure.error === undefined ? '' : ` (${clean(failure.error.slice(0, 120))})` : ` (came ${clean(failure.actual.slice(0, 120))})`}`;
  return `  ${which}${what}: ${how}${why}  ${colour.grey(`${input}+${output} tokens, ${duration(ms)}`)}`;
}

function lastFailure(rounds: readonly Round[]): string {
  const last = rounds.findLast(({ failure }) => failure !== undefined)?.failure;
  return last === undefined ? '' : ` The last answer: ${last.test === 'answer' ? '' : `${clean(last.test)} `}${clean(last.line)}${last.error === undefined ? '' : ` (${clean(last.error.slice(0, 300))})`}`;
}

