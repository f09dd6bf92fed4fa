/** Replacing code under a contract: the difference is shown, a person agrees, what was there is kept, then the file is written. In this order. */
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { FILE_HEADERS_ONLY, createTwoFilesPatch } from 'diff';
import { TelarError } from '../../../../contracts/errors.ts';
import { keepReplaced } from '../../../regenerate/archive.ts';
import type { Arguments } from '../arguments.node.ts';
import type { Host } from '../host.node.ts';
import { deliver } from '../paths.node.ts';
import { clean, colour, terminal } from '../terminal.node.ts';

/** What would be written. `before` is absent where there is no file, `after` where it would go. */
export interface Offer { readonly before: string | undefined; readonly after: string | undefined; readonly what: string }

/** Where. */
export interface Target { readonly contract: string; readonly path: string; readonly shown: string; readonly root: string }

/** Shows, asks, keeps, writes. @returns whether it was written, and the record that keeps what was there @throws TelarError `disk-full`, `read-only`, `refused` */
export async function replaceCode({ before, after, what }: Offer, { contract, path, shown, root }: Target, host: Host, args: Arguments): Promise<{ readonly written: boolean; readonly diff: string; readonly kept?: string }> {
  const diff = before === after ? '' : createTwoFilesPatch(before === undefined ? '/dev/null' : shown, after === undefined ? '/dev/null' : shown, before ?? '', after ?? '', undefined, undefined, { context: 3, headerOptions: FILE_HEADERS_ONLY });
  const json = args.flags.json === true;
  if (diff === '') {
    if (!json) terminal.out(`${shown} is the same text already.\n`);
    return { written: true, diff };
  }
  if (!json && args.flags.quiet !== true) terminal.out(painted(diff));
  if (args.flags.yes !== true && !await agreed(json, shown)) return { written: false, diff };
  // A model takes minutes, and a person may have worked on the file meanwhile.
  const now = statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(path, 'utf8');
  if (now !== before) throw new TelarError('refused', `${shown} was changed since it was read, so nothing was written. Look at it, and give the command again.`, { path });
  const file = relative(root, path).split(sep).join('/');
  const kept = await keepReplaced({ contract, file, what, ...(before === undefined ? {} : { before }) }, { store: host.store, newRun: () => host.newRun(), date: () => host.clock.date() });
  if (after === undefined) rmSync(path, { force: true });
  else {
    mkdirSync(dirname(path), { recursive: true });
    deliver([after], path);
  }
  if (!json && args.flags.quiet !== true) terminal.out(`${after === undefined ? `${shown} is gone` : `${shown} is written`}; \`telar contract undo ${contract}\` takes that back.\n`);
  return { written: true, diff, kept };
}

/** Whether a person agrees. Where nobody can be asked, nothing is written. @throws TelarError `cancelled` by the keyboard */
async function agreed(json: boolean, shown: string): Promise<boolean> {
  if (json || process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    terminal.error(`Nothing was written: add --yes to write ${shown}.`);
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const stop = new AbortController();
  lines.on('SIGINT', () => { stop.abort(); });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`Write ${shown}? [y/N] `, { signal: stop.signal })).trim());
  } catch (error) {
    throw new TelarError('cancelled', 'Stopped by the keyboard.', {}, { cause: error });
  } finally {
    lines.close();
  }
}

const painted = (diff: string): string => diff.split('\n').map((line) => (line.startsWith('+') ? colour.green(clean(line)) : line.startsWith('-') ? colour.red(clean(line)) : clean(line))).join('\n');

/** A file, with a line where there is one. */
export const nearLine = (shown: string, line: number | undefined): string => (line === undefined ? shown : `${shown}:${line}`);
