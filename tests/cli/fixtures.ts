/** What the tests of the command line share: a small notebook without slow engines, and preloads that watch or hide what Node can do. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fence, sql, yaml } from '../support/cli.ts';

/** Input, two queries, text, check, and a nested notebook: no Python. */
export const small = {
  'small.telar.md': `---
telar: 1
outputs: [told]
---
${yaml('least', 'input', 'type: integer\ndefault: 2')}${sql('days', "select * from (values (1, date '2020-01-01', 1.10::decimal(9,2), 9007199254740993::bigint, 'a,b'), (2, date '2020-02-03', 2.25, -1, null), (3, null, 3.00, 0, '')) as t(n, day, price, big, word)")}${
  sql('some', 'select n, price from days where n >= {{ least }} order by n')}${yaml('inner', 'graph', 'use: inner.telar.md', 'in.rows=some')}${
  fence('text', '#told .text', '{{ inner.count.k }} rows from {{ least }}')}${yaml('sane', 'check', '- table: some\n  columns: {n: {not_null: true}}')}`,
  'inner.telar.md': `---
telar: 1
outputs: [count]
---
${yaml('rows', 'input', 'type: table')}${sql('tally', 'select count(*) as k from rows')}${fence('javascript', '#count', '[...tally][0]')}`,
};

/** Files and folders below a folder, with the lengths of files. */
export function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => { const path = join(entry.parentPath, entry.name); return `${path} ${entry.isFile() ? readFileSync(path).length : '/'}`; }).sort();
}

/** `NODE_OPTIONS` that load a script before all else. */
export function preload(folder: string, name: string, code: string): { NODE_OPTIONS: string } {
  const path = join(folder, name);
  writeFileSync(path, code);
  return { NODE_OPTIONS: `--require ${JSON.stringify(path)}` };
}

/** Writes a line into `canary` whenever a process or thread is started, a name looked up, or a connection made. */
export const canary = (path: string): string => `
const { appendFileSync } = require('node:fs');
const sing = (what) => appendFileSync(${JSON.stringify(path)}, what + '\\n');
const wrap = (object, name, what) => { const old = object[name]; object[name] = function (...args) { sing(what + ' ' + String(args[0])); return old.apply(this, args); }; };
const children = require('node:child_process');
for (const name of ['spawn', 'spawnSync', 'fork', 'exec', 'execSync', 'execFile', 'execFileSync']) wrap(children, name, name);
wrap(require('node:net').Socket.prototype, 'connect', 'connect');
for (const name of ['lookup', 'resolve']) { wrap(require('node:dns'), name, 'dns'); wrap(require('node:dns').promises, name, 'dns'); }
for (const name of ['http', 'https']) { wrap(require('node:' + name), 'request', name); wrap(require('node:' + name), 'get', name); }
wrap(globalThis, 'fetch', 'fetch');
const threads = require('node:worker_threads');
threads.Worker = class extends threads.Worker { constructor(...args) { sing('worker'); super(...args); } };
require('node:module').syncBuiltinESMExports();
`;

/** Makes a package as good as not installed. */
export const hide = (name: string): string => `
const Module = require('node:module');
const old = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (request === ${JSON.stringify(name)} || request.startsWith(${JSON.stringify(`${name}/`)})) throw Object.assign(new Error('hidden: ' + request), { code: 'MODULE_NOT_FOUND' });
  return old.call(this, request, ...rest);
};
`;
