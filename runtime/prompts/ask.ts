/**
 * Asking a model: counting, trimming, lowering, streaming, waiting where a server asks for patience, validation, one repair, and what it
 * cost. The same for every provider; a provider asks once and streams.
 *
 * Not here: recording and reuse, which are the scheduler's as for any step. What a model says is data, and bounded.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { AskAnswer, AskRequest, Message, ModelParameters, Usage } from '../../contracts/models.ts';
import type { Limits } from '../../contracts/node.ts';
import type { Completed, Lowered, Provider, ProviderPowers } from '../providers/provider.ts';
import { asked, orStopped, sayTo } from './patience.ts';
import { fit } from './fit.ts';
import { harmless } from './harmless.ts';
import { parseAnswer } from './parse.ts';
import { schemaWarnings } from './enforced.ts';
import { sumUsage, usageOf } from './usage.ts';
import type { Checker, Watchdog } from './validate.ts';

/** What asking needs of a step. */
export interface AskPowers {
  readonly limits: Limits;
  readonly signal: AbortSignal;
  provider(name: AskRequest['profile']['provider']): Promise<Provider>;
  /** What a provider may use until a signal says stop. */
  powers(signal: AbortSignal): ProviderPowers;
  /** Monotonic milliseconds. */
  now(): number;
  readonly watchdog?: Watchdog;
  emit(stream: 'stdout' | 'stderr', text: string): void;
}

/** Most characters of an answer; a model that goes on beyond is stopped. */
const LONGEST = 4_000_000;
/** Characters of an answer that an error shows, and that a repair hands back. */
const SHOWN = 200;
const HANDED_BACK = 8_000;

