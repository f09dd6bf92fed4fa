/**
 * The normal form of JavaScript: its syntax tree without places, comments, parentheses and spelling of literals. Two bodies have
 * the same normal form exactly when a formatter could have made one from the other (P2).
 */
import type { AnyNode } from 'acorn';

type Tree = Record<string, unknown> & { type: string };

/** The tree as one line of JSON. Strings are decoded, numbers are by value, regular expressions are exact. */
export function normalForm(program: AnyNode): string {
  return JSON.stringify(program, function replace(this: unknown, key: string, value: unknown): unknown {
    if (key === 'start' || key === 'end' || key === 'range') return undefined;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    const tree = value as Tree;
    switch (tree.type) {
      case 'Program': case 'BlockStatement': case 'StaticBlock':
        return { ...tree, body: (tree.body as Tree[]).filter((statement) => statement.type !== 'EmptyStatement') };
      case 'Literal': return literal(tree);
      // Only a tag can see how a template was spelled.
      case 'TemplateLiteral': return { ...tree, quasis: (tree.quasis as { value: { cooked: string } }[]).map((part) => part.value.cooked) };
      case 'TaggedTemplateExpression': {
        const quasi = tree.quasi as { quasis: { value: unknown }[]; expressions: unknown };
        return { type: tree.type, tag: tree.tag, quasis: quasi.quasis.map((part) => part.value), expressions: quasi.expressions };
      }
      case 'Property': case 'MethodDefinition': case 'PropertyDefinition': return tree.computed === true ? tree : { ...tree, key: plainKey(tree.key as Tree) };
      default: return tree;
    }
  });
}

function literal(tree: Tree): unknown {
  if (tree.regex !== undefined) return { regex: tree.regex };
  if (tree.bigint !== undefined) return { bigint: tree.bigint };
  return typeof tree.value === 'number' ? { number: String(tree.value) } : { value: tree.value };
}

/** `{a: 1}`, `{'a': 1}` and `{"a": 1}` are one thing; `#a` is another. */
function plainKey(key: Tree): unknown {
  if (key.type === 'Identifier') return { key: key.name };
  return key.type === 'Literal' ? { key: key.bigint ?? String(key.value) } : key;
}
