/**
 * Outbox: operations leave in one order, and one that says that something is kept leaves only once it is (C2: values, row,
 * then the word). Work never waits for it; only what is told does.
 */
import type { Operation } from '../../contracts/protocol.ts';

/** Sends operations in order. */
export class Outbox {
  readonly #emit: (operation: Operation) => void;
  #queue: { operation: () => Operation; gate: Promise<unknown> | undefined }[] = [];
  #blocked = false;
  #idle: (() => void)[] = [];

  constructor(emit: (operation: Operation) => void) { this.#emit = emit; }

  /** Sends, after all before it and after `gate`; what is said is asked for then, so that a gate that failed can be told. */
  send(operation: () => Operation, gate?: Promise<unknown>): void {
    if (!this.#blocked && gate === undefined) { this.#emit(operation()); return; }
    this.#queue.push({ operation, gate });
    if (!this.#blocked) this.#pump();
  }

  /** Resolves when all has been sent. */
  drained(): Promise<void> {
    return this.#blocked ? new Promise((resolve) => { this.#idle.push(resolve); }) : Promise.resolve();
  }

  #pump(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if (head.gate !== undefined) {
        const { gate } = head;
        head.gate = undefined;
        this.#blocked = true;
        void gate.catch(() => undefined).then(() => { this.#pump(); });
        return;
      }
      this.#queue.shift();
      this.#emit(head.operation());
    }
    this.#blocked = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const done of idle) done();
  }
}
