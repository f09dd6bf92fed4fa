/**
 * The difference of two interfaces, and what it asks of the version: what a caller must change for is *major*, what it may use anew is
 * *minor*, all else is *patch*. It reads the five sections as plain data, so node kinds (ports, params, outputs) and modules
 * (exports) are judged alike. Tests and constraints are told and ask for no more than a patch: they say more of the same promise.
 */
import { isMapping, normalForm } from '../../nodes/yaml-body.ts';
import { relate, type Relation } from './schema-relation.ts';
import { compareVersions, readVersion, type Version } from '../../nodes/contract/semver.ts';

/** How much of the version a change asks for. */
export type Level = 'patch' | 'minor' | 'major';

/** One change. `path` is that of the contract: `interface.exports.setState.parameters.key`. */
interface Change { readonly level: Level; readonly path: string; readonly message: string }

/** A difference, and whether the version says as much. */
export interface Difference {
  readonly changes: readonly Change[];
  /** `undefined`: nothing differs. */
  readonly level?: Level;
  readonly before: string;
  readonly after: string;
  readonly ok: boolean;
  /** What is wrong with the version, and which would do. */
  readonly fault?: string;
}

type Plain = Readonly<Record<string, unknown>>;
const mapOf = (value: unknown): Plain => (isMapping(value) ? value : {});
/** `string` is short for `{type: string}`. */
const typeOf = (value: unknown): Plain => (typeof value === 'string' ? { type: value } : mapOf(value));
const same = (a: unknown, b: unknown): boolean => normalForm(a ?? null) === normalForm(b ?? null);
const RANK: Readonly<Record<Level, number>> = { patch: 0, minor: 1, major: 2 };

/** Compares two contracts as plain data. */
export function diffContracts(before: Plain, after: Plain): Difference {
  const changes: Change[] = [...diffInterfaces(mapOf(before.interface), mapOf(after.interface)), ...others(before, after)];
  const level = changes.reduce<Level | undefined>((most, change) => (most === undefined || RANK[change.level] > RANK[most] ? change.level : most), undefined);
  const from = versionOf(before);
  const to = versionOf(after);
  const fault = level === undefined ? undefined : versionFault(from, to, level);
  return { changes, before: from, after: to, ok: fault === undefined, ...(level === undefined ? {} : { level }), ...(fault === undefined ? {} : { fault }) };
}

const versionOf = (contract: Plain): string => String(mapOf(contract.metadata).version ?? '0.0.0');

/** Compares two `interface` sections. */
function diffInterfaces(before: Plain, after: Plain): Change[] {
  const changes: Change[] = [];
  const tell = (level: Level, path: string, message: string): void => { changes.push({ level, path, message }); };
  each(before.exports, after.exports, 'interface.exports', 'export', tell, (path, was, is) => { diffExport(path, was, is, tell); });
  each(before.ports, after.ports, 'interface.ports', 'port', tell, (path, was, is) => { diffTaken(path, was, is, tell, asked); }, asked);
  each(before.params, after.params, 'interface.params', 'param', tell, (path, was, is) => { diffTaken(path, was, is, tell, asked); }, asked);
  each(before.outputs, after.outputs, 'interface.outputs', 'output', tell, (path, was, is) => { diffGiven(path, was, is, tell); });
  return changes;
}

type Tell = (level: Level, path: string, message: string) => void;

/** Names that went, came, and stayed. `must`: it is asked of the caller, and whether it must be given; a new one that must is a breach. */
function each(was: unknown, is: unknown, path: string, what: string, tell: Tell, stayed: (path: string, was: Plain, is: Plain) => void, must: (one: Plain) => boolean = () => false): void {
  const [old, now] = [mapOf(was), mapOf(is)];
  for (const name of Object.keys(old)) {
    if (Object.hasOwn(now, name)) stayed(`${path}.${name}`, typeOf(old[name]), typeOf(now[name]));
    else tell('major', `${path}.${name}`, `the ${what} ${name} is gone`);
  }
  for (const name of Object.keys(now)) {
    if (Object.hasOwn(old, name)) continue;
    const needed = must(typeOf(now[name]));
    tell(needed ? 'major' : 'minor', `${path}.${name}`, needed ? `the ${what} ${name} is new, and must be given` : `the ${what} ${name} is new`);
  }
}

