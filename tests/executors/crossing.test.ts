/** Values through every ordered pair of engines. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { createPython } from '../../runtime/executors/python/python.node.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { valuesCrossing } from '../suites/values-crossing.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'telar-crossing-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

valuesCrossing({
  javascript: () => createJavaScript(),
  python: () => createPython({ root, cache: root, scratch: root }),
  sql: () => createNativeSql({ root }),
});
