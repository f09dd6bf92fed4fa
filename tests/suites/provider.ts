/**
 * What every provider keeps to, whoever it asks. A subject says what its model will say; one that cannot be told (a real model) says what it
 * likes, and is held to all the rest.
 */
import { afterEach, describe, expect, test } from 'vitest';
import type { Message, ModelParameters, ModelProfile } from '../../contracts/models.ts';
import type { Completed, Lowered, Provider, ProviderPowers } from '../../runtime/providers/provider.ts';

/** What the model shall say. */
export interface Say {
  readonly pieces?: readonly string[];
  readonly finish?: 'stop' | 'length';
  /** It begins, and says nothing more; or goes on for ever. */
  readonly end?: 'silent' | 'endless';
  readonly counts?: { readonly input: number; readonly output: number };
}

/** One question as it arrived at the model. */
export interface Arrived {
  /** Each message in the bytes that were sent. */
  readonly messages: readonly string[];
  readonly parameters: ModelParameters;
  readonly schema?: unknown;
}

/** A provider with a model behind it. */
export interface Subject {
  readonly provider: Provider;
  readonly profile: ModelProfile;
  /** Milliseconds and bytes. */
  powers(options?: { readonly time?: number; readonly output?: number; readonly signal?: AbortSignal }): ProviderPowers;
  /** What arrived, question by question; absent where nothing can be seen of it. */
  arrived?(): readonly Arrived[];
  /** How much is still being answered. */
  answering?(): number;
  close?(): Promise<void> | void;
}

/** What a provider cannot be held to. */
export interface Cannot {
  /** Its model says what it likes. */
  readonly beTold?: true;
  /** It has no end that a test could make: it neither hangs nor goes on for ever. */
  readonly goOn?: true;
  readonly count?: true;
  /** Parameters that it has no place for. */
  readonly take?: readonly (keyof ModelParameters)[];
}

/** Its own ways of not being ready: a subject, and what it says then. */
export type Unready = () => Promise<{ readonly subject: Subject; readonly words: RegExp }>;

const user = (text: string): Message => ({ role: 'user', content: [{ text }] });
const model = (text: string): Message => ({ role: 'model', content: [{ text }] });
const SYSTEM: Message = { role: 'system', content: [{ text: 'You answer in one short sentence.' }] };
const PARAMETERS: ModelParameters = { temperature: 0.25, top_k: 7, top_p: 0.5, max_tokens: 24, seed: 42, stop: ['END', '\n\n'] };
const SCHEMA = { type: 'object', properties: { city: { type: 'string', minLength: 1 }, people: { type: 'integer', minimum: 0 } }, required: ['city', 'people'], additionalProperties: false } as const;

