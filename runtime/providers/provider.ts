/**
 * Provider: one protocol for asking a language model. It asks once and streams; counting, trimming, validation and repair are the
 * business of `runtime/prompts/`, the same for all. Portable: what it needs of the host it is handed.
 */
import type { Enforcement, JsonSchema, Message, ModelParameters, ModelProfile, ProviderName } from '../../contracts/models.ts';
import type { Outcome, Program, StepInput, WebRequest } from '../../contracts/node.ts';
import type { StreamedResponse } from '../ports.ts';

/** What a provider can do with a profile, known without asking. */
interface Features {
  readonly streams: boolean;
  /** Whether a schema can bind what the model says while it says it. */
  readonly grammar: boolean;
  readonly seed: boolean;
  readonly media: boolean;
  /** Whether `count` is by the model's own tokenizer. */
  readonly exactCount: boolean;
  /** Whether a prefix that was sent before is reused. */
  readonly promptCache: boolean;
}

/** What a provider may use while it answers one question. */
export interface ProviderPowers {
  readonly signal: AbortSignal;
  /** Bytes. */
  readonly limits: { readonly output: number };
  /** Runs a program on an engine (llama). @param onText what the engine says while it works; without it the step shows that itself */
  execute(program: Program, inputs: Readonly<Record<string, StepInput>>, onText?: (text: string) => void): Promise<Outcome>;
  /** A stored value in its portable form. */
  load(ref: NonNullable<Outcome['outputs'][string]['ref']>): unknown;
  /** Asks the network within the step's grant; no redirect is followed. @throws TelarError `network`, `refused`, `unavailable`, `timeout`, `output-limit`, `cancelled` */
  stream(request: WebRequest): Promise<StreamedResponse>;
  secret(name: string): string | undefined;
  /** A file beside the notebook (`script`, `replay`): recorded as read. */
  readFile(path: string): Uint8Array;
  sha256(text: string): string;
}

/** How a schema goes to a provider. */
export interface Lowered {
  /** In the provider's own form; absent: nothing of it can bind the answer, which is told. */
  readonly schema?: unknown;
  /** Every keyword of the schema, and who sees to it. */
  readonly enforcement: readonly Enforcement[];
}

/** One question, ready to be sent. */
export interface Completion {
  readonly profile: ModelProfile;
  readonly messages: readonly Message[];
  readonly parameters: ModelParameters;
  readonly schema?: Lowered;
  /** Called with each piece of text as it comes. */
  onText(text: string): void;
}

/** What came. Counts are as the provider tells them; absent where it does not. */
export interface Completed {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'refusal';
  readonly model?: string;
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  /** Told beside the answer: a parameter that the provider does not take, a count that cannot be, a question that seems to have been cut. */
  readonly warnings?: readonly string[];
}

/** Whether a profile could be asked now, in words that help (S38). */
export type Readiness = { readonly ok: true; readonly words: string } | { readonly ok: false; readonly words: string };

/** One way to ask. `tests/suites/provider.ts` holds for all. What of the network one needs is known without loading it: `network-use.ts`. */
export interface Provider {
  readonly name: ProviderName;
  features(profile: ModelProfile): Features;
  /** Tokens of its window, question and answer together; `undefined` when nobody knows. */
  window(profile: ModelProfile, parameters: ModelParameters, powers: ProviderPowers): Promise<number | undefined>;
  /** Tokens of a question, before it is sent. */
  count(question: Pick<Completion, 'profile' | 'messages' | 'parameters'>, powers: ProviderPowers): Promise<{ readonly tokens: number; readonly exact: boolean }>;
  /** The provider's form of a schema. Never silent: each keyword is told. */
  lower(schema: JsonSchema, profile: ModelProfile): Lowered;
  /**
   * Asks once.
   * @throws TelarError `network` (with `status`, and `retryAfter` in seconds where the server says it), `timeout`, `cancelled`, `output-limit`, `unavailable`, `bad-input`, `lost`
   */
  complete(completion: Completion, powers: ProviderPowers): Promise<Completed>;
  /** For `telar doctor` and `telar models show`; asks the provider at most one cheap question. */
  ready(profile: ModelProfile, powers: Pick<ProviderPowers, 'signal' | 'stream' | 'secret'> & Partial<Pick<ProviderPowers, 'execute' | 'load' | 'readFile'>>): Promise<Readiness>;
}
