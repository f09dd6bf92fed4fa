#!/usr/bin/env node
/**
 * The `telar` command. Plain JavaScript that any Node from 18 on can read: it goes on under the Node that Telar pins (the
 * npm package `node`), so that every machine runs steps under the same engine, and starts the command line there.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Path of the pinned Node; undefined where its package has no binary for this machine. */
function pinnedNode() {
  try {
    const manifest = require.resolve('node/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    const path = join(dirname(manifest), typeof bin === 'string' ? bin : bin.node);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps compiled code (and stripped types) between starts: this halves the time of a run in which all is reused.
 * Not where the temporary folder cannot be written: under `/proc` Node would try for ever to make its own there.
 */
function keepCompiled() {
  try {
    rmdirSync(mkdtempSync(join(tmpdir(), 'telar-')));
  } catch {
    return;
  }
  module.enableCompileCache?.();
}

const wanted = 26;
const major = Number(process.versions.node.split('.')[0]);
const source = join(here, 'cli.node.ts');
const entry = existsSync(source) ? source : join(here, '..', '..', 'dist', 'runtime', 'hosts', 'cli.node.js');

if (major >= wanted) {
  keepCompiled();
  const { main } = await import(pathToFileURL(entry).href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(`telar needs Node ${wanted} or later and found ${process.versions.node}. Run \`npm install\` again, or install Node ${wanted}.`);
    process.exit(4);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => { process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1); });
}
