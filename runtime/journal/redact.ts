/**
 * Redaction: takes secrets out of what is about to be written or sent, in any form that they were given: as they are, escaped for
 * JSON, encoded for a URL, in base64 (wherever they stand in what was encoded) or in hex; and what looks like a secret by its place.
 *
 * It is no guard against somebody who wants to get a secret out (a program may always spell it backwards); it keeps honest code from
 * leaving one behind. The road not taken: pino's redaction by path, which knows fields and not texts, where most secrets leak.
 */

/** Takes secrets out. */
export interface Redactor {
  /** Makes a value known as secret. */
  add(secret: string | undefined): void;
  text(text: string): string;
  /** The same data without secrets, for JSON: bounded in depth and width, without cycles, functions and bytes. */
  value(value: unknown): unknown;
}

/** What stands in the place of a secret; the first one that holds none itself. */
const MARKS = ['[redacted]', '***', '‹…›'];
/** Below so many characters a secret is taken out only where it stands alone: `a1` is part of half of all words. */
const SHORT = 4;
const DEEPEST = 6;
const WIDEST = 200;

const NAMES = 'token|passw(?:or)?d|passphrase|secret|authorization|cookie|credentials?|api[-_]?key|private[-_]?key|access[-_]?key';
/** A name whose value is nobody's business: `apiKey`, `db_password`, `X-Auth-Token`; not `tokens` (of a model), nor `tokenizer`. */
const SECRET_NAME = new RegExp(`(?:${NAMES})$`, 'i');

/** Whether a field or a variable is named as a secret is. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** Not what has been taken out already. */
const NOT_A_MARK = MARKS.map((mark) => `(?!${escaped(mark)})`).join('');
/** What looks like a secret by what stands around it; every repetition is bounded, so that a long text costs no more than its length.
 * A text without one of the hints (in lower case) is not looked at: the first use of each pattern costs more than all else that a record does. */
const PLACES: readonly { readonly hints: readonly string[]; readonly pattern: RegExp; put(mark: string): string }[] = [
  { hints: ['bearer', 'basic', 'digest'], pattern: /\b(bearer|basic|digest)(\s{1,4})(?=[\w.~+/-]{0,200}[\d=.~+/-]|[\w.~+/-]{20})[\w.~+/=-]{8,}/gi, put: (mark) => `$1$2${mark}` },
  { hints: ['://'], pattern: new RegExp(`\\b([a-z][a-z0-9+.-]{0,20}://)${NOT_A_MARK}[^\\s/?#@'"]{1,1024}@`, 'gi'), put: (mark) => `$1${mark}@` },
  { hints: ['token', 'pass', 'secret', 'authorization', 'cookie', 'credential', 'key'], pattern: new RegExp(`((?:${NAMES})["']{0,2}\\s{0,4}[=:]\\s{0,4}["']{0,2})(?!(?:bearer|basic|digest)\\s)${NOT_A_MARK}[^\\s"'&;,}\\]]{3,}`, 'gi'), put: (mark) => `$1${mark}` },
];

/** Keys that are known by their own shape, wherever they stand. */
const SHAPES: typeof PLACES = [
  { hints: ['sk-', 'ghp_', 'github_pat_', 'xox', 'akia', 'aiza', 'eyj'], pattern: new RegExp([
    '\\bsk-(?=[\\w-]{0,60}\\d)[\\w-]{20,}', '\\bghp_\\w{20,}', '\\bgithub_pat_\\w{20,}', '\\bxox[abp]-[\\w-]{10,}', '\\bAKIA[A-Z0-9]{16}', '\\bAIza[\\w-]{30,}',
    '(?<![\\w-])eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]*',
  ].join('|'), 'g'), put: (mark) => mark },
  { hints: ['private key-----'], pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,20000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, put: (mark) => mark },
];

