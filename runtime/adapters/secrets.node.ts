/**
 * Secrets from the environment. What stands for one in an action key is a keyed hash, whose key never leaves this workspace's store:
 * who has a bundle or a database can neither read a secret nor try guesses against it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Secrets } from '../ports.ts';
import { makeKey } from './key-file.node.ts';

/** @param state the workspace's `.telar`; absolute */
export function createSecrets(state: string): Secrets {
  const get = (name: string): string | undefined => (process.env[name] === '' ? undefined : process.env[name]);
  let key: Buffer | undefined;
  return {
    get,
    fingerprint: (name) => {
      const value = get(name);
      if (value === undefined) return undefined;
      key ??= keyOf(state);
      return createHmac('sha256', key).update(`${name}\0${value}`).digest('hex');
    },
  };
}

/** The workspace's own key; made at its first use. */
function keyOf(state: string): Buffer {
  // A look into a folder without a store leaves nothing there, and finds nothing that a key could be of.
  return existsSync(state) ? makeKey(join(state, 'secrets.key')) : randomBytes(32);
}
