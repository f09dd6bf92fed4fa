/** Which fixtures a contract asks for, by what it says. */
import type { CodeContract } from './types.ts';

/** Whether a contract speaks of `localStorage` at all; code under another one finds none. */
export function usesStorage(contract: CodeContract): boolean {
  const texts = [...contract.effects, ...contract.tests.flatMap(({ when, then }) => [...when, ...then].map(({ text }) => text)), ...contract.properties.flatMap(({ when, holds }) => [when, holds]), contract.description, contract.notes];
  return contract.given.localStorage !== undefined || contract.tests.some(({ given }) => given.localStorage !== undefined) || contract.constraints.some(({ name }) => name === 'must_persist') || texts.some((text) => text.includes('localStorage'));
}

/** Names by which lines speak of dependencies: they are globals too. */
export function receiversOf(contract: CodeContract): readonly string[] {
  const names = contract.tests.flatMap(({ when, then }) => [...when, ...then].flatMap(({ text }) => /^([A-Za-z_$][\w$]*)(?: receives |\.[\w$]+ throws )/.exec(text)?.[1] ?? []));
  return [...new Set(names)].filter((name) => name !== 'localStorage');
}
