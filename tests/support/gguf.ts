/**
 * Small language models by script: a GGUF file of the `llama` architecture with random weights and a tokenizer, so that a real engine
 * loads it and speaks (nonsense). The same options give the same bytes. No weights are fetched, and none are kept with the tests.
 */

/** Numbers of the GGUF types that are written here. */
const TYPE = { uint32: 4, float32: 6, string: 8, array: 9, int32: 5 } as const;
const ALIGNMENT = 32;

/** One entry of the metadata. A hostile one may lie about everything. */
export type Meta = readonly [key: string, type: keyof typeof TYPE | 'strings' | 'floats' | 'integers', value: string | number | readonly string[] | readonly number[]];

/** One tensor: F32 (0) or F16 (1), with its bytes. */
export interface Tensor { readonly name: string; readonly shape: readonly number[]; readonly type: 0 | 1; readonly data: Uint8Array }

/** What a model is like; small unless said. */
export interface ModelOptions {
  readonly seed?: number;
  readonly layers?: number;
  readonly embedding?: number;
  readonly heads?: number;
  readonly feedForward?: number;
  readonly context?: number;
  /** Which of the words ends a text; none of them unless said. */
  readonly endsWith?: string;
  /** All weights are not a number. */
  readonly nan?: boolean;
}

const syllables = ['ka', 'lo', 'mi', 'ne', 'ro', 'su', 'ta', 'vi'];
/** The words that it knows, each with a space before it. */
export const words: readonly string[] = syllables.flatMap((first) => syllables.map((second) => first + second));
const letters = [...'abcdefghijklmnopqrstuvwxyz.,!?0123456789'];
const pieces = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).padStart(2, '0').toUpperCase()}>`), '▁', ...letters, ...words.map((word) => `▁${word}`)];
const FIRST_WORD = pieces.length - words.length;

/** Joins bytes as GGUF wants them. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  bytes(data: Uint8Array): void { this.#parts.push(data); this.length += data.length; }
  number(size: 4 | 8, set: (view: DataView) => void): void {
    const data = new Uint8Array(size);
    set(new DataView(data.buffer));
    this.bytes(data);
  }
  u32(value: number): void { this.number(4, (view) => { view.setUint32(0, value, true); }); }
  i32(value: number): void { this.number(4, (view) => { view.setInt32(0, value, true); }); }
  u64(value: number): void { this.number(8, (view) => { view.setBigUint64(0, BigInt(value), true); }); }
  f32(value: number): void { this.number(4, (view) => { view.setFloat32(0, value, true); }); }
  string(text: string): void {
    const data = new TextEncoder().encode(text);
    this.u64(data.length);
    this.bytes(data);
  }
  pad(): void { this.bytes(new Uint8Array((ALIGNMENT - this.length % ALIGNMENT) % ALIGNMENT)); }
  done(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) { all.set(part, at); at += part.length; }
    return all;
  }
}

function writeMeta(out: Writer, [key, type, value]: Meta): void {
  const one = { uint32: (v: unknown) => out.u32(v as number), int32: (v: unknown) => out.i32(v as number), float32: (v: unknown) => out.f32(v as number), string: (v: unknown) => out.string(v as string) };
  out.string(key);
  if (type !== 'strings' && type !== 'floats' && type !== 'integers' && type !== 'array') {
    out.u32(TYPE[type]);
    return one[type](value);
  }
  const of = type === 'strings' ? 'string' : type === 'floats' ? 'float32' : 'int32';
  out.u32(TYPE.array);
  out.u32(TYPE[of]);
  out.u64((value as readonly unknown[]).length);
  for (const each of value as readonly unknown[]) one[of](each);
}

/** A file from its parts. */
export function writeGguf(metadata: readonly Meta[], tensors: readonly Tensor[]): Uint8Array {
  const out = new Writer();
  out.bytes(new TextEncoder().encode('GGUF'));
  out.u32(3);
  out.u64(tensors.length);
  out.u64(metadata.length);
  for (const meta of metadata) writeMeta(out, meta);
  let offset = 0;
  for (const { name, shape, type, data } of tensors) {
    out.string(name);
    out.u32(shape.length);
    for (const size of shape) out.u64(size);
    out.u32(type);
    out.u64(offset);
    offset += Math.ceil(data.length / ALIGNMENT) * ALIGNMENT;
  }
  out.pad();
  for (const { data } of tensors) { out.bytes(data); out.pad(); }
  return out.done();
}

/** Numbers of one seed (xorshift). */
function chance(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    return state ^= state << 5;
  };
}

/** Weights of either sign in F16, between 2^exponent and twice that. */
function halves(count: number, next: () => number, exponent: number): Uint8Array {
  const data = new Uint16Array(count);
  for (let i = 0; i < count; i++) data[i] = (next() & 0x83ff) | ((exponent + 15) << 10);
  return new Uint8Array(data.buffer);
}

/** The metadata of a model. */
export function metadataOf({ layers = 2, embedding = 64, heads = 4, feedForward = 128, context = 512, endsWith }: ModelOptions = {}): Meta[] {
  return [
    ['general.architecture', 'string', 'llama'], ['general.name', 'string', 'random'], ['llama.context_length', 'uint32', context], ['llama.embedding_length', 'uint32', embedding],
    ['llama.block_count', 'uint32', layers], ['llama.feed_forward_length', 'uint32', feedForward], ['llama.attention.head_count', 'uint32', heads], ['llama.attention.head_count_kv', 'uint32', heads],
    ['llama.attention.layer_norm_rms_epsilon', 'float32', 1e-5], ['llama.rope.dimension_count', 'uint32', embedding / heads], ['llama.vocab_size', 'uint32', pieces.length],
    ['tokenizer.ggml.model', 'string', 'llama'], ['tokenizer.ggml.tokens', 'strings', pieces], ['tokenizer.ggml.scores', 'floats', pieces.map((_, i) => -i)],
    // 1 a piece, 2 unknown, 3 control, 6 a byte.
    ['tokenizer.ggml.token_type', 'integers', pieces.map((piece, i) => (i === 0 ? 2 : i < 3 ? 3 : piece.startsWith('<0x') ? 6 : 1))],
    ['tokenizer.ggml.bos_token_id', 'uint32', 1], ['tokenizer.ggml.eos_token_id', 'uint32', endsWith === undefined ? 2 : FIRST_WORD + words.indexOf(endsWith)], ['tokenizer.ggml.unknown_token_id', 'uint32', 0],
  ];
}

/** The tensors of a model. */
export function tensorsOf({ seed = 1, layers = 2, embedding = 64, feedForward = 128, nan = false }: ModelOptions = {}): Tensor[] {
  const next = chance(seed);
  const tensors: Tensor[] = [];
  const weights = (name: string, shape: readonly number[], exponent: number): Uint8Array => {
    const data = halves(shape.reduce((a, b) => a * b, 1), next, exponent);
    if (nan) new Uint16Array(data.buffer).fill(0x7e00);
    tensors.push({ name, shape, type: 1, data });
    return data;
  };
  const ones = (name: string): void => { tensors.push({ name, shape: [embedding], type: 0, data: new Uint8Array(new Float32Array(embedding).fill(1).buffer) }); };
  weights('token_embd.weight', [embedding, pieces.length], -2);
  for (let i = 0; i < layers; i++) {
    ones(`blk.${i}.attn_norm.weight`);
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) weights(`blk.${i}.${part}.weight`, [embedding, embedding], -3);
    ones(`blk.${i}.ffn_norm.weight`);
    for (const part of ['ffn_gate', 'ffn_up']) weights(`blk.${i}.${part}.weight`, [embedding, feedForward], -3);
    weights(`blk.${i}.ffn_down.weight`, [feedForward, embedding], -3);
  }
  ones('output_norm.weight');
  // It speaks in words only: nothing else is ever likely.
  const output = weights('output.weight', [embedding, pieces.length], -2);
  if (!nan) output.fill(0, 0, FIRST_WORD * embedding * 2);
  return tensors;
}

/** A model's file. */
export const makeModel = (options: ModelOptions = {}): Uint8Array => writeGguf(metadataOf(options), tensorsOf(options));

/** A model of some 50 MB, whose tokens cost what tokens cost. */
export const large: ModelOptions = { layers: 8, embedding: 512, heads: 8, feedForward: 1408, context: 1024 };

/** A model without memory: each of its pieces is as likely as `logit` says, whatever came before. `<0x22>` is a byte, `▁` a space. */
export function makeUnigram(logit: (piece: string) => number, options: ModelOptions = {}): Uint8Array {
  const embedding = 64;
  const tensors = tensorsOf({ ...options, layers: 1, embedding }).map((tensor) => {
    const of = tensor.name === 'token_embd.weight' ? () => 64 : tensor.name === 'output.weight' ? (i: number) => logit(pieces[i]!) / 7.5 : undefined;
    if (of === undefined) return tensor;
    const data = new Float16Array(embedding * pieces.length);
    // One large number that no layer drowns out, and the answer read from it alone.
    for (let i = 0; i < pieces.length; i++) data[i * embedding] = of(i);
    return { ...tensor, data: new Uint8Array(data.buffer) };
  });
  return writeGguf(metadataOf({ ...options, layers: 1, embedding }), tensors);
}
