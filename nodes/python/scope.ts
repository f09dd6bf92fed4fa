/**
 * Which names a Python text reads from outside, and which it defines: Python's scope rules over the syntax tree.
 *
 * The walk visits code in the order in which Python would evaluate it, binds names as it meets them and notes every use;
 * uses are resolved after the walk, since a function may use what is bound further down. The names agree with CPython's
 * `symtable` (see the tests), with one thing added on purpose: code that runs at once (the top level, class bodies,
 * comprehensions) reads from *outside* what it reads before the text binds it, as in `df = df.dropna()`. Any earlier binding
 * in the text counts, also a conditional one; a read in a loop or a `try` may be served by another round or caught, and is
 * marked `soft`.
 */
import type { Range } from '../../contracts/errors.ts';
import type { Bind } from '../../contracts/node.ts';
import { after, readImport } from './imports.ts';
import type { Syntax } from './tree.ts';

/** One use of a name that comes from outside. */
export interface Use extends Range {
  readonly name: string;
  /** `station` in `stats.station`. */
  readonly member?: string;
  /** The body binds the name further down. */
  readonly rebound: boolean;
  readonly soft: boolean;
}

/** What the walk finds. */
export interface Names {
  readonly uses: readonly Use[];
  readonly binds: readonly Bind[];
  readonly imports: readonly { readonly module: string; readonly at: Range }[];
  readonly stars: readonly Range[];
}

type How = 'value' | 'function' | 'class' | 'aside' | 'delete';

/** `annotation`: of type parameters and annotations, the scopes that see into a class around them. */
interface Scope {
  readonly kind: 'module' | 'function' | 'class' | 'comprehension' | 'annotation';
  readonly parent: Scope | undefined;
  /** Runs later than where it stands, if at all. */
  readonly lazy: boolean;
  /** Innermost class around, for the names that begin with two underscores. */
  readonly inside: string;
  readonly bound: Set<string>;
  readonly globals: Set<string>;
  readonly nonlocals: Set<string>;
}

interface Noted { readonly name: string; readonly at: Syntax; readonly scope: Scope; readonly member?: string | undefined; readonly early: boolean; readonly unbound: boolean; readonly soft: boolean }

interface Definition { how: How; output: boolean; readonly ranges: Range[] }

const COMPREHENSIONS = new Set(['list_comprehension', 'set_comprehension', 'dictionary_comprehension', 'generator_expression']);
const TARGETS = new Set(['tuple_pattern', 'list_pattern', 'pattern_list', 'tuple', 'list', 'expression_list', 'list_splat_pattern', 'list_splat', 'dictionary_splat_pattern', 'parenthesized_expression', 'as_pattern_target']);

/** Finds the names of a module's tree. @param text the text that was parsed */
export function findNames(root: Syntax, text: string): Names { return new Walk(text).run(root); }

class Walk {
  private readonly text: string;
  private readonly noted: Noted[] = [];
  private readonly definitions = new Map<string, Definition>();
  private readonly imports: { readonly module: string; readonly at: Range }[] = [];
  private readonly stars: Range[] = [];
  /** Names in `global` statements: neither read nor bound there, but renamed with the rest. */
  private readonly mentions: { name: string; from: number; to: number }[] = [];
  private readonly top: Scope = scope('module', undefined, false);
  private scope: Scope = this.top;
  private softness = 0;
  private textAnnotations = false;

  constructor(text: string) { this.text = text; }

  run(root: Syntax): Names {
    this.visit(root);
    const uses: Use[] = [];
    for (const note of this.noted) {
      const found = this.resolve(note);
      if (found === 'local') continue;
      const definition = this.definitions.get(note.name);
      const range = { from: note.at.from, to: note.at.to };
      if (definition !== undefined && found === 'module') definition.ranges.push(range);
      else uses.push({ ...range, name: note.name, rebound: definition !== undefined, soft: note.soft, ...(note.member === undefined ? {} : { member: note.member }) });
    }
    for (const { name, from, to } of this.mentions) {
      const definition = this.definitions.get(name);
      if (definition !== undefined) definition.ranges.push({ from, to });
      else if (uses.some((use) => use.name === name)) uses.push({ name, from, to, rebound: false, soft: true });
    }
    const binds = [...this.definitions].map(([name, { how, output, ranges }]): Bind => ({
      name, ranges: ranges.sort((a, b) => a.from - b.from), what: how === 'function' || how === 'class' ? how : 'value',
      output: output && !name.startsWith('_') && name !== 'value',
    }));
    return { uses: uses.sort((a, b) => a.from - b.from), binds, imports: this.imports, stars: this.stars };
  }

