/** A coordinator that starts a kernel, says its process number, and is killed: `node jupyter-child.ts`. */
import { jupyterBench } from './jupyter.ts';

const bench = jupyterBench();
process.stdout.write(`${String(await bench.value('import os, subprocess\nos.getpid()'))} ${bench.home}\n`);
void bench.run('import subprocess\nsubprocess.run(["sleep", "60"])', { time: 60_000 });
