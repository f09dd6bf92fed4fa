/**
 * What must be done to a text before the grammar can read it: Jupyter's magics are blanked and old line ends made new; and
 * where it still stumbles, lines in brackets are joined, and the defaults of type parameters, which it lacks, made to look like
 * bounds. Every change keeps the length, so that places in the tree are places in the body.
 */
import type { Range } from '../../contracts/errors.ts';

const TOKEN = /#[^\n]*|[rbuft]{0,2}("""|'''|"|')|[[\](){}]|[=!<>:]=|\\\r?\n|\n|[^\s#"'[\](){}\\=!<>:]+|[^\n]/giy;
const CLOSE: Readonly<Record<string, RegExp>> = {
  '"""': /(?:\\[^]|(?!""")[^])*"""/y, "'''": /(?:\\[^]|(?!''')[^])*'''/y,
  '"': /(?:\\[^]|[^"\\\n])*"?/y, "'": /(?:\\[^]|[^'\\\n])*'?/y,
};

/** Tokens as coarse as needed here: whole strings, brackets, line ends, anything else; with the depth of brackets before each. */
function* tokens(text: string, from = 0): Generator<{ text: string; at: number; depth: number }> {
  let depth = 0;
  for (let at = from; at < text.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) return;
    let to = TOKEN.lastIndex;
    if (match[1] !== undefined) {
      const close = CLOSE[match[1]]!;
      close.lastIndex = to;
      to = close.test(text) ? close.lastIndex : text.length;
    }
    yield { text: text.slice(at, to), at, depth };
    if ('([{'.includes(match[0])) depth++;
    if (')]}'.includes(match[0])) depth = Math.max(0, depth - 1);
    at = to;
  }
}

/**
 * A body as Python can read it, with the places of the magics that were left out (`%matplotlib inline`, `!pip list`, `%%time`).
 * A `%` or `!` inside brackets, a string or a continued line is no magic.
 */
export function readable(body: string): { readonly text: string; readonly magics: readonly Range[] } {
  const text = body.includes('\r') ? body.replace(/\r(?!\n)/g, '\n') : body;
  if (!/^[ \t]*[%!]/m.test(text)) return { text, magics: [] };
  const magics: Range[] = [];
  let begins = true;
  let skip = 0;
  for (const token of tokens(text)) {
    if (token.at < skip) continue;
    if (begins && token.depth === 0 && /^[%!]/.test(token.text)) {
      const line = /(?:[^\n]*\\\r?\n)*[^\n]*/y;
      line.lastIndex = token.at;
      line.test(text);
      magics.push({ from: token.at, to: skip = line.lastIndex });
    }
    begins = token.text === '\n' || (begins && /^[ \t\f\r]$/.test(token.text));
  }
  let blanked = text;
  for (const { from, to } of magics) {
    // An indented magic may be all that its block has: a statement stands in for it.
    const indented = from > 0 && text[from - 1] !== '\n';
    blanked = blanked.slice(0, from) + (indented ? '0' : ' ') + text.slice(from + 1, to).replace(/[^\n\r]/g, ' ') + blanked.slice(to);
  }
  return { text: blanked, magics };
}

/** What stands between brackets, on one line: the grammar takes a line there that begins too far left for the end of a block. */
export function unfolded(text: string): string {
  let out = '';
  for (const token of tokens(text)) out += token.depth > 0 && /^(?:#|\\?\r?\n)/.test(token.text) ? ' '.repeat(token.text.length) : token.text;
  return out;
}

/** `class C[T: B = D]` as `class C[T: B : D]`: a bound is read in the same scope as a default. */
export function defaultsAsBounds(text: string): string {
  let changed = text;
  for (const head of text.matchAll(/\b(?:def|class|type)\s+[\p{XIDC}]+\s*(?=\[)/gu)) {
    for (const token of tokens(text, head.index + head[0].length)) {
      if (token.text === '=' && token.depth === 1) changed = `${changed.slice(0, token.at)}:${changed.slice(token.at + 1)}`;
      if (token.text === ']' && token.depth === 1) break;
    }
  }
  return changed;
}