  /** `outside`: the module's name, read before the body binds it. */
  private resolve({ name, scope: from, early, unbound }: Noted): 'local' | 'module' | 'outside' {
    let sees = true;
    for (let at: Scope | undefined = from; at !== undefined; at = at.parent) {
      if (at.kind === 'module' || at.globals.has(name)) return early ? 'outside' : 'module';
      if (at.kind !== 'class') {
        if (at.bound.has(name)) return 'local';
      } else if (name === '__class__' && at !== from) return 'local';
      else if (sees && at.bound.has(name)) {
        if (!unbound || at !== from) return 'local';
        return early ? 'outside' : 'module';
      }
      sees &&= at.kind === 'annotation';
    }
    return 'module';
  }

  private word(node: Syntax): string {
    const raw = this.text.slice(node.from, node.to);
    // oxlint-disable-next-line no-control-regex
    const name = /^[\x00-\x7f]*$/.test(raw) ? raw : raw.normalize('NFKC');
    const { inside } = this.scope;
    return inside !== '' && name.startsWith('__') && !name.endsWith('__') ? `_${inside}${name}` : name;
  }

  private read(node: Syntax, member?: string): void {
    const name = this.word(node);
    this.noted.push({
      name, at: node, scope: this.scope, member, early: !this.scope.lazy && !this.top.bound.has(name),
      unbound: this.scope.kind === 'class' && !this.scope.bound.has(name), soft: this.softness > 0,
    });
  }

  private bind(node: Syntax | undefined, how: How, into = this.scope): void {
    if (node === undefined) return;
    const name = this.word(node);
    if (into.nonlocals.has(name)) return;
    const home = into.globals.has(name) ? this.top : into;
    home.bound.add(name);
    if (home !== this.top) return;
    const known = this.definitions.get(name) ?? { how, output: false, ranges: [] };
    known.ranges.push({ from: node.from, to: node.to });
    if (how === 'delete') known.output = false;
    else if (how !== 'aside') Object.assign(known, { how, output: true });
    this.definitions.set(name, known);
  }

  /** Binds what an assignment's left side, a loop or a `with` names; what it only looks up (`a.b`, `a[i]`) is read. */
  private target(node: Syntax | undefined, how: How): void {
    if (node === undefined) return;
    if (node.type === 'identifier') {
      // What is deleted must be there.
      if (how === 'delete' && this.scope === this.top && !this.top.bound.has(this.word(node))) this.read(node);
      this.bind(node, how);
    } else if (TARGETS.has(node.type)) for (const child of node.children) this.target(child, how);
    else this.visit(node);
  }

  private within<T>(kind: Scope['kind'], lazy: boolean, work: () => T, inside?: string): T {
    const outer = this.scope;
    this.scope = scope(kind, outer, lazy, inside);
    try { return work(); } finally { this.scope = outer; }
  }

  private all(nodes: readonly Syntax[]): void { for (const node of nodes) this.visit(node); }

  private softly(nodes: readonly Syntax[]): void {
    this.softness++;
    this.all(nodes);
    this.softness--;
  }

  /** In a broken text any part may be missing. */
  private visit(node: Syntax | undefined): void {
    if (node === undefined) return;
    const { type, children } = node;
    switch (type) {
      case 'identifier': return this.read(node);
      case 'attribute': case 'member_type': return this.attribute(children[0], children.at(-1));
      case 'keyword_argument': return this.all(children.slice(2));
      case 'named_expression': return this.walrus(children[0], children[2]);
      case 'lambda': return this.lambda(children);
      case 'function_definition': return this.define(children, 'function');
      case 'class_definition': return this.define(children, 'class');
      case 'assignment': return this.assignment(children);
      case 'augmented_assignment':
        this.all(children);
        return this.target(children[0], 'value');
      case 'for_statement': {
        const at = after(children, 'for');
        this.visit(children[at + 2]);
        this.target(children[at], 'aside');
        return this.softly(children.slice(at + 3));
      }
      case 'while_statement': case 'try_statement': return this.softly(children);
      case 'as_pattern':
        this.all(children.slice(0, -1));
        return this.target(children.at(-1), 'aside');
      case 'except_clause': {
        for (const [index, child] of children.entries()) if (children[index - 1]?.type === 'as') this.target(child, 'aside'); else this.visit(child);
        return;
      }
      case 'import_statement': case 'future_import_statement': case 'import_from_statement': return this.import(node);
      case 'global_statement': case 'nonlocal_statement': return this.elsewhere(children.slice(1), type);
      case 'delete_statement': return this.target(children[1], 'delete');
      case 'type_alias_statement': return this.alias(children);
      case 'case_clause':
        for (const child of children) if (child.type === 'case_pattern') this.pattern(child); else this.visit(child);
        return;
      case 'interpolation': case 'format_expression': return this.interpolation(children);
      // What Python 2 called statements are names today: `print >> f`.
      case 'print': case 'exec': return this.read(node);
      default:
        if (COMPREHENSIONS.has(type)) this.comprehension(node);
        else for (const child of children) this.visit(child);
    }
  }

