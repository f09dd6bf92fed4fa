/** `telar models schema`: who sees to each keyword of a JSON Schema, provider by provider. Asks nobody. */
import { TelarError } from '../../../contracts/errors.ts';
import type { JsonSchema } from '../../../contracts/models.ts';
import { lower } from '../../providers/lower/lower.ts';
import type { Arguments } from './arguments.node.ts';
import { only, providerNamed, textFile } from './models-rows.node.ts';
import { clean, colour, terminal } from './terminal.node.ts';

const LARGEST = 4_000_000;

export function schema(rest: readonly string[], args: Arguments): number {
  const path = only('schema', rest, 'FILE.json');
  let value: unknown;
  try {
    value = JSON.parse(textFile(path, LARGEST));
  } catch (error) {
    throw error instanceof TelarError ? error : new TelarError('bad-file', `${path} is not JSON: ${(error as Error).message.slice(0, 120)}`, { path }, { cause: error });
  }
  const asked = args.text('provider');
  const providers = asked === undefined ? ['llama', 'ollama', 'openai', 'anthropic'] as const : [providerNamed(asked)];
  const lowered = providers.map((provider) => ({ provider, ...lower(value as JsonSchema, provider) }));
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'models', verb: 'schema', models: [], lowered: lowered.map(({ provider, schema: form, enforcement }) => ({ provider, ...(form === undefined ? {} : { form }), enforcement })) })}\n`);
    return 0;
  }
  for (const { provider, schema: form, enforcement } of lowered) {
    terminal.out(`${colour.bold(provider)}${form === undefined ? colour.grey('  the schema is asked for in words') : ''}\n`);
    for (const by of ['grammar', 'validation', 'none'] as const) {
      const some = enforcement.filter((one) => one.by === by);
      const paint = by === 'grammar' ? colour.green : by === 'validation' ? colour.yellow : colour.grey;
      for (const one of some) terminal.out(`  ${paint(by.padEnd(10))} ${clean(one.keyword).padEnd(20)} ${clean(one.path)}${one.why === undefined ? '' : colour.grey(`  ${clean(one.why)}`)}\n`);
    }
  }
  return 0;
}
