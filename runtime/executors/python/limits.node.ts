/**
 * Limits, seen from inside the child: time, cancellation, memory and output of the step that runs now (R2, R5).
 *
 * Python asks every few hundred instructions whether it should stop, by reading element 0 of an "interrupt buffer": a getter of ours
 * answers. Code in C does not ask; the parent's kill is for that. Memory that Python may have is bounded where WebAssembly grows.
 */
import { existsSync } from 'node:fs';
import { realNow } from '../world.node.ts';
import { quit } from '../quit.node.ts';

/** Why a step was told to stop. */
export type Stop = 'timeout' | 'cancelled' | 'memory' | 'output-limit';

interface WasmMemory { readonly buffer: ArrayBuffer; grow(this: WasmMemory, pages: number): number }

const POLL = 20;
const PAGE = 65_536;
const KEYBOARD_INTERRUPT = 2;

/** The guard of one child. */
export class Guard {
  stop: Stop | undefined;
  /** Memory was asked for beyond the limit: Python may have ended by it. */
  starved = false;
  readonly #cancelFile: string;
  readonly #parent = process.ppid;
  #running = false;
  #deadline = Infinity;
  #next = Infinity;
  #told = false;
  #output = 0;
  #outputLimit = Infinity;
  #heapLimit = Infinity;
  #rssLimit = Infinity;

  constructor(cancelFile: string) {
    this.#cancelFile = cancelFile;
    this.#boundMemory();
  }

  /** Begins a step. `base` is the memory that Python has before it. */
  begin(limits: { readonly time: number; readonly memory: number; readonly output: number }, base: number): void {
    this.stop = undefined;
    this.starved = false;
    this.#told = false;
    this.#output = 0;
    this.#deadline = realNow() + limits.time;
    this.#next = 0;
    this.#outputLimit = limits.output;
    this.#heapLimit = Math.max(limits.memory, base);
    this.#rssLimit = process.memoryUsage.rss() + Math.max(limits.memory, 64 * 1024 * 1024) * 2;
    this.#running = true;
  }

  end(): void {
    this.#running = false;
    this.#heapLimit = Infinity;
  }

  /** Counts bytes that leave the step. @returns false when there are too many, and they should be dropped */
  spend(bytes: number): boolean {
    this.#output += bytes;
    if (this.#output > this.#outputLimit) this.stop ??= 'output-limit';
    return this.stop !== 'output-limit';
  }

  /** For `setInterruptBuffer`: 2 once when the step must stop, else 0. */
  get buffer(): Uint8Array {
    const poll = (): number => (this.interrupt() ? KEYBOARD_INTERRUPT : 0);
    return { get 0() { return poll(); }, set 0(_: number) { /* Python acknowledges */ } } as unknown as Uint8Array;
  }

  /** Whether the step must stop; looks at most every 20 ms. */
  expired(): boolean {
    const now = realNow();
    if (!this.#running || (now < this.#next && this.stop === undefined)) return false;
    this.#next = now + POLL;
    if (process.ppid !== this.#parent) quit(); // nobody is left to stop this step
    if (now >= this.#deadline) this.stop ??= 'timeout';
    else if (existsSync(this.#cancelFile)) this.stop ??= 'cancelled';
    else if (process.memoryUsage.rss() > this.#rssLimit) this.stop ??= 'memory';
    return this.stop !== undefined;
  }

  /** Whether to interrupt Python now; true once in a step. */
  interrupt(): boolean {
    if (this.#told || !this.expired()) return false;
    this.#told = true;
    return true;
  }

  #boundMemory(): void {
    const memory = (globalThis as unknown as { WebAssembly: { Memory: { prototype: WasmMemory } } }).WebAssembly.Memory.prototype;
    const { grow } = memory;
    const starve = (): void => { this.starved = true; };
    const allowed = (size: number): boolean => size <= this.#heapLimit;
    memory.grow = function bounded(this: WasmMemory, pages: number): number {
      if (!allowed(this.buffer.byteLength + pages * PAGE)) {
        starve();
        throw new RangeError('the step may not have more memory');
      }
      return grow.call(this, pages);
    };
  }
}
