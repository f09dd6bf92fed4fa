/**
 * The cause of a difference, found by experiment (C4): the step is done again while one thing after another of the world around it
 * is held fixed. Results that then agree with each other name their cause. What no experiment explains is `unknown`; it is not guessed.
 */
import type { Row, StepRecord } from '../checkpoints/store.ts';
import type { Components } from '../graph/fingerprint.ts';
import type { World } from '../ports.ts';
import { explain } from '../scheduler/decide.ts';
import { redoStep, type Redone } from './redo.ts';
import type { Replay } from './replay.ts';

/** What can be held fixed, in the order in which it is tried, and in words. Threads come first, for they differ least often, and so seem to agree. */
const WORDS = {
  threads: 'threads', clock: 'the clock', seed: 'chance that no seed= fixes (random)', entropy: "the system's entropy (os.urandom)",
} as const;
type Thing = keyof typeof WORDS;

/** How often results must agree: fewer times, and a coin would be taken for a clock. Of a step that takes its time, no more than is needed. */
const TURNS = { quick: 4, slow: 2 } as const;

/** A step is slow from here on, in milliseconds. */
const SLOW = 3_000;

/** Most redoings in all. */
const MOST_REDOINGS = 30;

/** Milliseconds for all redoings, and for one: so many, and so many times what the step took. A step that waits for a held clock waits for ever. */
const TIME = { all: [20_000, 8], one: [3_000, 3] } as const;

/** What is known of a step that differs. */
interface Suspect {
  readonly step: StepRecord;
  readonly row: Row;
  /** What it gave, and the shift of the clock that it was shown. */
  readonly redone: Redone;
  readonly clockShift: number;
}

/** The causes of one step's differences. Its outputs may have a cause each; the experiments are the same for all. */
export class Causes {
  readonly #replay: Replay;
  readonly #suspect: Suspect;
  readonly #signal: AbortSignal;
  readonly #end: number;
  /** What was seen, by what was held and turn: `undefined` when the step did not end. */
  readonly #seen = new Map<string, Redone | undefined>();
  /** With these held the step does not end: it waits for them. */
  readonly #endless = new Set<Thing>();

  constructor(replay: Replay, suspect: Suspect, signal: AbortSignal) {
    this.#replay = replay;
    this.#suspect = suspect;
    this.#signal = signal;
    this.#end = replay.host.clock.now() + TIME.all[0] + TIME.all[1] * suspect.redone.ms;
  }

  /** The cause of one output's difference, in words. @throws TelarError `cancelled` */
  async of(output: string): Promise<string> {
    const { step, row, redone } = this.#suspect;
    const node = this.#replay.node(step.node);
    const threaded = Number(node?.description.params.threads ?? 1) > 1;
    const things = (Object.keys(WORDS) as Thing[]).filter((thing) => thing !== 'threads' || threaded);
    // What comes out the same under other clocks and other chance hangs on neither, unless on a day that has passed.
    if (await this.#agree([], output, signature(redone, output))) {
      const then = signature({ ...row, ...(step.error === undefined ? {} : { error: step.error }) }, output);
      if (threaded && await this.#look(['threads'], 0, output) !== signature(redone, output)) return WORDS.threads;
      if (await this.#look(['clock'], 0, output) === then) return WORDS.clock;
      return changedParts(step.components ?? {}, node === undefined ? {} : this.#replay.host.statics(node)) ?? 'unknown';
    }
    for (const held of subsets(things)) {
      if (held.some((thing) => this.#endless.has(thing))) continue;
      if (await this.#agree(held, output)) return held.map((thing) => WORDS[thing]).join(' and ');
    }
    return 'unknown';
  }

  async #agree(held: readonly Thing[], output: string, first?: string): Promise<boolean> {
    const seen = first ?? await this.#look(held, 0, output);
    if (seen === undefined) return false;
    const turns = this.#suspect.redone.ms < SLOW ? TURNS.quick : TURNS.slow;
    for (let turn = 1; turn < turns; turn += 1) if (await this.#look(held, turn, output) !== seen) return false;
    return true;
  }

  async #look(held: readonly Thing[], turn: number, output: string): Promise<string | undefined> {
    const key = `${held.join()} ${turn}`;
    if (!this.#seen.has(key)) this.#seen.set(key, await this.#redo(held));
    const redone = this.#seen.get(key);
    return redone && signature(redone, output);
  }

  async #redo(held: readonly Thing[]): Promise<Redone | undefined> {
    const { step, row, redone, clockShift } = this.#suspect;
    const left = this.#end - this.#replay.host.clock.now();
    if (this.#seen.size >= MOST_REDOINGS || left <= 0) return undefined;
    const then = Date.parse((this.#replay.store.run(row.producedBy) ?? this.#replay.run).started);
    // Nothing that is not held may be the same twice by accident, so each look has a clock of its own.
    const world: World = { clockShift: clockShift * (2 + this.#seen.size), ...Object.fromEntries(held.map((thing) => [thing, thing === 'clock' ? then : 1])) };
    const patience = AbortSignal.timeout(Math.ceil(Math.min(left, TIME.one[0] + TIME.one[1] * redone.ms)));
    try {
      return await redoStep(this.#replay, step.node, { world, signal: AbortSignal.any([this.#signal, patience]) });
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!patience.aborted) throw error;
      if (held.length === 1) this.#endless.add(held[0] as Thing);
      return undefined;
    }
  }
}

/** One thing, then two, then all. */
function subsets(things: readonly Thing[]): Thing[][] {
  const pairs = things.flatMap((one, i) => things.slice(i + 1).map((other) => [one, other]));
  return [...things.map((one) => [one]), ...pairs, [...things]];
}

/** Equal when an output, or the error in its place, is the same. */
function signature({ outputs, error, readsDigest }: Pick<Redone, 'outputs' | 'error' | 'readsDigest'>, output: string): string {
  return JSON.stringify([error?.code, error?.message, output === 'reads' ? readsDigest : outputs[output]?.ref?.hash ?? outputs[output]?.summary]);
}

/** What of the step's key is not as it was: another engine, another release of the kind. */
function changedParts(then: Components, now: Components): string | undefined {
  const changed = Object.keys(now).filter((name) => then[name] !== now[name]);
  const parts = changed.map((name) => (name.startsWith('engine.') ? `the engine ${name.slice(7)} is another now (${changedEntries(then[name], now[name])})` : explain(name, then[name], now[name])));
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** `pyodide 0.29.0 -> 0.30.1`, of two identities. */
function changedEntries(then: string | undefined, now: string | undefined): string {
  const read = (text: string | undefined): Map<string, string> => new Map(text === undefined ? [] : JSON.parse(text) as [string, string][]);
  const [before, after] = [read(then), read(now)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} ${before.get(name) ?? 'none'} -> ${after.get(name) ?? 'none'}`).join(', ');
}
