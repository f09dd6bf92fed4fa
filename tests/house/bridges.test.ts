/**
 * P1: the code that carries values into an engine and back can change a result, and is in the key by a number that a person
 * raises (`bridge` in the engine's identity). This test notices when that code has changed and the number has not been thought of.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { createWasmSql } from '../../runtime/executors/sql/wasm.node.ts';

const root = new URL('../../runtime/', import.meta.url);
const sources = (folder: string): string[] => readdirSync(new URL(`${folder}/`, root)).filter((name) => name.endsWith('.ts')).sort().map((name) => `${folder}/${name}`);
function digest(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of folders.flatMap(sources)) {
    // Comments and layout change nothing.
    const code = readFileSync(new URL(path, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').replace(/\s+/g, ' ');
    hash.update(`${path}\n${code}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

const BRIDGES = [
  { engine: createJavaScript(), folders: ['executors/javascript', 'values'], bridge: '1', code: '3fe1359ad1035a98' },
  { engine: createNativeSql({ root: '/' }), folders: ['executors/sql', 'values'], bridge: '2', code: 'f8a9797f3216dd34' },
  { engine: createWasmSql({ root: '/' }), folders: ['executors/sql', 'values'], bridge: '2', code: 'f8a9797f3216dd34' },
];

test.each(BRIDGES)('P1 the bridge of $engine.engine is the one that its number stands for: if it can give another result now, raise `bridge`; then record its new hash here', ({ engine, folders, bridge, code }) => {
  expect({ bridge: engine.identity().bridge, code: digest(folders) }).toEqual({ bridge, code });
});
