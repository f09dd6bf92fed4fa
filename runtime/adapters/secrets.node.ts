/**
 * Secrets from the environment. What stands for one in an action key is a keyed hash, whose key never leaves this workspace's store:
 * who has a bundle or a database can neither read a secret nor try guesses against it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Secrets } from '../ports.ts';

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

/** The workspace's own key; made at its first use. Of two processes that make it at once, both take the one that came first. */
function keyOf(state: string): Buffer {
  const path = join(state, 'secrets.key');
  const known = read(path);
  if (known !== undefined) return known;
  // A look into a folder without a store leaves nothing there, and finds nothing that a key could be of.
  if (!existsSync(state)) return randomBytes(32);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, randomBytes(32), { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return read(path) as Buffer;
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
