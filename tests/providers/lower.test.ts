/**
 * Lowering: thirty schemas by provider in a kept table (`matrix.md`), nothing lost, and a proof for the grammars: what is said to be enforced by
 * one is kept by every answer that a model without sense draws under it.
 */
import fc from 'fast-check';
import { describe, expect, it, beforeAll, afterAll } from 'vitest';
import type { JsonSchema } from '../../contracts/models.ts';
import { createChecker } from '../../runtime/prompts/validate.ts';
import { provider as llama } from '../../runtime/providers/llama.ts';
import { lower } from '../../runtime/providers/lower/lower.ts';
import { powersOf, profileOf, question } from '../support/ask-llama.ts';
import { makeUnigram } from '../support/gguf.ts';
import { llamaReason, Models } from '../support/llama.ts';
import { samples } from './schemas.ts';

const ASKED = ['llama', 'ollama', 'openai', 'anthropic'] as const;
const NOTES = new Set(['title', 'description', '$defs']);
type Record_ = Record<string, unknown>;
const isRecord = (value: unknown): value is Record_ => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every keyword of a schema with its pointer, by the names of the vocabulary and by nothing of the code under test. */
function keywordsOf(schema: unknown, path = '#'): string[] {
  if (!isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(NOTES.has(key) ? [] : [`${path} ${key}`]),
    ...(['properties', 'patternProperties', '$defs'].includes(key) ? Object.entries(value as object).flatMap(([name, one]) => keywordsOf(one, `${path}/${key}/${name}`))
      : ['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(key) ? (value as unknown[]).flatMap((one, i) => keywordsOf(one, `${path}/${key}/${i}`))
        : ['items', 'not', 'if', 'then', 'else', 'additionalProperties', 'propertyNames', 'contains'].includes(key) ? keywordsOf(value, `${path}/${key}`) : []),
  ]);
}

/** The schema with only what a grammar enforces. */
function heldPart(schema: JsonSchema): JsonSchema {
  const copy = structuredClone(schema);
  const loose = lower(schema, 'llama').enforcement.filter(({ by }) => by !== 'grammar');
  // Inner ones first, so that a place is not gone before it is looked for.
  for (const { path, keyword } of [...loose].reverse()) {
    const at = path.split('/').slice(1).reduce<unknown>((value, step) => (value as Record_ | undefined)?.[step], copy);
    if (!isRecord(at)) continue;
    if (keyword === 'oneOf') at.anyOf = at.oneOf;
    delete at[keyword];
  }
  return copy;
}

