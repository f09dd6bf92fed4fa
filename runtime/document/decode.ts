/**
 * Decode: bytes of a notebook to text. Strict, because a replacement character would silently change the file at the next
 * save (D1). The byte order mark stays in the text for the same reason.
 */
import { TelarError } from '../../contracts/errors.ts';

/**
 * The text of a notebook's bytes.
 * @param bytes the whole file
 * @param file its path, for messages
 * @throws TelarError `unreadable` with `line` and `byte` (offset from 0) of the first byte that is not UTF-8
 */
export function decodeNotebook(bytes: Uint8Array, file: string): string {
  const bad = firstInvalid(bytes);
  if (bad < bytes.length) {
    const line = lineOf(bytes, bad);
    const hex = `0x${(bytes[bad] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const guess = utf16 ? 'It looks like UTF-16' : 'It may be in an older encoding';
    throw new TelarError('unreadable', `${file} is not UTF-8: line ${line}, byte ${bad} is ${hex}. ${guess}; save it as UTF-8.`, { file, line, byte: bad });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TelarError('unreadable', `${file} is too large to be read as one text (${bytes.length} bytes); split it.`, { file, line: 1, byte: 0 }, { cause });
  }
}

/** Offset of the first byte of the first sequence that is not well-formed UTF-8; the length if there is none. */
function firstInvalid(bytes: Uint8Array): number {
  const tail = (at: number, low = 0x80, high = 0xbf): boolean => {
    const byte = bytes[at];
    return byte !== undefined && byte >= low && byte <= high;
  };
  let at = 0;
  while (at < bytes.length) {
    const head = bytes[at]!;
    let size = 0;
    if (head < 0x80) size = 1;
    else if (head >= 0xc2 && head <= 0xdf && tail(at + 1)) size = 2;
    // The second byte's limits shut out overlong forms, surrogates, and what lies beyond U+10FFFF.
    else if ((head & 0xf0) === 0xe0 && tail(at + 1, head === 0xe0 ? 0xa0 : 0x80, head === 0xed ? 0x9f : 0xbf) && tail(at + 2)) size = 3;
    else if (head >= 0xf0 && head <= 0xf4 && tail(at + 1, head === 0xf0 ? 0x90 : 0x80, head === 0xf4 ? 0x8f : 0xbf) && tail(at + 2) && tail(at + 3)) size = 4;
    if (size === 0) return at;
    at += size;
  }
  return at;
}

function lineOf(bytes: Uint8Array, until: number): number {
  let line = 1;
  for (let at = 0; at < until; at++) {
    if (bytes[at] === 10 || (bytes[at] === 13 && bytes[at + 1] !== 10)) line += 1;
  }
  return line;
}
