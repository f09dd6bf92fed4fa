/**
 * The text of string literals by its value: escapes decoded, prefix and quotes gone. Two texts that Python reads as the same
 * constant come out the same; no others do.
 */
const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v', '\\': '\\', "'": "'", '"': '"', '\n': '' };
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(N\{[^}]*\})|(\r?\n|[^]))/g;

/**
 * What stands between a literal's quotes (or between the fields of an f-string), decoded and escaped as JSON does it. What
 * JavaScript's strings would blur stays an escape between further quotes: characters by name, and halves of surrogate pairs.
 * @param prefix in lower case: `r`, `rb`, `f`, …
 */
export function decoded(raw: string, prefix: string): string {
  const lines = raw.replace(/\r\n/g, '\n');
  const doubled = prefix.includes('f') || prefix.includes('t') ? lines.replace(/\{\{/g, '{').replace(/\}\}/g, '}') : lines;
  if (prefix.includes('r') || !doubled.includes('\\')) return quoted(doubled);
  const bytes = prefix.includes('b');
  let out = '';
  let at = 0;
  for (const match of doubled.matchAll(ESCAPE)) {
    out += quoted(doubled.slice(at, match.index));
    at = match.index + match[0].length;
    const [, octal, hex, short, long, name, other] = match;
    if (octal !== undefined) out += quoted(String.fromCodePoint(Number.parseInt(octal, 8)));
    else if (hex !== undefined) out += quoted(String.fromCodePoint(Number.parseInt(hex, 16)));
    else if (bytes && (short ?? long ?? name) !== undefined) out += quoted(match[0]);
    else if (name !== undefined) out += `"\\${name.toUpperCase()}"`;
    else if (short !== undefined || long !== undefined) out += codePoint(Number.parseInt((short ?? long)!, 16), match[0]);
    else out += quoted(SIMPLE[other!.replace('\r', '')] ?? match[0]);
  }
  return out + quoted(doubled.slice(at));
}

function codePoint(code: number, raw: string): string {
  if (code > 0x10ffff) return `"${raw}"`;
  return code >= 0xd800 && code <= 0xdfff ? `"\\u${code.toString(16)}"` : quoted(String.fromCodePoint(code));
}

function quoted(text: string): string { return JSON.stringify(text).slice(1, -1); }