describe('K14 lowering', () => {
  it('K14 the matrix of thirty schemas by provider is as it is kept', async () => {
    expect(samples.length).toBe(30);
    const cell = (schema: JsonSchema, provider: (typeof ASKED)[number]): string => {
      const { schema: form, enforcement } = lower(schema, provider);
      const by = (who: string): string => {
        const words = [...Map.groupBy(enforcement.filter((one) => one.by === who), ({ keyword }) => keyword)].map(([keyword, all]) => (all.length === 1 ? keyword : `${keyword} ×${all.length}`));
        return words.length === 0 ? '' : `**${who}** ${words.join(', ')}`;
      };
      return [form === undefined ? '*asked for in words*' : '', ...['grammar', 'validation', 'none'].map(by)].filter((text) => text !== '').join('<br>');
    };
    const rows = samples.map(({ name, schema }) => `| ${name} | ${ASKED.map((provider) => cell(schema, provider)).join(' | ')} |`);
    const text = `# Who sees to each keyword\n\nThirty schemas by provider, made by \`lower.test.ts\`. \`script\` and \`replay\` bind nothing: all of it is found by validation.\n\n| schema | ${ASKED.join(' | ')} |\n|---|${'---|'.repeat(ASKED.length)}\n${rows.join('\n')}\n`;
    await expect(text).toMatchFileSnapshot('matrix.md');
  });

  it.each(samples)('K14 no keyword of “$name” is lost without a word', ({ schema }) => {
    for (const provider of [...ASKED, 'script', 'replay'] as const) {
      const told = new Set(lower(schema, provider).enforcement.map(({ path, keyword }) => `${path} ${keyword}`));
      expect(keywordsOf(schema).filter((one) => !told.has(one)), provider).toStrictEqual([]);
      if (provider === 'anthropic' || provider === 'script') expect(lower(schema, provider).enforcement.filter(({ by }) => by === 'grammar')).toStrictEqual([]);
    }
  });

  it('K14 strict form asks for every key, allows no other, and has no keyword that the service refuses', () => {
    const refused = new Set(['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'patternProperties', 'minLength', 'maxLength', 'uniqueItems', 'contains', 'const', 'nullable', 'dependentRequired', 'propertyNames', 'minProperties', 'prefixItems']);
    const look = (value: unknown, isMap = false): void => {
      if (Array.isArray(value)) return value.forEach((one) => { look(one); });
      if (!isRecord(value)) return;
      if (!isMap) expect(Object.keys(value).filter((key) => refused.has(key))).toStrictEqual([]);
      if (!isMap && isRecord(value.properties)) expect([value.additionalProperties, value.required]).toStrictEqual([false, Object.keys(value.properties)]);
      for (const [key, one] of Object.entries(value)) look(one, !isMap && (key === 'properties' || key === '$defs'));
    };
    const made = samples.flatMap(({ schema }) => lower(schema, 'openai').schema ?? []);
    expect(made.length).toBeGreaterThan(10);
    for (const one of made) {
      expect(one).toMatchObject({ type: 'object' });
      look(one);
    }
    const forced = lower(samples.find(({ name }) => name === 'optional keys')!.schema, 'openai').enforcement;
    expect(forced).toContainEqual({ path: '#', keyword: 'required', by: 'grammar', why: 'keys that need not be there are asked for too' });
  });

  it('K14 what cannot be a schema, is too large or too deep, refers elsewhere or contradicts itself is refused', () => {
    const refusal = (schema: unknown): string => {
      try {
        lower(schema as JsonSchema, 'llama');
        return '';
      } catch (error) {
        expect((error as { code: string }).code).toBe('bad-input');
        return (error as Error).message;
      }
    };
    expect(refusal(null)).toContain('an object of keywords');
    expect(refusal({ enum: ['x'.repeat(1_000_000)] })).toContain('larger than');
    let deep: JsonSchema = { type: 'string' };
    for (let i = 0; i < 300; i++) deep = { type: 'array', items: deep };
    expect(refusal(deep)).toContain('deeper');
    expect(refusal({ type: 'object', properties: Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`k${i}`, true])) })).toContain('parts');
    expect(refusal({ $ref: 'https://example.org/schema.json' })).toContain('Nothing is fetched');
    expect(refusal({ not: { $ref: 'other.json' } })).toContain('Nothing is fetched');
    expect(refusal({ $ref: '#/$defs/gone' })).toContain('there is nothing');
    expect(refusal({ type: 'object', properties: [] })).toContain('no map');
    expect(refusal({ type: 'string', enum: [1] })).toContain('contradicts');
    expect(refusal(false)).toContain('contradicts');
    expect(refusal({ type: 'object', properties: { a: false }, required: ['a'] })).toContain('contradicts');
    expect(refusal({ $ref: '#' })).toContain('has no end');
    expect(refusal({ type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] })).toContain('has no end');
    expect(refusal({ type: 'array', items: { $ref: '#' }, minItems: 1 })).toContain('has no end');
    for (const more of [{ nullable: true }, { type: ['object', 'null'] }, { required: [] }]) expect(refusal({ type: 'object', properties: { next: { $ref: '#' } }, required: ['next'], ...more })).toBe('');
    expect(lower({ type: 'object', properties: { a: { type: 'string' }, b: { $ref: '#/$defs/b' } }, $defs: { b: { type: 'array', items: { $ref: '#/$defs/b' }, minItems: 1 } } }, 'llama').schema).not.toContain('\\"b\\"');
    // Without a type something else may keep it: `null`.
    expect(lower({ minLength: 3, maxLength: 1 }, 'llama').enforcement.map(({ by }) => by)).toStrictEqual(['validation', 'validation']);
    expect(refusal({ anyOf: [{ $ref: '#' }, { type: 'null' }] })).toBe('');
  });

  it('K14 what is too much for a grammar is left to validation, and told', () => {
    const schema = { type: 'object', properties: Object.fromEntries(Array.from({ length: 1400 }, (_, i) => [`key ${i}`, { type: 'string', maxLength: i % 200 }])) };
    const { schema: grammar, enforcement } = lower(schema, 'llama');
    expect((grammar as string).length).toBeLessThan(2000);
    expect(new Set(enforcement.map(({ by, why }) => `${by}: ${why}`))).toStrictEqual(new Set(['validation: the grammar would be too large']));
    for (const keyword of ['unevaluatedProperties', 'unevaluatedItems']) expect(lower({ allOf: [{ type: ['object', 'array'], properties: { a: true }, prefixItems: [true] }, { [keyword]: false }] }, 'llama').enforcement).toContainEqual({ path: '#/allOf/1', keyword, by: 'validation' });
    expect(lower({ type: 'string', maxLength: 100_000 }, 'llama').enforcement).toContainEqual({ path: '#', keyword: 'maxLength', by: 'validation' });
  });
});

