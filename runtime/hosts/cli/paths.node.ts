/** Paths as a person reads them: from the folder where the command was given. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Workspace } from '../../adapters/workspace.node.ts';
import { terminal } from './terminal.node.ts';

/** A workspace path from the folder of now, or absolute where that is shorter. */
export function shownPath(workspace: Workspace, file: string): string {
  const path = join(workspace.root, file);
  const near = relative(process.cwd(), path);
  return near.startsWith('../../..') || near.length > path.length ? path : near;
}

/** Writes pieces to standard output, or atomically into a file that the person named with `-o`. @throws TelarError `disk-full`, `read-only` */
export function deliver(pieces: Iterable<string | Uint8Array>, path: string | undefined): void {
  if (path === undefined || path === '-') { for (const piece of pieces) terminal.out(piece); return; }
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      for (const piece of pieces) writeAll(file, typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof TelarError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new TelarError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'read-only', `${path} cannot be written (${code}); what was there is as it was.`, { path }, { cause: error });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
