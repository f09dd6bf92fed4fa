/** What each parameter of a model may be, the same for all providers: in a prompt's front matter, in a profile, and in a Modelfile that becomes one. */
import type { ModelParameters } from '../contracts/models.ts';

/** Whether a value will do, and in words what will. */
export type Check = readonly [fits: (value: unknown) => boolean, wanted: string];

export const text = (most: number) => (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= most && !value.includes('\0');
export const number = (least: number, most: number) => (value: unknown): boolean => typeof value === 'number' && value >= least && value <= most;
const whole = (least: number, most: number) => (value: unknown): boolean => Number.isSafeInteger(value) && number(least, most)(value);

export const PARAMETERS: Readonly<Record<keyof ModelParameters, Check>> = {
  temperature: [number(0, 100), 'a number from 0 to 100'],
  top_k: [whole(0, 2 ** 22), 'a whole number, 0 for all'],
  top_p: [(value) => number(0, 1)(value) && value !== 0, 'a number above 0, up to 1'],
  max_tokens: [whole(1, 2 ** 22), 'a whole number from 1'],
  seed: [whole(0, Number.MAX_SAFE_INTEGER), 'a whole number from 0'],
  stop: [(value) => Array.isArray(value) && value.length <= 16 && value.every(text(256)), 'a list of up to 16 texts'],
  context: [whole(16, 2 ** 22), 'a whole number of tokens from 16'],
  threads: [whole(1, 1024), 'a whole number from 1 to 1024'],
  keep_alive: [(value) => typeof value === 'string' && /^-?\d{1,9}(?:ms|s|m|h)?$/.test(value), 'a time as text: "5m"'],
};
