/**
 * Edit: every edit that a view can make, as the smallest change of text (D2). An edit reads the parsed document and gives
 * replacements of spans; nothing is formatted again. This file is the door; `edit-line.ts`, `edit-body.ts`, `edit-place.ts`
 * and `edit-name.ts` hold the edits of a fence's line, its body, its place on the page, and its name.
 */
import { TelarError } from '../../contracts/errors.ts';
import { applyChanges } from './changes.ts';
import type { Document, Edit, NotebookCell, TextChange } from './document.ts';
import { setBody } from './edit-body.ts';
import { setDisabled, setParam, unwire, wire } from './edit-line.ts';
import { renameNode } from './edit-name.ts';
import { addNode, moveNode, removeNode } from './edit-place.ts';
import { currentGeneration, newerMessage } from './generations.ts';
import { isId } from './languages.ts';
import { parseDocument } from './parse.ts';

/**
 * The changes of text that make an edit; none when the text says it already.
 * @throws TelarError `usage` when the edit names an unknown node, a bad id, a taken id, or what cannot be written on a fence
 *   line; `newer-generation` when the document is not ours to edit
 */
export function applyEdit(document: Document, edit: Edit): readonly TextChange[] {
  const { telar } = document.frontMatter;
  if (telar > currentGeneration) throw new TelarError('newer-generation', newerMessage(telar), { file: document.file, generation: telar });
  switch (edit.type) {
    case 'addNode':
      free(document, edit.id);
      return addNode(document, edit, edit.after === undefined ? undefined : named(document, edit.after));
    case 'removeNode': return removeNode(document, named(document, edit.id));
    case 'moveNode': return moveNode(document, named(document, edit.id), edit.after === undefined ? undefined : named(document, edit.after));
    case 'setBody': return setBody(document, named(document, edit.id), edit.body);
    case 'setParam': return setParam(document, named(document, edit.id), edit.key, edit.value);
    case 'setDisabled': return setDisabled(document, named(document, edit.id), edit.disabled);
    case 'wire':
      named(document, edit.from);
      return wire(document, named(document, edit.id), edit.port, edit.from, edit.output);
    case 'unwire': return unwire(document, named(document, edit.id), edit.port);
    case 'renameNode': {
      const cell = named(document, edit.id);
      if (edit.to === edit.id) return [];
      free(document, edit.to);
      return renameNode(document, cell, edit.to, edit.references.map(({ id, ...places }) => ({ cell: named(document, id), ...places })));
    }
  }
}

/**
 * The document after an edit: the same as parsing the text after its changes.
 * @throws TelarError as `applyEdit`
 */
export function editDocument(document: Document, edit: Edit): Document {
  const changes = applyEdit(document, edit);
  return changes.length === 0 ? document : parseDocument(applyChanges(document.text, changes), document.file);
}

function named(document: Document, id: string): NotebookCell {
  const cell = document.cells.find((one) => one.id === id);
  if (cell === undefined) throw new TelarError('usage', `There is no node \`${id}\` in ${document.file}; see \`telar graph\` for those there are.`, { id });
  return cell;
}

function free(document: Document, id: string): void {
  if (!isId(id)) throw new TelarError('usage', `\`${id}\` cannot be an id: begin with a small letter, then small letters, digits and \`_\` only.`, { id });
  if (document.cells.some((cell) => cell.id === id)) throw new TelarError('usage', `There is a node \`${id}\` in ${document.file} already; choose another id.`, { id });
}
