/**
 * Conflicts: what `git merge` leaves where two people changed the same lines. Only a whole set of markers counts
 * (`<<<<<<<`, perhaps `|||||||`, `=======`, `>>>>>>>`), since a lone `=======` is an underline in Markdown.
 */
import type { Range } from '../../contracts/errors.ts';
import type { Conflict } from './document.ts';
import { LineReader } from './lines.ts';

/** All conflicts of a text, in order. */
export function findConflicts(text: string): readonly Conflict[] {
  const conflicts: Conflict[] = [];
  if (!text.includes('<<<<<<<')) return conflicts;
  const reader = new LineReader(text);
  let ours: Marker | undefined;
  let base: Marker | undefined;
  let theirs: Marker | undefined;
  for (let at = 0; at < text.length;) {
    const line = reader.at(at);
    const marker = markerOf(text, line.from, line.end, line.next);
    if (marker?.sign === '<') [ours, base, theirs] = [marker, undefined, undefined];
    else if (marker !== undefined && ours !== undefined) {
      if (marker.sign === '|' && base === undefined && theirs === undefined) base = marker;
      else if (marker.sign === '=' && marker.label === '' && theirs === undefined) theirs = marker;
      else if (marker.sign === '>' && theirs !== undefined) {
        conflicts.push({
          at: { from: ours.from, to: marker.to },
          ours: { from: ours.to, to: (base ?? theirs).from },
          theirs: { from: theirs.to, to: marker.from },
          ...(base === undefined ? {} : { base: { from: base.to, to: theirs.from } }),
          labels: { ours: ours.label, theirs: marker.label },
        });
        ours = undefined;
      }
    }
    at = line.next;
  }
  return conflicts;
}

/** The lines that are not there if every conflict is read as ours: the markers, the base, and theirs. */
export function besideOurs(conflicts: readonly Conflict[]): readonly Range[] {
  return conflicts.flatMap((conflict) => [{ from: conflict.at.from, to: conflict.ours.from }, { from: conflict.ours.to, to: conflict.at.to }]);
}

/** The text with all conflicts blanked out, offsets and lines kept: what both sides agree on. */
export function withoutConflicts(text: string, conflicts: readonly Conflict[]): string {
  let agreed = '';
  let at = 0;
  for (const conflict of conflicts) {
    agreed += text.slice(at, conflict.at.from) + text.slice(conflict.at.from, conflict.at.to).replace(/[^\r\n]/g, ' ');
    at = conflict.at.to;
  }
  return agreed + text.slice(at);
}

interface Marker { readonly sign: string; readonly label: string; readonly from: number; readonly to: number }

function markerOf(text: string, from: number, end: number, to: number): Marker | undefined {
  const sign = text[from];
  if (sign === undefined || !'<|=>'.includes(sign) || end < from + 7) return undefined;
  for (let at = from + 1; at < from + 7; at++) if (text[at] !== sign) return undefined;
  if (end > from + 7 && text[from + 7] !== ' ') return undefined;
  return { sign, label: text.slice(from + 8, end), from, to };
}
