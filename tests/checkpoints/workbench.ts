/** Folders and stores for tests of the store, ended after each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { openStore, type DiskStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Damage } from '../../runtime/checkpoints/store.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Does something after the test. */
export function finally_(end: () => unknown): void { ends.push(end); }

/** A new folder that goes away. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'telar-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in a folder, with what it found damaged. */
export function openIn(folder: string): { readonly store: DiskStore; readonly damage: Damage[] } {
  const damage: Damage[] = [];
  const store = openStore(folder, { onDamage: (found) => damage.push(found) });
  ends.push(() => store.close().catch(() => {}));
  return { store, damage };
}
