/** Settings: what a program asks of a model, checked. Prompts as nodes come later; until then this is a contract between programs of ours. */
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
}

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
  return { maxTokens: 256, temperature: 0, topK: 0, topP: 1, stop: [], gpu: false, ...settings, model };
}
