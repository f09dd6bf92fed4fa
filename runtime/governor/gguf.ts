/**
 * GGUF: what the head of a model's file says, read strictly, and the memory that the model will take.
 *
 * The file is hostile until it has been read: every count and length is held against the bytes that are there, nothing nests, and what is
 * not needed is skipped. llama.cpp reads the file again by itself; this comes first, so that it is told what it can say before a process is spent on it.
 */
import { HeadReader, type ReadRange } from './gguf-reader.ts';

/** What a model is, as far as its needs go. Zero: the file does not say. */
export interface GgufHeader {
  readonly architecture: string;
  /** Tokens that it was trained to see at once. */
  readonly context: number;
  readonly layers: number;
  readonly embedding: number;
  readonly feedForward: number;
  readonly heads: number;
  /** Values that one token leaves in the cache, keys and values of all layers together. */
  readonly cacheWidth: number;
  readonly vocabulary: number;
  /** Number of tensors, and the bytes that they take. */
  readonly tensors: number;
  readonly weights: number;
  /** Numbers that the tensors hold: what people call the model's parameters. */
  readonly numbers: number;
  /** It brings a template of conversations. */
  readonly hasTemplate: boolean;
  /** Files that the model is split into. */
  readonly parts: number;
}

/** Elements and bytes of one block, by ggml's number of the type; `llama.test.ts` holds them against ggml's own. */
const BLOCKS: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4], 1: [1, 2], 2: [32, 18], 3: [32, 20], 6: [32, 22], 7: [32, 24], 8: [32, 34], 9: [32, 36], 10: [256, 84], 11: [256, 110], 12: [256, 144], 13: [256, 176], 14: [256, 210], 15: [256, 292],
  16: [256, 66], 17: [256, 74], 18: [256, 98], 19: [256, 50], 20: [32, 18], 21: [256, 110], 22: [256, 82], 23: [256, 136], 24: [1, 1], 25: [1, 2], 26: [1, 4], 27: [1, 8], 28: [1, 8], 29: [256, 56],
  30: [1, 2], 34: [256, 54], 35: [256, 66], 39: [32, 17], 40: [64, 36], 41: [128, 18], 42: [64, 18],
};

const MAGIC = 0x46554747;
const MOST_TENSORS = 65_536;
const MOST_KEYS = 4096;
/** ggml's own bounds of a tensor's name and dimensions. */
const NAME = 64;
const DIMENSIONS = 4;

/**
 * Reads the head of a model's file.
 * @throws TelarError `bad-file` with `offset`, for what is cut short, damaged or hostile
 */
export function readGguf(read: ReadRange, size: number): GgufHeader {
  const head = new HeadReader(read, size);
  if (size < 24 || head.u32() !== MAGIC) throw head.bad('does not begin like a GGUF file', 0);
  const version = head.u32();
  if (version !== 2 && version !== 3) throw head.bad(`is of GGUF version ${version}, and only 2 and 3 are known`, 4);
  const tensors = head.count('tensors', MOST_TENSORS, 24);
  const keys = head.count('keys', MOST_KEYS, 13);
  const meta = new Map<string, unknown>();
  for (let i = 0; i < keys; i++) {
    const at = head.offset;
    const key = head.string('a key', 65_535);
    if (meta.has(key)) throw head.bad(`says ${JSON.stringify(key.slice(0, 80))} twice`, at);
    meta.set(key, head.value());
  }
  const alignment = meta.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 65_536 || (alignment & (alignment - 1)) !== 0) throw head.bad(`has an alignment of ${String(alignment)}`, head.offset);
  return describe(meta, tensors, readTensors(head, tensors, alignment), head);
}

