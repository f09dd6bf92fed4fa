/** The providers that need no network keep to what all keep to; those of the network do in `network.test.ts`. */
import { afterAll, describe } from 'vitest';
import type { ModelProfile } from '../../contracts/models.ts';
import { provider as llama } from '../../runtime/providers/llama.ts';
import { provider as replay } from '../../runtime/providers/replay.ts';
import { provider as script } from '../../runtime/providers/script.ts';
import { powersOf, profileOf } from '../support/ask-llama.ts';
import { large } from '../support/gguf.ts';
import { llamaReason, Models } from '../support/llama.ts';
import { providerSuite } from '../suites/provider.ts';

const models = new Models();
const engine = models.engine();
afterAll(() => models.end());

describe.skipIf(llamaReason !== '')('a model in a file', () => {
  const small = models.model({ context: 4096 });
  // Slow enough to be stopped.
  const slow = models.model({ ...large, context: 8192 });
  const opened = (profile: ModelProfile) => ({ provider: llama, profile, powers: (options?: Parameters<typeof powersOf>[1]) => powersOf(engine, options) });
  providerSuite('the provider llama', async ({ end }) => opened(profileOf(end === undefined ? small : slow)), async () => ({ subject: opened(profileOf('gone.gguf')), words: /no model at/ }), { beTold: true });
});

const told = (provider: ModelProfile['provider']): ModelProfile => ({ name: 'told', provider, model: 'answers', parameters: {}, template: 'chat' });

providerSuite('the provider script', async ({ pieces = ['Hello', ' world'], finish = 'stop', counts }) => {
  const answers = JSON.stringify([{ answer: pieces.join(''), finish, ...(counts === undefined ? {} : { tokens: counts }) }]);
  return { provider: script, profile: told('script'), powers: (options) => powersOf(undefined, { ...options, files: { answers } }) };
}, async () => ({ subject: { provider: script, profile: told('script'), powers: (options) => powersOf(undefined, { ...options, files: { answers: 'no list' } }) }, words: /answers:1:1: A script is a list/ }), { goOn: true });

// Any question is the one that was recorded.
const key = '0'.repeat(64);
providerSuite('the provider replay', async ({ pieces = ['Hello', ' world'], finish = 'stop', counts }) => {
  const answers = JSON.stringify({ key, text: pieces.join(''), finish, ...counts });
  return { provider: replay, profile: told('replay'), powers: (options) => ({ ...powersOf(undefined, { ...options, files: { answers } }), sha256: () => key }) };
}, async () => ({ subject: { provider: replay, profile: told('replay'), powers: (options) => powersOf(undefined, { ...options, files: { answers: 'none' } }) }, words: /answers:1:1: The line is not JSON/ }), { goOn: true });
