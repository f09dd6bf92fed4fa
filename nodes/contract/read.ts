/**
 * A contract's YAML as a `CodeContract`, with what is wrong in it by line and column.
 *
 * The seed's five sections are required; all else is additive (`contracts/schema/code-contract.schema.json` has it whole). Reading goes on after a
 * fault, so that one misspelt key costs one problem. Not here: what the lines mean (`truth.ts`). Road not taken: Ajv over the schema, which says "must NOT
 * have additional properties" where a person needs the word they meant.
 */
import type { Problem } from '../../contracts/errors.ts';
import { isMapping } from '../yaml-body.ts';
import { readAdditions } from './read-additions.ts';
import { createFinder, type Finder } from './read-finder.ts';
import { readGiven, readTests } from './read-tests.ts';
import { readType, tellType, typeText } from './read-type.ts';
import { readVersion } from './semver.ts';
import type { CodeContract, Constraint, Dependency, Export, Language, Parameter, ReadContract } from './types.ts';

const SECTIONS = ['metadata', 'interface', 'dependencies', 'constraints', 'acceptance_tests'] as const;
const TOP = [...SECTIONS, 'implementation_notes', 'effects', 'given', 'properties', 'idioms', 'frozen', 'waivers', 'judged'] as const;
const METADATA = ['id', 'version', 'name', 'type', 'status', 'description', 'language', 'languages', 'file', 'authors', 'tags'] as const;
const EXPORT = ['type', 'description', 'parameters', 'returns', 'errors'] as const;
const ID = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const LANGUAGES: Readonly<Record<string, Language>> = { javascript: 'javascript', js: 'javascript', python: 'python', py: 'python' };
/** Longest contract that is read, in UTF-16 units; the longest of ours has some 6,000. */
const LONGEST = 131_072;

