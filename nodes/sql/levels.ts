/**
 * Which tables, files and volatile functions a SQL text uses: one pass over the tokens that knows where a relation may stand.
 *
 * A level is what lies between two brackets, or a statement. In it `FROM`, `JOIN` and a comma after them open a place for a
 * relation, and the clause words close it. Columns, functions and aliases never stand there. `FROM` inside `extract(… from …)`
 * opens nothing, because a level opens only after `SELECT`, a set operation, or as a query's first word.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { firstTexts, isOneArgument, tokensWithin } from './arguments.ts';
import { Cursor } from './cursor.ts';
import type { Token } from './tokens.ts';
import { bareClock, chance, clock, fileFunctions, fromEnds, keywords, queryStarts, systemSchemas, systemTable } from './words.ts';

/** A table as named: `['weather']`, `['by_station', 'monthly']`; the token of the first part that counts. */
export interface TableUse { readonly parts: readonly string[]; readonly token: Token }

/** Names hidden by a WITH, innermost first; in lower case. */
interface Hidden { readonly name: string; readonly outer: Scope }
type Scope = Hidden | undefined;

const opens = (token: Token): boolean => token.kind === 'op' && /^[([{]$/.test(token.raw);
const closes = (token: Token): boolean => token.kind === 'op' && /^[)\]}]$/.test(token.raw);
/** After these words a relation may (still) come next. */
const keepsPlace: ReadonlySet<string> = new Set(['from', 'join', 'lateral', 'only', 'table', 'using']);

/** Queries with all that stands in them; `tables`, `files` and `effect` grow as it goes. */
export class Levels extends Cursor {
  readonly tables: TableUse[] = [];
  readonly files = new Set<string>();
  /** Templates where a table must be named. */
  readonly misplaced: Token[] = [];
  effect: EffectClass = 'pure';
  /** Tables, views and schemas that earlier statements made; in lower case. */
  protected readonly made = new Set<string>();
  /** By the place of a UNION, the recursive common table that is seen after it. */
  private readonly recursions = new Map<number, string>();

  /** A query or a change of data, with its WITH clause, until the bracket or semicolon that ends it. */
  protected query(outer: Scope): void {
    let scope = outer;
    if (this.take('with')) scope = this.commonTables(outer);
    switch (this.peek().key) {
      case 'insert': this.skipUntil('into'); this.next(); this.target(); return this.query(scope);
      case 'update': this.next(); this.relation(undefined); return this.level(scope, { query: true });
      case 'delete': this.next(); this.take('from'); this.relation(undefined); return this.level(scope, { query: true, using: true });
      case 'merge': this.next(); this.take('into'); this.relation(undefined); return this.level(scope, { query: true, using: true });
      case 'pivot': case 'pivot_wider': case 'unpivot': case 'pivot_longer': this.next(); return this.level(scope, { query: true, expect: true, single: true });
      case 'describe': case 'desc': case 'summarize': case 'show': return this.describe(scope);
      default: return this.level(scope, { query: queryStarts.has(this.peek().key) });
    }
  }

  /** `t AS u BY NAME (x, y)`: a table that is changed, never a common one, with alias and list of columns. */
  protected target(): void {
    this.use(this.parts(), undefined);
    if (this.take('as')) this.next();
    if (this.take('by')) this.next();
    if (this.is('(') && !queryStarts.has(this.peek(1).key) && this.peek(1).raw !== '(') this.brackets(undefined);
  }

  private describe(scope: Scope): void {
    const show = this.next().key === 'show';
    if (show && /^(?:all|tables|databases|schemas|variables|extensions)$/.test(this.peek().key)) return this.skipUntil(';', ')');
    this.take('table');
    if (queryStarts.has(this.peek().key) || this.is('(')) return this.query(scope);
    if (!this.ended && this.peek().raw !== ')' && this.peek().raw !== ';') this.relation(scope);
    this.level(scope, { query: true });
  }

