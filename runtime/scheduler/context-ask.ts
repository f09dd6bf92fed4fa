/** `ask` of a step's context: who speaks to models, and what of the step's powers they get. All of it is loaded with the first question. */
import { TelarError } from '../../contracts/errors.ts';
import type { ProviderName } from '../../contracts/models.ts';
import type { Outcome, Program, StepContext, StepInput } from '../../contracts/node.ts';
import type { Watchdog } from '../prompts/validate.ts';
import type { Provider } from '../providers/provider.ts';
import type { Secrets, Sha256 } from '../ports.ts';
import { createStream, type OutsidePowers } from './context-network.ts';

/** What a host has for models. */
export interface ModelPowers {
  provider(name: ProviderName): Promise<Provider>;
  /** Monotonic milliseconds. */
  now(): number;
  readonly watchdog?: Watchdog;
}

/** What asking takes of a step. */
export interface AskedStep extends OutsidePowers {
  readonly models?: ModelPowers;
  readonly secrets?: Secrets;
  readonly sha256: Sha256;
  emit(stream: 'stdout' | 'stderr', text: string): void;
  execute(program: Program, inputs: Readonly<Record<string, StepInput>>, signal: AbortSignal, onText?: (text: string) => void): Promise<Outcome>;
  load: StepContext['load'];
  readFile: StepContext['readFile'];
}

export function createStepAsk(step: AskedStep): StepContext['ask'] {
  const { models, limits, signal, effect = 'pure' } = step;
  return async (request) => {
    if (models === undefined) throw new TelarError('unavailable', 'There are no models in this host.', { lacks: 'models' });
    if (effect !== 'observe') throw new TelarError('refused', 'Only a step of class `observe` may ask a model.');
    const { createAsk } = await import('../prompts/ask.ts');
    return createAsk({
      limits, signal, provider: (name) => models.provider(name), now: () => models.now(), emit: (stream, text) => { step.emit(stream, text); },
      ...(models.watchdog === undefined ? {} : { watchdog: models.watchdog }),
      powers: (until) => ({
        signal: until, limits: { output: limits.output },
        execute: (program, inputs, onText) => step.execute(program, inputs, until, onText), load: (ref) => step.load(ref),
        stream: createStream({ ...step, signal: until }), secret: (name) => step.secrets?.get(name), readFile: (path) => step.readFile(path), sha256: (text) => step.sha256(text),
      }),
    })(request);
  };
}
