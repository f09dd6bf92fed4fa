/**
 * Sample arguments: with what an export is called that a line only names. The contract's own fixtures first, then the arguments of its first call in the
 * contract, then plain values by the types of its required parameters.
 */
import { expressionOf, literalOf, statementsOf } from './language.ts';
import type { CodeContract, ContractTest, Language, Parameter, TypeText } from './types.ts';

/** Text of the arguments of an export, for one test. */
export function createSamples(contract: CodeContract, language: Language): (test: ContractTest) => (name: string) => string {
  const names = new Set(contract.exports.map(({ name }) => name));
  const found = new Map<string, string>();
  const whens = contract.tests.flatMap(({ when }) => when.flatMap(({ text }) => statementsOf(text, language) ?? []));
  const thens = contract.tests.flatMap(({ then }) => then.flatMap(({ text }) => expressionOf(text, language) ?? []));
  for (const { name, args } of [...whens, ...thens].flatMap(({ calls }) => calls)) {
    // Arguments that hang on other calls are no samples.
    if (names.has(name) && !found.has(name) && args.every((arg) => expressionOf(arg, language)?.free.length === 0)) found.set(name, args.join(', '));
  }
  return (test) => (name) => {
    const given = test.given.arguments?.[name] ?? contract.given.arguments?.[name];
    if (given !== undefined) return given.map((value) => literalOf(value, language)).join(', ');
    return found.get(name) ?? contract.exports.find((one) => one.name === name)!.parameters.filter(({ required }) => required).map((parameter) => literalOf(sampleOf(parameter), language)).join(', ');
  };
}

const sampleOf = ({ schema }: Parameter): unknown => sample(schema);

function sample(schema: TypeText): unknown {
  for (const key of ['const', 'default'] as const) if (key in schema) return schema[key];
  for (const key of ['examples', 'enum'] as const) if (Array.isArray(schema[key]) && schema[key].length > 0) return schema[key][0] as unknown;
  const type = Array.isArray(schema.type) ? schema.type[0] as unknown : schema.type;
  switch (type) {
    case 'integer': case 'number': return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean': return true;
    case 'array': case 'list': return [];
    case 'object': case 'record': case 'map': {
      const properties = schema.properties as Readonly<Record<string, TypeText>> | undefined;
      return Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => Array.isArray(schema.required) && schema.required.includes(name)).map(([name, inner]) => [name, sample(inner)]));
    }
    case 'null': return null;
    default: return 'text';
  }
}
