/**
 * What a notebook or a package asks for, by PEP 508: a name, extras, versions and a marker. Addresses (`name @ url`) are not taken: a
 * package comes from a source that knows its hash.
 */
import { holds, type Environment } from './marker.ts';
import { packageName } from './name.ts';
import { readClauses, type Clause } from './version.ts';

/** A requirement, read. */
export interface Requirement {
  /** By PEP 503: small letters, one dash. */
  readonly name: string;
  readonly extras: readonly string[];
  readonly clauses: readonly Clause[];
  readonly marker?: string;
}

const FORM = /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[([a-z0-9._\s,-]*)\])?\s*(.*)$/is;
const LONGEST = 1000;

/** Reads a requirement. @returns what is wrong with it, in words, when it cannot be read */
export function readRequirement(text: string): Requirement | string {
  if (text.length > LONGEST) return 'it is too long';
  const [head = '', ...rest] = text.split(';');
  const found = FORM.exec(head.trim());
  if (found === null) return 'it does not begin with the name of a package';
  const [, name = '', extras = '', versions = ''] = found;
  if (versions.startsWith('@')) return 'an address is not taken; give a name, and put the wheel into a folder for `--wheels`';
  const clauses = readClauses(versions.replace(/^\((.*)\)$/s, '$1'));
  if (clauses === undefined) return `\`${versions.trim()}\` is no range of versions, as \`>=2,<3\` is`;
  const marker = rest.join(';').trim();
  if (marker !== '' && typeof holds(marker, {}) === 'string') return holds(marker, {}) as string;
  return { name: packageName(name), extras: extras.split(',').map(packageName).filter((one) => one !== '').sort(), clauses, ...(marker === '' ? {} : { marker }) };
}

/** Whether it is meant for this realm, when it comes from a package that was asked for with these extras. */
export function applies({ marker }: Requirement, environment: Environment, extras: readonly string[] = []): boolean {
  if (marker === undefined) return true;
  return ['', ...extras].some((extra) => holds(marker, { ...environment, extra }) === true);
}

/** In its one form: `name[extra]>=2,<3; marker`. */
export function requirementText({ name, extras, clauses, marker }: Requirement): string {
  return `${name}${extras.length === 0 ? '' : `[${extras.join(',')}]`}${clauses.map(({ operator, text }) => operator + text).sort().join(',')}${marker === undefined ? '' : `; ${marker}`}`;
}
