/**
 * Proving a skill: all of its files are those that were exported, every pinned value has the bytes that its name says, and each step
 * that this host can do comes out as it is pinned. It needs no engine but JavaScript, no network, and nothing outside the folder.
 */
import { TelarError } from '../../contracts/errors.ts';
import { rowId } from '../checkpoints/store.ts';
import { actionKey } from '../graph/fingerprint.ts';
import { openReplay } from '../replay/replay.ts';
import { redoStep } from '../replay/redo.ts';
import { keyPart } from '../scheduler/decide.ts';
import { effectOf } from '../scheduler/effects.ts';
import { CARRIED, PINNED, type SkillHost } from './skill-host.ts';
import type { Lock } from './format.ts';

/** What a proof found. */
export interface Proof {
  /** Steps done again that came out the same. */
  readonly same: readonly string[];
  /** Steps held to their hashes alone, and why: `engine`, `recorded`, `not-pinned`, `gather`, `world`. */
  readonly held: Readonly<Record<string, string>>;
  readonly differ: readonly { readonly node: string; readonly what: string }[];
}

/** Proves what is pinned. Files have been compared before. @param signal stops between two steps */
export async function proveSkill(host: SkillHost, lock: Pick<Lock, 'steps' | 'rows' | 'leftOut'>, signal: AbortSignal = new AbortController().signal): Promise<Proof> {
  const { sha256, store } = host;
  const same: string[] = [];
  const held: Record<string, string> = {};
  const differ: { node: string; what: string }[] = [];
  const byId = new Map(lock.rows.map((row) => [row.id, row]));
  for (const row of lock.rows) if (rowId(sha256, row) !== row.id) differ.push({ node: row.id.slice(0, 12), what: 'the result does not bear the name that follows from its key' });
  const replay = await openReplay(host, PINNED);
  try {
    for (const step of lock.steps) {
      signal.throwIfAborted();
      const { node: path, key, components } = step;
      const row = step.row === undefined ? undefined : byId.get(step.row);
      if (key !== undefined && components !== undefined && actionKey(keyPart(components), sha256) !== key) differ.push({ node: path, what: 'its key does not follow from its parts' });
      if (step.row !== undefined && row === undefined) differ.push({ node: path, what: 'its result is not in the lock' });
      if (row === undefined) continue;
      for (const [name, { ref }] of Object.entries(row.outputs)) {
        if (ref !== undefined && ref.form !== 'live' && store.blobs.get(ref.hash) === undefined && !lock.leftOut.some(({ hash }) => hash === ref.hash)) differ.push({ node: path, what: `its ${name} is neither pinned nor told to be left out` });
      }
      const node = replay.node(path);
      const why = node === undefined ? undefined
        : components?.kind === 'gather' || node.inner !== undefined ? 'gather'
          : ['observe', 'effect'].includes(effectOf(node)) ? 'world'
            : step.recorded === true ? 'recorded'
              : !CARRIED.has(node.description.kind) || node.description.engines.some((engine) => engine !== 'javascript') ? 'engine' : '';
      if (why === undefined) { differ.push({ node: path, what: 'the notebook has no such node' }); continue; }
      if (why !== '') { held[path] = why; continue; }
      try {
        const redone = await redoStep(replay, path, { signal });
        const other = redone.error !== undefined ? `doing it again failed: ${redone.error.message}`
          : Object.entries(row.outputs).flatMap(([name, { ref }]) => (ref === undefined || ref.form === 'live' || redone.outputs[name]?.ref?.hash === ref.hash ? [] : [`its ${name} comes out otherwise`]))[0];
        if (other === undefined) same.push(path); else differ.push({ node: path, what: other });
      } catch (caught) {
        const error = TelarError.from(caught);
        if (error.code !== 'input-gone' && error.code !== 'unavailable') throw error;
        held[path] = error.code === 'unavailable' ? 'engine' : 'not-pinned';
      }
    }
  } finally {
    await replay.close();
  }
  return { same, held, differ };
}
