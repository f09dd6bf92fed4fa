/** Markers of PEP 508: `python_version < "3.11" and sys_platform == "win32"`, said of one realm. */
import { packageName } from './name.ts';
import { readClauses, readVersion, satisfies } from './version.ts';

/** The realm's answers by variable. */
export type Environment = Readonly<Record<string, string>>;

const NAMES = new Set([
  'python_version', 'python_full_version', 'os_name', 'sys_platform', 'platform_machine', 'platform_system', 'platform_release', 'platform_version',
  'platform_python_implementation', 'implementation_name', 'implementation_version', 'extra',
]);
const TOKEN = /\s*(?:(\(|\))|('[^']*'|"[^"]*")|(~=|===|==|!=|<=|>=|<|>)|(not\s+in|[a-z_][a-z0-9_.]*))/iy;
/** Deepest nesting of parentheses. */
const DEEPEST = 40;

/** Whether a marker holds. @returns a text when it is none, with what is wrong */
export function holds(marker: string, environment: Environment): boolean | string {
  const tokens: string[] = [];
  const form = new RegExp(TOKEN);
  const text = marker.trim();
  while (form.lastIndex < text.length) {
    const at = form.lastIndex;
    const found = form.exec(text);
    if (found === null) return `the marker \`${marker}\` cannot be read at \`${text.slice(at, at + 20)}\``;
    tokens.push((found[1] ?? found[2] ?? found[3] ?? (found[4] as string)).replace(/\s+/g, ' '));
  }
  const reader = new Reader(tokens, environment);
  try {
    const answer = reader.either(0);
    return reader.ended ? answer : `the marker \`${marker}\` does not end where it should`;
  } catch (error) {
    if (error instanceof NoMarker) return `the marker \`${marker}\`: ${error.message}`;
    throw error;
  }
}

class NoMarker extends Error {}

class Reader {
  readonly #tokens: readonly string[];
  readonly #environment: Environment;
  #at = 0;

  constructor(tokens: readonly string[], environment: Environment) {
    this.#tokens = tokens;
    this.#environment = environment;
  }

  get ended(): boolean { return this.#at === this.#tokens.length; }

  either(depth: number): boolean {
    let answer = this.#both(depth);
    while (this.#taken('or')) answer = this.#both(depth) || answer;
    return answer;
  }

  #both(depth: number): boolean {
    let answer = this.#one(depth);
    while (this.#taken('and')) answer = this.#one(depth) && answer;
    return answer;
  }

  #one(depth: number): boolean {
    if (depth > DEEPEST) throw new NoMarker('it is nested too deeply');
    if (this.#taken('(')) {
      const answer = this.either(depth + 1);
      if (!this.#taken(')')) throw new NoMarker('a parenthesis is not closed');
      return answer;
    }
    const left = this.#value();
    const operator = this.#tokens[this.#at++] ?? '';
    return compare(left, operator, this.#value());
  }

  #value(): { readonly text: string; readonly name?: string } {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new NoMarker('it ends too early');
    if (/^['"]/.test(token)) return { text: token.slice(1, -1) };
    if (!NAMES.has(token)) throw new NoMarker(`there is no variable \`${token}\``);
    return { text: this.#environment[token] ?? '', name: token };
  }

  #taken(token: string): boolean {
    const fits = this.#tokens[this.#at] === token;
    if (fits) this.#at += 1;
    return fits;
  }
}

function compare(left: { text: string; name?: string }, operator: string, right: { text: string; name?: string }): boolean {
  if (operator === 'in') return right.text.includes(left.text);
  if (operator === 'not in') return !right.text.includes(left.text);
  if (!/^[~=!<>]=?=?$/.test(operator)) throw new NoMarker(`\`${operator}\` compares nothing`);
  if (left.name === 'extra' || right.name === 'extra') {
    const same = packageName(left.text) === packageName(right.text);
    return operator === '!=' ? !same : same && operator.startsWith('==');
  }
  const version = readVersion(left.text);
  const clauses = readClauses(`${operator}${right.text}`);
  if (version !== undefined && clauses !== undefined) return satisfies(version, clauses);
  switch (operator) {
    case '==': case '===': return left.text === right.text;
    case '!=': return left.text !== right.text;
    case '<': return left.text < right.text;
    case '>': return left.text > right.text;
    case '<=': return left.text <= right.text;
    case '>=': return left.text >= right.text;
    default: return false;
  }
}