  private attribute(object: Syntax | undefined, member: Syntax | undefined): void {
    if (object === undefined || member === undefined) return;
    if (object.type === 'type' && object.children.length === 1) this.attribute(object.children[0], member);
    else if (object.type === 'identifier') this.read(object, this.word(member));
    else this.visit(object);
  }

  /** A walrus binds around its comprehensions; there it is a loop's left-over rather than a definition. */
  private walrus(name: Syntax | undefined, value: Syntax | undefined): void {
    this.visit(value);
    if (name === undefined) return;
    let home = this.scope;
    while (home.kind === 'comprehension' && home.parent !== undefined) home = home.parent;
    this.bind(name, home === this.scope ? 'value' : 'aside', home);
  }

  private assignment(children: readonly Syntax[]): void {
    const equals = after(children, '=');
    const annotation = children[after(children, ':')];
    if (equals > 0) this.all(children.slice(equals));
    if (annotation !== undefined && children[1]?.type === ':') {
      // Python never evaluates the annotations of a function's own variables.
      if (this.scope.kind !== 'function') this.annotation(annotation);
      if (equals === 0 && this.scope.kind !== 'function') return children[0]?.type === 'identifier' ? undefined : this.visit(children[0]);
    }
    this.target(children[0], 'value');
  }

  private annotation(node: Syntax): void {
    if (!this.textAnnotations) this.within('annotation', true, () => this.visit(node));
  }

  private lambda(children: readonly Syntax[]): void {
    const parameters = children.find((child) => child.type === 'lambda_parameters');
    this.defaults(parameters);
    this.within('function', true, () => {
      this.parameters(parameters);
      this.visit(children.at(-1));
    });
  }

  private defaults(parameters: Syntax | undefined): void {
    for (const { type, children } of parameters?.children ?? []) if (type.endsWith('default_parameter')) this.visit(children.at(-1));
  }

  private parameters(parameters: Syntax | undefined): void {
    for (const child of parameters?.children ?? []) {
      if (/^(typed|default|typed_default)_parameter$/.test(child.type)) this.target(child.children[0], 'aside');
      else if (child.type === 'identifier' || TARGETS.has(child.type)) this.target(child, 'aside');
    }
  }

  /** A function or a class. Defaults and decorators belong to the scope around; bases and annotations see the type parameters. */
  private define(children: readonly Syntax[], what: 'function' | 'class'): void {
    const name = children[after(children, what === 'class' ? 'class' : 'def')];
    const part = (type: string): Syntax | undefined => children.find((child) => child.type === type);
    const types = part('type_parameter');
    const parameters = part('parameters');
    const body = part('block');
    if (name === undefined) return;
    this.defaults(parameters);
    const inner = (): void => {
      if (types !== undefined) this.typeParameters(types);
      if (what === 'class') {
        const bases = part('argument_list');
        this.visit(bases);
        const inside = this.text.slice(name.from, name.to).replace(/^_+/, '');
        if (body !== undefined) this.within('class', this.scope.lazy, () => this.visit(body), inside);
        return;
      }
      for (const child of parameters?.children ?? []) for (const type of child.children) if (type.type === 'type') this.annotation(type);
      const returned = part('type');
      if (returned !== undefined) this.annotation(returned);
      this.within('function', true, () => {
        this.parameters(parameters);
        this.visit(body);
      });
    };
    if (types === undefined) inner(); else this.within('annotation', this.scope.lazy, inner);
    this.bind(name, what);
  }

