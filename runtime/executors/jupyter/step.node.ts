/**
 * Step: one job in a kernel, within its limits (R2, R5).
 *
 * Escalation: an interrupt, as the kernel's spec asks for it; after a grace the kill of its process group. A kernel that was killed, died, or keeps something of the step
 * going, or much memory, is not used again. Memory is what the kernel's processes have beyond what they had before; only Linux tells it of another process.
 */
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, TelarError } from '../../../contracts/errors.ts';
import type { Display, ObservedRead, Outcome } from '../../../contracts/node.ts';
import type { ExecuteContext } from '../../ports.ts';
import { memoryOfTree } from '../vitals.node.ts';
import { layOut, type Needs } from '../python/inputs.node.ts';
import { Receiver } from '../python/outputs.node.ts';
import { cancelled, stopped } from '../python/process.node.ts';
import type { JobProgram, Result } from '../python/wire.ts';
import { answerColumn } from './columns.node.ts';
import type { Kernel } from './kernel.node.ts';
import { RUN_CODE } from './sources.node.ts';

/** What the bridge leaves. `dirty`: something of the step goes on. */
interface KernelResult extends Result { readonly dirty?: boolean }

const WATCH = 100;
const LONGEST_TIMER = 2 ** 31 - 1;
/** A step may have this much, whatever its limit: an import of pandas takes more than a small limit. */
const LEAST_MEMORY = 256 * 1024 * 1024;
/** A kernel that holds more after a step is not used again. */
const HEAVY = 1024 * 1024 * 1024;
const LARGEST_RESULT = 256 * 1024 * 1024;
const LARGEST_DISPLAY = 16 * 1024 * 1024;
const MEDIA_TYPE = /^[a-z]+\/[\w.+-]+$/;
const READS: readonly ObservedRead['what'][] = ['file', 'stat', 'list', 'missing'];

/**
 * Runs one job.
 * @param grace milliseconds from the interrupt to the kill
 * @throws TelarError as an `Executor` does
 */
export async function runStep(kernel: Kernel, number: number, program: JobProgram, needs: Needs, context: ExecuteContext, grace: number): Promise<Outcome> {
  const { limits, signal, blobs, world } = context;
  const { home } = kernel;
  if (signal.aborted) throw cancelled();
  for (const [hash, bytes] of Object.entries(layOut(needs.blobs, blobs, home.in))) writeFileSync(join(home.in, hash), bytes);
  writeFileSync(join(home.in, 'job.json'), JSON.stringify({ number, program, memory: limits.memory, output: limits.output, ...(world === undefined ? {} : { world }) }));
  const before = memoryOfTree(kernel.pid, true) ?? 0;
  const displays: Display[] = [];
  const timers: NodeJS.Timeout[] = [];
  let output = 0;
  let why: ErrorCode | undefined;
  const kill = (code: ErrorCode): void => { why ??= code; kernel.kill(stopped(code, limits)); };
  const stop = (code: ErrorCode): void => {
    if (why !== undefined) return;
    why = code;
    kernel.interrupt();
    timers.push(setTimeout(() => kill(code), grace));
  };
  const spend = (bytes: number): boolean => {
    output += bytes;
    if (output > limits.output) stop('output-limit');
    return output <= limits.output;
  };
  const cancel = (): void => stop('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  timers.push(setTimeout(() => stop('timeout'), Math.min(limits.time, LONGEST_TIMER)));
  timers.push(setInterval(() => {
    if ((memoryOfTree(kernel.pid, true) ?? 0) > before + Math.max(limits.memory, LEAST_MEMORY)) kill('memory');
  }, WATCH));
  try {
    const reply = await kernel.execute(RUN_CODE, {
      stream: (name, text) => { if (why === undefined && spend(Buffer.byteLength(text))) context.emit(name, text); },
      display: (data) => { for (const [type, bytes] of viewsOf(data)) if (spend(bytes.length)) displays.push({ mediaType: type, hash: blobs.put(bytes), bytes: bytes.length }); },
      ask: (prompt) => answerColumn(prompt, needs, blobs, home.in),
    });
    const result = readResult(kernel, number);
    if (result?.dirty === true || (memoryOfTree(kernel.pid, true) ?? 0) > HEAVY) kernel.usable = false;
    if (why !== undefined) throw stopped(why, limits);
    if (result === undefined) throw lost(kernel, reply);
    if (result.error !== undefined) throw errorOf(result.error, limits);
    const receiver = new Receiver(result, [], home.out, blobs, needs);
    const outputs = receiver.outputs();
    const shown = [...displays, ...receiver.displays()];
    const warnings = result.warnings ?? [];
    return { outputs, reads: readsOf(result), ...(shown.length > 0 ? { displays: shown } : {}), ...(warnings.length > 0 ? { warnings } : {}) };
  } catch (error) {
    if (why !== undefined) throw stopped(why, limits);
    throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

/** What the bridge left; `undefined` when that is no result of this step, and the kernel is not used again. */
function readResult(kernel: Kernel, number: number): KernelResult | undefined {
  try {
    const path = join(kernel.home.out, 'result.json');
    const stat = lstatSync(path);
    if (stat.isFile() && stat.size <= LARGEST_RESULT) {
      const result = JSON.parse(readFileSync(path, 'utf8')) as KernelResult;
      if (result.number === number && Array.isArray(result.reads) && Array.isArray(result.blobs)) return result;
    }
  } catch { /* none */ }
  kernel.usable = false;
  return undefined;
}

function lost(kernel: Kernel, { ename, evalue }: Readonly<Record<string, unknown>>): TelarError {
  return new TelarError('lost', `The kernel did not finish the step${typeof ename === 'string' ? ` (${ename}: ${String(evalue).slice(0, 500)})` : ''}; run it again.`, { kernel: kernel.info.implementation, begun: true });
}

function errorOf({ code, message, line, type, traceback, column }: NonNullable<Result['error']>, limits: ExecuteContext['limits']): TelarError {
  if (code === 'memory' || code === 'output-limit') return stopped(code, limits, String(message));
  const facts = Object.fromEntries(Object.entries({ line, type, traceback, column }).filter(([, fact]) => fact !== undefined));
  return new TelarError(code === 'syntax' || code === 'refused' ? code : 'exception', String(message), facts);
}

/** Observed reads, bounded to what they may say. */
function readsOf({ reads }: KernelResult): ObservedRead[] {
  return reads.flatMap(({ what, path, saw }) => (READS.includes(what) && typeof path === 'string' && typeof saw === 'string' && saw.length <= 100 && !path.startsWith('/') ? [{ what, path, saw }] : []));
}

/** The views of a display, as bytes. Binary ones come in base64. */
function viewsOf(data: Readonly<Record<string, unknown>>): [string, Uint8Array][] {
  return Object.entries(data).flatMap(([type, value]): [string, Uint8Array][] => {
    if (type === 'text/plain' || !MEDIA_TYPE.test(type)) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const binary = /^(?:image|audio|video)\/(?!svg)|^application\/pdf$/.test(type);
    const bytes = binary ? Buffer.from(text, 'base64') : Buffer.from(text);
    return bytes.length <= LARGEST_DISPLAY ? [[type, new Uint8Array(bytes)]] : [];
  });
}
