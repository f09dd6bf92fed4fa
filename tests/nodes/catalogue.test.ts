import { expect, test } from 'vitest';
import { catalogue } from '../support/graphs.ts';

test.each([...catalogue.kinds()])('P1 the catalogue knows the versions and languages of `%s` without loading it', async (name) => {
  const kind = await catalogue.load(name);
  expect(catalogue.version(name)).toBe(`${kind.keyVersion}.${kind.analysisVersion}`);
  for (const language of kind.languages) expect(catalogue.kindOfLanguage(language)).toBe(name);
  expect(catalogue.contract(name)?.id).toBe(`core.${name}`);
});