describe('K14 the form of ollama', () => {
  const form = (schema: JsonSchema): Record_ => lower(schema, 'ollama').schema as Record_;
  const by = (schema: JsonSchema, keyword: string): string | undefined => lower(schema, 'ollama').enforcement.find((one) => one.keyword === keyword)?.by;

  it('K14 a reference leads to a plain name under `$defs`, which is all that its converter follows', () => {
    expect(form({ type: 'object', properties: { next: { $ref: '#' } } })).toStrictEqual({ $defs: { d0: { type: 'object', properties: { next: { $ref: '#/$defs/d0' } } } }, type: 'object', properties: { next: { $ref: '#/$defs/d0' } } });
    expect(form({ type: 'object', properties: { a: { $ref: '#x' }, b: { $ref: '#/$defs/q~1r' } }, $defs: { 'q/r': { $anchor: 'x', type: 'string' } } })).toStrictEqual({ $defs: { d0: { type: 'string' } }, type: 'object', properties: { a: { $ref: '#/$defs/d0' }, b: { $ref: '#/$defs/d0' } } });
    for (const { schema } of samples) if (isRecord(form(schema))) expect(form(schema)).not.toHaveProperty('$ref');
  });

  it('K14 any value is any, not an object, and what it passes over is not told as held', () => {
    const any = { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] };
    expect(form({ type: 'object', properties: { a: true, b: { description: 'b' } } }).properties).toStrictEqual({ a: any, b: any });
    expect([form({ type: 'array', minItems: 2 }), by({ type: 'array', minItems: 2 }, 'minItems')]).toStrictEqual([{ type: 'array', minItems: 2, items: any }, 'grammar']);
    for (const [schema, keyword] of [
      [{ type: 'array', prefixItems: [true], minItems: 3 }, 'minItems'], [{ type: 'string', maxLength: 1e12 }, 'maxLength'], [{ type: 'integer', maximum: 1e300 }, 'maximum'],
      [{ type: 'integer', minimum: 1, exclusiveMinimum: 5 }, 'exclusiveMinimum'], [{ type: 'string', format: 'date', minLength: 20 }, 'minLength'],
    ] as const) expect([keyword, by(schema, keyword), keyword in form(schema)]).toStrictEqual([keyword, 'validation', false]);
  });
});

