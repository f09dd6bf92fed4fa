/**
 * Reading files that need no engine: texts, JSON that is no list of records, and what is compressed.
 */
import { TelarError } from '../../contracts/errors.ts';
import { notUtf8Line } from './csv-fault.ts';

/** The bytes of a `.gz` file unpacked; others as they are. @throws TelarError `bad-file`, `output-limit` beyond `limit` bytes */
export async function unpack(bytes: Uint8Array, file: string, limit: number): Promise<Uint8Array> {
  if (!file.toLowerCase().endsWith('.gz')) return bytes;
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > limit) throw new TelarError('output-limit', `\`${file}\` unpacks to more than ${limit} bytes; raise \`memory\`, or unpack it and read it as a table.`, { file });
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('bad-file', `\`${file}\` is not whole gzip data; pack it again.`, { file }, { cause: error });
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

/** A text from its bytes, without a byte order mark. @throws TelarError `bad-file` with the line that is not in this encoding */
export function decodeText(bytes: Uint8Array, file: string, encoding: string): string {
  try {
    return new TextDecoder(encoding === 'latin-1' ? 'iso-8859-1' : encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw encodingError(bytes, file, encoding, error);
  }
}

/** The error of a file that is not in the encoding it should have. */
export function encodingError(bytes: Uint8Array, file: string, encoding: string, cause?: unknown): TelarError {
  const line = encoding === 'utf-8' ? notUtf8Line(bytes) : undefined;
  const place = line === undefined ? '' : `, line ${line},`;
  return new TelarError('bad-file', `\`${file}\`${place} is not ${encoding.toUpperCase()}; save it as UTF-8, or say \`encoding: latin-1\` where that is what it is.`, { file, ...(line === undefined ? {} : { fileLine: line }) }, { cause });
}

/** JSON with integers exact at any size. @throws TelarError `bad-file` with the line where it stops being JSON */
export function parseExactJson(text: string, file: string): unknown {
  try {
    // The third argument, the number as written, is newer than the library's types.
    const exact = (_key: string, value: unknown, context?: { source?: string }): unknown => (
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value);
    return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as unknown;
  } catch (error) {
    const message = (error as Error).message;
    const at = /position (\d+)/.exec(message);
    const line = at === null ? undefined : text.slice(0, Number(at[1])).split('\n').length;
    throw new TelarError('bad-file', `\`${file}\`${line === undefined ? '' : `, line ${line},`} is not valid JSON: ${message}.`, { file, ...(line === undefined ? {} : { fileLine: line }) }, { cause: error });
  }
}

/** Whether JSON begins like a list of records. */
export function looksLikeRecords(bytes: Uint8Array): boolean {
  return /^\uFEFF?\s*\[\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 4096)));
}
