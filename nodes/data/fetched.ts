/**
 * What an address answers, as a file: the rest of `data` reads it as it reads one beside the notebook, through a context in which there
 * is nothing else. The answer is kept in the store first, so that an engine in another process has it too.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { StepContext } from '../../contracts/node.ts';
import { formatOfMedia, nameInUrl, type DataBody, type Known } from './body.ts';

/** A fetched file. */
export interface Fetched {
  readonly body: Known;
  readonly context: StepContext;
  /** Does something, and calls the file by its address in what goes wrong. */
  named<T>(work: () => Promise<T>): Promise<T>;
}

const EXTENSION: Readonly<Record<string, string>> = { text: 'txt', bytes: 'bin' };

/** Asks the address. @throws TelarError `network` for an answer that is no success, and what `fetch` throws */
export async function fetched(body: DataBody, url: string, context: StepContext): Promise<Fetched> {
  const { status, headers, body: bytes } = await context.fetch({ url, method: 'GET', headers: {} });
  if (status < 200 || status > 299) throw new TelarError('network', `${url}: the server answered ${status}. ${status === 404 || status === 410 ? 'Correct the address.' : status === 429 || status >= 500 ? 'Try again later; `retries=` on the fence does so by itself.' : 'Correct what is asked; an `http` node can send headers.'}`, { status });
  const format = body.format ?? formatOfMedia(headers['content-type'] ?? '');
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b && format !== 'bytes' && format !== 'parquet' && format !== 'arrow';
  const known = /\.([a-z0-9]+)$/i.exec(nameInUrl(url))?.[1]?.toLowerCase();
  const file = `download.${format === 'bytes' && known !== undefined ? known : format === 'text' && known === 'md' ? 'md' : EXTENSION[format] ?? format}${packed ? '.gz' : ''}`;
  return {
    body: { ...body, file, format },
    context: {
      ...context, readFile: () => bytes, glob: () => [],
      execute: (program) => context.execute({ ...program, files: [], given: { [file]: 'download' } }, { download: { ref: context.store(bytes, { form: 'bytes' }).ref! } }),
    },
    named: async (work) => {
      try {
        return await work();
      } catch (error) {
        const { code, message, data } = TelarError.from(error);
        const { file: _, ...facts } = data;
        throw new TelarError(code, message.replaceAll(file, url), { ...facts, url }, { cause: error });
      }
    },
  };
}
