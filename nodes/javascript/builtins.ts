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

/** Names that a browser or Node would give, and why they are not there; told when a body reads one that no node defines. */
export const absent: ReadonlyMap<string, string> = new Map([
  ...['process', 'require', 'module', 'Buffer', '__dirname', '__filename'].map((name) => [name, 'it is a part of Node, and a body runs in a sandbox of plain JavaScript. Read files with a `data` node; take settings from an `input` node'] as const),
  ...['fetch', 'XMLHttpRequest', 'WebSocket'].map((name) => [name, 'a body has no network. Save the file beside the notebook and read it with a `data` node'] as const),
  ...['setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame'].map((name) => [name, 'a body has no timers: it runs to its end, and its value is the result'] as const),
  ...['window', 'document', 'navigator', 'localStorage'].map((name) => [name, 'a body has no page. Give a value, and show it with a `chart` or a `text` node'] as const),
]);
