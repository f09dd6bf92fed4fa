/** Small questions to a syntax tree that scopes do not answer: parents, members, imports. */
import type { AnyNode, Identifier, ObjectPattern } from 'acorn';
import type { Range } from '../../contracts/errors.ts';
import type { NamePlace } from '../../contracts/node.ts';

/** Every node with the node above it, in the order of the text. */
export type Parents = ReadonlyMap<AnyNode, AnyNode | undefined>;

/** Lists all nodes of a tree with their parents. */
export function parentsOf(root: AnyNode): Parents {
  const parents = new Map<AnyNode, AnyNode | undefined>();
  const visit = (node: AnyNode, parent: AnyNode | undefined): void => {
    parents.set(node, parent);
    for (const value of Object.values(node) as unknown[]) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node);
    }
  };
  visit(root, undefined);
  return parents;
}

const isNode = (value: unknown): value is AnyNode => typeof (value as { type?: unknown } | null)?.type === 'string' && typeof (value as AnyNode).start === 'number';

/** The place of a node. */
export const rangeOf = (node: { start: number; end: number }): Range => ({ from: node.start, to: node.end });

/** The place of a name, which in `{ name }` and `{ name = 1 }` names a member too. */
export function placeOf(name: AnyNode, parents: Parents): NamePlace {
  const parent = parents.get(name);
  const property = parent?.type === 'AssignmentPattern' && parent.left === name ? parents.get(parent) : parent;
  return property?.type === 'Property' && property.shorthand ? { ...rangeOf(name), shorthand: true } : rangeOf(name);
}

/** The members that all these uses of a name take of it; `undefined` when one use takes the whole. */
export function membersOf(uses: readonly Identifier[], parents: Parents): readonly string[] | undefined {
  const members = new Set<string>();
  for (const use of uses) {
    const taken = memberTaken(use, parents.get(use));
    if (taken === undefined) return undefined;
    for (const member of taken) members.add(member);
  }
  return [...members];
}

function memberTaken(use: Identifier, parent: AnyNode | undefined): readonly string[] | undefined {
  if (parent?.type === 'MemberExpression' && parent.object === use) {
    const { property } = parent;
    if (!parent.computed) return property.type === 'Identifier' ? [property.name] : undefined;
    return property.type === 'Literal' && typeof property.value === 'string' ? [property.value] : undefined;
  }
  return parent?.type === 'VariableDeclarator' && parent.init === use && parent.id.type === 'ObjectPattern' ? keysOf(parent.id) : undefined;
}

/** `const {monthly, daily: d} = station` takes two members; a rest or a computed key takes the whole. */
function keysOf(pattern: ObjectPattern): readonly string[] | undefined {
  const keys = pattern.properties.map((part) => (part.type === 'Property' && !part.computed && part.key.type === 'Identifier' ? part.key.name : undefined));
  return keys.every((key) => key !== undefined) && keys.length > 0 ? keys : undefined;
}

/** Modules named outright, by `import … from`, `export … from` or `import('…')`. */
export function importsOf(parents: Parents): { readonly module: string; readonly at: Range }[] {
  const found: { module: string; at: Range }[] = [];
  for (const node of parents.keys()) {
    if (!('source' in node)) continue;
    const source = node.source as AnyNode | null | undefined;
    if (source?.type === 'Literal' && typeof source.value === 'string') found.push({ module: source.value, at: rangeOf(source) });
  }
  return found;
}