/** Reads a contract's YAML. Never throws for what the text says. @param source its path, for messages */
export function readContract(text: string, source?: string): ReadContract {
  const problems: Problem[] = [];
  const find = createFinder(text.length > LONGEST ? '' : text, problems, source);
  if (text.length > LONGEST) find.bad([], `The contract has ${text.length} characters, more than ${LONGEST}; divide it.`);
  const raw = find.value;
  if (find.broken || text.length > LONGEST) return { problems };
  if (!isMapping(raw)) {
    find.bad([], `A contract is a map of five sections: ${SECTIONS.join(', ')}.`, 'syntax');
    return { problems };
  }
  find.keys([], raw, TOP, 'a contract');
  for (const section of SECTIONS) if (!(section in raw)) find.bad([], `The contract has no section \`${section}\`; add it, even if it is empty.`, 'missing-key');
  const metadata = find.map(['metadata']);
  find.keys(['metadata'], metadata, METADATA, 'metadata');
  const id = find.text(['metadata', 'id']);
  if ('metadata' in raw && !ID.test(id)) find.bad(['metadata', 'id'], id === '' ? 'The contract has no `metadata.id`; add one.' : `\`${id}\` is no id: it begins with a letter and has letters, digits, \`_\`, \`.\` and \`-\`.`, id === '' ? 'missing-key' : 'bad-id');
  const version = find.text(['metadata', 'version']) || '0.0.0';
  if (readVersion(version) === undefined) find.bad(['metadata', 'version'], `\`${version}\` is no version; write three numbers, like 1.0.0.`);
  const languages = ([] as unknown[]).concat(metadata.languages ?? metadata.language ?? []).map(String);
  const language = languages.map((name) => LANGUAGES[name.toLowerCase()]).find((name) => name !== undefined);
  const face = find.map(['interface']);
  find.keys(['interface'], face, ['exports', 'ports', 'params', 'outputs'], 'interface');
  const exports = readExports(find);
  const kind = 'ports' in face || 'params' in face || 'outputs' in face;
  if (language === undefined && languages.length > 0 && !kind) find.bad(['metadata', 'language' in metadata ? 'language' : 'languages'], `Code in ${languages.join(', ')} is not tested here, so no line can be green; JavaScript and Python are.`, 'bad-value', false, 'warning');
  if ('interface' in raw && !kind && !('exports' in face)) find.bad(['interface'], 'The interface has no `exports`; name what other modules can use.', 'missing-key');
  const contract: CodeContract = {
    id, version, name: find.text(['metadata', 'name']), description: find.text(['metadata', 'description']),
    type: find.text(['metadata', 'type']), declaredStatus: find.text(['metadata', 'status']), languages, exports, notes: find.text(['implementation_notes']),
    ...(language === undefined ? {} : { language }), ...(typeof metadata.file === 'string' ? { file: metadata.file.trim() } : {}), ...(kind ? { kind: true } : {}),
    dependencies: readDependencies(find), effects: find.texts(['effects']), constraints: readConstraints(find), given: readGiven(find, ['given']), tests: readTests(find, exports),
    ...readAdditions(find), text, raw, ...(source === undefined ? {} : { source }),
  };
  return { contract, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function readExports(find: Finder): Export[] {
  const path = ['interface', 'exports'];
  return Object.entries(find.map(path)).flatMap(([name, value]): Export[] => {
    const here = [...path, name];
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) find.bad(here, `\`${name}\` is no name that code can export.`, 'bad-id', true);
    if (value !== null && !isMapping(value)) find.bad(here, `\`${name}\` must be a map, like {type: function}.`);
    const given = find.map(here);
    find.keys(here, given, EXPORT, 'an export');
    tellType(find, [...here, 'type'], given.type);
    return [{
      name, type: find.text([...here, 'type']) || 'function', description: find.text([...here, 'description']), parameters: readParameters(find, [...here, 'parameters']),
      ...(given.returns === undefined || given.returns === null ? {} : { returns: readType(find, [...here, 'returns'], given.returns) }),
      errors: Object.fromEntries(Object.entries(find.map([...here, 'errors'])).map(([error, schema]) => [error, typeText(schema)])), ...find.place(here, true),
    }];
  });
}

function readParameters(find: Finder, path: readonly string[]): Parameter[] {
  return Object.entries(find.map(path)).map(([name, value]) => {
    const { required, description, ...schema } = readType(find, [...path, name], value);
    if (required !== undefined && typeof required !== 'boolean' && !Array.isArray(required)) find.bad([...path, name, 'required'], '`required` must be true or false.');
    return { name, required: required !== false, description: typeof description === 'string' ? description.trim() : '', schema: Array.isArray(required) ? { ...schema, required } : schema };
  });
}

function readDependencies(find: Finder): CodeContract['dependencies'] {
  const path = ['dependencies'];
  const given = find.map(path);
  find.keys(path, given, ['internal', 'external', 'engines'], 'dependencies');
  if (Array.isArray(given.external) && given.external.length === 0) find.bad([...path, 'external'], '`dependencies.external` is a map of names and versions; write {} for none.', 'bad-value', false, 'warning');
  const internal = find.texts([...path, 'internal']).flatMap((text, index): Dependency[] => {
    const [id = '', range, ...more] = text.split('@').map((part) => part.trim());
    const here = [...path, 'internal', index];
    if (!ID.test(id) || range === '' || more.length > 0) {
      find.bad(here, `\`${text}\` is no dependency; write the id of a contract, or \`ID@RANGE\` like TELIO-U003@^1.0.0.`);
      return [];
    }
    return [{ id, ...(range === undefined ? {} : { range }), ...find.place(here) }];
  });
  const twice = internal.find(({ id }, index) => internal.findIndex((other) => other.id === id) < index);
  if (twice !== undefined) find.problem('duplicate-id', `\`${twice.id}\` is named twice; leave one out.`, twice);
  return { internal, external: Object.fromEntries(Object.entries(find.map([...path, 'external'])).map(([name, range]) => [name, String(range)])) };
}

function readConstraints(find: Finder): Constraint[] {
  const path = ['constraints'];
  return Object.entries(find.map(path)).flatMap(([group, rules]): Constraint[] => {
    if (!isMapping(rules)) return [{ group: '', name: group, value: rules, ...find.place([...path, group], true) }];
    return Object.entries(rules).map(([name, value]) => {
      const here = [...path, group, name];
      const told = isMapping(value) && 'is' in value;
      if (told) find.keys(here, value, ['is', 'shown_by'], 'a constraint with a reason');
      return { group, name, value: told ? value.is : value, ...(told && 'shown_by' in value ? { shownBy: find.texts([...here, 'shown_by']) } : {}), ...find.place(here, true) };
    });
  });
}
