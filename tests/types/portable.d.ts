/**
 * What a portable file may use beside ECMAScript: the web's interfaces that Node, browsers and workers all have. A name that
 * is not here is a power, and powers come through `runtime/ports.ts`.
 */
declare class TextEncoder { encode(text?: string): Uint8Array<ArrayBuffer>; encodeInto(text: string, into: Uint8Array): { read: number; written: number } }
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
declare class Event { constructor(type: string); readonly type: string }
declare class EventTarget {
  addEventListener(type: string, listener: (event: Event) => void, options?: { once?: boolean; signal?: AbortSignal }): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
}
declare class AbortSignal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  static abort(reason?: unknown): AbortSignal;
  static timeout(ms: number): AbortSignal;
  static any(signals: readonly AbortSignal[]): AbortSignal;
}
declare class AbortController { readonly signal: AbortSignal; abort(reason?: unknown): void }
declare class URL { static canParse(text: string): boolean; constructor(text: string, base?: string | URL); readonly href: string; readonly protocol: string; readonly pathname: string; readonly origin: string; readonly username: string; readonly password: string; readonly host: string; readonly search: string; readonly hash: string }
declare function setTimeout(act: () => void, ms?: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare function setInterval(act: () => void, ms?: number): unknown;
declare function clearInterval(timer: unknown): void;
declare function queueMicrotask(act: () => void): void;
declare function structuredClone<T>(value: T): T;
declare function atob(text: string): string;
declare function btoa(text: string): string;
declare namespace WebAssembly {
  interface Module {}
  interface Instance { readonly exports: Record<string, unknown> }
  class Memory { constructor(limits: { initial: number; maximum?: number }); readonly buffer: ArrayBuffer; grow(pages: number): number }
}
declare class Blob { constructor(parts: readonly (ArrayBufferView | ArrayBuffer)[]); stream(): ReadableStream; arrayBuffer(): Promise<ArrayBuffer> }
declare class Response { constructor(body: ReadableStream); arrayBuffer(): Promise<ArrayBuffer>; bytes(): Promise<Uint8Array<ArrayBuffer>> }
declare class ReadableStream { pipeThrough(through: DecompressionStream): ReadableStream; [Symbol.asyncIterator](): AsyncIterator<Uint8Array> }
declare class DecompressionStream { constructor(format: 'gzip' | 'deflate' | 'deflate-raw') }