/** A redactor; it may learn of more secrets later. */
export function createRedactor(secrets: Iterable<string | undefined> = []): Redactor {
  const known = new Set<string>();
  let pattern: RegExp | undefined;
  let mark = MARKS[0] as string;
  let stale = false;

  function add(secret: string | undefined): void {
    if (secret === undefined || secret === '' || known.has(secret)) return;
    known.add(secret);
    stale = true;
  }

  /** Put together when it is needed: most secrets are told before the first text. */
  function compile(): void {
    stale = false;
    const forms = [...new Set([...known].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    mark = MARKS.find((one) => !forms.some((form) => one.includes(form) || form.includes(one))) ?? '…';
    pattern = new RegExp(forms.map((form) => (form.length < SHORT ? `(?<![\\p{L}\\p{N}_])${escaped(form)}(?![\\p{L}\\p{N}_])` : escaped(form))).join('|'), 'gu');
  }

  function text(given: string): string {
    if (stale) compile();
    const without = pattern === undefined ? given : given.replace(pattern, mark);
    let out = without;
    const lower = out.toLowerCase();
    for (const { hints, pattern: place, put } of [...PLACES, ...SHAPES]) if (hints.some((hint) => lower.includes(hint))) out = out.replace(place, put(mark));
    // What only escaping would make a secret of.
    if (pattern !== undefined && JSON.stringify(out).slice(1, -1).search(pattern) >= 0) return mark;
    return out;
  }

  function value(given: unknown, depth = 0, above: readonly unknown[] = []): unknown {
    if (typeof given === 'string') return text(given);
    if (typeof given === 'number' || typeof given === 'bigint') { const said = String(given); return said.length >= SHORT && text(said) !== said ? mark : typeof given === 'bigint' ? said : given; }
    if (given === null || typeof given === 'boolean') return given;
    if (typeof given !== 'object') return undefined;
    if (depth >= DEEPEST || above.includes(given)) return '…';
    if (ArrayBuffer.isView(given) || given instanceof ArrayBuffer) return `${given.byteLength} bytes`;
    if (given instanceof Date) return Number.isNaN(given.getTime()) ? null : given.toISOString();
    if (given instanceof Error) return text(`${given.name}: ${given.message}`);
    const inside = [...above, given];
    if (Array.isArray(given)) return [...given.slice(0, WIDEST).map((one) => value(one, depth + 1, inside) ?? null), ...(given.length > WIDEST ? [`… and ${given.length - WIDEST} more`] : [])];
    const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, one] of Object.entries(given).slice(0, WIDEST)) {
      out[text(name)] = isSecretName(name) && one !== undefined && one !== null && typeof one !== 'boolean' ? mark : value(one, depth + 1, inside);
    }
    return out;
  }

  for (const secret of secrets) add(secret);
  return { add, text, value: (given) => value(given) };
}

function escaped(text: string): string { return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'); }

/** All that a secret may look like. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, json, json.replace(/\//g, '\\/'), JSON.stringify(json).slice(1, -1)];
  const same = /^[\w.-]*$/.test(secret); // in every encoding for URLs
  const bytes = new TextEncoder().encode(secret);
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
  const encode = (plain: RegExp, space: string, cased: (hex: string) => string): string =>
    [...bytes].map((byte, i) => { const letter = String.fromCharCode(byte); return byte < 128 && plain.test(letter) ? letter : letter === ' ' ? space : cased(percent[i] as string); }).join('');
  if (!same) for (const cased of [(hex: string): string => hex.toUpperCase(), (hex: string): string => hex]) {
    for (const plain of [/[\w.!~*'()-]/, /[\w.~-]/, /[\w.*-]/, /[\w.!~*'();,/?:@&=+$#-]/]) for (const space of [cased('%20'), '+']) forms.push(encode(plain, space, cased));
  }
  if (secret.length < SHORT) return [...new Set(forms)].filter((form) => form !== '');
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  forms.push(hex, hex.toUpperCase());
  for (const ahead of [0, 1, 2]) {
    const inside = base64Inside(bytes, ahead);
    forms.push(inside, inside.replace(/\+/g, '-').replace(/\//g, '_'), inside.replace(/\//g, '\\/'));
  }
  return forms;
}

/** The digits of base64 that hang on these bytes alone, with so many bytes before them. */
function base64Inside(bytes: Uint8Array, ahead: number): string {
  const padded = new Uint8Array(ahead + bytes.length);
  padded.set(bytes, ahead);
  let binary = '';
  for (const byte of padded) binary += String.fromCharCode(byte);
  return btoa(binary).slice(Math.ceil((ahead * 8) / 6), Math.floor((padded.length * 8) / 6));
}
