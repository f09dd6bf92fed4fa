/**
 * A skill's folder as the validator sees it: what is in it, without following links, and the bytes of a file on demand. A host makes one
 * of a real folder (`folder.node.ts`), an exporter one of what it is about to write.
 */
import { TelarError } from '../../contracts/errors.ts';

/** One thing in the folder, by its path there. */
export interface FolderEntry { readonly path: string; readonly kind: 'file' | 'link' | 'other' | 'unreadable'; readonly size: number }

/** A skill's folder. */
export interface SkillFolder {
  /** Its own name. */
  readonly name: string;
  /** What is in it and below, sorted by path; folders themselves are not told. */
  readonly entries: readonly FolderEntry[];
  /** Whether looking stopped before the end, for there is too much. */
  readonly cut?: true;
  /** @throws TelarError when it cannot be read */
  read(path: string): Uint8Array;
}

/** Most files and bytes of a skill that travels. */
export const MOST_FILES = 512;
export const MOST_BYTES = 16 * 1024 * 1024;

/** A folder in memory. */
export function folderOfFiles(name: string, files: ReadonlyMap<string, Uint8Array>): SkillFolder {
  return {
    name,
    entries: [...files].map(([path, { length }]): FolderEntry => ({ path, kind: 'file', size: length })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    read: (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw new TelarError('missing-file', `There is no file \`${path}\` in the skill.`, { file: path });
      return bytes;
    },
  };
}
