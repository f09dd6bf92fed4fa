/**
 * Models and answers: what a prompt asks of a language model, and what comes back, whoever answers.
 *
 * A *profile* is a small file that names a provider, a model and its parameters; a *provider* speaks one protocol. A prompt knows
 * neither: it hands an `AskRequest` to its context. Answers are recorded like any value and asked again only on purpose.
 */

/** Who answers. `replay` and `script` need no model: recorded answers, and scripted ones for tests and demonstrations. */
export const PROVIDERS = ['llama', 'ollama', 'openai', 'anthropic', 'replay', 'script'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** How a model is asked; what is absent is the provider's usual. */
export interface ModelParameters {
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** Tokens that it sees at once, question and answer (`num_ctx` of Ollama). */
  readonly context?: number;
  /** Processor threads (llama). */
  readonly threads?: number;
  /** How long Ollama keeps the model in memory: `5m`. */
  readonly keep_alive?: string;
}

/** Price per million tokens. */
export interface Price { readonly input: number; readonly output: number; readonly cached?: number; readonly currency: string }

/** A model profile (`NAME.model.yaml`), checked. */
export interface ModelProfile {
  readonly name: string;
  readonly provider: ProviderName;
  /** The provider's own name of the model; of `script` and `replay` a file of answers. */
  readonly model?: string;
  /** llama: a GGUF file, absolute or relative to the workspace's root. */
  readonly file?: string;
  /** llama: its SHA-256, in lower-case hex. Another file is refused. */
  readonly sha256?: string;
  /** Network providers: scheme, host, port, and path before the API's own. */
  readonly endpoint?: string;
  /** Name of the secret that is sent as the key. */
  readonly secret?: string;
  /** System text before the prompt's own. */
  readonly system?: string;
  readonly parameters: ModelParameters;
  /** `chat`: the model's own chat template; `raw`: the text goes to it as it is. Usual: chat. */
  readonly template: 'chat' | 'raw';
  readonly price?: Price;
  /** What it is and is not. */
  readonly about?: string;
  /** Where it was found: a path from the workspace's root, where it is in it; absent for a person's own, and for `provider/model`. */
  readonly path?: string;
}

/** One part of a message. */
export type MessagePart =
  | { readonly text: string }
  | { readonly media: { readonly mediaType: string; readonly base64: string } };

/** One message of a conversation. */
export interface Message { readonly role: 'system' | 'user' | 'model'; readonly content: readonly MessagePart[] }

/** A JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>> | boolean;

/** A question to a model. */
export interface AskRequest {
  readonly profile: ModelProfile;
  /** System text first and stable, the newest message last: so that a provider can reuse what it has seen. */
  readonly messages: readonly Message[];
  /** Wins over the profile's, key by key. */
  readonly parameters?: ModelParameters;
  /** The answer has to be JSON of this schema. */
  readonly schema?: JsonSchema;
  /** What to do when the question does not fit: `refuse` (usual), or leave out the oldest messages after the system's, visibly. */
  readonly overflow?: 'refuse' | 'trim';
}

/** Tokens and cost of an answer, or of all answers of a run. */
export interface Usage {
  /** Tokens of the question as they were counted before it was sent. */
  readonly before?: number;
  readonly input: number;
  readonly output: number;
  /** Of `input`, those that the provider had from before. */
  readonly cached?: number;
  /** How the tokens were counted: by the model's tokenizer, as the server says, or guessed from the length. */
  readonly counted: 'exact' | 'told' | 'estimated';
  readonly cost?: number;
  readonly currency?: string;
  /** Questions asked: more than one after a repair. */
  readonly asks: number;
  /** Milliseconds until the answer was whole. */
  readonly ms: number;
}

/** Who sees to it that one keyword of a schema holds. `validation` finds a breach afterwards; `none` is only where a keyword means nothing to anybody. */
export type Enforcer = 'grammar' | 'validation' | 'none';

/** What became of one keyword of a schema. */
export interface Enforcement { readonly path: string; readonly keyword: string; readonly by: Enforcer; readonly why?: string }

/** What a model answered. */
export interface AskAnswer {
  readonly text: string;
  /** With a schema: the answer as data, which Ajv found valid. */
  readonly value?: unknown;
  readonly usage: Usage;
  /** `provider/model`, as the provider tells it. */
  readonly model: string;
  readonly finish: 'stop' | 'length';
  /** Told beside the answer: what was trimmed, what no grammar enforces, a repair, a server's odd count. */
  readonly warnings: readonly string[];
}
