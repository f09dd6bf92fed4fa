/** Chat: a conversation in the template that the model brings, by node-llama-cpp, which knows the usual ones and runs others as Jinja without evaluating code. */
import type { ChatHistoryItem, ChatWrapper, LlamaModel, resolveChatWrapper, Token } from 'node-llama-cpp';
import type { Turn } from './settings.ts';

/** Tokens of a question, and what ends its answer. */
export interface Rendered { readonly tokens: readonly Token[]; readonly stops: readonly string[]; readonly ends: ReadonlySet<Token>; readonly isGuessed: boolean }

/** How a model is talked to. `isGuessed`: it brings no template that can be used, and one was taken by its name. */
interface Way { readonly wrapper: ChatWrapper; readonly isGuessed: boolean }
const ways = new WeakMap<LlamaModel, Way>();

function wayOf(model: LlamaModel, resolve: typeof resolveChatWrapper): Way {
  try {
    return { wrapper: resolve(model, { warningLogs: false, fallbackToOtherWrappersOnJinjaError: false }), isGuessed: (model.fileInfo.metadata.tokenizer.chat_template ?? '').trim() === '' };
  } catch {
    return { wrapper: resolve(model, { warningLogs: false }), isGuessed: true };
  }
}

/** A conversation, open for its answer. What people wrote is never read as a sign of the template. */
export function render(model: LlamaModel, turns: readonly Turn[], resolve: typeof resolveChatWrapper): Rendered {
  const way = ways.get(model) ?? wayOf(model, resolve);
  ways.set(model, way);
  const { wrapper, isGuessed } = way;
  const chatHistory = turns.map(({ role, text }): ChatHistoryItem => (role === 'model' ? { type: role, response: [text] } : { type: role, text }));
  const { contextText, stopGenerationTriggers } = wrapper.generateContextState({ chatHistory: [...chatHistory, { type: 'model', response: [] }] });
  const triggers = stopGenerationTriggers.map((trigger) => ({ text: trigger.toString(), tokens: trigger.tokenize(model.tokenizer) }));
  return {
    tokens: contextText.tokenize(model.tokenizer),
    stops: triggers.filter(({ text, tokens }) => tokens.length > 1 && text !== '').map(({ text }) => text),
    isGuessed,
    ends: new Set(triggers.flatMap(({ tokens }) => (tokens.length === 1 ? tokens : []))),
  };
}
