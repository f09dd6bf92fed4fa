/**
 * Texts, compared line by line. What both have at their beginning and at their end is left out before any line is made, so a small
 * change of a huge text is told exactly and costs little; a great change of one is told by numbers alone.
 */
import { diffArrays } from 'diff';
import { change, count, LINES, oneLine } from './words.ts';

/** Most characters of either text between what is common, most lines there, and most edits, for which the shortest edit is sought. */
const MOST_TEXT = 4_000_000;
const MOST_LINES = 20_000;
const MOST_EDITS = 1000;

/** How two texts differ: in one line, and by lines `-12 old`, `+12 new` with their numbers. */
export function textWords(before: string, after: string): { readonly summary: string; readonly lines: readonly string[] } {
  if (before.length <= 60 && after.length <= 60 && !/[\r\n]/.test(before + after)) return { summary: change(before, after), lines: [] };
  const { from, end } = common(before, after);
  const first = linesIn(before, 0, from);
  const place = `(of ${lineCount(before)}), from line ${first + 1} on`;
  const [old, fresh] = [before.slice(from, before.length - end), after.slice(from, after.length - end)];
  const [mine, theirs] = [linesOf(old), linesOf(fresh)];
  const edits = mine === undefined || theirs === undefined ? undefined : diffArrays(mine, theirs, { maxEditLength: MOST_EDITS });
  if (edits === undefined) {
    const some = (sign: string, text: string): string[] => text.slice(0, 1000).split('\n').slice(0, 3).map((line, index) => oneLine(`${sign}${first + index + 1} ${line}`));
    return { summary: `most of ${count(lineCount(old), 'line')} differ ${place}`, lines: [...some('-', old), ...some('+', fresh)] };
  }
  const lines: string[] = [];
  let [removed, added, line, now] = [0, 0, first + 1, first + 1];
  for (const { value, removed: gone, added: come } of edits) {
    if (gone || come) lines.push(...value.slice(0, LINES - lines.length).map((text, index) => oneLine(gone ? `-${line + index} ${text}` : `+${now + index} ${text}`)));
    if (gone) removed += value.length;
    if (come) added += value.length;
    if (!come) line += value.length;
    if (!gone) now += value.length;
  }
  if (removed + added === 0) return { summary: 'the last line ends with a line feed in one of them only', lines: [] };
  const parts = [...(removed > 0 ? [`${count(removed, 'line')} removed`] : []), ...(added > 0 ? [removed > 0 ? `${added} added` : `${count(added, 'line')} added`] : [])];
  return { summary: `${parts.join(', ')} ${place}`, lines };
}

/** How many characters of whole lines both texts begin with, and end with. */
function common(before: string, after: string): { readonly from: number; readonly end: number } {
  const least = Math.min(before.length, after.length);
  let at = 0;
  while (at < least && before.charCodeAt(at) === after.charCodeAt(at)) at += 1;
  const from = at === 0 ? 0 : before.lastIndexOf('\n', at - 1) + 1;
  let end = 0;
  while (end < least - from && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end += 1;
  const feed = before.indexOf('\n', before.length - end);
  return { from, end: feed < 0 ? 0 : before.length - feed - 1 };
}

/** Line ends in a part of a text. */
function linesIn(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

const lineCount = (text: string): number => linesIn(text, 0, text.length) + (text === '' || text.endsWith('\n') ? 0 : 1);

function linesOf(text: string): string[] | undefined {
  if (text === '') return [];
  if (text.length > MOST_TEXT || lineCount(text) > MOST_LINES) return undefined;
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}
