/**
 * Paths that a bundle names. A replica puts files there, so none may lead out of its folder, into `.git` or `.telar`, or be
 * another path on a file system that is lenient with names. Checked by text alone: nothing is looked at.
 */

/** Characters that some file systems ignore in names: `.g\u200cit` opens `.git` there. */
const IGNORED = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** A name as the most lenient file system takes it. */
const folded = (name: string): string => name.normalize('NFKC').replace(IGNORED, '').toLowerCase().replace(/[. ]+$/, '');

/** Whether a name opens, somewhere, a folder that belongs to git or Telar. */
function isHidden(name: string): boolean {
  return /^(?:\.(?:git|telar)|git~\d+|telar~\d+)(?:$|:)/.test(folded(name));
}

/**
 * A path of a bundle as one from the workspace root.
 * @param folder where it starts, itself checked
 * @returns `undefined` when it may not be
 */
export function insidePath(folder: string, path: string): string | undefined {
  if (/[\0\\]/.test(path) || /^(?:\/|[A-Za-z]:)/.test(path) || path.length > 4096) return undefined;
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of path === '' ? [] : path.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '.') {
      if (part === '' || isHidden(part)) return undefined;
      parts.push(part);
    }
  }
  return parts.join('/');
}

/** Two paths that are one file on a file system that does not tell capitals; `undefined` when there are none. */
export function sameFile(paths: Iterable<string>): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const key = path.split('/').map(folded).join('/');
    const other = seen.get(key);
    if (other !== undefined && other !== path) return [other, path];
    seen.set(key, path);
  }
  return undefined;
}