/** `ask` of a step's context. */
export function createAsk(powers: AskPowers): (request: AskRequest) => Promise<AskAnswer> {
  return async (request) => {
    const { profile } = request;
    const provider = await powers.provider(profile.provider);
    const started = powers.now();
    const time = powers.limits.time;
    const late = new TelarError('timeout', `The model did not answer within ${time / 1000} s. Raise \`timeout=\` on the fence, ask for less (\`max_tokens\`), or take a faster model.`);
    const own = new AbortController();
    const timer = setTimeout(() => { own.abort(late); }, Math.max(1, time));
    const signal = AbortSignal.any([powers.signal, own.signal]);
    try {
      return await new Asking(request, provider, powers, signal, started + time).go();
    } catch (error) {
      const { usage } = TelarError.from(error).data;
      const spent = usage === undefined ? {} : { usage };
      if (own.signal.aborted) throw new TelarError('timeout', late.message, spent, { cause: error });
      throw powers.signal.aborted ? new TelarError('cancelled', 'It was stopped.', spent, { cause: error }) : error;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** One question with its repair. */
class Asking {
  readonly #request: AskRequest;
  readonly #provider: Provider;
  readonly #host: AskPowers;
  readonly #signal: AbortSignal;
  readonly #ends: number;
  readonly #parameters: ModelParameters;
  readonly #warnings: string[] = [];
  readonly #usages: Usage[] = [];

  constructor(request: AskRequest, provider: Provider, host: AskPowers, signal: AbortSignal, ends: number) {
    this.#request = request;
    this.#provider = provider;
    this.#host = host;
    this.#signal = signal;
    this.#ends = ends;
    this.#parameters = { ...request.profile.parameters, ...request.parameters };
  }

  async go(): Promise<AskAnswer> {
    const { profile, schema } = this.#request;
    const checker = schema === undefined ? undefined : (await import('./validate.ts')).createChecker(schema, this.#host.watchdog);
    const lowered = schema === undefined ? undefined : this.#provider.lower(schema, profile);
    if (lowered !== undefined && checker !== undefined) this.#warnings.push(...schemaWarnings(lowered, checker.unchecked));
    const messages = this.#opened(lowered);
    if (messages.some(({ content }) => content.some((part) => 'media' in part)) && !this.#provider.features(profile).media) {
      throw new TelarError('bad-input', `The prompt has a picture, and \`${profile.name}\` takes only text. Ask a model that sees, or take \`{{media}}\` out.`);
    }
    const newest = messages.findLastIndex(({ role }) => role === 'user');
    const first = await this.#ask(messages, lowered, newest);
    if (checker === undefined) return this.#answer(first, undefined);
    const faults = this.#check(first.text, checker);
    if (faults.value !== undefined) return this.#answer(first, faults.value);
    if (first.finish === 'length') throw this.#bad(`The answer is cut off at its longest (${this.#longest()}), and ${faults.fault}. Let the model say more: raise \`max_tokens\`.`, first.text);
    sayTo(this.#host, '\n', `the answer is not what the schema asks (${faults.fault}); it is asked once more\n`);
    const second = await this.#ask(repaired(messages, first.text, faults.fault, this.#request.schema), lowered, newest).catch((error: unknown) => {
      if (!(error instanceof TelarError) || error.code !== 'bad-input') throw this.#counted(error);
      throw this.#bad(`The answer is not what the schema asks (${faults.fault}), and to ask once more does not fit: ${error.message}`, first.text);
    });
    const again = this.#check(second.text, checker);
    if (again.value === undefined) throw this.#bad(`The model did not answer as the schema asks, and not when it was told so either: ${again.fault}. Ask another model, or make the schema simpler.`, second.text);
    this.#warnings.push(`the first answer was not what the schema asks (${faults.fault}); this is the second`);
    return this.#answer(second, again.value);
  }

  /** The messages as they are sent: what is the same for every question stands first, so that a provider can reuse it. */
  #opened(lowered: Lowered | undefined): readonly Message[] {
    const { profile, messages, schema } = this.#request;
    const begun = messages.findIndex(({ role }) => role !== 'system');
    const own = messages.slice(0, Math.max(0, begun));
    const told = lowered !== undefined && lowered.schema === undefined ? [{ text: `Answer with JSON only, without other words. It must keep to this JSON Schema:\n${JSON.stringify(schema)}` }] : [];
    const system = [...(profile.system === undefined ? [] : [{ text: profile.system }]), ...told, ...own.flatMap(({ content }) => content)];
    const texts = system.flatMap((part) => ('text' in part ? [part.text] : []));
    const rest = messages.slice(Math.max(0, begun));
    return texts.length === 0 ? rest : [{ role: 'system', content: [{ text: texts.join('\n\n') }] }, ...rest];
  }

  async #ask(all: readonly Message[], schema: Lowered | undefined, newest: number): Promise<Completed> {
    const { profile, overflow = 'refuse' } = this.#request;
    const parameters = this.#parameters;
    const before = this.#host.powers(this.#signal);
    const { messages, counted, warnings } = await orStopped((async () => {
      const window = await this.#provider.window(profile, parameters, before);
      return fit(all, { window, parameters, overflow, newest, count: (some) => this.#provider.count({ profile, messages: some, parameters }, before) });
    })(), this.#signal);
    this.#warnings.push(...warnings);
    const began = this.#host.now();
    const cut = new AbortController();
    const signal = AbortSignal.any([this.#signal, cut.signal]);
    let length = 0;
    const onText = (text: string): void => {
      if (signal.aborted) return;
      length += text.length;
      if (length > LONGEST) { cut.abort(); return; }
      this.#host.emit('stdout', harmless(text));
    };
    const waits: string[] = [];
    const completed = await asked(() => this.#provider.complete({ profile, messages, parameters, ...(schema === undefined ? {} : { schema }), onText }, this.#host.powers(signal)), {
      signal, ends: this.#ends, now: () => this.#host.now(), tell: (told) => { waits.push(told); sayTo(this.#host, length > 0 ? '\n' : '', `${told}\n`); },
    }).catch((error: unknown) => { throw cut.signal.aborted ? this.#bad(tooLong(), '') : this.#counted(error); });
    if (waits.length > 0) this.#warnings.push(`${waits.at(-1)!}${waits.length === 1 ? '' : ` (${waits.length} times)`}`);
    const { usage, odd } = usageOf(counted, completed, { profile, exact: this.#provider.features(profile).exactCount, messages, schema: schema?.schema, ms: Math.round(this.#host.now() - began) });
    this.#usages.push(usage);
    this.#warnings.push(...odd === undefined ? [] : [odd], ...completed.warnings ?? []);
    if (completed.text.length > LONGEST) throw this.#bad(tooLong(), completed.text);
    if (completed.finish === 'refusal') throw this.#bad('The model refuses to answer.', completed.text);
    if (completed.text.trim() === '') throw this.#bad(completed.finish === 'length' ? `The model said nothing before its longest (${this.#longest()}); raise \`max_tokens\`.` : 'The model answered nothing. Ask it otherwise, or ask another one.', '');
    return completed;
  }

  #check(text: string, checker: Checker): { readonly value: unknown; readonly fault: string } {
    const parsed = parseAnswer(text);
    if (parsed.fault !== undefined) return { value: undefined, fault: parsed.fault };
    const faults = checker.faults(parsed.value);
    if (faults.length > 0) return { value: undefined, fault: harmless(faults.join('; ')) };
    if (parsed.remark !== undefined) this.#warnings.push(parsed.remark);
    return { value: parsed.value, fault: '' };
  }

  #answer(completed: Completed, value: unknown): AskAnswer {
    const { profile, schema } = this.#request;
    if (schema === undefined && completed.finish === 'length') this.#warnings.push(`the answer ends where it reached its longest (${this.#longest()})`);
    return {
      text: completed.text, ...(schema === undefined ? {} : { value }), usage: sumUsage(this.#usages)!, model: completed.model ?? `${profile.provider}/${profile.model ?? profile.file ?? profile.name}`,
      finish: completed.finish === 'length' ? 'length' : 'stop', warnings: [...new Set(this.#warnings)],
    };
  }

  #longest(): string { return this.#parameters.max_tokens === undefined ? 'the end of its window' : `${this.#parameters.max_tokens} tokens`; }

  #bad(message: string, said: string): TelarError {
    const begin = harmless(said.trim().slice(0, SHOWN));
    const shown = begin === '' ? '' : ` It said: “${begin.replace(/\s+/g, ' ')}${said.trim().length > SHOWN ? '…' : ''}”`;
    const usage = sumUsage(this.#usages);
    return new TelarError('bad-answer', message + shown, { ...(begin === '' ? {} : { said: begin }), ...(usage === undefined ? {} : { usage }) });
  }

  /** What failed after a question was answered has cost something. */
  #counted(error: unknown): unknown {
    const usage = sumUsage(this.#usages);
    if (usage === undefined || !(error instanceof TelarError) || error.data.usage !== undefined) return error;
    return new TelarError(error.code, error.message, { ...error.data, usage }, { cause: error });
  }
}

const tooLong = (): string => `The model goes on beyond ${LONGEST.toLocaleString('en')} characters, and was stopped. Set \`max_tokens\`, or ask for less.`;

/** The conversation with the answer, and what is wrong with it. What was sent before stays as it is. */
function repaired(messages: readonly Message[], said: string, fault: string, schema: AskRequest['schema']): readonly Message[] {
  const answer = said.length > HANDED_BACK ? `${said.slice(0, HANDED_BACK)}…` : said;
  return [
    ...messages, { role: 'model', content: [{ text: answer }] },
    { role: 'user', content: [{ text: `That is not what was asked for: ${fault}.\nAnswer again with JSON only, which keeps to this JSON Schema:\n${JSON.stringify(schema)}` }] },
  ];
}