  /** Names of type parameters are bound here; their bounds and defaults are evaluated when somebody asks. */
  private typeParameters(node: Syntax): void {
    const bounds: Syntax[] = [];
    for (let child of node.children) {
      while (child.type === 'type' || child.type === 'constrained_type' || child.type === 'splat_type') {
        bounds.push(...child.children.slice(2));
        const inner: Syntax | undefined = child.children[child.type === 'splat_type' ? 1 : 0];
        if (inner === undefined) break;
        child = inner;
      }
      if (child.type === 'identifier') this.bind(child, 'aside');
    }
    for (const bound of bounds) this.within('annotation', true, () => this.visit(bound));
  }

  private alias(children: readonly Syntax[]): void {
    const left = children[1]?.children[0];
    const generic = left?.type === 'generic_type';
    const name = generic ? left.children[0] : left;
    if (name?.type !== 'identifier') return this.all(children);
    this.within('annotation', true, () => {
      if (generic && left.children[1] !== undefined) this.typeParameters(left.children[1]);
      this.all(children.slice(3));
    });
    this.bind(name, 'class');
  }

  /** The first iterable belongs to the scope around; the clauses come before the element. */
  private comprehension({ type, children }: Syntax): void {
    const clauses = children.filter((child) => child.type === 'for_in_clause' || child.type === 'if_clause');
    const iterable = (clause: Syntax): readonly Syntax[] => clause.children.slice(after(clause.children, 'in'));
    if (clauses[0] !== undefined) this.all(iterable(clauses[0]));
    this.within('comprehension', this.scope.lazy || type === 'generator_expression', () => {
      for (const [index, clause] of clauses.entries()) {
        if (clause.type === 'if_clause') { this.visit(clause); continue; }
        if (index > 0) this.all(iterable(clause));
        this.target(clause.children[after(clause.children, 'for')], 'aside');
      }
      for (const child of children) if (!clauses.includes(child)) this.visit(child);
    });
  }

  /** `f"{a:=10}"` formats `a` by `=10`; the grammar takes it for a walrus. */
  private interpolation(children: readonly Syntax[]): void {
    for (const child of children) {
      if (child.type !== 'named_expression') { this.visit(child); continue; }
      this.visit(child.children[0]);
      const nested = (node: Syntax): void => {
        if (node.type === 'set' || node.type === 'dictionary') this.visit(node); else node.children.forEach(nested);
      };
      child.children.slice(2).forEach(nested);
    }
  }

  private elsewhere(names: readonly Syntax[], type: string): void {
    for (const node of names) {
      if (node.type !== 'identifier') continue;
      const name = this.word(node);
      if (type === 'nonlocal_statement') this.scope.nonlocals.add(name);
      else {
        this.scope.globals.add(name);
        this.mentions.push({ name, from: node.from, to: node.to });
      }
    }
  }

  private import(node: Syntax): void {
    const { modules, names, stars, textAnnotations } = readImport(node, this.text);
    this.imports.push(...modules);
    this.stars.push(...stars);
    for (const name of names) this.bind(name, 'aside');
    this.textAnnotations ||= textAnnotations;
  }

  /** `case name:` captures; `case a.name:` and `case Name():` read. */
  private pattern(node: Syntax): void {
    const { type, children } = node;
    if (type === 'dotted_name') {
      if (children.length > 1) this.attribute(children[0], children[2]);
      else if (this.word(node) !== '_') this.bind(children[0], 'aside');
    } else if (type === 'identifier') {
      if (this.word(node) !== '_') this.bind(node, 'aside');
    } else if (type === 'class_pattern') {
      const [name, , member] = children[0]?.children ?? [];
      if (member !== undefined) this.attribute(name, member); else this.visit(name);
      for (const child of children.slice(1)) this.pattern(child);
    } else if (type === 'keyword_pattern') for (const child of children.slice(2)) this.pattern(child);
    else if (type.endsWith('string')) this.visit(node);
    else for (const child of children) this.pattern(child);
  }
}

function scope(kind: Scope['kind'], parent: Scope | undefined, lazy: boolean, inside = parent?.inside ?? ''): Scope {
  return { kind, parent, lazy, inside, bound: new Set(), globals: new Set(), nonlocals: new Set() };
}
