/**
 * Which run a person means by RUN: an id, a unique beginning of one, `last`, or `last~2` (two before the last one, of the whole
 * workspace, forks and imported runs included). An id wins over a beginning, and both over the word.
 */
import { TelarError } from '../../contracts/errors.ts';
import { nearest } from '../../nodes/nearest.ts';
import type { RunRecord, Store } from './store.ts';

/** Most candidates that a message tells. */
const TOLD = 5;

/** @throws TelarError `unknown-run`, with the nearest run, the candidates of a beginning, or how many runs there are */
export function findRun(store: Pick<Store, 'run' | 'runs'>, text: string): RunRecord {
  const exact = text === '' ? undefined : store.run(text);
  if (exact !== undefined) return exact;
  const runs = store.runs().filter(({ of }) => of === undefined);
  if (runs.length === 0) throw unknown(text, 'there are no runs yet. `telar run FILE` makes one.', []);
  const back = /^last(?:~(\d+))?$/.exec(text);
  if (back !== null) {
    const found = runs[Number(back[1] ?? 0)];
    if (found !== undefined) return found;
    throw unknown(text, `there ${runs.length === 1 ? 'is only one run: `last`' : `are only ${runs.length} runs: \`last\` to \`last~${runs.length - 1}\``}.`, []);
  }
  const ids = runs.map((run) => run.id);
  const begun = text === '' ? [] : runs.filter((run) => run.id.startsWith(text));
  if (begun.length === 1) return begun[0] as RunRecord;
  if (begun.length > 1) {
    const more = begun.length > TOLD ? ` and ${begun.length - TOLD} more` : '';
    throw unknown(text, `${begun.length} runs begin so: ${begun.slice(0, TOLD).map((run) => run.id).join(', ')}${more}. Give more of it.`, begun.map((run) => run.id));
  }
  const near = nearest(text, ['last', ...ids]);
  throw unknown(text, `there is no such run.${near === undefined ? '' : ` Did you mean \`${near}\`?`} \`telar runs\` lists them.`, near === undefined ? [] : [near]);
}

const unknown = (text: string, why: string, candidates: readonly string[]): TelarError =>
  new TelarError('unknown-run', `\`${text}\`: ${why}`, { run: text, candidates });
