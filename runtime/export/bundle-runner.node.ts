/**
 * Makes `run.mjs`: the runner with the parts of the runtime that it uses, QuickJS and the contracts, in one file for Node 20. The same
 * installation gives the same bytes. Kinds and engines that are not carried are left out, with all their libraries.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { TelarError } from '../../contracts/errors.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = resolve(HERE, '..', '..');
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Kinds that a skill does itself. */
const KINDS = /^\.\/(?:(?:data|input|javascript|check|graph)\/index|view\/(?:text|chart))\.[tj]s$/;
/** What only an engine or a picture needs: drawing, Arrow files, Parquet. */
const HEAVY = /(?:\/values\/export|\/view\/render-chart|context-arrow)\.[tj]s$/;

/** Node 20 has it not. */
const BANNER = `#!/usr/bin/env node
import { createRequire as requireOf } from 'node:module';
const require = requireOf(import.meta.url);
Map.groupBy ??= (all, of) => { const groups = new Map(); let at = 0; for (const one of all) { const key = of(one, at++); const group = groups.get(key); if (group) group.push(one); else groups.set(key, [one]); } return groups; };
Object.groupBy ??= (all, of) => { const groups = Object.create(null); let at = 0; for (const one of all) (groups[of(one, at++)] ??= []).push(one); return groups; };`;

const leaveOut: Plugin = {
  name: 'leave-out',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, kind, importer }) => {
      if (kind !== 'dynamic-import') return undefined;
      const isKind = importer === join(HOME, 'nodes', `index.${ENDING}`);
      return (isKind && !KINDS.test(path)) || HEAVY.test(path) ? { path, namespace: 'left-out' } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'throw new Error("not carried in a skill")', loader: 'js' }));
  },
};

let made: Promise<string> | undefined;

/** The text of `run.mjs`; made once in a process. @throws TelarError `unavailable` */
export function runnerText(): Promise<string> { return made ??= bundle(); }

async function bundle(): Promise<string> {
  const require = createRequire(import.meta.url);
  const { build } = await import('esbuild');
  const wasm = readFileSync(require.resolve('@jitl/quickjs-wasmfile-release-sync/wasm')).toString('base64');
  const { version } = require('@jitl/quickjs-wasmfile-release-sync/package.json') as { version: string };
  const carried = JSON.stringify({ wasm, quickjs: version, contracts: contracts() });
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { start } from '../skill-runner/run.node.${ENDING}';\nconst here = new URL(import.meta.url);\nconst root = decodeURIComponent(new URL('..', here).pathname).replace(/^\\/([A-Za-z]:)/, '$1');\nawait start(${carried}, root, here);`,
        resolveDir: HERE, loader: 'js', sourcefile: 'run.mjs',
      },
      absWorkingDir: HOME, bundle: true, write: false, platform: 'node', format: 'esm', target: 'node20', minify: true, keepNames: false, legalComments: 'none', charset: 'utf8',
      logLevel: 'silent', banner: { js: BANNER }, plugins: [leaveOut], define: { 'process.env.NODE_ENV': '"production"' },
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new TelarError('unavailable', `The runner of a skill cannot be made: ${(error as Error).message.split('\n')[0]}. Run npm install again.`, {}, { cause: error });
  }
}

function contracts(): Record<string, string> {
  const folder = join(HOME, 'contracts', 'nodes');
  const names = readdirSync(folder, { recursive: true }).map((name) => String(name).split(sep).join('/')).filter((name) => name.endsWith('.yaml')).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

