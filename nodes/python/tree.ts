/**
 * Python's syntax tree as plain objects. Tree-sitter's tree lives in the memory of a WebAssembly module and must be freed by
 * hand, so it is copied once by a cursor and deleted at once; whatever reads it afterwards is ordinary code.
 *
 * Comments and line continuations are left out here: no reader of the tree wants them. Road not taken: tree-sitter's own node
 * objects, each of which costs several calls into the module whenever it is looked at.
 */
import { Language, Parser } from 'web-tree-sitter';
import type { Resources } from '../../contracts/node.ts';

/** A node of the tree, in UTF-16 units. A token that the grammar does not name has its text as `type`. */
export interface Syntax {
  readonly type: string;
  /** Symbol number in this version of the grammar. */
  readonly symbol: number;
  readonly from: number;
  readonly to: number;
  readonly children: Syntax[];
}

/** A parsed text. */
export interface Parsed {
  readonly root: Syntax;
  /** First place that the grammar does not accept; `undefined` when it accepts all. */
  readonly broken: Syntax | undefined;
}

interface Grammar { readonly parser: Parser; readonly types: readonly string[]; readonly version: string }

let grammar: Grammar | undefined;
let loading: Promise<Grammar> | undefined;

const LEFT_OUT = new Set(['comment', 'line_continuation']);

/** Loads parser and grammar, once per realm. @throws what the resources throw when a file is absent */
export async function preparePython(resources: Resources): Promise<void> {
  loading ??= load(resources);
  grammar = await loading;
}

async function load(resources: Resources): Promise<Grammar> {
  const [engine, python] = await Promise.all([
    resources.bytes('web-tree-sitter/web-tree-sitter.wasm'), resources.bytes('tree-sitter-python/tree-sitter-python.wasm'),
  ]);
  await Parser.init({ wasmBinary: engine });
  const language = await Language.load(python);
  const parser = new Parser().setLanguage(language);
  const { major_version: major = 0, minor_version: minor = 0 } = language.metadata ?? {};
  return { parser, types: language.types, version: `${major}.${minor}` };
}

/** Version of the loaded grammar, for keys: `0.25`. */
export function grammarVersion(): string { return loaded().version; }

function loaded(): Grammar {
  if (grammar === undefined) throw new Error('Python is analysed before preparePython has been awaited.');
  return grammar;
}

/** Parses a text. Never fails for what the text says. */
export function parse(text: string): Parsed {
  const { parser, types } = loaded();
  const tree = parser.parse(text);
  if (tree === null) throw new Error('The Python parser gave no tree.');
  const cursor = tree.walk();
  try {
    const take = (): Syntax => {
      const symbol = cursor.nodeTypeId;
      return { type: types[symbol] ?? 'ERROR', symbol, from: cursor.startIndex, to: cursor.endIndex, children: [] };
    };
    const faulty = tree.rootNode.hasError;
    const root = take();
    let broken = faulty && root.type === 'ERROR' ? root : undefined;
    const above: Syntax[] = [];
    let into = root;
    let more = cursor.gotoFirstChild();
    while (more) {
      const node = take();
      if (!LEFT_OUT.has(node.type)) into.children.push(node);
      if (faulty && broken === undefined && (node.type === 'ERROR' || cursor.nodeIsMissing)) broken = node;
      if (cursor.gotoFirstChild()) {
        above.push(into);
        into = node;
        continue;
      }
      while (!(more = cursor.gotoNextSibling()) && above.length > 0) {
        cursor.gotoParent();
        into = above.pop()!;
      }
    }
    return { root, broken: broken ?? (faulty ? root : undefined) };
  } finally {
    cursor.delete();
    tree.delete();
  }
}
