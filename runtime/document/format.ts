/**
 * Format: what `telar fmt` writes. Only the lines of fences that are nodes, and the front matter, are put in their usual form;
 * bodies, prose and examples belong to their authors. A line or front matter with a problem in it stays as it is.
 */
import { isMap } from 'yaml';
import { parseInfo, writeAttribute } from './attributes.ts';
import { applyChanges } from './changes.ts';
import type { Document, NotebookCell, TextChange } from './document.ts';
import { lineEnd } from './edit-body.ts';
import { infoSpan } from './edit-line.ts';
import { findFrontMatter, yamlOf } from './front-matter.ts';
import { linesOf } from './lines.ts';
import { fenceStart } from './places.ts';

/** The text with its fence lines and front matter in their usual form. Formatting it again changes nothing. */
export function formatDocument(document: Document): string {
  return applyChanges(document.text, [...frontMatterChanges(document), ...document.cells.flatMap((cell) => fenceChanges(document, cell))]);
}

/** `language {#id .kind key=value}` with single spaces, and a closing line as long as the opening run. */
function fenceChanges(document: Document, cell: NotebookCell): readonly TextChange[] {
  const { text } = document;
  const span = infoSpan(document, cell);
  const info = parseInfo(text, span);
  if (info.problems.length > 0 || new Set(info.attributes.map(({ key }) => key)).size < info.attributes.length) return [];
  const parts = [`#${cell.id}`, ...(info.kind === undefined ? [] : [`.${info.kind}`]), ...info.attributes.map(({ key, value }) => writeAttribute(key, value))];
  const { indent, run } = fenceStart(document, cell);
  const changes: TextChange[] = [{ from: cell.fenceAt.from + indent + run.length, to: span.to, insert: `${info.language} {${parts.join(' ')}}` }];
  const [last] = linesOf(text, { from: cell.bodyAt.to, to: cell.at.to });
  if (last !== undefined) changes.push({ from: last.from, to: last.end, insert: ' '.repeat(indent) + run });
  return changes;
}

/** The YAML as its package writes it, comments kept, where that says exactly the same. */
function frontMatterChanges(document: Document): readonly TextChange[] {
  const { text } = document;
  const place = findFrontMatter(text);
  if (typeof place !== 'object' || document.conflicts.some(({ at }) => at.from < place.end)) return [];
  const source = text.slice(place.at.from, place.at.to);
  const written = writeYaml(source);
  if (written === undefined || writeYaml(written) !== written) return [];
  const eol = lineEnd(text);
  const dashes = (from: number, to: number): TextChange[] => linesOf(text, { from, to }).map((line) => ({ from: line.from, to: line.end, insert: '---' }));
  return [...dashes(place.openAt.from, place.openAt.to), { ...place.at, insert: written.replaceAll('\n', eol) }, ...dashes(place.at.to, place.end)];
}

/** YAML in its usual form; `undefined` when it has errors, is no map, or would not say the same. */
function writeYaml(source: string): string | undefined {
  const yaml = yamlOf(source.replaceAll('\r\n', '\n'));
  if (yaml === undefined || yaml.errors.length > 0 || yaml.warnings.length > 0 || !isMap(yaml.contents)) return undefined;
  try {
    const written = yaml.toString({ lineWidth: 0, flowCollectionPadding: false });
    const again = yamlOf(written);
    const same = again !== undefined && again.errors.length === 0 && JSON.stringify(again.toJS()) === JSON.stringify(yaml.toJS());
    const place = findFrontMatter(`---\n${written}---\n`);
    return same && typeof place === 'object' && place.at.to === written.length + 4 ? written : undefined;
  } catch {
    return undefined;
  }
}
