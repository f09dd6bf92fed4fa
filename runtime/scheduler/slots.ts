/** Slots: how many steps run at once, in all and per engine. Waiters are served in the order in which they came. */

/** Room for steps. */
export class Slots {
  #free: number;
  readonly #engines: Map<string, number>;
  readonly #waiting: { engines: readonly string[]; go: () => void }[] = [];

  /** @param jobs most steps at once @param engines most programs at once, by engine */
  constructor(jobs: number, engines: ReadonlyMap<string, number>) {
    this.#free = Math.max(1, jobs);
    this.#engines = new Map(engines);
  }

  /** Takes a place; resolves to the function that gives it back. */
  async acquire(engines: readonly string[]): Promise<() => void> {
    if (!this.#fits(engines) || this.#waiting.length > 0) {
      await new Promise<void>((go) => { this.#waiting.push({ engines, go }); this.#serve(); });
    } else this.#take(engines, -1);
    return () => { this.#take(engines, 1); this.#serve(); };
  }

  /** A waiter whose engine is busy does not hold up one behind it. */
  #serve(): void {
    for (let i = 0; i < this.#waiting.length && this.#free > 0;) {
      const { engines, go } = this.#waiting[i]!;
      if (!this.#fits(engines)) { i++; continue; }
      this.#take(engines, -1);
      this.#waiting.splice(i, 1);
      go();
    }
  }

  #fits(engines: readonly string[]): boolean {
    return this.#free > 0 && engines.every((engine) => (this.#engines.get(engine) ?? 1) > 0);
  }

  #take(engines: readonly string[], by: number): void {
    this.#free += by;
    for (const engine of engines) this.#engines.set(engine, (this.#engines.get(engine) ?? 1) + by);
  }
}
