/** CPython itself, in Pyodide, as the oracle of the Python analysis: its symbol tables, its tree, and its library to try them on. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadPyodide, type PyodideAPI } from 'pyodide';
import type { Resources } from '../../contracts/node.ts';

const require = createRequire(import.meta.url);

/** Files of the installed packages. */
export const resources: Resources = { bytes: async (specifier) => new Uint8Array(readFileSync(require.resolve(specifier))) };

const PRELUDE = `
import ast, builtins, io, json, symtable, tokenize, warnings, zipfile
warnings.simplefilter('ignore')

def library(path):
    out = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith('.py'):
                data = archive.read(name)
                encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
                out[name] = data.decode(encoding).removeprefix('\\ufeff')
    return out

# Names of the module's scope that the text binds, and those it reads without binding them.
def names(text):
    top = symtable.symtable(text, 'body', 'exec')
    bound, read = set(), set()
    for symbol in top.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            bound.add(symbol.get_name())
        if symbol.is_referenced():
            read.add(symbol.get_name())
    def walk(table):
        for child in table.get_children():
            for symbol in child.get_symbols():
                if symbol.is_global():
                    if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                        bound.add(symbol.get_name())
                    if symbol.is_referenced():
                        read.add(symbol.get_name())
            walk(child)
    walk(top)
    # A variable of the compiler's own, in no text.
    read.discard('__conditional_annotations__')
    return sorted(bound), sorted(read - bound)

# Whether the module's own code stores the name as the target of a comprehension and nowhere else.
def only_in_comprehensions(name, text):
    inside, outside = False, False
    def walk(node, comprehension):
        nonlocal inside, outside
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            outside |= node.name == name
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
                inside |= comprehension
                outside |= not comprehension
            outside |= isinstance(node, ast.alias) and (node.asname or node.name.split('.')[0]) == name
            for field, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        walk(child, comprehension or (isinstance(node, ast.comprehension) and field == 'target'))
    walk(ast.parse(text), False)
    return inside and not outside

# Whether an annotation in a class reads a name that the class itself binds.
def annotated_in_class(name, text):
    def walk(table):
        for child in table.get_children():
            if table.get_type() == 'class' and child.get_type() == 'annotation' and name in table.get_identifiers() and table.lookup(name).is_local() and name in child.get_identifiers():
                return True
            if walk(child):
                return True
        return False
    return walk(symtable.symtable(text, 'body', 'exec'))

def same(a, b):
    return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))
`;

/** What the tests ask of CPython. */
export interface CPython {
  /** Texts of its standard library, by path. */
  readonly library: ReadonlyMap<string, string>;
  /** Names bound at module level, and names read that are not, by `symtable`. `undefined` when the text is no Python. */
  names(text: string): { bound: string[]; free: string[] } | undefined;
  /** Whether the module's own code binds the name as a comprehension's target and nowhere else. */
  onlyInComprehensions(name: string, text: string): boolean;
  /** Whether an annotation in a class reads a name that the class itself binds. */
  annotatedInClass(name: string, text: string): boolean;
  /** The text written anew from its tree alone. */
  unparse(text: string): string;
  /** Whether two texts have the same tree; `undefined` when one of them is no Python. */
  same(a: string, b: string): boolean | undefined;
  /** Any expression, as JSON. */
  evaluate(code: string): unknown;
}

/** Starts it; about two seconds. */
export async function startCPython(): Promise<CPython> {
  const python: PyodideAPI = await loadPyodide();
  python.FS.writeFile('/library.zip', new Uint8Array(readFileSync(require.resolve('pyodide/python_stdlib.zip'))));
  python.runPython(PRELUDE);
  const call = (code: string, values: Record<string, string>): unknown => {
    const locals = python.globals.get('dict')();
    for (const [name, value] of Object.entries(values)) locals.set(name, value);
    try { return JSON.parse(python.runPython(`json.dumps(${code})`, { globals: python.globals, locals }) as string); } finally { locals.destroy(); }
  };
  const attempt = <T>(work: () => T): T | undefined => {
    try { return work(); } catch (error) {
      if (/SyntaxError|IndentationError|TabError|ValueError/.test(String(error))) return undefined;
      throw error;
    }
  };
  return {
    library: new Map(Object.entries(call(`library('/library.zip')`, {}) as Record<string, string>)),
    names: (text) => attempt(() => { const [bound, free] = call('names(text)', { text }) as [string[], string[]]; return { bound, free }; }),
    onlyInComprehensions: (name, text) => call('only_in_comprehensions(name, text)', { name, text }) as boolean,
    annotatedInClass: (name, text) => call('annotated_in_class(name, text)', { name, text }) as boolean,
    unparse: (text) => call('ast.unparse(ast.parse(text))', { text }) as string,
    same: (a, b) => attempt(() => call('same(a, b)', { a, b }) as boolean),
    evaluate: (code) => call(code, {}),
  };
}
