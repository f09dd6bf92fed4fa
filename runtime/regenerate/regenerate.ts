/**
 * Regeneration: code from its contract. One *attempt* is a first answer and at most two repairs, each told the first line that did not hold and its
 * values; then the model is asked anew with another seed. Nothing is written here, and no model judges: the contract's tests do, in the sandbox.
 *
 * Not taken: to let the best red answer through, or to repair for as long as a model likes; a conversation that went wrong twice seldom mends.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, Usage } from '../../contracts/models.ts';
import { implementationPrompt, repairPrompt, type Assignment, type Failure } from './implementation-prompt.ts';
import { readAnswer, type ContractIssue } from './read-answer.ts';

/** Most repairs of one attempt. */
export const REPAIRS = 2;

/** What the tests say of one text of code. */
export interface Verdict { readonly green: boolean; readonly failure?: Failure; readonly passed: number; readonly total: number }

/** What regeneration asks of its host. */
export interface RegeneratePowers {
  /** @throws TelarError `bad-answer` (nothing, a refusal, no end) is a round without code; whatever else the provider throws ends the regeneration */
  ask(messages: readonly Message[], seed: number): Promise<{ readonly text: string; readonly usage: Usage; readonly fault?: undefined }>;
  /** Runs the contract's tests on code, in the restricted sandbox. Never throws for what the code does. */
  judge(code: string): Promise<Verdict>;
  /** Monotonic milliseconds. */
  now(): number;
  onRound?(round: Round): void;
}

/** How much may be spent. */
export interface Budgets { readonly attempts: number; readonly tokens: number; readonly ms: number }

/** One question and what came of it. `repair` 0 is the first answer of its attempt. */
export interface Round {
  readonly attempt: number;
  readonly repair: number;
  readonly seed: number;
  readonly outcome: 'green' | 'red' | 'no-code' | 'contract-issue';
  readonly passed?: number;
  readonly total?: number;
  readonly failure?: Failure;
  readonly input: number;
  readonly output: number;
  readonly ms: number;
}

/** What came of it all. Only `green` has code that may be written; `red` has the code that passed most, to look at. */
export interface Regenerated {
  readonly outcome: 'green' | 'red' | 'contract-issue' | 'budget';
  readonly code?: string;
  readonly issue?: ContractIssue;
  readonly rounds: readonly Round[];
  readonly tokens: number;
  readonly cost?: number;
  readonly currency?: string;
  readonly ms: number;
}

/** Makes the code of a contract. @param seed of the first attempt; later ones count up */
export async function regenerate(assignment: Assignment, budgets: Budgets, powers: RegeneratePowers, seed = 1): Promise<Regenerated> {
  const begun = powers.now();
  const rounds: Round[] = [];
  let tokens = 0;
  let cost: number | undefined;
  let currency: string | undefined;
  let best: { readonly code: string; readonly passed: number } | undefined;
  const end = (outcome: Regenerated['outcome'], more: Partial<Regenerated> = {}): Regenerated => ({
    outcome, ...(best === undefined ? {} : { code: best.code }), ...more, rounds, tokens, ...(cost === undefined ? {} : { cost, currency: currency! }), ms: powers.now() - begun,
  });
  for (let attempt = 1; attempt <= budgets.attempts; attempt += 1) {
    const own = seed + attempt - 1;
    let messages = implementationPrompt(assignment);
    for (let repair = 0; repair <= REPAIRS; repair += 1) {
      if (tokens >= budgets.tokens || powers.now() - begun >= budgets.ms) return end('budget');
      const started = powers.now();
      const { text, usage, fault } = await powers.ask(messages, own).catch(unusable);
      tokens += usage.input + usage.output;
      if (usage.cost !== undefined) [cost, currency] = [(cost ?? 0) + usage.cost, usage.currency];
      const read = fault === undefined ? readAnswer(text, assignment.language) : { nothing: fault };
      const verdict = 'code' in read ? await powers.judge(read.code) : undefined;
      const failure = verdict?.failure ?? ('nothing' in read ? { test: 'answer', line: read.nothing } : undefined);
      const round: Round = {
        attempt, repair, seed: own, outcome: 'issue' in read ? 'contract-issue' : verdict === undefined ? 'no-code' : verdict.green ? 'green' : 'red',
        ...(verdict === undefined ? {} : { passed: verdict.passed, total: verdict.total }), ...(failure === undefined ? {} : { failure }),
        input: usage.input, output: usage.output, ms: powers.now() - started,
      };
      rounds.push(round);
      powers.onRound?.(round);
      if ('issue' in read) return end('contract-issue', { issue: read.issue });
      if ('code' in read) {
        if (verdict!.green) return end('green', { code: read.code });
        if (best === undefined || verdict!.passed > best.passed) best = { code: read.code, passed: verdict!.passed };
      }
      messages = repairPrompt(messages, text, failure ?? { test: 'tests', line: 'not all lines hold' });
    }
  }
  return end('red');
}

/** An answer that is none, as a round. What was asked for it has its price all the same. */
function unusable(error: unknown): { readonly text: string; readonly usage: Pick<Usage, 'input' | 'output' | 'cost' | 'currency'>; readonly fault?: string } {
  if (!(error instanceof TelarError) || error.code !== 'bad-answer') throw error;
  const { said, usage } = error.data as { readonly said?: string; readonly usage?: Usage };
  return { text: said ?? '(no answer)', usage: usage ?? { input: 0, output: 0 }, fault: error.message };
}

/** Of N independent regenerations: how many pass everything and keep the interface. */
export interface Stability {
  readonly n: number;
  readonly green: number;
  /** Different texts among the green ones. */
  readonly texts: number;
  readonly rounds: readonly number[];
  readonly tokens: number;
}

/** Regenerates N times, each with seeds of its own and nothing of the others in its conversation; the budget is for all of them. */
export async function stability(n: number, assignment: Assignment, budgets: Budgets, powers: RegeneratePowers, seed = 1): Promise<{ readonly stability: Stability; readonly made: readonly Regenerated[] }> {
  const made: Regenerated[] = [];
  const begun = powers.now();
  for (let index = 0; index < n; index += 1) {
    const spent = made.reduce((sum, { tokens }) => sum + tokens, 0);
    made.push(await regenerate(assignment, { ...budgets, tokens: budgets.tokens - spent, ms: budgets.ms - (powers.now() - begun) }, powers, seed + index * budgets.attempts));
  }
  const green = made.filter(({ outcome }) => outcome === 'green');
  return {
    made,
    stability: {
      n, green: green.length, texts: new Set(green.map(({ code }) => code)).size,
      rounds: made.map(({ rounds }) => rounds.length), tokens: made.reduce((sum, { tokens }) => sum + tokens, 0),
    },
  };
}
