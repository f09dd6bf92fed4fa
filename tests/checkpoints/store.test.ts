import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { storeSuite } from '../suites/store.ts';

storeSuite('memory store', sha256, () => ({ store: createMemoryStore(sha256) }));

storeSuite('store on disk', sha256, () => {
  const folder = mkdtempSync(join(tmpdir(), 'telar-'));
  return { store: openStore(folder), reopen: () => openStore(folder), end: () => rmSync(folder, { recursive: true }) };
});
