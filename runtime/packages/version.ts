/**
 * Versions of Python packages by PEP 440: reading, order, and which ones a specifier takes. Nothing here knows packages.
 */

/** A version, read. `key` orders it. */
export interface Version {
  readonly text: string;
  readonly epoch: number;
  readonly release: readonly number[];
  readonly pre?: readonly [string, number];
  readonly post?: number;
  readonly dev?: number;
  readonly local?: readonly (string | number)[];
}

/** One clause: `>=2`, `==1.*`. */
export interface Clause { readonly operator: string; readonly text: string }

const FORM = /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;
const STAGE: Readonly<Record<string, string>> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' };
/** Longest text that is looked at. */
const LONGEST = 120;

/** Reads a version; `undefined` when the text is none. */
export function readVersion(text: string): Version | undefined {
  if (text.length > LONGEST) return undefined;
  const found = FORM.exec(text.trim().toLowerCase());
  if (found === null) return undefined;
  const [, epoch, release = '', stage, number, post, postWord, postNumber, dev, devNumber, local] = found;
  return {
    text: text.trim(), epoch: Number(epoch ?? 0), release: release.split('.').map(Number),
    ...(stage === undefined ? {} : { pre: [STAGE[stage] ?? stage, Number(number || 0)] as const }),
    ...(post === undefined && postWord === undefined ? {} : { post: Number(post ?? (postNumber || 0)) }),
    ...(dev === undefined ? {} : { dev: Number(devNumber || 0) }),
    ...(local === undefined ? {} : { local: local.split(/[-_.]/).map((part) => (/^\d+$/.test(part) ? Number(part) : part)) }),
  };
}

/** Whether it is a pre-release: alpha, beta, candidate, or in development. */
export const isPre = ({ pre, dev }: Version): boolean => pre !== undefined || dev !== undefined;

const sign = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareReleases(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = sign(a[i] ?? 0, b[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** A version in development comes before all stages of its release, and no stage after them. */
const stageOf = ({ pre, post, dev }: Version): string => (pre !== undefined ? pre[0] : post === undefined && dev !== undefined ? '' : '~');

function compareLocal(a: Version['local'], b: Version['local']): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    const order = typeof one === typeof other ? sign(one, other) : typeof one === 'number' ? 1 : -1;
    if (order !== 0) return order;
  }
  return 0;
}

/** Order of two versions: below 0, 0, above 0. */
export function compareVersions(a: Version, b: Version, withLocal = true): number {
  return sign(a.epoch, b.epoch) || compareReleases(a.release, b.release) || sign(stageOf(a), stageOf(b)) || sign(a.pre?.[1] ?? 0, b.pre?.[1] ?? 0)
    || sign(a.post ?? -1, b.post ?? -1) || sign(a.dev ?? Infinity, b.dev ?? Infinity) || (withLocal ? compareLocal(a.local, b.local) : 0);
}

/** Reads `>=2,<3`; `undefined` when a part is no clause. */
export function readClauses(text: string): readonly Clause[] | undefined {
  const clauses: Clause[] = [];
  for (const part of text.split(',').map((one) => one.trim()).filter((one) => one !== '')) {
    const [, operator = '', version = ''] = /^(~=|===|==|!=|<=|>=|<|>)\s*(\S+)$/.exec(part) ?? [];
    const starred = version.endsWith('.*');
    const read = readVersion(starred ? version.slice(0, -2) : version);
    if (operator === '' || (read === undefined && operator !== '===')) return undefined;
    if (starred && (!['==', '!='].includes(operator) || read?.local !== undefined || read?.dev !== undefined)) return undefined;
    if (operator === '~=' && (read?.release.length ?? 0) < 2) return undefined;
    clauses.push({ operator, text: version });
  }
  return clauses;
}

const startsWith = (version: Version, { epoch, release }: Pick<Version, 'epoch' | 'release'>): boolean =>
  version.epoch === epoch && release.every((part, i) => (version.release[i] ?? 0) === part);

/** Whether a version is one that the clause takes. Pre-releases are not looked at here. */
function takes(version: Version, { operator, text }: Clause): boolean {
  if (operator === '===') return version.text.toLowerCase() === text.toLowerCase();
  const starred = text.endsWith('.*');
  const bound = readVersion(starred ? text.slice(0, -2) : text) as Version;
  const order = compareVersions(version, bound, false);
  const same = { epoch: version.epoch === bound.epoch, release: compareReleases(version.release, bound.release) === 0 };
  switch (operator) {
    case '==': return starred ? startsWith(version, bound) : compareVersions(version, bound, bound.local !== undefined) === 0;
    case '!=': return !takes(version, { operator: '==', text });
    case '<=': return order <= 0;
    case '>=': return order >= 0;
    case '<': return order < 0 && !(isPre(version) && !isPre(bound) && same.epoch && same.release);
    case '>': return order > 0 && !(version.post !== undefined && bound.post === undefined && same.epoch && same.release);
    default: return order >= 0 && startsWith(version, { epoch: bound.epoch, release: bound.release.slice(0, -1) });
  }
}

/** Whether a version satisfies all clauses. */
export const satisfies = (version: Version, clauses: readonly Clause[]): boolean => clauses.every((clause) => takes(version, clause));

/** Whether clauses name a pre-release, and so ask for them. */
export const namesPre = (clauses: readonly Clause[]): boolean => clauses.some(({ operator, text }) => {
  const version = operator === '!=' ? undefined : readVersion(text.replace(/\.\*$/, ''));
  return version !== undefined && isPre(version);
});