export function providerSuite(name: string, open: (say: Say) => Promise<Subject>, unready: Unready, cannot: Cannot = {}): void {
  describe(name, () => {
    const opened: Subject[] = [];
    afterEach(async () => { for (const subject of opened.splice(0)) await subject.close?.(); });
    const begin = async (say: Say = {}): Promise<Subject> => { const subject = await open(say); opened.push(subject); return subject; };

    async function complete(subject: Subject, options: { readonly messages?: readonly Message[]; readonly parameters?: ModelParameters; readonly schema?: Lowered; readonly powers?: ProviderPowers; onText?(text: string): void } = {}): Promise<Completed & { readonly pieces: readonly string[] }> {
      const pieces: string[] = [];
      const { messages = [SYSTEM, user('Say hello.')], parameters = { max_tokens: 8 }, schema, powers = subject.powers() } = options;
      const completed = await subject.provider.complete({ profile: subject.profile, messages, parameters, ...(schema === undefined ? {} : { schema }), onText: (text) => { pieces.push(text); options.onText?.(text); } }, powers);
      return { ...completed, pieces };
    }

    test('K13 the text is what was streamed, piece by piece and in order', async () => {
      const said = ['The', ' river', ' 河', ' 🚣🏽', '\n', ' rose.'];
      const { text, pieces, finish } = await complete(await begin({ pieces: said }), { parameters: { max_tokens: 40 } });
      expect(pieces.join('')).toBe(text);
      expect(['stop', 'length']).toContain(finish);
      if (cannot.beTold !== true) expect(text).toBe(said.join(''));
    });

    test('K13 why the answer ended is told', async () => {
      if (cannot.beTold === true) { expect((await complete(await begin(), { parameters: { max_tokens: 1 } })).finish).toBe('length'); return; }
      for (const finish of ['stop', 'length'] as const) expect((await complete(await begin({ finish }))).finish).toBe(finish);
    });

    test('K13 parameters and seed arrive, and what has no place is told', async () => {
      const subject = await begin();
      const { warnings = [] } = await complete(subject, { parameters: PARAMETERS });
      const [first] = subject.arrived?.() ?? [];
      for (const [key, value] of Object.entries(PARAMETERS)) {
        const lacks = cannot.take?.includes(key as keyof ModelParameters) === true;
        expect([key, warnings.some((words) => words.includes(`\`${key}\``))]).toEqual([key, lacks]);
        if (first !== undefined) expect([key, first.parameters[key as keyof ModelParameters]]).toEqual([key, lacks ? undefined : value]);
      }
    });

    test('K13 tokens are counted before, and told after', async () => {
      const subject = await begin({ counts: { input: 21, output: 5 } });
      const count = async (messages: readonly Message[]): Promise<number> => (await subject.provider.count({ profile: subject.profile, messages, parameters: {} }, subject.powers())).tokens;
      const [short, long] = [await count([user('Hello.')]), await count([user('Hello. '.repeat(100))])];
      expect(short).toBeGreaterThan(0);
      expect(long).toBeGreaterThan(short + 90);
      const { input, output } = await complete(subject);
      if (cannot.count === true) return;
      if (cannot.beTold !== true) expect({ input, output }).toEqual({ input: 21, output: 5 });
      else for (const told of [input, output]) expect(told).toBeGreaterThan(0);
    });

    test('K13 a schema is lowered, every keyword is told, and the lowered form arrives', async () => {
      const subject = await begin();
      const lowered = subject.provider.lower(SCHEMA, subject.profile);
      const told = new Set(lowered.enforcement.map(({ path, keyword }) => `${path} ${keyword}`));
      for (const one of ['# type', '# properties', '# required', '# additionalProperties', '#/properties/city type', '#/properties/city minLength', '#/properties/people minimum']) expect([one, told.has(one)]).toEqual([one, true]);
      if (!subject.provider.features(subject.profile).grammar) expect(lowered.enforcement.filter(({ by }) => by === 'grammar')).toEqual([]);
      await complete(subject, { schema: lowered, parameters: { max_tokens: 40 } });
      const [first] = subject.arrived?.() ?? [];
      if (first !== undefined) expect(first.schema).toEqual(lowered.schema);
    });

    test('K13 over twenty turns what was sent before is sent again byte by byte', async () => {
      const subject = await begin();
      const messages: Message[] = [SYSTEM];
      for (let turn = 0; turn < 20; turn += 1) {
        messages.push(user(`Question ${turn}: what is ${turn} + 1?`));
        await complete(subject, { messages });
        messages.push(model(`It is ${turn + 1}.`));
      }
      const turns = subject.arrived?.();
      if (turns === undefined) return;
      expect(turns.length).toBe(20);
      for (const [i, { messages: sent }] of turns.entries()) {
        if (i > 0) expect(sent.slice(0, turns[i - 1]!.messages.length)).toEqual(turns[i - 1]!.messages);
        expect(sent.length).toBe(2 * i + 2);
      }
    });

    test('K13 what is stopped before it begins is not asked', async () => {
      const subject = await begin();
      await expect(complete(subject, { powers: subject.powers({ signal: AbortSignal.abort() }) })).rejects.toMatchObject({ code: 'cancelled' });
      expect(subject.arrived?.() ?? []).toEqual([]);
    });

    if (cannot.goOn !== true) {
      test('K13 a cancel in the middle ends it within a second, and frees the model', async () => {
        const subject = await begin({ end: 'endless' });
        const stop = new AbortController();
        let since = 0;
        const asking = complete(subject, { parameters: {}, powers: subject.powers({ signal: stop.signal, output: 1e9, time: 60_000 }), onText: () => { if (since === 0) { since = performance.now(); setTimeout(() => { stop.abort(); }, 20); } } });
        await expect(asking).rejects.toMatchObject({ code: 'cancelled' });
        expect(performance.now() - since).toBeLessThan(1000);
        await expect.poll(() => subject.answering?.() ?? 0, { timeout: 1000, interval: 5 }).toBe(0);
      });

      test('K13 time is a limit', async () => {
        const subject = await begin({ end: 'silent' });
        const began = performance.now();
        await expect(complete(subject, { parameters: {}, powers: subject.powers({ time: 200 }) })).rejects.toMatchObject({ code: 'timeout' });
        expect(performance.now() - began).toBeLessThan(1500);
        await expect.poll(() => subject.answering?.() ?? 0, { timeout: 1000, interval: 5 }).toBe(0);
      });

      test('K13 the length of an answer has a limit', async () => {
        const subject = await begin({ end: 'endless' });
        await expect(complete(subject, { parameters: {}, powers: subject.powers({ output: 400, time: 30_000 }) })).rejects.toMatchObject({ code: 'output-limit' });
        await expect.poll(() => subject.answering?.() ?? 0, { timeout: 1000, interval: 5 }).toBe(0);
      });
    }

    test('K13 it says whether it is ready, and what to do when it is not', async () => {
      const subject = await begin();
      expect(await subject.provider.ready(subject.profile, subject.powers())).toMatchObject({ ok: true, words: expect.stringMatching(/\S/) as string });
      const { subject: other, words } = await unready();
      opened.push(other);
      expect(await other.provider.ready(other.profile, other.powers())).toEqual({ ok: false, words: expect.stringMatching(words) as string });
    });
  });
}
