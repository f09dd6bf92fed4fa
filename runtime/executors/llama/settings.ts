/** Settings: what a program asks of a model, checked; and the conversation that its code may be. The provider `llama` writes them for prompts. */
import { TelarError } from '../../../contracts/errors.ts';
import type { Program } from '../../../contracts/node.ts';

/** A GPU's interface; results differ from the processor's, and from each other. */
export type Gpu = 'cuda' | 'vulkan' | 'metal';

/** What may be asked for. `temperature` 0 takes the likeliest token each time. */
export interface Settings {
  /** Path of a GGUF file, relative to the workspace's root or absolute. */
  readonly model: string;
  /** The file's SHA-256; another file is refused. */
  readonly sha256?: string;
  /** Tokens that it sees at once: prompt and answer together. At most 4096 of what the model was trained on, unless said. */
  readonly context?: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed?: number;
  /** Texts at which it stops; they are no part of the answer. */
  readonly stop: readonly string[];
  readonly threads?: number;
  readonly gpu: Gpu | false;
  /** `raw`: the code is the text to go on with. `chat`: it is a list of turns as JSON, put into the model's own template. */
  readonly template: 'raw' | 'chat';
  /** GBNF that the answer has to be of. */
  readonly grammar?: string;
  /**
   * Tokens of the question that the model has seen last time are not taken in again. Faster, but the cache then holds numbers that were summed up
   * in other batches, and of twenty seeded answers five came out different: only for who records answers.
   */
  readonly promptCache: boolean;
  /** `answer`; or only the tokens of the question (`count`), or of what the model sees (`window`; nothing is loaded). */
  readonly what: 'answer' | 'count' | 'window';
}

/** One turn of a conversation. */
export interface Turn { readonly role: 'system' | 'user' | 'model'; readonly text: string }

const LONGEST_GRAMMAR = 256 * 1024;
const MOST_TURNS = 10_000;
const GPUS: readonly unknown[] = ['cuda', 'vulkan', 'metal', false];
const isWhole = (least: number, most: number) => (value: unknown): boolean => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const isWithin = (least: number, most: number) => (value: unknown): boolean => typeof value === 'number' && value >= least && value <= most;

const CHECKS: Readonly<Record<keyof Settings, readonly [(value: unknown) => boolean, string]>> = {
  model: [(value) => typeof value === 'string' && value !== '' && !value.includes('\0'), 'a path'],
  sha256: [(value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value), '64 digits of lower-case hex'],
  context: [isWhole(16, 2 ** 22), 'a whole number from 16 to 4194304'],
  maxTokens: [isWhole(1, 2 ** 22), 'a whole number from 1 to 4194304'],
  temperature: [isWithin(0, 100), 'a number from 0 to 100'],
  topK: [isWhole(0, 2 ** 22), 'a whole number, 0 for all'],
  topP: [(value) => isWithin(0, 1)(value) && value !== 0, 'a number above 0, up to 1'],
  seed: [isWhole(0, Number.MAX_SAFE_INTEGER), 'a whole number from 0'],
  stop: [(value) => Array.isArray(value) && value.length <= 16 && value.every((text) => typeof text === 'string' && text !== '' && text.length <= 256), 'up to 16 texts'],
  threads: [isWhole(1, 1024), 'a whole number from 1 to 1024'],
  gpu: [(value) => GPUS.includes(value), 'false, cuda, vulkan or metal'],
  template: [(value) => value === 'raw' || value === 'chat', 'raw or chat'],
  grammar: [(value) => typeof value === 'string' && value !== '' && value.length <= LONGEST_GRAMMAR, `GBNF of at most ${LONGEST_GRAMMAR} characters`],
  promptCache: [(value) => typeof value === 'boolean', 'true or false'],
  what: [(value) => value === 'answer' || value === 'count' || value === 'window', 'answer, count or window'],
};

/** @throws TelarError `bad-input` that names the setting and says what it may be */
export function readSettings(settings: Program['settings'] = {}): Settings {
  for (const [name, value] of Object.entries(settings)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof Settings] : undefined;
    if (check === undefined) throw new TelarError('bad-input', `A model has no setting ${JSON.stringify(name)}; it has ${Object.keys(CHECKS).join(', ')}.`, { setting: name });
    if (value !== undefined && !check[0](value)) throw new TelarError('bad-input', `The setting ${name} has to be ${check[1]}.`, { setting: name });
  }
  const { model } = settings;
  if (typeof model !== 'string') throw new TelarError('bad-input', 'No model is named; give its GGUF file as model.', { setting: 'model' });
  return { maxTokens: 256, temperature: 0, topK: 0, topP: 1, stop: [], gpu: false, template: 'raw', promptCache: false, what: 'answer', ...settings, model };
}

/** The conversation that a program's code is. @throws TelarError `bad-input` */
export function readTurns(code: string): readonly Turn[] {
  let turns: unknown;
  try {
    turns = JSON.parse(code);
  } catch {
    // Told below.
  }
  const isTurn = (turn: unknown): turn is Turn => typeof turn === 'object' && turn !== null && 'role' in turn && 'text' in turn && typeof turn.text === 'string' && ['system', 'user', 'model'].includes(turn.role as string);
  if (!Array.isArray(turns) || turns.length === 0 || turns.length > MOST_TURNS || !turns.every(isTurn)) throw new TelarError('bad-input', `A conversation is a list of at most ${MOST_TURNS} turns with \`role\` (system, user, model) and \`text\`.`, {});
  return turns.map(({ role, text }) => ({ role, text }));
}
