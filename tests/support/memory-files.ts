/** Files in memory: the same promises as a workspace on a disk, for tests of what reads them. */
import { TelarError } from '../../contracts/errors.ts';
import type { Files, FileStat } from '../../runtime/ports.ts';

/** Makes a workspace of texts and bytes by path. */
export function memoryFiles(start: Readonly<Record<string, string | Uint8Array>>): Files {
  const all = new Map(Object.entries(start).map(([path, content]) => [path, typeof content === 'string' ? new TextEncoder().encode(content) : content]));
  const inside = (folder: string): string[] => [...all.keys()].filter((path) => folder === '' || path.startsWith(`${folder}/`)).map((path) => (folder === '' ? path : path.slice(folder.length + 1)));
  const stat = (path: string): FileStat | undefined => {
    const bytes = all.get(path);
    if (bytes !== undefined) return { kind: 'file', size: bytes.length, stamp: String(bytes.length) };
    return path === '' || inside(path).length > 0 ? { kind: 'folder', size: 0, stamp: '' } : undefined;
  };
  return {
    read: (path) => {
      const bytes = all.get(path);
      if (bytes === undefined) throw new TelarError('missing-file', `There is no file ${path}.`, { file: path });
      return bytes;
    },
    stat,
    list: (path) => (stat(path)?.kind === 'folder' ? [...new Set(inside(path).map((rest) => rest.split('/')[0]!))].filter((name) => name !== '.git' && name !== '.telar').sort() : undefined),
    write: (path, bytes) => { all.set(path, bytes); },
  };
}
