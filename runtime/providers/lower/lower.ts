/** Lowering: one JSON Schema in the form that a provider takes, and who sees to each of its keywords. Nothing is dropped without a word (K14). */
import { TelarError } from '../../../contracts/errors.ts';
import type { JsonSchema, ProviderName } from '../../../contracts/models.ts';
import type { Lowered } from '../provider.ts';
import { toGbnf } from './gbnf.ts';
import { toOllama } from './ollama.ts';
import { isKeywords, Ledger, placesOf, resolveRef } from './schema.ts';
import { toStrict } from './strict.ts';

/**
 * The provider's form: of `llama` a GBNF text, of `ollama` its `format`, of `openai` a schema for strict mode, of `anthropic` the input schema of a tool.
 * Without a form the answer is asked for in words.
 * @throws TelarError `bad-input` for a schema that is none, too large or too deep, or that refers out of itself
 */
export function lower(schema: JsonSchema, provider: ProviderName): Lowered {
  checkReferences(schema);
  if (provider === 'llama') {
    const { grammar, enforcement } = toGbnf(schema);
    return { schema: grammar, enforcement };
  }
  if (provider === 'ollama') return toOllama(schema);
  if (provider === 'openai') return toStrict(schema);
  const enforcement = new Ledger(placesOf(schema)).all(provider === 'anthropic' ? 'the schema is shown to the model, and binds nothing' : `${provider} binds nothing`);
  // A tool's input is an object.
  return provider === 'anthropic' && isKeywords(schema) && schema.type === 'object' ? { schema, enforcement } : { enforcement };
}

/** Every reference of a schema leads somewhere in it, also where no form reads it. */
function checkReferences(schema: JsonSchema): void {
  const places = placesOf(schema);
  for (const one of places.values()) {
    if (isKeywords(one) && '$ref' in one) resolveRef(one.$ref, places);
    if (isKeywords(one) && ['properties', 'patternProperties', '$defs'].some((key) => key in one && !isKeywords(one[key]))) throw new TelarError('bad-input', 'The schema has a `properties` that is no map of names to schemas. Mend it.');
  }
}
