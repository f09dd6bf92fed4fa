/** A place in a list of tokens, and the questions a scanner asks of what comes next. */
import type { Token } from './tokens.ts';

const end: Token = { kind: 'op', raw: '', value: '', key: '', from: 0, to: 0 };

/** Reads tokens one after the other; past the end there is only an empty one. */
export class Cursor {
  protected at = 0;
  protected readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) { this.tokens = tokens; }

  protected get ended(): boolean { return this.at >= this.tokens.length; }

  protected peek(ahead = 0): Token { return this.tokens[this.at + ahead] ?? end; }
  protected next(): Token { const token = this.peek(); this.at += 1; return token; }
  protected is(...keys: readonly string[]): boolean { return keys.every((key, ahead) => this.peek(ahead).key === key || this.peek(ahead).raw === key); }
  protected take(...keys: readonly string[]): boolean { const found = this.is(...keys); if (found) this.at += keys.length; return found; }

  /** A name with the names before it: `a`, `a.b`, `a.b.c`. */
  protected parts(): Token[] {
    const parts = [this.next()];
    while (this.is('.') && (this.peek(1).kind === 'word' || this.peek(1).kind === 'name')) { this.at += 1; parts.push(this.next()); }
    return parts;
  }

  protected skipUntil(...keys: readonly string[]): void {
    while (!this.ended && !this.is(';') && !keys.some((key) => this.is(key))) this.at += 1;
  }
}
