/**
 * Comparing two values of an output (C4): whether they are identical, equal by the output's rule, or different, and how they differ,
 * in words. Identical values are not read; others as far as it takes to tell.
 *
 * Not here: which rule an output has (`rules.ts`), and which values of two runs belong together (`runs.ts`).
 */
import type { OutputValue } from '../../contracts/node.ts';
import { TelarError } from '../../contracts/errors.ts';
import type { Blobs, ValueRef } from '../../contracts/values.ts';
import { decodeArray } from '../values/array.ts';
import { decodeRecord } from '../values/record.ts';
import { byteWords } from './bytes.ts';
import { imageWords } from './image.ts';
import { arrayWords, closeArrays } from './numbers.ts';
import { compareRecords, differenceWords } from './record.ts';
import type { Manner, Rule } from './rules.ts';
import { compareColumns, equalRows, Side } from './table.ts';
import { tableWords } from './table-words.ts';
import { textWords } from './text.ts';
import { LINES, oneLine, short } from './words.ts';

/** What comparing two values came to. */
export interface Comparison {
  /** `identical`: the same form, bytes and media type. `equal`: not so, but the same by the rule. */
  readonly verdict: 'identical' | 'equal' | 'different';
  /** One line: what differs, or how it came out equal. */
  readonly summary: string;
  /** The difference in more words; at most some dozens of lines. */
  readonly lines: readonly string[];
}

/** Largest record or text of which the contents are compared; a larger one is compared by its bytes. */
const LARGE = 32 * 1024 * 1024;
const BYTES: Manner = { tolerance: 0, ordered: true };

/**
 * Compares two values of one output. The verdict is the same whichever is called the first.
 * @throws TelarError `value-missing` when a value that must be read is gone; `damaged` when it cannot be read
 */
export function compareValues(before: OutputValue, after: OutputValue, rule: Rule, blobs: Blobs): Comparison {
  const told = compare(before, after, rule, blobs);
  return { ...told, summary: oneLine(told.summary), lines: told.lines.slice(0, LINES).map(oneLine) };
}

const equal = (summary: string): Comparison => ({ verdict: 'equal', summary, lines: [] });
const different = (summary: string, lines: readonly string[] = []): Comparison => ({ verdict: 'different', summary, lines });

function compare(before: OutputValue, after: OutputValue, rule: Rule, blobs: Blobs): Comparison {
  const [a, b] = [before.ref, after.ref];
  if (a !== undefined && b !== undefined && sameContent(a, b)) return { verdict: 'identical', summary: 'identical', lines: [] };
  if (rule.ignore === true) return equal('not compared, as its fence says');
  if (a === undefined || b === undefined) return compareSummaries(before, after, rule);
  if (a.form !== b.form) return different(`${a.form} → ${b.form}: ${before.summary.type} → ${after.summary.type}`);
  if (a.mediaType !== b.mediaType) return different(`media type ${a.mediaType ?? 'none'} → ${b.mediaType ?? 'none'}${a.hash === b.hash ? ', the same bytes' : ''}`);
  switch (a.form) {
    case 'table': return compareTables(a, b, rule.tables, blobs);
    case 'live': return different(`${a.live?.what ?? 'live code'} in ${a.live?.language ?? 'its language'}, made by another step or from other inputs`);
    case 'array': return compareArrays(a, b, rule.others, blobs);
    case 'record': return compareStored(a, b, rule.others, blobs);
    case 'text': return compareTexts(a, b, blobs);
    default: return compareBytes(a, b, blobs);
  }
}

const sameContent = (a: ValueRef, b: ValueRef): boolean => a.form === b.form && a.hash === b.hash && a.mediaType === b.mediaType;

function read(ref: ValueRef, blobs: Blobs): Uint8Array {
  const blob = blobs.get(ref.hash);
  if (blob === undefined) throw new TelarError('value-missing', 'This value is not in the store any more, or is damaged; run its producer again.', { hash: ref.hash });
  return blob;
}

/** Outputs that nobody kept are known by type, size and the beginning of their contents; where order or noise may differ, by type and size. */
function compareSummaries(before: OutputValue, after: OutputValue, rule: Rule): Comparison {
  const [a, b] = [before.summary, after.summary];
  const manner = a.columns === undefined ? rule.others ?? BYTES : rule.tables ?? BYTES;
  const columns = (summary: OutputValue['summary']): string => JSON.stringify(summary.columns?.map(({ name, type }) => [name, type]));
  if (a.type !== b.type) return different(`${a.type} → ${b.type} (only summaries were kept)`);
  if (columns(a) !== columns(b)) return different('other columns (only summaries were kept)');
  if (manner.tolerance > 0 || !manner.ordered) return equal(`the same ${a.type} as far as is known: only summaries were kept`);
  return a.preview === b.preview ? equal(`the same ${a.type} as far as is known: only summaries were kept`) : different(`${short(a.preview)} → ${short(b.preview)} (only summaries were kept)`);
}

function compareTables(a: ValueRef, b: ValueRef, manner: Manner | undefined, blobs: Blobs): Comparison {
  const [before, after] = [new Side(a, blobs), new Side(b, blobs)];
  const columns = compareColumns(before, after);
  if (columns.changes.length === 0 && manner !== undefined) {
    const same = equalRows(before, after, manner);
    if (same !== undefined) return equal(`the same rows ${same}${manner.tolerance === 0 ? '' : `, floats to ${manner.tolerance}`}`);
  }
  return { verdict: 'different', ...tableWords(before, after, columns, manner ?? BYTES) };
}

function compareArrays(a: ValueRef, b: ValueRef, manner: Manner | undefined, blobs: Blobs): Comparison {
  const [before, after] = [decodeArray(read(a, blobs)), decodeArray(read(b, blobs))];
  return manner !== undefined && closeArrays(before, after, manner) ? equal(`the same numbers to ${manner.tolerance}`) : different(arrayWords(before, after));
}

function compareStored(a: ValueRef, b: ValueRef, manner: Manner | undefined, blobs: Blobs): Comparison {
  const [before, after] = [read(a, blobs), read(b, blobs)];
  if (isLarge(before) || isLarge(after)) return different(tooLarge(before, after));
  const found = compareRecords(decodeRecord(before), decodeRecord(after), manner ?? BYTES);
  if (found.count > 0) return different(differenceWords(found), found.count === 1 ? [] : found.lines);
  if (manner === undefined) return different('the same value, written differently (the sign of a zero)');
  return equal(manner.ordered ? `the same value, numbers to ${manner.tolerance}` : 'the same items in another order');
}

const isLarge = (bytes: Uint8Array): boolean => bytes.length > LARGE;
const tooLarge = (before: Uint8Array, after: Uint8Array): string => `too large to compare by its contents: ${byteWords(before, after)}`;

function compareTexts(a: ValueRef, b: ValueRef, blobs: Blobs): Comparison {
  const [before, after] = [read(a, blobs), read(b, blobs)];
  if (isLarge(before) || isLarge(after)) return different(tooLarge(before, after));
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const { summary, lines } = textWords(decoder.decode(before), decoder.decode(after));
  return different(summary, lines);
}

function compareBytes(a: ValueRef, b: ValueRef, blobs: Blobs): Comparison {
  const [before, after] = [read(a, blobs), read(b, blobs)];
  const picture = a.mediaType === 'image/png' ? imageWords(before, after) : undefined;
  return different(picture ?? byteWords(before, after));
}
