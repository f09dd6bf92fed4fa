/**
 * Tokens and cost of answers. What a server says of its tokens is believed as far as it can be: impossible counts are told and not used.
 */
import type { Message, ModelProfile, Price, Usage } from '../../contracts/models.ts';
import type { Completed } from '../providers/provider.ts';

/** A question as it was counted before it was sent. */
export interface Counted { readonly tokens: number; readonly exact: boolean }

/** How far a told count may be from our exact one. */
const FAR = 3;

/** The usage of one question that was answered, and what is odd about it. */
export function usageOf(counted: Counted, completed: Completed, facts: { readonly profile: ModelProfile; readonly exact: boolean; readonly messages: readonly Message[]; readonly schema?: unknown; readonly ms: number }): { readonly usage: Usage; readonly odd?: string } {
  const { profile, exact, messages, schema, ms } = facts;
  const odd = oddCount(counted, completed, messages, schema);
  const told: Partial<Completed> = odd === undefined ? completed : {};
  const input = told.input ?? counted.tokens;
  const output = told.output ?? estimate(completed.text);
  const { cached } = told;
  const isTold = told.input !== undefined && told.output !== undefined;
  const usage: Usage = {
    before: counted.tokens, input, output, ...(cached === undefined ? {} : { cached }), counted: isTold ? (exact ? 'exact' : 'told') : 'estimated', ...costOf(profile.price, input, output, cached), asks: 1, ms,
  };
  return odd === undefined ? { usage } : { usage, odd: `the server's count of tokens cannot be right (${odd}); ours is used` };
}

/** Tokens of a text as they are guessed without a tokenizer. */
const estimate = (text: string): number => Math.ceil(new TextEncoder().encode(text).length / 4);

function oddCount(counted: Counted, { input, output, cached, text }: Completed, messages: readonly Message[], schema: unknown): string | undefined {
  for (const [name, value] of Object.entries({ input, output, cached })) if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) return `${name} ${value}`;
  if (input !== undefined && cached !== undefined && cached > input) return `${cached} of ${input} tokens from its cache`;
  if (output === 0 && text !== '') return `0 tokens for ${text.length} characters`;
  if (input === undefined) return undefined;
  if (counted.exact && (input > counted.tokens * FAR || input * FAR < counted.tokens)) return `${input} tokens of a question that has ${counted.tokens}`;
  // A token is at least a byte; a template adds some to each message, and a schema may be sent beside them.
  const most = messages.reduce((sum, { content }) => sum + 64 + content.reduce((bytes, part) => bytes + ('text' in part ? new TextEncoder().encode(part.text).length : Infinity), 0), 1024 + (JSON.stringify(schema)?.length ?? 0) * 3);
  return input > most ? `${input} tokens of a question of fewer bytes` : undefined;
}

function costOf(price: Price | undefined, input: number, output: number, cached = 0): Pick<Usage, 'cost' | 'currency'> {
  if (price === undefined) return {};
  const cost = ((input - cached) * price.input + cached * (price.cached ?? price.input) + output * price.output) / 1_000_000;
  return { cost, currency: price.currency };
}

/** The sum of several; the weakest way of counting is that of all. What has no price adds nothing to the cost; costs in different currencies have no sum. */
export function sumUsage(all: readonly Usage[]): Usage | undefined {
  if (all.length === 0) return undefined;
  const sum = (key: 'before' | 'input' | 'output' | 'cached' | 'cost' | 'asks' | 'ms'): number => all.reduce((total, one) => total + (one[key] ?? 0), 0);
  const some = (key: 'before' | 'cached'): { readonly [K in typeof key]?: number } => (all.every((one) => one[key] === undefined) ? {} : { [key]: sum(key) });
  const [currency, ...others] = new Set(all.flatMap((one) => one.currency ?? []));
  return {
    ...some('before'), input: sum('input'), output: sum('output'), ...some('cached'), counted: WORSE.find((how) => all.some(({ counted }) => counted === how))!,
    ...(currency === undefined || others.length > 0 ? {} : { cost: sum('cost'), currency }), asks: sum('asks'), ms: sum('ms'),
  };
}

const WORSE: readonly Usage['counted'][] = ['estimated', 'told', 'exact'];

/** `812 + 120 tokens`, with what it costs. */
export function usageWords({ input, output, cached, counted, cost, currency }: Usage): string {
  const how = counted === 'estimated' ? 'about ' : '';
  return `${how}${input} + ${output} tokens${cached === undefined || cached === 0 ? '' : ` (${cached} from its cache)`}${cost === undefined ? '' : `, ${money(cost)} ${currency}`}`;
}

const money = (cost: number): string => (cost === 0 ? '0' : cost < 0.01 ? cost.toPrecision(2) : cost.toFixed(2));
