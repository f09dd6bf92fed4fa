/**
 * Edit of a name: the id, the wires and the `outputs` that name it, and the places in bodies that the graph found. Prose is the
 * reader's and stays.
 */
import { writeValue } from './attributes.ts';
import type { Document, NotebookCell, Reference, TextChange, WrittenWire } from './document.ts';
import { outputPlaces } from './front-matter.ts';
import { bodyOffsetToText } from './places.ts';

/** Renames a node. */
export function renameNode(
  document: Document, cell: NotebookCell, to: string, references: readonly (Omit<Reference, 'id'> & { cell: NotebookCell })[],
): readonly TextChange[] {
  const { text, frontMatter } = document;
  const changes: TextChange[] = [{ ...cell.idAt, insert: to }];
  for (const other of document.cells) {
    for (const wire of other.wires) if (wire.node === cell.id) changes.push(renameWire(text, wire, to));
  }
  if (frontMatter.at !== undefined) {
    const { from: base, to: end } = frontMatter.at;
    for (const { from, to: until } of outputPlaces(text.slice(base, end), cell.id)) {
      const quote = text[base + from] === '"' || text[base + from] === "'" ? text[base + from]! : /^(?:null|true|false)$/.test(to) ? '"' : '';
      changes.push({ from: base + from, to: base + until, insert: quote + to + quote });
    }
  }
  for (const reference of references) {
    for (const { from, to: until, shorthand } of reference.ranges) {
      changes.push({ from: bodyOffsetToText(document, reference.cell, from), to: bodyOffsetToText(document, reference.cell, until), insert: shorthand === true ? `${cell.id}: ${to}` : to });
    }
    for (const [key, ranges] of Object.entries(reference.keys ?? {})) {
      const attribute = reference.cell.attributes.find((one) => one.key === key);
      if (attribute === undefined) continue;
      // From the end, so that the places before it stay; the value is written anew, for its escapes are not the text's.
      const value = ranges.toSorted((a, b) => b.from - a.from).reduce((so, { from, to: until, shorthand }) => `${so.slice(0, from)}${shorthand === true ? `${cell.id}: ${to}` : to}${so.slice(until)}`, attribute.value);
      changes.push({ ...attribute.valueAt, insert: writeValue(value) });
    }
  }
  return changes;
}

function renameWire(text: string, wire: WrittenWire, to: string): TextChange {
  const { valueAt } = wire.attribute;
  const from = valueAt.from + (/["']/.test(text[valueAt.from]!) ? 1 : 0);
  if (text.startsWith(wire.node, from)) return { from, to: from + wire.node.length, insert: to };
  return { ...valueAt, insert: writeValue(wire.output === undefined ? to : `${to}.${wire.output}`) };
}
