/** The peer of two benchmarks ships no types; this is what they use of it. */
declare module '@observablehq/runtime' {
  export interface Variable { define(name: string, inputs: readonly string[], definition: (...inputs: never[]) => unknown): Variable }
  export interface Module {
    variable(observer?: { fulfilled?(value: unknown): void }): Variable;
    define(name: string, inputs: readonly string[], definition: (...inputs: never[]) => unknown): Variable;
    value(name: string): Promise<unknown>;
  }
  export class Runtime { module(): Module; dispose(): void }
}
