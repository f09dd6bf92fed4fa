/** Columns: what a kernel asks of a column and only JavaScript can read: where a number's bytes lie, and any values as tagged JSON. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Blobs } from '../../../contracts/values.ts';
import { decodeRows } from '../../values/column-decode.ts';
import { columnLayout, readColumn } from '../../values/layout.ts';
import { recordText } from '../../values/record.ts';
import type { Needs } from '../python/inputs.node.ts';

/** Values decoded at once; between two pieces, others of this process have their turn. */
const PIECE = 50_000;
const PREFIX = 'telar:';

/**
 * Answers one question, as JSON. What is none of ours, or of another step's values, is answered with nothing.
 * @param folder where texts are written for the kernel to read
 */
export async function answerColumn(prompt: string, needs: Needs, blobs: Blobs, folder: string): Promise<string> {
  if (!prompt.startsWith(PREFIX)) return '';
  const question = JSON.parse(prompt.slice(PREFIX.length)) as { readonly layout?: string; readonly text?: string; readonly count?: number };
  const hash = question.layout ?? question.text ?? '';
  const blob = needs.columns.has(hash) ? blobs.get(hash) : undefined;
  if (blob === undefined) return '{}';
  if (question.layout !== undefined) {
    const { buffers, validity } = columnLayout(blob);
    const ends = ({ from, to }: { readonly from: number; readonly to: number }): number[] => [from, to];
    return JSON.stringify({ data: ends(buffers[0]!), validity: validity === undefined ? null : ends(validity) });
  }
  const column = readColumn(blob);
  const count = Math.min(Number(question.count), column.length);
  const file = `text-${hash}-${count}`;
  const fd = openSync(join(folder, file), 'w', 0o600);
  try {
    writeSync(fd, '[');
    for (let at = 0; at < count; at += PIECE) {
      writeSync(fd, `${at === 0 ? '' : ','}${recordText(decodeRows(column, at, Math.min(PIECE, count - at))).slice(1, -1)}`);
      await setImmediate();
    }
    writeSync(fd, ']');
  } finally {
    closeSync(fd);
  }
  return JSON.stringify({ file });
}