/** Walks the list of tensors. @returns the bytes that they take, and the numbers that they hold */
function readTensors(head: HeadReader, count: number, alignment: number): { readonly weights: number; readonly numbers: number } {
  const names = new Set<string>();
  let weights = 0;
  let numbers = 0;
  let end = 0;
  let last = head.offset;
  for (let i = 0; i < count; i++) {
    last = head.offset;
    const name = head.string('a tensor’s name', NAME);
    if (names.has(name)) throw head.bad(`has two tensors ${JSON.stringify(name)}`, last);
    names.add(name);
    const dimensions = head.u32();
    if (dimensions < 1 || dimensions > DIMENSIONS) throw head.bad(`has a tensor of ${dimensions} dimensions`, last);
    const shape = Array.from({ length: dimensions }, () => head.size());
    const type = head.u32();
    const block = BLOCKS[type];
    if (block === undefined) throw head.bad(`has a tensor of the unknown type ${type}`, last);
    const offset = head.size();
    const elements = shape.reduce((a, b) => a * b, 1);
    const bytes = elements / block[0] * block[1];
    if (elements < 1 || shape[0]! % block[0] !== 0 || offset % alignment !== 0 || !(offset + bytes <= head.total)) throw head.bad(`has a tensor ${JSON.stringify(name)} that does not fit`, last);
    weights += bytes;
    numbers += elements;
    end = Math.max(end, offset + bytes);
  }
  const start = Math.ceil(head.offset / alignment) * alignment;
  if (start + end > head.total) throw head.bad(`is cut short: its weights need ${start + end} bytes, and it has ${head.total}`, last);
  if (weights > head.total) throw head.bad('has tensors that lie on each other', last);
  return { weights, numbers };
}

function describe(meta: ReadonlyMap<string, unknown>, tensors: number, sizes: Pick<GgufHeader, 'weights' | 'numbers'>, head: HeadReader): GgufHeader {
  const architecture = meta.get('general.architecture');
  if (typeof architecture !== 'string' || !/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(architecture)) throw head.bad('does not say its architecture', head.offset);
  const number = (key: string): number | undefined => {
    const value = meta.get(`${architecture}.${key}`);
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const layers = number('block_count') ?? 0;
  const embedding = number('embedding_length') ?? 0;
  const heads = number('attention.head_count') ?? largest(meta.get(`${architecture}.attention.head_count`));
  const width = heads > 0 ? embedding / heads : 0;
  const perHead = (number('attention.key_length') ?? width) + (number('attention.value_length') ?? width);
  const shared = meta.get(`${architecture}.attention.head_count_kv`);
  // Hybrid models say the heads of each layer.
  const cacheHeads = Array.isArray(shared) ? shared.reduce((sum: number, each) => sum + (typeof each === 'number' && each > 0 ? each : 0), 0) : layers * (number('attention.head_count_kv') ?? heads);
  const tokens = meta.get('tokenizer.ggml.tokens');
  return {
    architecture, context: number('context_length') ?? 0, layers, embedding, feedForward: number('feed_forward_length') ?? largest(meta.get(`${architecture}.feed_forward_length`)), heads,
    cacheWidth: cacheHeads * perHead, vocabulary: lengthOf(tokens) ?? number('vocab_size') ?? 0, tensors, ...sizes, hasTemplate: meta.has('tokenizer.chat_template'), parts: Number(meta.get('split.count') ?? 1) || 1,
  };
}

const lengthOf = (value: unknown): number | undefined => (typeof value === 'object' && value !== null && 'length' in value ? Number(value.length) : undefined);
const largest = (value: unknown): number => (Array.isArray(value) ? Math.max(0, ...value.filter((each): each is number => typeof each === 'number')) : 0);

/** Bytes that each purpose takes in the main memory. */
export interface MemoryParts { readonly weights: number; readonly cache: number; readonly compute: number; readonly margin: number }

/** What Node and llama.cpp take before a model is loaded. */
const PROCESS = 160 * 1024 ** 2;
/** Tokens that llama.cpp sees at once, and the step in which it grows its cache. */
const BATCH = 512;
const CACHE_STEP = 256;

/** What a model will take with a context of so many tokens, cached in 16 bits: an upper bound that is meant to be close. */
export function memoryParts({ weights, cacheWidth, embedding, feedForward, heads, vocabulary }: GgufHeader, { context }: { readonly context: number }): MemoryParts {
  const cells = Math.ceil(context / CACHE_STEP) * CACHE_STEP;
  const batch = Math.min(cells, BATCH);
  const cache = cells * cacheWidth * 2;
  // Activations of one batch in 32 bits: the residual stream and its projections, the widest layer, the scores of attention, and the logits.
  const compute = 4 * batch * (vocabulary + 8 * embedding + 2 * feedForward + Math.min(heads, 8) * cells / 4);
  return { weights, cache, compute, margin: PROCESS + Math.ceil((weights + cache + compute) / 20) };
}

/** The sum of `memoryParts`. */
export function estimateMemory(header: GgufHeader, options: { readonly context: number }): number {
  const { weights, cache, compute, margin } = memoryParts(header, options);
  return Math.ceil(weights + cache + compute + margin);
}
