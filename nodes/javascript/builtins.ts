/**
 * Names that JavaScript itself gives to every body: the globals of ECMAScript 2026 and `console`. Not those of a browser or of
 * Node, which the sandbox does not have: a body that reads them should be told so before it runs.
 */
export const builtins: ReadonlySet<string> = new Set((
  'globalThis undefined NaN Infinity arguments eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape '
  + 'Object Function Boolean Symbol Error AggregateError EvalError RangeError ReferenceError SuppressedError SyntaxError TypeError URIError InternalError '
  + 'Number BigInt Math Date Temporal String RegExp Array Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array '
  + 'BigInt64Array BigUint64Array Float16Array Float32Array Float64Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer SharedArrayBuffer '
  + 'DataView Atomics JSON Promise Reflect Proxy Iterator AsyncIterator Intl DisposableStack AsyncDisposableStack console'
).split(' '));
