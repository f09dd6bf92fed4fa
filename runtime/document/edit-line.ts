/**
 * Edits of a fence's line: keys, wires, flags. What is touched is one key and the space before it; order, quotes and spaces of
 * the others stay.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Range } from '../../contracts/errors.ts';
import { isKey, parseInfo, wireOf, writeAttribute, writeValue } from './attributes.ts';
import type { Info } from './attributes.ts';
import type { Attribute, Document, NotebookCell, TextChange } from './document.ts';
import { linesOf } from './lines.ts';

/** Where the info string of a cell stands. */
export function infoSpan(document: Document, cell: NotebookCell): Range {
  const [line] = linesOf(document.text, cell.fenceAt);
  const opening = /^ *(`+|~+)[ \t]*/.exec(document.text.slice(cell.fenceAt.from, cell.idAt.from))!;
  return { from: cell.fenceAt.from + opening[0].length, to: line!.end };
}

/** Writes a key, or takes it away for `undefined`. */
export function setParam(document: Document, cell: NotebookCell, key: string, value: string | undefined): readonly TextChange[] {
  if (!isKey(key)) throw new TelarError('usage', `\`${key}\` cannot be a key of a fence line: no spaces, quotes, braces, \`=\`, nor \`#\` or \`.\` in front.`, { key });
  const info = whole(document, cell);
  const had = info.attributes.filter((attribute) => attribute.key === key);
  if (value === undefined) return had.map((attribute) => without(document, attribute));
  if (key.startsWith('in.') && wireOf({ key, value }) === undefined) throw new TelarError('usage', `\`${key}=${value}\` is no wire; write \`in.port=node\` or \`in.port=node.output\`.`, { key });
  const [first] = had;
  if (first === undefined) return [{ from: info.partsEnd, to: info.partsEnd, insert: ` ${writeAttribute(key, value)}` }];
  if (first.value === value) return [];
  const flag = first.at.from === first.valueAt.from;
  return [{ ...(flag ? first.at : first.valueAt), insert: flag ? `${key}=${writeValue(value)}` : writeValue(value) }];
}

/** Writes a wire; one that was optional stays so. */
export function wire(document: Document, cell: NotebookCell, port: string, from: string, output: string | undefined): readonly TextChange[] {
  if (port === '' || port.endsWith('?') || !isKey(`in.${port}`)) throw new TelarError('usage', `\`${port}\` cannot be the name of an input.`, { port });
  const value = output === undefined || output === 'value' ? from : `${from}.${output}`;
  return setParam(document, cell, wiresTo(document, cell, port)[0]?.key ?? `in.${port}`, value);
}

/** Takes the wire to a port away. */
export function unwire(document: Document, cell: NotebookCell, port: string): readonly TextChange[] {
  return wiresTo(document, cell, port).map((attribute) => without(document, attribute));
}

/** Sets or takes away the flag `disabled`. */
export function setDisabled(document: Document, cell: NotebookCell, disabled: boolean): readonly TextChange[] {
  return setParam(document, cell, 'disabled', disabled ? 'true' : undefined);
}

/** The info string, if it can be edited: one that is broken would be read in another way after a change. */
function whole(document: Document, cell: NotebookCell): Info {
  const info = parseInfo(document.text, infoSpan(document, cell));
  const [broken] = info.problems;
  if (broken !== undefined) throw new TelarError('usage', `The fence line of \`${cell.id}\` is broken: ${broken.message}`, { id: cell.id, line: cell.line });
  return info;
}

function wiresTo(document: Document, cell: NotebookCell, port: string): readonly Attribute[] {
  return whole(document, cell).attributes.filter((attribute) => attribute.key === `in.${port}` || wireOf(attribute)?.port === port);
}

/** Takes a key away with the spaces before it. */
function without(document: Document, attribute: Attribute): TextChange {
  let from = attribute.at.from;
  while (document.text[from - 1] === ' ' || document.text[from - 1] === '\t') from -= 1;
  return { from, to: attribute.at.to, insert: '' };
}
