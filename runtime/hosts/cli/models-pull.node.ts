/**
 * `telar models pull`: fetches a GGUF file by node-llama-cpp's downloader, checks it, and writes a profile that pins it. What comes is
 * a file from elsewhere: its head is read strictly before anything is told of it, and a SHA-256 that was asked for has to be its own.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as NodeLlama from 'node-llama-cpp';
import { TelarError } from '../../../contracts/errors.ts';
import { findLibrary } from '../../executors/llama/library.node.ts';
import { personModels } from '../../models/library.node.ts';
import type { Arguments } from './arguments.node.ts';
import { checkName, hashed, written } from './models-change.node.ts';
import type { Place, Told } from './models-rows.node.ts';
import { stoppable } from './stoppable.node.ts';
import { colour, size, terminal } from './terminal.node.ts';

/** Milliseconds without a byte after which it is given up, and between two words of progress. */
const PATIENCE = 30_000;
const EVERY = 1000;

export async function pull(place: Place, rest: readonly string[], args: Arguments): Promise<Told> {
  const [uri, name] = rest;
  if (uri === undefined || name === undefined || rest.length > 2) throw new TelarError('usage', 'Say what is fetched and the name that the model gets here: telar models pull hf:USER/MODEL:QUANT NAME');
  if (!/^(?:hf:|https:\/\/|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)[:/])/.test(uri)) throw new TelarError('usage', `\`${uri.slice(0, 120)}\` is no address of a model; write hf:USER/MODEL:QUANT, or https://….gguf.`);
  const folder = personModels();
  checkName(name, folder, args);
  const final = join(folder, `${name}.gguf`);
  if (existsSync(final) && args.flags.yes !== true) throw new TelarError('usage', `${final} is there already. Take another name, or write over it with --yes.`);
  const found = findLibrary(import.meta.url);
  if (!found.ok) throw new TelarError('unavailable', found.reason);
  mkdirSync(folder, { recursive: true });
  const { createModelDownloader } = await import(pathToFileURL(found.library.entry).href) as typeof NodeLlama;
  const coming = `.${name}.${process.pid}.gguf`;
  try {
    const file = await stoppable((signal) => fetched(createModelDownloader, { modelUri: uri, dirPath: folder, fileName: coming }, signal, args.flags.quiet !== true));
    const sha256 = await hashed(file, args.text('sha256'));
    renameSync(file, final);
    const about = args.text('about') ?? `From ${uri.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//')}`;
    return await written(place, name, { provider: 'llama', file: `${name}.gguf`, sha256, parameters: {}, template: 'chat', about }, folder, { ...args, flags: { ...args.flags, user: true } });
  } finally {
    for (const left of [coming, `${coming}.ipull`]) rmSync(join(folder, left), { force: true });
  }
}

/** @returns the path of what came. @throws TelarError `unavailable`, `cancelled`, `bad-file` for what comes in several */
async function fetched(create: typeof NodeLlama.createModelDownloader, options: { readonly modelUri: string; readonly dirPath: string; readonly fileName: string }, signal: AbortSignal, isTold: boolean): Promise<string> {
  const late = new AbortController();
  let timer = setTimeout(() => { late.abort(); }, PATIENCE);
  let said = performance.now();
  const stop = AbortSignal.any([signal, late.signal]);
  const stopped = new Promise<never>((_resolve, reject) => { stop.addEventListener('abort', () => { reject(new Error(`nothing came for ${PATIENCE / 1000} s`)); }, { once: true }); });
  stopped.catch(() => {});
  try {
    const download = (async () => {
      const downloader = await create({
        ...options, showCliProgress: false, skipExisting: false, deleteTempFileOnCancel: true,
        onProgress: ({ totalSize, downloadedSize }) => {
          clearTimeout(timer);
          timer = setTimeout(() => { late.abort(); }, PATIENCE);
          if (!isTold || performance.now() - said < EVERY) return;
          said = performance.now();
          terminal.error(colour.grey(`${size(downloadedSize)} of ${size(totalSize)}`));
        },
      });
      if (downloader.entrypointFilename !== options.fileName) throw new TelarError('bad-file', 'The model comes in several files; take one that is whole.');
      return downloader.download({ signal: stop });
    })();
    download.catch(() => {});
    return await Promise.race([download, stopped]);
  } catch (error) {
    if (error instanceof TelarError) throw error;
    if (signal.aborted) throw new TelarError('cancelled', 'Stopped by the keyboard.', {}, { cause: error });
    const { message } = error as Error;
    const cause = (error as { readonly cause?: { readonly code?: string } }).cause?.code;
    throw new TelarError('unavailable', `${options.modelUri} cannot be fetched (${`${message}${cause === undefined ? '' : `, ${cause}`}`.slice(0, 200)}). Check the address and the network, or fetch the file elsewhere and take it by \`telar models add NAME --file MODEL.gguf\`.`, {}, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
