/** The text of an answer as JSON, within bounds. What stands in a fence, or between a little talk, is told or refused, never guessed at. */
import { JsonFault, parseJsonText } from '../../nodes/view/json-text.ts';

/** Longest answer that is read as JSON, in characters, and its deepest nesting. */
const LONGEST = 1_000_000;
const DEEPEST = 64;

/** What an answer came to. */
export type Parsed = { readonly value: unknown; readonly remark?: string; readonly fault?: undefined } | { readonly fault: string };

/** Reads an answer that has to be JSON. Never throws. */
export function parseAnswer(text: string): Parsed {
  if (text.length > LONGEST) return { fault: `it has ${text.length.toLocaleString('en')} characters, and at most ${LONGEST.toLocaleString('en')} are read as JSON` };
  const fence = /^\s*```(?:json|JSON)?[ \t]*\r?\n([^]*?)\r?\n[ \t]*```\s*$/.exec(text);
  const json = fence?.[1] ?? text;
  if (json.trim() === '') return { fault: 'there is nothing in it' };
  const { deepest, rounded } = scanned(json);
  if (deepest > DEEPEST) return { fault: `it is nested more than ${DEEPEST} deep` };
  try {
    const value = JSON.parse(json) as unknown;
    const remarks = [...(fence === null ? [] : ['the answer stood in a ```json block, which was taken off']), ...(rounded === undefined ? [] : [`${rounded.slice(0, 40)} is beyond 2^53, and was rounded: let the schema ask for it as text`])];
    return { value, ...(remarks.length === 0 ? {} : { remark: remarks.join('; ') }) };
  } catch {
    return { fault: `it is no JSON${placeOf(json)}` };
  }
}

/** Where it stops being JSON, as line and column. */
function placeOf(json: string): string {
  try {
    parseJsonText(json);
    return '';
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { from } = error.at;
    const before = json.slice(0, from).split('\n');
    return `${from >= json.trimEnd().length ? ': it ends in the middle' : ''}, at line ${before.length}, column ${before.at(-1)!.length + 1}`;
  }
}

/** Deepest nesting of brackets, and the first whole number that no JavaScript number holds; outside of texts. */
function scanned(json: string): { readonly deepest: number; readonly rounded: string | undefined } {
  let [depth, deepest] = [0, 0];
  let rounded: string | undefined;
  for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"?|[[{\]}]|(?<![\d.])\d{16,}(?![\d.eE])/gs)) {
    if (mark === '{' || mark === '[') deepest = Math.max(deepest, depth += 1);
    else if (mark === '}' || mark === ']') depth -= 1;
    else if (!mark.startsWith('"') && !Number.isSafeInteger(Number(mark))) rounded ??= mark;
  }
  return { deepest, rounded };
}