/** A port or param of a kind must be given where it says so; the parameter of an export unless it says otherwise or has a default. */
const asked = ({ required }: Plain): boolean => required === true;
const owed = (parameter: Plain): boolean => parameter.required !== false && !('default' in parameter);

function diffExport(path: string, was: Plain, is: Plain, tell: Tell): void {
  if (!same(was.type, is.type)) tell('major', `${path}.type`, `it is ${text(is.type)}, and was ${text(was.type)}`);
  each(was.parameters, is.parameters, `${path}.parameters`, 'parameter', tell, (at, before, after) => { diffTaken(at, before, after, tell, owed); }, owed);
  orderOf(`${path}.parameters`, mapOf(was.parameters), mapOf(is.parameters), tell);
  diffGiven(`${path}.returns`, typeOf(was.returns), typeOf(is.returns), tell);
  sets(`${path}.errors`, was.errors, is.errors, 'error', 'callers do not expect it', tell);
  sets(`${path}.effects`, was.effects, is.effects, 'effect', 'it touches more of the world', tell);
  texts(path, was, is, tell);
}

/** Arguments stand in an order: the parameters that stay keep theirs, and a new one comes after them. */
function orderOf(path: string, was: Plain, is: Plain, tell: Tell): void {
  const [old, now] = [Object.keys(was), Object.keys(is)];
  const stayed = now.filter((name) => old.includes(name));
  if (stayed.join('\n') !== old.filter((name) => stayed.includes(name)).join('\n')) tell('major', path, `the parameters stand in another order: ${now.join(', ')}`);
  const early = now.find((name, i) => !old.includes(name) && now.slice(i + 1).some((later) => old.includes(later)));
  if (early !== undefined) tell('major', `${path}.${early}`, `the new parameter ${early} stands before others that were there, so their arguments move`);
}

/** What is asked of the caller: accepting more is an offer, accepting less a breach. */
function diffTaken(path: string, was: Plain, is: Plain, tell: Tell, must: (one: Plain) => boolean): void {
  if (must(was) !== must(is)) tell(must(is) ? 'major' : 'minor', path, must(is) ? 'it must be given now, and could be left out' : 'it may be left out now');
  if ('default' in was !== 'default' in is || !same(was.default, is.default)) tell('major', `${path}.default`, `what leaving it out means is ${text(is.default)}, and was ${text(was.default)}`);
  shape(path, was, is, { wider: 'minor', narrower: 'major' }, tell);
  if (!same(was.place, is.place)) tell('major', `${path}.place`, `it stands in another place: ${text(is.place)}`);
  if (!same(was.since, is.since)) tell(is.since === undefined ? 'minor' : 'major', `${path}.since`, is.since === undefined ? 'it is there now' : 'it is not there any more');
  if ((was.key === false) !== (is.key === false)) tell('patch', `${path}.key`, 'whether it is in the key is another matter');
  texts(path, was, is, tell);
}

/** What is given to the caller: promising more is an offer, promising less a breach. */
function diffGiven(path: string, was: Plain, is: Plain, tell: Tell): void {
  shape(path, was, is, { wider: 'major', narrower: 'minor' }, tell);
  texts(path, was, is, tell);
}

