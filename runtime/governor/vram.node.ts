/**
 * What node-llama-cpp finds here: whether its binary loads, on which graphics card, and the memory of that. It is asked in a process of its own,
 * which ends with the answer: native code that does not fit this machine may take its process with it. No model is loaded.
 */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import type { Sample } from './governor.ts';

/** What was found, or why nothing was. */
export type Probed = { readonly ok: true; readonly gpu: string | false; readonly vram?: Sample['vram'] & {} } | { readonly ok: false; readonly reason: string };

/** Longest time for an answer, in milliseconds; it takes half a second, more on a machine that is busy. */
const PATIENCE = 1_200;

/** It tries its binaries in processes that it forks with our arguments: without them, or they would do the same again. */
const SOURCE = `process.execArgv.length = 0;
const { getLlama } = await import(process.argv[1]);
const llama = await getLlama({ gpu: 'auto', build: 'never', skipDownload: true, progressLogs: false, logLevel: 'disabled' });
const vram = llama.gpu === false ? undefined : await llama.getVramState();
process.stdout.write(JSON.stringify({ gpu: llama.gpu, ...(vram === undefined ? {} : { vram: { total: vram.total, free: vram.free } }) }), () => process.exit(0));`;

/** Asks. @param entry the module of node-llama-cpp; absolute */
export function probeLlama(entry: string, patience: number = PATIENCE): Promise<Probed> {
  return new Promise((resolve) => {
    const options = { timeout: patience, killSignal: 'SIGKILL', maxBuffer: 65_536, windowsHide: true } as const;
    execFile(process.execPath, ['--input-type=module', '-e', SOURCE, pathToFileURL(entry).href], options, (error, stdout, stderr) => {
      const reason = error === null ? undefined : error.killed === true ? `no answer within ${patience / 1000} s` : error.signal !== null && error.signal !== undefined ? `its process was ended by ${error.signal}`
        : /^\w*Error.*$/m.exec(stderr)?.[0] ?? `its process ended with ${String(error.code)}`;
      if (reason !== undefined) { resolve({ ok: false, reason: reason.slice(0, 300) }); return; }
      try { resolve({ ok: true, ...JSON.parse(stdout) as { gpu: string | false; vram?: Sample['vram'] & {} } }); } catch { resolve({ ok: false, reason: 'its answer could not be read' }); }
    });
  });
}
