/**
 * The governor (S40): what this machine has room for. It never lets start what cannot fit, and says so instead.
 */

/** `sprint`: all there is. `balanced`: leave some for the person. `conserve`: on battery, or asked to be modest. */
export type Policy = 'sprint' | 'balanced' | 'conserve';

/** What was seen of the machine. Bytes; `undefined`: cannot be known here. */
export interface Sample {
  readonly cores: number;
  readonly memory: { readonly total: number; readonly available: number };
  /** Load of the processors in the last minute, per core. */
  readonly load?: number;
  readonly power?: { readonly battery: boolean; readonly onBattery: boolean; readonly percent?: number };
  readonly vram?: { readonly total: number; readonly free: number };
}

/** What a thing will need before it starts. */
export interface Need { readonly what: string; readonly bytes: number }

/** The governor as others see it: at once and without waiting; samples are taken beside. */
export interface Governor {
  readonly policy: Policy;
  /**
   * Whether it fits now, beside what was promised to others and has not been taken yet; a reason with figures when not. A promise ends when its
   * memory is `taken` (or will not be), or after a while by itself.
   */
  room(need: Need): { readonly ok: true; taken?(): void } | { readonly ok: false; readonly reason: string };
  /** Most workers of a class at once, and how many are kept warm. */
  limits(workerClass: string): { readonly most: number; readonly warm: number };
  view(): GovernorView;
  close(): void;
}

/** For `telar doctor`, `telar workers` and the studio. */
export interface GovernorView {
  readonly policy: Policy;
  /** Why this policy: asked for, on battery, the default. */
  readonly because: string;
  readonly sample: Sample;
  /** Bytes that may still be given out. */
  readonly room: number;
  readonly classes: Readonly<Record<string, { readonly most: number; readonly warm: number; readonly estimate: number }>>;
}
