/** A folder in the system's temporary folder, for what needs one; runs keep theirs in the workspace. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';

/** Makes one, and names it by its real path. @throws TelarError `unavailable` */
export function makeTemporary(prefix: string): string {
  try {
    return realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TelarError('unavailable', `The temporary folder ${tmpdir()} cannot be written (${code}). Set TMPDIR to a folder that can be.`, { folder: tmpdir() }, { cause: error });
  }
}
