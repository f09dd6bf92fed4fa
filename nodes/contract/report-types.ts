/** What each line of a contract is worth, and what a test of code under it tells. */
import type { Problem } from '../../contracts/errors.ts';
import type { Limits, Outcome, Program, StepInput } from '../../contracts/node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import type { CodeContract, ContractTest, Language, Place } from './contract-types.ts';

/** The truth status of a `then` line (K1). `notebook`: what a node kind's test expects. */
export type TruthStatus = 'expression' | 'step' | 'idiom' | 'frozen' | 'pending' | 'notebook';

/** A line of a contract, and what it is worth. */
export interface TruthLine extends Place {
  /** `T001.2`: the second `then` line of T001. */
  readonly id: string;
  readonly test: string;
  readonly text: string;
  readonly status: TruthStatus;
  /** What will be checked, in words a person can agree or disagree with; of a pending line why it is. */
  readonly meaning: string;
  readonly checks: readonly Check[];
  /** A pending line that is an idiom nobody has accepted yet: accepting it makes it executable. */
  readonly idiom?: string;
  /** The reason why a person waived it, of a pending line. */
  readonly waived?: string;
  /** A model's opinion: shown, never counted. */
  readonly judged?: string;
}

/** A `when` of a test, understood; `undefined` in `TestTruth.when` when one of its lines is not. */
export type Act =
  | { readonly do: 'run'; readonly code: string }
  | { readonly do: 'fault'; readonly target: string; readonly method: string; readonly error: string };

/**
 * The thing that a step speaks of. `code`: an expression, evaluated there and then. `export`: a bare name, which means its last call in `when`, or else a
 * call with the arguments of its first call in the contract.
 */
export type Subject = { readonly code: string } | { readonly export: string; readonly args: string };

/** A formal check; texts are expressions in the contract's language. */
export type Check =
  | { readonly is: 'true'; readonly code: string; readonly sides?: { readonly operator: string; readonly left: string; readonly right: string } }
  | { readonly is: 'returns'; readonly subject: Subject; readonly value: string }
  | { readonly is: 'throws'; readonly subject: Subject; readonly error: string }
  | { readonly is: 'within'; readonly subject: Subject; readonly ms: number }
  | { readonly is: 'object'; readonly subject: Subject; readonly pairs: readonly { readonly key: string; readonly value: string }[] }
  | { readonly is: 'contains'; readonly subject: Subject | { readonly storage: true }; readonly key: string }
  | { readonly is: 'receives'; readonly receiver: string; readonly method: string; readonly args: readonly string[] }
  | { readonly is: 'sound'; readonly calls: readonly Subject[] };

/** A test, understood. */
export interface TestTruth { readonly test: ContractTest; readonly when?: readonly Act[]; readonly lines: readonly TruthLine[]; readonly whyNot?: string }

/** The whole contract's truth. */
export interface Truth {
  readonly tests: readonly TestTruth[];
  readonly lines: readonly TruthLine[];
  readonly counts: Readonly<Record<TruthStatus, number>>;
  /** Frozen checks whose prose is not there any more, and the like. */
  readonly problems: readonly Problem[];
}

/** Code under a contract. */
export interface Implementation {
  readonly code: string;
  /** As a person wrote it, where `code` was compiled of it. */
  readonly written?: string;
  /** Its language; the contract's unless said. */
  readonly language?: Language;
  readonly file?: string;
}

/** What testing asks of its host. `StepContext` has the first two. */
export interface TestTools {
  /** Runs a program in the restricted sandbox; `limits` are tighter than the host's own. */
  execute(program: Program, inputs: Readonly<Record<string, StepInput>>, limits?: Partial<Limits>): Promise<Outcome>;
  load(ref: ValueRef): unknown;
  /** SHA-256 in lower-case hex. */
  sha256(text: string): string;
}

/** How much to test. */
export interface TestOptions {
  /** Milliseconds for each test; 2,000 unless said. */
  readonly time?: number;
  /** Contracts of the internal dependencies, by id: their exports are recorded, others are guessed from use. */
  readonly dependencies?: Readonly<Record<string, CodeContract>>;
  /** Whether to prove that tests fail on an empty stub, and each line on some mutant: false unless said. */
  readonly proofs?: boolean;
  /** Most mutants that are tried; 120 unless said. */
  readonly mutants?: number;
  readonly signal?: AbortSignal;
}

/** How one line came out. `ok` is `undefined` for a line that was not judged: pending, or run elsewhere. */
export interface LineReport extends TruthLine {
  readonly ok?: boolean;
  readonly expected?: string;
  readonly actual?: string;
  readonly error?: string;
  readonly ms: number;
}

/** How a constraint came out. `pending`: nothing here can tell. */
export interface ConstraintReport {
  readonly group: string;
  readonly name: string;
  readonly value: unknown;
  readonly status: 'held' | 'broken' | 'pending';
  /** What was seen, or what would be needed. */
  readonly seen: string;
  /** By a measurement on this machine: another one may say otherwise. */
  readonly measured?: true;
  readonly waived?: string;
  readonly line: number;
  readonly column: number;
}

/** How a property came out. */
export interface PropertyReport {
  readonly id: string;
  readonly name: string;
  readonly ok: boolean;
  /** Inputs tried, and the seed and path that find the same again. */
  readonly runs: number;
  readonly seed: number;
  readonly path?: string;
  /** The smallest input found that does not hold. */
  readonly counterexample?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** Red first and vacuity. */
export interface Proofs {
  /** Tests that did not fail on an empty stub: they show nothing. */
  readonly greenOnStub: readonly string[];
  /** Mutants tried, and lines with how many of them each failed on; a line that failed on none is vacuous. */
  readonly mutants: number;
  readonly killed: Readonly<Record<string, number>>;
  readonly vacuous: readonly string[];
}

/** What a test of code under its contract tells. */
export interface TestReport {
  readonly contract: string;
  readonly version: string;
  readonly language: Language;
  readonly lines: readonly LineReport[];
  readonly tests: readonly { readonly id: string; readonly name: string; readonly ok: boolean; readonly error?: string; readonly ms: number }[];
  readonly properties: readonly PropertyReport[];
  readonly constraints: readonly ConstraintReport[];
  readonly proofs?: Proofs;
  /** Nothing is red. Not the same as verified: lines may be pending. */
  readonly ok: boolean;
  /** Everything is green or waived, and proved so. */
  readonly verified: boolean;
  /** Why it is not verified, in words. */
  readonly lacks: readonly string[];
  /** Milliseconds that the tests took in the sandbox. */
  readonly ms: number;
}