describe.skipIf(llamaReason !== '')('K14 grammars', () => {
  const models = new Models();
  const engine = models.engine();
  afterAll(() => models.end());
  let holds: (grammar: string, text: string) => boolean;
  let end: () => Promise<void>;
  beforeAll(async () => {
    const { getLlama } = await import('node-llama-cpp');
    const binding = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logger: () => undefined });
    end = () => binding.dispose();
    const made = new Map<string, Promise<unknown>>();
    holds = (() => { throw new Error('not yet'); });
    for (const { schema } of samples) {
      const { schema: grammar } = lower(schema, 'llama') as { readonly schema: string };
      made.set(grammar, binding.createGrammar({ grammar }));
    }
    const all = new Map(await Promise.all([...made].map(async ([text, one]) => [text, await one as { _testText(text: string): boolean }] as const)));
    holds = (grammar, text) => all.get(grammar)!._testText(text);
  });
  afterAll(() => end());

  it.each(samples)('K14 the grammar of “$name” lets pass what keeps the schema, and not what breaks what it holds', ({ schema, good, bad }) => {
    const grammar = lower(schema, 'llama').schema as string;
    const whole = createChecker(schema, (work) => work());
    const held = createChecker(heldPart(schema), (work) => work());
    for (const value of good) {
      expect(whole.faults(value), JSON.stringify(value)).toStrictEqual([]);
      expect(holds(grammar, JSON.stringify(value)), JSON.stringify(value)).toBe(true);
    }
    for (const value of bad) {
      expect(held.faults(value).length, JSON.stringify(value)).toBeGreaterThan(0);
      expect(holds(grammar, JSON.stringify(value)), JSON.stringify(value)).toBe(false);
    }
  });

  it('K14 whatever a schema says, llama.cpp reads its grammar, and no keyword is lost', async () => {
    const { getLlama } = await import('node-llama-cpp');
    const binding = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logger: () => undefined });
    const name = fc.constantFrom('a', 'ab', 'b"', 'c\\', 'ü]', '');
    const small = fc.integer({ min: -3, max: 300 });
    const { schema: any } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
      schema: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.constantFrom<JsonSchema>(true, false, { $ref: '#' }, { $ref: '#/$defs/x' }, { type: 'string' }, { type: ['integer', 'null'] }), fc.record({
        type: fc.constantFrom('object', 'array', 'string', 'number', 'integer', 'boolean', ['object', 'string']), properties: fc.dictionary(name, tie('schema'), { maxKeys: 4 }), required: fc.uniqueArray(name, { maxLength: 3 }), additionalProperties: tie('schema'),
        items: tie('schema'), prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }), minItems: small, maxItems: small, minLength: small, maxLength: small, minimum: fc.oneof(small, fc.double({ noNaN: true })), maximum: small, exclusiveMinimum: small, exclusiveMaximum: small,
        enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 3 }), const: fc.jsonValue({ maxDepth: 1 }), format: fc.constantFrom('date', 'uuid', 'odd'), anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }), oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), not: tie('schema'), nullable: fc.boolean(), odd: fc.constant(1),
      }, { requiredKeys: [], noNullPrototype: true })),
    }));
    let made = 0;
    try {
      await fc.assert(fc.asyncProperty(any, async (schema) => {
        const whole = typeof schema === 'boolean' ? schema : { ...schema, $defs: { x: { type: 'array', items: { $ref: '#' } } } };
        for (const provider of ASKED) {
          try {
            const { schema: form, enforcement } = lower(whole, provider);
            const told = new Set(enforcement.map(({ path, keyword }) => `${path} ${keyword}`));
            expect(keywordsOf(whole).filter((one) => !told.has(one))).toStrictEqual([]);
            if (provider === 'llama') { await binding.createGrammar({ grammar: form as string }); made += 1; }
          } catch (error) {
            // What contradicts itself is refused in words.
            if ((error as { code?: string }).code !== 'bad-input') throw error;
          }
        }
      }), { seed: 14, numRuns: 60 });
    } finally {
      await binding.dispose();
    }
    expect(made).toBeGreaterThan(20);
  });

  it('K14 each answer drawn by chance under a grammar keeps what the grammar is said to enforce', async () => {
    const likely: Record<string, number> = { '<0x22>': 4, '<0x7D>': 4, '<0x5D>': 4, '<0x2C>': 1, '▁': -3, '<0x5C>': 0 };
    const file = models.put(makeUnigram((piece) => likely[piece] ?? (/^<0x[89A-F]/.test(piece) ? -8 : /^<0x[01]/.test(piece) ? -4 : /^[0-9]$|^<0x3/.test(piece) ? 1 : 0), { context: 512 }));
    const profile = profileOf(file, { parameters: { context: 512 } });
    let whole = 0;
    for (const { name, schema } of samples) {
      const lowered = llama.lower(schema, profile);
      const held = createChecker(heldPart(schema), (work) => work());
      for (let seed = 1; seed <= 3; seed++) {
        const { text, finish } = await llama.complete(question(profile, 'a', { temperature: 1, seed, max_tokens: 300, context: 512 }, { schema: lowered }), powersOf(engine));
        if (finish === 'length') continue;
        whole += 1;
        const value = JSON.parse(text) as unknown;
        expect(held.faults(value), `${name}, seed ${seed}: ${text}`).toStrictEqual([]);
      }
    }
    expect(whole).toBeGreaterThan(80);
  });
});
