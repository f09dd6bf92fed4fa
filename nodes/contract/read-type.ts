/**
 * The type of an export, a parameter or a result: a name (`string`), or a map with `type`. A small word that is no name known here is told: as an error
 * where it is nearly one, else as a warning. Names with a capital or signs (`Date`, `string[]`) are a person's own and stay as they are.
 */
import { isMapping, type Path } from '../yaml-body.ts';
import { nearest } from '../nearest.ts';
import type { Finder } from './read-finder.ts';
import type { TypeText } from './types.ts';

const NAMES = new Set(('any unknown never void undefined null none object record map dict array list tuple set table string str text char number float integer int bigint decimal boolean bool symbol date time datetime '
  + 'duration bytes byte blob buffer stream file path url uri json regexp image audio colour color error event enum value constant variable type class module component function callable promise iterator generator').split(' '));

/** `string` is short for `{type: string}`. */
export const typeText = (value: unknown): TypeText => (isMapping(value) ? value : typeof value === 'string' ? { type: value } : {});

/** The same, with what is wrong in it told. */
export function readType(find: Finder, path: Path, value: unknown): TypeText {
  if (isMapping(value)) tellType(find, [...path, 'type'], value.type);
  else if (typeof value === 'string' || value === undefined || value === null) tellType(find, path, value);
  else find.bad(path, 'A type is a name like `string`, or a map like {type: string}.');
  return typeText(value);
}

/** Tells what is wrong with the name of a type, or with a list of them. */
export function tellType(find: Finder, path: Path, type: unknown): void {
  if (type === undefined || type === null) return;
  const names = Array.isArray(type) ? type as unknown[] : [type];
  if (names.length === 0 || !names.every((name) => typeof name === 'string')) return find.bad(path, '`type` must be the name of a type, like `string`, or a list of names.');
  const odd = (names as string[]).flatMap((name) => name.split('|')).map((name) => name.trim()).find((name) => /^[a-z]+$/.test(name) && !NAMES.has(name));
  if (odd === undefined) return;
  const near = nearest(odd, NAMES);
  find.bad(path, `\`${odd}\` is no type that is known here.${near === undefined ? ' Nothing is checked of it.' : ` Did you mean \`${near}\`?`}`, 'bad-value', false, near === undefined ? 'warning' : 'error');
}