  /** `WITH [RECURSIVE] a [(x)] [USING KEY (x)] AS [NOT MATERIALIZED] (…), …`: the scope that the query after it sees. */
  private commonTables(outer: Scope): Scope {
    const recursive = this.take('recursive');
    let scope = outer;
    do {
      const name = this.next().value.toLowerCase();
      while (!this.ended && !this.is('as')) if (this.is('(')) this.brackets(scope); else this.next();
      this.next();
      this.take('not');
      this.take('materialized');
      // `with t as (from t)` reads the table t outside; so does a recursive one, but for the half after its UNION.
      if (recursive) this.markRecursion(name);
      this.brackets(scope);
      scope = { name, outer: scope };
    } while (this.take(','));
    return scope;
  }

  /** Before the bracket of a recursive common table: finds the UNION, the last set operation, after which it sees itself. */
  private markRecursion(name: string): void {
    let last = -1;
    for (let at = this.at + 1, depth = 0; at < this.tokens.length && depth >= 0; at += 1) {
      const token = this.tokens[at] as Token;
      if (opens(token)) depth += 1;
      else if (closes(token)) depth -= 1;
      else if (depth === 0 && (token.key === 'union' || token.key === 'except')) last = at;
    }
    const byName = this.tokens[last + (this.tokens[last + 1]?.key === 'all' ? 2 : 1)]?.key === 'by';
    if (this.tokens[last]?.key === 'union' && !byName) this.recursions.set(last, name);
  }

  /**
   * One level, from where we stand to its end.
   * @param start.query whether FROM is a clause here; `expect`: a relation comes first; `single`: commas do not bring another;
   *   `using`: the first USING brings relations (DELETE, MERGE)
   */
  protected level(outer: Scope, start: { readonly query?: boolean; readonly expect?: boolean; readonly single?: boolean; readonly using?: boolean }): void {
    const first = this.at;
    let scope = outer;
    let { query = false, expect = false, single = false, using = false } = start;
    let inFrom = expect;
    while (!this.ended) {
      const token = this.peek();
      const before = this.peek(-1);
      if (token.raw === ';' || closes(token)) return;
      // After a dot, or as an alias, even a keyword is a name.
      if (before.raw === '.' && token.key !== '') { this.call(scope); continue; }
      if (before.key === 'as' && this.at > first && token.key !== '' && !this.is(token.key, '(')) { this.at += 1; continue; }
      if (expect && this.startsRelation(token)) { expect = false; if (!this.rowsOfValues(scope)) this.relation(scope); continue; }
      switch (token.key) {
        case 'from':
          if (query && !(before.key === 'distinct' && /^(?:is|not)$/.test(this.peek(-2).key))) { inFrom = true; expect = true; single = false; }
          break;
        case 'join': expect = inFrom; break;
        case 'table': if (query && (before.key === '' || /^(?:union|all|except|intersect|distinct|name)$/.test(before.key)) && this.peek(1).raw !== '(') { expect = true; inFrom = true; } break;
        case 'using':
          if (this.peek(1).key === 'sample') this.sample();
          else if (using) { using = false; inFrom = true; expect = true; }
          break;
        case 'tablesample': this.sample(); break;
        case 'union': case 'except': case 'intersect': {
          query = true;
          inFrom = expect = single = using = false;
          const name = this.recursions.get(this.at);
          if (name !== undefined) scope = { name, outer: scope };
          break;
        }
        case 'on': if (single) inFrom = false; break;
        default:
          if (fromEnds.has(token.key)) { if (token.key === 'select') query = true; inFrom = expect = false; }
      }
      if (token.raw === ',') expect = inFrom && !single;
      else if (!keepsPlace.has(token.key)) expect = false;
      if (opens(token)) this.brackets(scope);
      else if (keywords.has(token.key)) this.at += 1;
      else this.call(scope);
    }
  }

  private startsRelation(token: Token): boolean {
    return token.raw === '(' || (token.kind !== 'op' && (!keywords.has(token.key) || token.key === 'glob'));
  }

  /** `FROM VALUES (1), (2)`: rows, whose commas bring no relation. */
  private rowsOfValues(scope: Scope): boolean {
    if (!this.is('values', '(')) return false;
    this.next();
    do this.brackets(scope); while (this.is(',', '(') && this.take(','));
    return true;
  }

