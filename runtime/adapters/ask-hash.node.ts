/**
 * What names a person's leave: a hash that is keyed with a secret of that person, kept outside of every workspace. A store that came
 * with a workspace from somebody else names leave by another key, and so allows nothing here.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import type { Sha256 } from '../ports.ts';
import { cacheFolder } from './cache-folder.node.ts';
import { makeKey, readKey } from './key-file.node.ts';

/** Names of leave for this person. */
export interface AskHash {
  readonly hash: Sha256;
  /** Makes the key where there is none; to be called before the first hash by who gives leave. @throws TelarError `unavailable` */
  keep(): void;
}

/** Over the key in a folder of this person; nothing is made before `keep`. */
export function createAskHash(folder: string = cacheFolder('')): AskHash {
  const path = join(folder, 'leave.key');
  let key: Buffer | undefined;
  return {
    // Without a key nobody has allowed anything, and a new one matches nothing.
    hash: (data) => createHmac('sha256', key ??= (folder === '' ? undefined : readKey(path)) ?? randomBytes(32)).update(data).digest('hex'),
    keep() {
      try {
        if (folder === '') throw new Error('no folder of this person can be written');
        key = makeKey(path);
      } catch (error) {
        throw new TelarError('unavailable', `Leave cannot be kept here (${(error as Error).message}); name a folder that can be written in TELAR_CACHE, or allow it for one run with \`--trust\`.`, {}, { cause: error });
      }
    },
  };
}
