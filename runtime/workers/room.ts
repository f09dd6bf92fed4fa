/**
 * Room: workers start when the governor says that they fit (W15). One that does not waits while something else is at work, since that will end; idle
 * workers of classes that nobody asks for are ended for it. When nothing is left that could make room, the reason is told.
 */
import type { Governor } from '../governor/governor.ts';
import type { WorkerView } from './link/supervisor-types.ts';

/** A worker that is to start. */
interface Held { readonly class: string; readonly worker: string }

/** What can be done about it. */
export interface RoomPowers {
  start(workerClass: string, worker: string): void;
  workers(): readonly WorkerView[];
  /** Whether a class has tasks. */
  isWanted(workerClass: string): boolean;
  /** Ends the idle workers of a class. */
  retire(workerClass: string): void;
  /** It can never start: its class has tasks that nobody will do. */
  refuse(workerClass: string, worker: string, reason: string): void;
  now(): number;
}

/** Milliseconds between two questions. */
const PAUSE = 200;

/** Starts workers as there is room. */
export class Room {
  readonly #governor: Governor;
  readonly #powers: RoomPowers;
  readonly #held: Held[] = [];
  #asked = -Infinity;

  constructor(governor: Governor, powers: RoomPowers) {
    this.#governor = governor;
    this.#powers = powers;
  }

  /** Milliseconds until there is a reason to try again; `undefined` when nobody waits. */
  get pause(): number | undefined { return this.#held.length === 0 ? undefined : PAUSE; }

  spawn(workerClass: string, worker: string): void {
    this.#held.push({ class: workerClass, worker });
    this.#asked = -Infinity;
  }

  /** It is not to start any more. @returns whether it had not */
  drop(worker: string): boolean {
    const at = this.#held.findIndex((one) => one.worker === worker);
    if (at >= 0) this.#held.splice(at, 1);
    return at >= 0;
  }

  /** Starts what fits. Called after whatever may have changed something. */
  settle(): void {
    const now = this.#powers.now();
    if (this.#held.length === 0 || now - this.#asked < PAUSE) return;
    this.#asked = now;
    for (const one of this.#held.slice()) {
      const room = this.#governor.room({ what: `A worker for ${one.class}`, bytes: this.#governor.view().classes[one.class]?.estimate ?? 0 });
      if (room.ok) {
        this.drop(one.worker);
        this.#powers.start(one.class, one.worker);
      } else if (this.#powers.isWanted(one.class) && !this.#canWait()) { // a spare that nobody asks for makes no room and fails nobody
        this.drop(one.worker);
        this.#powers.refuse(one.class, one.worker, room.reason);
      }
    }
  }

  /** Whether something will end by itself, or is made to end. */
  #canWait(): boolean {
    let wait = false;
    for (const { worker, class: its, state, task } of this.#powers.workers()) {
      if (state === 'dead' || this.#held.some((one) => one.worker === worker)) continue;
      if (state === 'idle' && !this.#powers.isWanted(its)) this.#powers.retire(its);
      wait ||= task !== undefined || state !== 'idle' || !this.#powers.isWanted(its);
    }
    return wait;
  }
}
