/**
 * `npm run bench:peers`: installs the peers of the benchmarks that are heavy or need a compiler, here and not with the product:
 * LangGraph.js with its SQLite saver (from this folder's lock file) and marimo (into the virtual environment `.python`).
 * What cannot be installed is told; its benchmark then says so instead of giving a peer's figure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const windows = process.platform === 'win32';
// The pinned Node has no headers beside it: what is compiled is compiled for the Node of the machine.
const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter);
const does = (command, args) => spawnSync(command, args, { cwd: here, stdio: 'inherit', shell: windows, env: { ...process.env, PATH: path } }).status === 0;

const python = join(here, '.python', ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const marimo = (existsSync(python) || does(windows ? 'python' : 'python3', ['-m', 'venv', '.python'])) && does(python, ['-m', 'pip', 'install', '--quiet', 'marimo==0.25.2']);
const langgraph = does('npm', ['ci', '--no-audit', '--no-fund']);
for (const [name, there] of Object.entries({ marimo, 'LangGraph.js': langgraph })) console.log(`${name}: ${there ? 'installed' : 'could not be installed here'}`);
process.exitCode = marimo && langgraph ? 0 : 1;
