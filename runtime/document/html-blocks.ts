/**
 * HTML blocks of CommonMark: where one begins and which line ends it. A fence inside one is HTML, not a node. Hand-written
 * rather than one regular expression for a tag, since those recurse on a line of megabytes.
 */

/** The seven start conditions of the specification; 0 is none. */
export type HtmlBlock = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

const raw = new Set(['script', 'pre', 'textarea', 'style']);
const blocks = new Set((
  'address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt fieldset figcaption '
  + 'figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main menu menuitem nav noframes ol '
  + 'optgroup option p param search section summary table tbody td tfoot th thead title tr track ul'
).split(' '));

const isSpace = (code: number): boolean => code === 32 || code === 9;
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** The start condition that the line content `at` to `end` meets; `at` is its first non-space character. */
export function htmlStart(text: string, at: number, end: number): HtmlBlock {
  if (text.charCodeAt(at) !== 60 /* < */) return 0;
  if (text.startsWith('!--', at + 1) && at + 4 <= end) return 2;
  if (text[at + 1] === '?') return 3;
  if (text.startsWith('![CDATA[', at + 1)) return 5;
  if (text[at + 1] === '!') return at + 2 < end && isLetter(text.charCodeAt(at + 2)) ? 4 : 0;
  const closing = text[at + 1] === '/';
  const from = at + (closing ? 2 : 1);
  const to = tagName(text, from, end);
  if (to === from) return 0;
  const name = to - from > 12 ? '' : text.slice(from, to).toLowerCase();
  const after = to < end ? text[to]! : '';
  const ended = after === '' || after === ' ' || after === '\t' || after === '>';
  if (!closing && raw.has(name) && ended) return 1;
  if (blocks.has(name) && (ended || (after === '/' && to + 1 < end && text[to + 1] === '>'))) return 6;
  const tagEnd = closing ? spaces(text, to, end) : attributes(text, to, end);
  if (tagEnd >= end || text[tagEnd] !== '>') return 0;
  return spaces(text, tagEnd + 1, end) === end ? 7 : 0;
}

const ends: Readonly<Record<1 | 2 | 3 | 4 | 5, RegExp>> = {
  1: /<\/(?:script|pre|textarea|style)>/i, 2: /-->/, 3: /\?>/, 4: />/, 5: /\]\]>/,
};

/** Whether a line of such a block is its last. Kinds 6 and 7 end at a blank line instead. */
export function htmlEnds(block: HtmlBlock, content: string): boolean {
  return block >= 1 && block <= 5 && ends[block as 1 | 2 | 3 | 4 | 5].test(content);
}

function spaces(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function tagName(text: string, from: number, end: number): number {
  if (from >= end || !isLetter(text.charCodeAt(from))) return from;
  let at = from + 1;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!isLetter(code) && !isDigit(code) && code !== 45) break;
  }
  return at;
}

/** From after a tag's name to where its `>` should be; `end` if its attributes are malformed. */
function attributes(text: string, from: number, end: number): number {
  let at = from;
  for (;;) {
    const next = spaces(text, at, end);
    if (next < end && text[next] === '/') return text[next + 1] === '>' && next + 1 < end ? next + 1 : end;
    if (next >= end || text[next] === '>') return next;
    if (next === at) return end;
    at = attribute(text, next, end);
    if (at < 0) return end;
  }
}

/** From an attribute's name to its end; -1 if it is malformed. */
function attribute(text: string, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    const first = isLetter(code) || code === 95 || code === 58;
    if (!(first || (at > from && (isDigit(code) || code === 46 || code === 45)))) break;
  }
  if (at === from) return -1;
  const equals = spaces(text, at, end);
  if (equals >= end || text[equals] !== '=') return at;
  const value = spaces(text, equals + 1, end);
  if (value >= end) return -1;
  const quote = text[value];
  if (quote === '"' || quote === "'") {
    const close = text.slice(value + 1, end).indexOf(quote);
    return close < 0 ? -1 : value + 1 + close + 1;
  }
  at = value;
  while (at < end && !'"\'=<>`'.includes(text[at]!) && text.charCodeAt(at) > 32) at += 1;
  return at === value ? -1 : at;
}
