/** The link's times, in milliseconds. Tests hand in smaller ones. */
export interface Timing {
  /** Between two heartbeats, both ways. */
  readonly interval: number;
  /** Silent intervals after which a peer counts as dead. */
  readonly liveness: number;
  /** First and longest pause before a worker comes back; doubled each time, with jitter. */
  readonly backOff: { readonly first: number; readonly longest: number };
  /** A tick that comes this much late says that we ourselves slept: all deadlines are extended once, and nobody is declared dead. */
  readonly lag: number;
  /** A computation without progress for so long is told as hung. Only told: its own time limit ends it. */
  readonly hung: number;
  /** From a soft interrupt to the kill of the child, and from there to the kill of the worker. */
  readonly escalation: number;
  /** How long a started process may take until READY. */
  readonly start: number;
  /** How long a worker without a coordinator waits, its work done, before it ends by itself. */
  readonly orphan: number;
  /** How long a worker above the number of warm ones stays idle. */
  readonly idle: number;
}

/** Those of `workers.md`, where it has them. */
export const TIMING: Timing = {
  interval: 1_000, liveness: 3, backOff: { first: 1_000, longest: 32_000 }, lag: 1_000, hung: 5_000, escalation: 500, start: 30_000, orphan: 15_000, idle: 60_000,
};

/** Workers that one task may kill before it is set aside as poison. */
export const MOST_DEATHS = 3;
