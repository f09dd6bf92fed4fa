/**
 * Statements around queries: what they define for the statements after them, which tables they change. The last word on what is
 * valid is the engine's; a text that is no SQL only gives less.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { Levels } from './levels.ts';
import type { TableUse } from './levels.ts';
import type { Token } from './tokens.ts';

/** What a scan finds. */
export interface Scan { readonly tables: readonly TableUse[]; readonly files: readonly string[]; readonly misplaced: readonly Token[]; readonly effect: EffectClass }

/** Scans the statements of a text. @throws RangeError when it is nested too deep for the stack */
export function scan(tokens: readonly Token[]): Scan {
  const scanner = new Statements(tokens);
  scanner.statements();
  return { tables: scanner.tables, files: [...scanner.files], misplaced: scanner.misplaced, effect: scanner.effect };
}

class Statements extends Levels {
  statements(): void {
    while (!this.ended) {
      this.statement();
      // What is left over (`)` too many) is the engine's to report.
      this.at += 1;
    }
  }

  private statement(): void {
    const head = this.peek().key;
    switch (head) {
      case 'create': return this.create();
      case 'explain': case 'prepare': this.skipUntil('select', 'from', 'with', 'insert', 'update', 'delete', 'create', 'pivot', 'unpivot', 'values', 'copy', 'merge', 'table', '('); break;
      case 'drop': return this.drop();
      case 'attach': this.skipUntil('as'); this.next(); this.define(); break;
      case 'copy': return this.copy();
      case 'alter': this.next(); if (this.take('table') || this.take('view')) { this.ifExists(); this.relation(undefined); } break;
      case 'use': case 'set': case 'reset': case 'pragma': case 'load': case 'install': case 'begin': case 'commit': case 'rollback': case 'detach': case 'export': case 'comment':
        return this.skipUntil(';');
      case 'vacuum': case 'analyze': case 'truncate': this.next(); this.take('table'); if (this.peek().kind !== 'op') this.relation(undefined); break;
      default:
    }
    this.query(undefined);
  }

  private create(): void {
    this.next();
    this.take('or', 'replace');
    while (/^(?:temp|temporary|local|global|persistent|unlogged|recursive|unique)$/.test(this.peek().key)) this.next();
    const what = this.next().key;
    if (what === 'index') { this.skipUntil('on'); this.next(); this.target(); return this.level(undefined, {}); }
    if (what === 'macro' || what === 'function') { this.skipUntil('('); this.brackets(undefined); return this.macro(); }
    this.ifExists();
    const name = what === 'table' || what === 'view' || what === 'schema' ? this.path() : [];
    while (!this.ended && !this.is(';') && !this.is('as')) if (this.is('(')) this.references(name); else this.next();
    if (this.take('as')) this.query(undefined);
    if (name.length > 0) this.made.add((name.find((part) => part !== 'main' && part !== 'temp') ?? name.at(-1)) as string);
  }

  /** Columns and constraints of a new table; `REFERENCES other` reads the other. */
  private references(own: readonly string[]): void {
    const from = this.at;
    this.brackets(undefined);
    const to = this.at;
    for (let index = from; index < to; index += 1) {
      const target = this.tokens[index + 1];
      if (this.tokens[index]?.key === 'references' && target !== undefined && target.value.toLowerCase() !== own.at(-1)) this.use([target], undefined);
    }
  }

  private macro(): void {
    this.take('as');
    if (this.take('table')) this.query(undefined);
    else this.level(undefined, {});
  }

  private drop(): void {
    this.next();
    this.next();
    this.ifExists();
    this.made.delete(this.path().at(-1) ?? '');
    this.skipUntil(';');
  }

  private copy(): void {
    this.next();
    if (this.is('(')) this.brackets(undefined);
    else this.target();
    if (this.take('from') && this.peek().kind === 'text') this.files.add(this.next().value);
    this.skipUntil(';');
  }

  private ifExists(): void { if (this.take('if')) { this.take('not'); this.take('exists'); } }

  private define(): void { const [name] = this.path(); if (name !== undefined) this.made.add(name); }

  private path(): string[] { return this.parts().map((part) => part.value.toLowerCase()); }
}
