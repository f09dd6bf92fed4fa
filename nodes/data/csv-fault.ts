/**
 * Finds what is wrong with a CSV file once an engine has refused it: the first line that is not UTF-8, has another number of
 * fields than the first, or opens a quote that never ends. Runs only after a failure, so a good file costs nothing.
 */

/** A fault with its line in the file, from 1. */
export interface CsvFault { readonly line: number; readonly message: string }

const LF = 10;
const CR = 13;
const QUOTE = 34;
/** Longest line that the engine takes. */
const LONGEST = 2_000_000;

/** The separator that a CSV's first line shows: the most frequent of comma, tab, semicolon and bar outside quotes; a comma when none is there. */
export function sniffDelimiter(bytes: Uint8Array): string {
  const counts = new Map([[',', 0], ['\t', 0], [';', 0], ['|', 0]]);
  let quoted = false;
  for (let at = 0; at < Math.min(bytes.length, 1 << 20); at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && (byte === LF || byte === CR)) break;
    else if (!quoted && counts.has(String.fromCharCode(byte))) counts.set(String.fromCharCode(byte), counts.get(String.fromCharCode(byte))! + 1);
  }
  let best = ',';
  for (const [char, count] of counts) if (count > counts.get(best)!) best = char;
  return best;
}

/** The first line of bytes that are not UTF-8; `undefined` when all are. */
export function notUtf8Line(bytes: Uint8Array): number | undefined {
  if (isUtf8(bytes)) return undefined;
  let line = 1;
  for (let from = 0; from < bytes.length;) {
    const next = bytes.indexOf(LF, from);
    const to = next < 0 ? bytes.length : next;
    if (!isUtf8(bytes.subarray(from, to))) return line;
    line += 1;
    from = to + 1;
  }
  return line;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The first structural fault of a CSV; `undefined` when its rows are all of one width. */
export function csvFault(bytes: Uint8Array, delim: string): CsvFault | undefined {
  const separator = new TextEncoder().encode(delim);
  let width: number | undefined;
  let fields = 1;
  let line = 1;
  let start = 1;
  let lineFrom = 0;
  let quoteLine = 0;
  let fieldEmpty = true;
  let rowEmpty = true;
  const endRow = (): CsvFault | undefined => {
    const row = { fields, line: start, empty: rowEmpty };
    fields = 1;
    rowEmpty = true;
    fieldEmpty = true;
    if (row.empty) return undefined;
    width ??= row.fields;
    return row.fields === width ? undefined : { line: row.line, message: `has ${count(row.fields)}, where the first line has ${width}` };
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (at - lineFrom > LONGEST) return { line, message: `is longer than ${LONGEST / 1e6} MB` };
    if (byte === LF) { line += 1; lineFrom = at + 1; }
    if (quoteLine > 0) {
      if (byte !== QUOTE) continue;
      if (bytes[at + 1] === QUOTE) at += 1;
      else quoteLine = 0;
    } else if (byte === QUOTE && fieldEmpty) {
      quoteLine = line;
      fieldEmpty = false;
      rowEmpty = false;
    } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) {
      const fault = endRow();
      if (fault !== undefined) return fault;
      start = line;
    } else if (byte === separator[0] && separator.every((one, index) => bytes[at + index] === one)) {
      fields += 1;
      fieldEmpty = true;
      rowEmpty = false;
      at += separator.length - 1;
    } else if (byte !== CR) {
      fieldEmpty = false;
      rowEmpty = false;
    }
  }
  if (quoteLine > 0) return { line: quoteLine, message: 'opens a quote that never ends' };
  return endRow();
}

const count = (fields: number): string => (fields === 1 ? '1 field' : `${fields} fields`);
