/** What the command line writes and how it ends: one place for streams, colours and exit statuses. */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { NodeStatus } from '../../../contracts/protocol.ts';
import type { VerifyReport } from '../../replay/verify.ts';

const wantsColour = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb';

/** Standard output and error. A reader that goes away early (`| head`) is no error. */
export const terminal = {
  out(text: string | Uint8Array): void { process.stdout.write(text); },
  error(text: string): void { process.stderr.write(`${text}\n`); },
  get isLive(): boolean { return process.stdout.isTTY === true && process.env.CI === undefined && process.env.TERM !== 'dumb'; },
  get width(): number { return process.stdout.columns ?? 100; },
};
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0); throw error; });

const paint = (code: number) => (text: string): string => (wantsColour(process.stdout) ? `\u001b[${code}m${text}\u001b[0m` : text);
export const colour = { red: paint(31), green: paint(32), yellow: paint(33), blue: paint(34), grey: paint(90), bold: paint(1) };

/** Codes of definition errors and of bad usage: status 2. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'missing-name', 'ambiguous-name', 'cycle', 'duplicate-id', 'unknown-kind', 'unknown-key', 'syntax', 'rebinding', 'bad-value', 'missing-key',
  'front-matter', 'generation', 'conflict', 'not-utf8', 'bad-id', 'cross-language', 'unwired-input', 'type-mismatch', 'not-in-generation',
  'usage', 'unreadable', 'newer-generation', 'unknown-run',
]);

/** Exit status of a command that ended with this error. A notebook that is not there, or is a folder, is bad usage too. */
export function exitOf(error: { readonly code: string }): number {
  if (error.code === 'cancelled') return 130;
  if (UNREADABLE.has(error.code) || error.code === 'missing-file' || error.code === 'bad-file') return 2;
  if (error.code === 'check-red') return 3;
  // What a bundle says and what it holds differ.
  if (error.code === 'forged') return 5;
  return error.code === 'unavailable' || error.code === 'input-gone' ? 4 : 1;
}

/** Exit status of a run: the first that applies of 130, 2, 1, 3, 4, 0. */
export function exitOfRun(cancelled: boolean, nodes: Iterable<NodeStatus>, definitionErrors: boolean): number {
  if (cancelled) return 130;
  const errors: ErrorJSON[] = [];
  let lacking = false;
  for (const { state, error } of nodes) {
    if (error !== undefined && state === 'failed') errors.push(error);
    lacking ||= state === 'unavailable' || error?.code === 'unavailable';
  }
  if (definitionErrors || errors.some((error) => UNREADABLE.has(error.code))) return 2;
  if (errors.some((error) => error.code !== 'check-red' && error.code !== 'unavailable')) return 1;
  if (errors.some((error) => error.code === 'check-red')) return 3;
  return lacking ? 4 : 0;
}

/** Exit status of a verification: 5 when something differs, 4 when something could not be done here. */
export function exitOfVerify({ divergent, leftOut }: Pick<VerifyReport, 'divergent' | 'leftOut'>): number {
  if (divergent.length > 0) return 5;
  return leftOut.some(({ why }) => why === 'unavailable' || why === 'input-gone') ? 4 : 0;
}

/** `1.2 s`, `340 ms`. */
export function duration(ms: number): string {
  if (ms < 0.5) return '0 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `12 B`, `3.4 MB` (powers of 1000). */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const unit = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][unit]}`;
}

/** `1 run`, `2 runs`. */
export const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;

/** A text from elsewhere on one line: nothing of it moves the cursor, or turns what stands beside it. */
// oxlint-disable-next-line no-control-regex
export const clean = (text: unknown): string => String(text).replace(/\s*[\r\n]+\s*/g, ' ⏎ ').replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '�');