  /** Where a relation stands: a bracket, a file, a call, or a name. */
  protected relation(scope: Scope): void {
    const token = this.peek();
    if (token.raw === '(') return this.brackets(scope, true);
    if (token.kind === 'text') { this.files.add(token.value); this.at += 1; return; }
    if (token.kind === 'template') this.misplaced.push(token);
    if (token.kind !== 'word' && token.kind !== 'name') { this.at += 1; return; }
    if (this.peek(1).raw === ':') { this.at += 2; return this.relation(scope); }
    const parts = this.parts();
    if (this.is('(')) { this.at -= 1; return this.call(scope); }
    this.use(parts, scope);
  }

  protected use(parts: readonly Token[], scope: Scope): void {
    if (parts.length === 0 || parts.some((part) => part.kind !== 'word' && part.kind !== 'name')) return;
    const names = parts.map((part) => part.value);
    const folded = names.map((name) => name.toLowerCase());
    if (systemSchemas.has(folded[0] as string) || systemTable.test(folded.at(-1) as string) || systemSchemas.has(folded.at(-2) ?? '')) return;
    // `main.t` and `memory.main.t` are the table t, whatever a WITH says.
    const own = folded.findLastIndex((name, index) => index < folded.length - 1 && (name === 'main' || name === 'temp'));
    const from = own + 1;
    if (this.made.has(folded[from] as string)) return;
    if (parts.length === 1) for (let hidden = scope; hidden !== undefined; hidden = hidden.outer) if (hidden.name === folded[0]) return;
    this.tables.push({ parts: names.slice(from), token: parts[from] as Token });
  }

  /** One token that is no bracket; when it is called, what the call tells of files, names and chance. */
  private call(scope: Scope): void {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'name') return;
    const called = this.is('(');
    if (bareClock.has(token.key) && this.peek(-2).raw !== '.') this.raise('observe');
    if (!called) return;
    const name = token.value.toLowerCase();
    const from = this.at;
    const chained = this.peek(-2).raw === '.';
    this.brackets(scope, false, token.key);
    const parts = this.tokens.slice(from + 1, this.at - 1);
    if (chance.has(name)) this.raise('seeded');
    if (clock.has(name) || (name === 'age' && !chained && isOneArgument(parts))) this.raise('observe');
    if (fileFunctions.has(name)) for (const path of firstTexts(parts)) this.files.add(path.value);
    if (name === 'query') for (const text of firstTexts(parts).slice(0, 1)) this.inner(tokensWithin(text), scope);
    if (name === 'query_table') for (const text of firstTexts(parts)) this.use(tokensWithin(text).filter((part) => part.raw !== '.'), scope);
  }

  /** The text of `query('…')` is scanned in place, so that its names have places in the body too. */
  private inner(tokens: readonly Token[], scope: Scope): void {
    const scanner = new Levels(tokens);
    for (const name of this.made) scanner.made.add(name);
    for (let hidden = scope; hidden !== undefined; hidden = hidden.outer) scanner.made.add(hidden.name);
    scanner.query(undefined);
    this.tables.push(...scanner.tables);
    for (const file of scanner.files) this.files.add(file);
    this.raise(scanner.effect);
  }

  /** A bracket and all in it. With `relations`, its content is a relation unless it is a query. */
  protected brackets(scope: Scope, relations = false, caller = ''): void {
    if (!opens(this.peek())) return;
    const round = this.next().raw === '(';
    const first = this.peek().key;
    // `trim(from x)` and a column called `desc` are no queries.
    const query = round && queryStarts.has(first) && caller !== 'trim' && this.peek(1).raw !== ')' && !(first === 'values' && this.peek(1).raw !== '(');
    if (query || (round && /^(?:insert|update|delete|merge)$/.test(first) && this.peek(1).kind === 'word')) this.query(scope);
    else this.level(scope, { expect: relations && round });
    this.at += 1;
  }

  private sample(): void {
    const rest = this.tokens.slice(this.at, this.at + 14).map((token) => token.raw.toLowerCase()).join(' ');
    if (!/repeatable|, \d+ \)/.test(rest)) this.raise('seeded');
  }

  private raise(effect: EffectClass): void {
    if (effect === 'observe' || this.effect === 'pure') this.effect = effect;
  }
}
