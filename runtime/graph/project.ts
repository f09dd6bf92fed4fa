/**
 * Project: a notebook with all notebooks it uses, read but not yet understood. Reading is all it does: nothing runs (D8).
 */
import { parse } from 'yaml';
import { TelarError, type Problem } from '../../contracts/errors.ts';
import type { Document, NotebookCell } from '../document/document.ts';

/** A `graph` cell's notebook: its document, or why there is none. */
export type Nested = { readonly document: Document; readonly path: string } | { readonly problem: string; readonly path: string };

/** A notebook and, by workspace path, those it uses. */
export interface Project {
  readonly root: Document;
  /** Workspace path of the root. */
  readonly path: string;
  readonly nested: ReadonlyMap<string, Nested>;
}

/** How deep notebooks may be nested in each other. */
export const DEEPEST = 100;

/** What a `graph` cell's YAML says: the notebook it uses, and constants for its inputs. */
export function readUse(cell: NotebookCell): { use?: string; constants: Record<string, unknown> } {
  try {
    const body = parse(cell.body) as { use?: unknown; with?: unknown } | null;
    const constants = body?.with !== null && typeof body?.with === 'object' ? body.with as Record<string, unknown> : {};
    return typeof body?.use === 'string' ? { use: body.use, constants } : { constants };
  } catch {
    return { constants: {} };
  }
}

/** `use` as a workspace path, from the notebook that says it. Steps out of the workspace are left for `files` to refuse. */
export function joinPath(from: string, relative: string): string {
  const parts = relative.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop(); else parts.push(part);
  }
  return parts.join('/');
}

/**
 * Reads a notebook and, through its `graph` cells, all that it uses.
 * @param path workspace path of the notebook
 * @param open reads and parses one notebook
 * @throws TelarError what `open` throws for the root; a nested notebook that cannot be read becomes a problem of its cell
 */
export function readProject(path: string, open: (path: string) => Document): Project {
  const root = open(path);
  const nested = new Map<string, Nested>();
  const visit = (from: string, document: Document, depth = 1): void => {
    for (const cell of document.cells) {
      if (cell.kind !== 'graph') continue;
      const { use } = readUse(cell);
      if (use === undefined) continue;
      const target = joinPath(from, use);
      if (nested.has(target) || target === path || depth >= DEEPEST) continue;
      try {
        const found = open(target);
        nested.set(target, { document: found, path: target });
        visit(target, found, depth + 1);
      } catch (error) {
        nested.set(target, { problem: TelarError.from(error).message, path: target });
      }
    }
  };
  visit(path, root);
  return { root, path, nested };
}

/** Problems of all documents of a project, the root's first. */
export function documentProblems(project: Project): Problem[] {
  const documents = [project.root, ...[...project.nested.values()].flatMap((one) => ('document' in one ? [one.document] : []))];
  return documents.flatMap((document) => document.problems);
}