function shape(path: string, was: Plain, is: Plain, level: Readonly<Record<'wider' | 'narrower', Level>>, tell: Tell): void {
  const relation: Relation = relate(was, is);
  if (relation === 'same') return;
  const said = same(was.type, is.type) ? 'what it may hold' : `its type, ${text(was.type)}, is now ${text(is.type)}:`;
  if (relation === 'other') tell('major', path, `${said} ${said.endsWith(':') ? 'the one does not hold the other' : 'is another'}`);
  else tell(level[relation], path, `${said} ${said.endsWith(':') ? '' : 'is '}${relation === 'wider' ? 'more than before' : 'less than before'}`);
}

function sets(path: string, was: unknown, is: unknown, what: string, why: string, tell: Tell): void {
  const [old, now] = [named(was), named(is)];
  for (const [name, form] of now) if (!old.has(name)) tell('major', `${path}.${name}`, `the ${what} ${name} is new: ${why}`); else if (old.get(name) !== form) tell('patch', `${path}.${name}`, `what is said of the ${what} ${name} changed`);
  for (const name of old.keys()) if (!now.has(name)) tell('minor', `${path}.${name}`, `the ${what} ${name} is gone`);
}

/** Names in a list or a map, each with what is said of it. */
function named(value: unknown): ReadonlyMap<string, string> {
  if (Array.isArray(value)) return new Map(value.map((one) => (isMapping(one) && typeof (one.name ?? one.type) === 'string' ? [String(one.name ?? one.type), normalForm(one)] : [typeof one === 'string' ? one : normalForm(one), ''])));
  if (isMapping(value)) return new Map(Object.entries(value).map(([name, form]) => [name, normalForm(form)]));
  return new Map(typeof value === 'string' ? [[value, '']] : []);
}

function texts(path: string, was: Plain, is: Plain, tell: Tell): void {
  if (!same(was.description, is.description)) tell('patch', `${path}.description`, 'it is described in other words');
}

/** What is no interface. The version and the status themselves are no change. */
function others(before: Plain, after: Plain): Change[] {
  const bare = (contract: Plain): Plain => { const { version: _, status: __, ...rest } = mapOf(contract.metadata); return rest; };
  const changes: Change[] = [];
  if (!same(bare(before), bare(after))) changes.push({ level: 'patch', path: 'metadata', message: 'metadata changed' });
  for (const section of ['dependencies', 'constraints', 'acceptance_tests', 'properties', 'implementation_notes']) {
    if (!same(before[section], after[section])) changes.push({ level: 'patch', path: section, message: `${section} changed` });
  }
  return changes;
}

/** Why a version does not say enough; `undefined` when it does. Before 1.0.0 a minor version stands for a major one, and a patch for a minor one. */
function versionFault(before: string, after: string, level: Level): string | undefined {
  const [from, to] = [readVersion(before), readVersion(after)];
  if (from === undefined || to === undefined) return `\`${from === undefined ? before : after}\` is no version; write it like 1.2.0.`;
  const least = next(from, level);
  if (compareVersions(to, from) < 0) return `The version goes back from ${before} to ${after}; this difference is ${level}, so it is ${least} or later.`;
  if (compareVersions(to, readVersion(least) as Version) >= 0 || bumpOf(from, to, level)) return undefined;
  return `This difference is ${level}, and ${before === after ? `the version is still ${before}` : `${before} to ${after} says less`}; it is ${least} or later.`;
}

/** A pre-release of the version that is due says as much. */
const bumpOf = (from: Version, to: Version, level: Level): boolean => {
  const due = readVersion(next(from, level)) as Version;
  return to.pre.length > 0 && to.major === due.major && to.minor === due.minor && to.patch === due.patch && compareVersions(to, from) > 0;
};

function next({ major, minor, patch, pre }: Version, level: Level): string {
  if (pre.length > 0 && patch === 0 && (level !== 'major' || minor === 0)) return `${major}.${minor}.${patch}`;
  if (major === 0) return level === 'major' ? `0.${minor + 1}.0` : `0.${minor}.${patch + 1}`;
  return level === 'major' ? `${major + 1}.0.0` : level === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

const text = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'string' ? value : normalForm(value));
