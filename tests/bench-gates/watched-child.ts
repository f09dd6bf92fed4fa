/** Loaded before the command line (`node --import`): writes the URL of every module it loads, and every process it starts, to `TELAR_WATCHED`. */
import child from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';

const note = (line: string): void => { appendFileSync(process.env.TELAR_WATCHED as string, `${line}\n`); };

registerHooks({ load: (url, context, next) => { note(`module ${url}`); return next(url, context); } });

for (const name of ['spawn', 'fork', 'execFile', 'spawnSync', 'execFileSync'] as const) {
  const real = child[name] as (...args: unknown[]) => unknown;
  Object.assign(child, { [name]: (...args: unknown[]) => { note(`process ${String(args[0])}`); return real(...args); } });
}
syncBuiltinESMExports();
