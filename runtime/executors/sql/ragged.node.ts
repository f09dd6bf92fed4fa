/** The first row of a CSV file with another number of columns than its header: what DuckDB's sniffer does not tell. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes that are looked at. */
const SEEN = 67_108_864;
const PIECE = 1_048_576;

/** @returns `undefined` when the part that is looked at has none, or the file cannot be read */
export function raggedLine(path: string, delimiter: string): { readonly line: number; readonly expected: number; readonly found: number } | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return scan(file, delimiter.charCodeAt(0));
  } finally {
    closeSync(file);
  }
}

const QUOTE = 34;
const LF = 10;

function scan(file: number, delimiter: number): ReturnType<typeof raggedLine> {
  const piece = new Uint8Array(PIECE);
  let expected: number | undefined;
  let [line, start, columns, quoted, empty] = [1, 1, 1, false, true];
  for (let seen = 0; seen < SEEN;) {
    const size = readSync(file, piece);
    for (let at = 0; at < size; at += 1) {
      const byte = piece[at];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === delimiter && !quoted) columns += 1;
      if (byte !== LF) { empty = false; continue; }
      line += 1;
      if (quoted) continue;
      if (!empty && expected !== undefined && columns !== expected) return { line: start, expected, found: columns };
      if (!empty) expected ??= columns;
      [start, columns, empty] = [line, 1, true];
    }
    if (size < PIECE) return !empty && expected !== undefined && columns !== expected ? { line: start, expected, found: columns } : undefined;
    seen += size;
  }
  return undefined;
}
