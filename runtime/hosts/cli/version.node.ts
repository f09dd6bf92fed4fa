/** The version of this package, from its own manifest. */
import { existsSync, readFileSync } from 'node:fs';

/** `0.1.0`. The manifest lies four folders up in a clone, five in a built package. */
export function readVersion(): string {
  for (const up of ['../../../package.json', '../../../../package.json']) {
    const url = new URL(up, import.meta.url);
    if (existsSync(url)) return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
  }
  return '0.0.0';
}
