/** Acceptance tests and fixtures of a contract, read from its YAML. */
import type { Path } from '../yaml-body.ts';
import { isMapping } from '../yaml-body.ts';
import { didYouMean } from '../nearest.ts';
import type { Finder } from './read-finder.ts';
import type { ContractTest, Export, Given, Line } from './types.ts';

const TEST = ['id', 'name', 'when', 'then', 'given', 'notebook', 'expect', 'files'] as const;
const MOST_TESTS = 200;
const MOST_LINES = 50;

/** All tests, in the order of the file. */
export function readTests(find: Finder, exports: readonly Export[]): ContractTest[] {
  const path = ['acceptance_tests'];
  const items = find.list(path);
  if (items.length > MOST_TESTS) find.bad(path, `The contract has ${items.length} tests; at most ${MOST_TESTS} are read. Divide it.`);
  const known = new Set<string>();
  return items.slice(0, MOST_TESTS).flatMap((item, index): ContractTest[] => {
    const here = [...path, index];
    if (!isMapping(item)) {
      find.bad(here, 'A test is a map with `id`, `when` and `then`.');
      return [];
    }
    find.keys(here, item, TEST, 'a test');
    const id = find.text([...here, 'id']);
    if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(id)) find.bad([...here, 'id'], id === '' ? 'A test has no `id`; add one, like T001.' : `\`${id}\` is no id of a test.`, id === '' ? 'missing-key' : 'bad-id');
    else if (known.has(id)) find.bad([...here, 'id'], `There is another test \`${id}\`; rename one.`, 'duplicate-id');
    known.add(id);
    const then = readLines(find, [...here, 'then']);
    const notebook = 'notebook' in item ? find.text([...here, 'notebook']) : undefined;
    if (then.length === 0 && notebook === undefined) find.bad(here, `The test \`${id}\` has no \`then\`; say what must come of it.`, 'missing-key');
    return [{
      id, name: find.text([...here, 'name']), when: readLines(find, [...here, 'when']), then, given: readGiven(find, [...here, 'given'], exports),
      ...(notebook === undefined ? {} : { notebook: String(item.notebook) }), ...('expect' in item ? { expect: find.map([...here, 'expect']) } : {}),
      ...('files' in item ? { files: Object.fromEntries(Object.entries(find.map([...here, 'files'])).map(([name, value]) => [name, String(value)])) } : {}), ...find.place(here),
    }];
  });
}

/** A line, or a list of lines, with their places. */
export function readLines(find: Finder, path: Path): Line[] {
  const texts = find.texts(path);
  if (texts.length > MOST_LINES) find.bad(path, `There are ${texts.length} lines; at most ${MOST_LINES} are read.`);
  const parent = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], find.value);
  return texts.slice(0, MOST_LINES).map((text, index) => ({ text, ...find.place(Array.isArray(parent) ? [...path, index] : path) }));
}

/** Fixtures. */
export function readGiven(find: Finder, path: Path, exports?: readonly Export[]): Given {
  const given = find.map(path);
  find.keys(path, given, ['localStorage', 'globals', 'arguments'], 'given');
  const args = find.map([...path, 'arguments']);
  for (const [name, list] of Object.entries(args)) {
    if (!Array.isArray(list)) find.bad([...path, 'arguments', name], `The arguments of \`${name}\` must be a list.`);
    if (exports !== undefined && !exports.some((one) => one.name === name)) find.bad([...path, 'arguments', name], `\`${name}\` is no export.${didYouMean(name, exports.map((one) => one.name))}`, 'unknown-key', true);
  }
  for (const name of Object.keys(find.map([...path, 'globals']))) if (!/^[A-Za-z_]\w*$/.test(name)) find.bad([...path, 'globals', name], `\`${name}\` is no name.`, 'bad-id', true);
  return {
    ...('localStorage' in given ? { localStorage: find.map([...path, 'localStorage']) } : {}), ...('globals' in given ? { globals: find.map([...path, 'globals']) } : {}),
    ...('arguments' in given ? { arguments: Object.fromEntries(Object.entries(args).filter(([, list]) => Array.isArray(list))) as Record<string, readonly unknown[]> } : {}),
  };
}
