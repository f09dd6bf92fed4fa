/**
 * Makes `dist/`: the core without its types, file by file, for packages (Node strips no types under `node_modules`). Nothing is bundled:
 * children are started by the paths of their files, and an error's place is still that of the source. Run by `npm pack`.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dist = join(home, 'dist');
const FLOORS = ['contracts', 'nodes', 'runtime'];
const COPIED = /\.(yaml|json|py|mjs)$/;

/** In imports, and in `new URL(…, import.meta.url)`, what ends in `.ts` ends in `.js` there. */
const renamed = (code) => code.replace(/(\b(?:from|import)\s*\(?\s*|\bnew URL\(\s*)(['"])([^'"\n]+)\.ts\2/g, '$1$2$3.js$2');

rmSync(dist, { recursive: true, force: true });
let count = 0;
for (const floor of FLOORS) {
  for (const path of readdirSync(join(home, floor), { recursive: true })) {
    const from = join(home, floor, path);
    const to = join(dist, floor, path);
    const isCode = path.endsWith('.ts') && !path.endsWith('.d.ts');
    if (!isCode && !COPIED.test(path)) continue;
    mkdirSync(dirname(to), { recursive: true });
    if (isCode) writeFileSync(to.replace(/\.ts$/, '.js'), renamed(stripTypeScriptTypes(readFileSync(from, 'utf8'), { mode: 'strip' })));
    else copyFileSync(from, to);
    count += 1;
  }
}
// The children may read little; this tells them that `.js` is a module, and everyone the version.
const { name, version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, type: 'module' }, undefined, 2)}\n`);
console.log(`dist: ${count} files`);
