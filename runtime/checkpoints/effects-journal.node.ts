/**
 * The journal of effects: `.telar/effects.jsonl`, what has been done to the world, told once more beside the database (P7).
 *
 * All else in a lost database can be computed again; that an effect was made cannot. So each intent, each receipt with its values, and each
 * intent dropped is a sealed line here, synced: of an intent *after* its commit and before the call, of what ends one *before* its commit. Then, whatever
 * is killed in between, the journal has no open intent that a sound database lacks, and no receipt is lost: what the database does
 * not know, it has lost. A last line that was torn had not been acknowledged.
 *
 * A workspace without effects has no such file. Lines are written by one process at a time (`Connection.alone`).
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readAt, syncFolder, writeDurably } from '../adapters/durable.node.ts';
import { fault } from '../faults.ts';
import { sealOf } from './records.node.ts';
import type { Damage, Intent, Row } from './store.ts';
import { typed } from './trouble.node.ts';

/** A receipt, with those of its values (base64, by hash) that are kept inside the database. */
export interface Receipt { readonly receipt: Row; readonly values: Readonly<Record<string, string>>; readonly closes?: string }

/** One line. */
type Line = Receipt | { readonly intent: Intent } | { readonly dropped: string };

/** What the lines come to. */
export interface EffectsJournal {
  /** Action keys that have receipts or open intents. */
  keys(): readonly string[];
  /** The receipts of an action key, oldest first. */
  receipts(key: string): readonly Receipt[];
  /** Intents with neither receipt nor word that they are dropped, oldest first. */
  open(): readonly Intent[];
  /** Whether an intent has its receipt. */
  isClosed(intent: string): boolean;
  /** Adds a line; it is durable then. @throws TelarError `disk-full`, `read-only`: then it is not there */
  note(line: Line): void;
  /** How many lines were read, and the numbers of those that are not what was written, from 1. */
  examine(): { readonly lines: number; readonly broken: readonly number[] };
  /** Writes it anew without what has ended, if that halves it; `always` also without what is damaged. */
  compact(always: boolean): void;
}

/** A line's text: JSON, with a seal over what it says. */
const sealed = (text: string): string => `["${sealOf(text)}",${text}]`;
const textOf = (line: Line): string => `${sealed(JSON.stringify(line))}\n`;

/** Where in a line that begins. */
const SAID = sealed('').length - 1;

/** What a line's text says; `undefined` when it is not what was written. */
function lineOf(text: string): Line | undefined {
  const said = text.slice(SAID, -1);
  return sealed(said) === text ? JSON.parse(said) as Line : undefined;
}

const NEWLINE = 10;

/** Its file in a `.telar` folder. */
export const journalOf = (folder: string): string => join(folder, 'effects.jsonl');

/** Opens the journal of a `.telar` folder. It is read when it is first asked, and further when it has grown. */
export function openEffectsJournal(folder: string, onDamage: (damage: Damage) => void): EffectsJournal {
  const path = journalOf(folder);
  let known = '';
  let read = 0;
  let lines = 0;
  let broken: number[] = [];
  let intents = new Map<string, Intent>();
  let receipts = new Map<string, Map<string, Receipt>>();
  let closed = new Map<string, Receipt>();

  function forget(): void {
    [known, read, lines, broken, intents, receipts, closed] = ['', 0, 0, [], new Map(), new Map(), new Map()];
  }

  function take(line: Line): void {
    if ('intent' in line) {
      intents.set(line.intent.id, line.intent);
      // Begun once more: what drops it now says nothing of the receipt.
      closed.delete(line.intent.id);
    } else if ('receipt' in line) {
      const ofKey = receipts.get(line.receipt.key) ?? new Map<string, Receipt>();
      receipts.set(line.receipt.key, ofKey.set(line.receipt.id, line));
      if (line.closes === undefined) return;
      intents.delete(line.closes);
      closed.set(line.closes, line);
    } else {
      intents.delete(line.dropped);
      // Its commit failed, and a person has said since that it was not made.
      const { receipt } = closed.get(line.dropped) ?? {};
      if (receipt !== undefined) receipts.get(receipt.key)?.delete(receipt.id);
      closed.delete(line.dropped);
    }
  }

  /** Reads on from where it came to. A last line that does not end has not been written whole. */
  function refresh(): void {
    const now = statSync(path, { throwIfNoEntry: false });
    const id = now === undefined ? '' : `${now.ino} ${now.birthtimeMs}`;
    if (id !== known || (now?.size ?? 0) < read) forget();
    known = id;
    if (now === undefined || now.size === read) return;
    const bytes = readAt(path, read, now.size - read);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) return;
    for (const text of new TextDecoder().decode(bytes.subarray(0, end - 1)).split('\n')) {
      lines++;
      const line = lineOf(text);
      if (line !== undefined) { take(line); continue; }
      broken.push(lines);
      onDamage({ what: 'row', id: `effects ${lines}`, message: `Line ${lines} of ${path} was damaged and is not used. What it told of an effect is told by the database, unless that is lost too; \`telar fsck --repair\` writes the file anew.` });
    }
    read += end;
  }

  function append(bytes: Uint8Array): void {
    const descriptor = openSync(path, 'a');
    try {
      // What stands behind the last whole line was torn by the end of a process.
      if (fstatSync(descriptor).size > read) ftruncateSync(descriptor, read);
      try {
        for (let at = 0; at < bytes.byteLength;) at += writeSync(descriptor, bytes, at);
        fault('effect-noted');
        fsyncSync(descriptor);
      } catch (error) {
        ftruncateSync(descriptor, read);
        throw error;
      }
    } finally {
      closeSync(descriptor);
    }
  }

  /** Receipts first: an intent of the same id that is open was begun after them. */
  const kept = (): readonly Line[] => [...[...receipts.values()].flatMap((ofKey) => [...ofKey.values()]), ...[...intents.values()].map((intent) => ({ intent }))];

  return {
    keys() { refresh(); return [...new Set([...receipts.keys(), ...[...intents.values()].map(({ key }) => key)])]; },
    receipts(key) { refresh(); return [...receipts.get(key)?.values() ?? []]; },
    open() { refresh(); return [...intents.values()]; },
    isClosed(intent) { refresh(); return closed.has(intent); },
    examine() { refresh(); return { lines, broken }; },
    note(line) {
      refresh();
      const isNew = known === '';
      try {
        append(new TextEncoder().encode(textOf(line)));
        if (isNew) syncFolder(folder);
      } catch (error) {
        throw typed(error, path);
      }
    },
    compact(always) {
      refresh();
      if (known === '' || (broken.length > 0 && !always)) return;
      const bytes = new TextEncoder().encode(kept().map(textOf).join(''));
      if (bytes.byteLength * 2 > read && broken.length === 0) return;
      try {
        // A name that is cleared away when a process ends in between, as those of values are.
        if (bytes.byteLength > 0) writeDurably(path, join(folder, 'blobs', `.tmp-${process.pid}-effects`), bytes);
        else rmSync(path);
        syncFolder(folder);
      } catch (error) {
        throw typed(error, path);
      }
    },
  };
}
