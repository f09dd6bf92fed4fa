/**
 * Sources: the Python files of this folder, in the order of their loading, and their hash, which is part of the engine's identity.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NAMES = ['boot', 'values', 'table', 'web', 'reset', 'step'];

/** Name and text of each. */
export const SOURCES = (): [string, string][] => NAMES.map((name) => [name, readFileSync(fileURLToPath(new URL(`${name}.py`, import.meta.url)), 'utf8')]);

/** SHA-256 over all of them. */
export function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const [name, source] of SOURCES()) hash.update(`${name}\0${source}\0`);
  return hash.digest('hex');
}
