/** The additive sections of a contract: properties, and what a person has decided about its lines. */
import { isMapping } from '../yaml-body.ts';
import type { Finder } from './read-finder.ts';
import { readLines } from './read-tests.ts';
import type { CodeContract, Frozen, Judged, PropertyRule, Waiver } from './types.ts';

const MOST_RUNS = 1000;

type Additions = Pick<CodeContract, 'properties' | 'idioms' | 'frozen' | 'waivers' | 'judged'>;

/** Properties, accepted idioms, frozen checks, waivers and opinions. */
export function readAdditions(find: Finder): Additions {
  return { properties: readProperties(find), idioms: readLines(find, ['idioms']), frozen: each(find, 'frozen', FROZEN, readFrozen), waivers: each(find, 'waivers', WAIVER, readWaiver), judged: each(find, 'judged', JUDGED, readJudged) };
}

const FROZEN = ['line', 'sha256', 'check', 'test', 'by'] as const;
const WAIVER = ['line', 'constraint', 'reason'] as const;
const JUDGED = ['line', 'opinion', 'by'] as const;
type Here = readonly (string | number)[];

/** The items of a list of maps. */
function each<T>(find: Finder, section: string, keys: readonly string[], read: (find: Finder, here: Here) => T | undefined): T[] {
  return find.list([section]).flatMap((item, index) => {
    const here = [section, index];
    if (!isMapping(item)) {
      find.bad(here, `An item of \`${section}\` is a map with ${keys.map((key) => `\`${key}\``).join(', ')}.`);
      return [];
    }
    find.keys(here, item, keys, `an item of ${section}`);
    const value = read(find, here);
    return value === undefined ? [] : [value];
  });
}

/** A text that must be there. */
function needed(find: Finder, here: Here, key: string): string {
  const text = find.text([...here, key]);
  if (text === '') find.bad(here, `\`${key}\` is missing here.`, 'missing-key');
  return text;
}

function readFrozen(find: Finder, here: Here): Frozen | undefined {
  const line = needed(find, here, 'line');
  const sha256 = needed(find, here, 'sha256').toLowerCase();
  const check = find.texts([...here, 'check']);
  if (check.length === 0) find.bad(here, '`check` is missing here: expressions or steps that say what the line means.', 'missing-key');
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) find.bad([...here, 'sha256'], '`sha256` must be 64 hexadecimal digits: the hash of the line, which `telar contract check` tells.');
  const test = find.text([...here, 'test']);
  const by = find.text([...here, 'by']);
  return check.length === 0 ? undefined : { line, sha256, check, ...(test === '' ? {} : { test }), ...(by === '' ? {} : { by }), at: find.place(here) };
}

function readWaiver(find: Finder, here: Here): Waiver | undefined {
  const line = find.text([...here, 'line']);
  const constraint = find.text([...here, 'constraint']);
  const reason = needed(find, here, 'reason');
  if ((line === '') === (constraint === '')) find.bad(here, 'A waiver names one `line` or one `constraint`.', 'missing-key');
  // Without a reason it waives nothing.
  return reason === '' ? undefined : { reason, ...(line === '' ? {} : { line }), ...(constraint === '' ? {} : { constraint }), at: find.place(here) };
}

const readJudged = (find: Finder, here: Here): Judged => ({ line: needed(find, here, 'line'), opinion: needed(find, here, 'opinion'), by: needed(find, here, 'by'), at: find.place(here) });

function readProperties(find: Finder): PropertyRule[] {
  const known = new Set<string>();
  return each(find, 'properties', ['id', 'name', 'for', 'when', 'holds', 'runs', 'seed'], (_, here): PropertyRule => {
    const id = needed(find, here, 'id');
    if (known.has(id)) find.bad([...here, 'id'], `There is another property \`${id}\`; rename one.`, 'duplicate-id');
    known.add(id);
    const forAll = find.map([...here, 'for']);
    for (const [name, schema] of Object.entries(forAll)) {
      if (!/^[A-Za-z_]\w*$/.test(name)) find.bad([...here, 'for', name], `\`${name}\` is no name of a variable.`, 'bad-id', true);
      if (!isMapping(schema)) find.bad([...here, 'for', name], `\`${name}\` must be a schema, like {type: integer}.`);
    }
    if (Object.keys(forAll).length === 0) find.bad(here, '`for` is missing here: the variables, each with a schema.', 'missing-key');
    const whole = (key: string, least: number, most: number): number | undefined => {
      const text = find.text([...here, key]);
      if (text === '') return undefined;
      const number = Number(text);
      if (!Number.isInteger(number) || number < least || number > most) find.bad([...here, key], `\`${key}\` must be a whole number from ${least} to ${most}.`);
      else return number;
      return undefined;
    };
    const seed = whole('seed', -2147483648, 2147483647);
    return {
      id, name: find.text([...here, 'name']), forAll: Object.fromEntries(Object.entries(forAll).filter(([, schema]) => isMapping(schema))) as PropertyRule['forAll'],
      when: find.text([...here, 'when']), holds: needed(find, here, 'holds'), runs: whole('runs', 1, MOST_RUNS) ?? 100, ...(seed === undefined ? {} : { seed }), ...find.place(here),
    };
  });
}
