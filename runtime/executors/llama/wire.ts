/** Wire: what the executor and its child say to each other. */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { Gpu, Settings, Turn } from './settings.ts';

/** What a child is started with: one model, for its whole life. */
export interface Start { readonly library: string; readonly model: string; readonly gpu: Gpu | false; readonly threads: number }

/** One text to go on with, or a conversation to answer. */
export interface Job extends Pick<Settings, 'maxTokens' | 'temperature' | 'topK' | 'topP' | 'stop' | 'grammar' | 'promptCache'> {
  readonly id: number;
  readonly prompt: string | readonly Turn[];
  readonly context: number;
  readonly seed: number;
  /** Only counts the tokens of the prompt. */
  readonly counts: boolean;
}

/** To the child: a job, or that the current one shall stop. */
export type ToChild = Job | { readonly stop: number };

/** What came of a job. `tokens` are those given out, with those of the text that stopped it; `cached`: of the prompt's, those that were there from before; `isGuessed`: the model brings no chat template that can be used, and one was guessed. */
export interface Said { readonly text: string; readonly promptTokens: number; readonly cached?: number; readonly isGuessed?: true; readonly tokens: number; readonly stopped: 'eos' | 'length' | 'stop' }

/** From the child: the model is loaded, or cannot be; text and progress as they come; and one end for each job. `memory` is what it takes. */
export type FromChild =
  | { readonly id: 0; readonly loaded: true; readonly memory: number }
  | { readonly id: 0; readonly error: ErrorJSON }
  | { readonly id: number; readonly text: string; readonly progress: number; readonly memory: number }
  | { readonly id: number; readonly said: Said; readonly memory: number }
  | { readonly id: number; readonly error: ErrorJSON };
