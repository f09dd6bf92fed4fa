/**
 * Where the coordinator of a workspace listens, and how its workers find it again.
 *
 * The first living coordinator of a workspace has slot 0, a second slot 1, and so on; a slot is held by a lock, so whoever starts after a
 * kill gets the same slot, and with it the workers that were left there. A slot's folder, `.telar/workers/N/`, holds its invitation and
 * a record of each worker. The socket itself lies elsewhere, since the path of one may not be longer than some hundred bytes.
 *
 * The empty lock file `N.lock` stays: of two processes, one that removes it and one that takes it, both would believe they had it.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { capability } from 'zeromq';
import { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../adapters/hash.node.ts';
import { isBusy, isLocked, type Lock, takeLock } from '../adapters/lock.node.ts';
import { newKeys } from './link/curve.node.ts';
import type { Place } from './link/router.node.ts';
import type { Endpoint } from './link/sockets.ts';
import { removeStatus } from './status.node.ts';

/** What a coordinator tells those who look for it. */
export interface Invitation extends Endpoint {
  /** Another one each time a coordinator begins. */
  readonly incarnation: string;
  readonly pid: number;
}

/** A slot that this process holds. */
export interface Slot extends Place {
  readonly index: number;
  readonly incarnation: string;
  /** Its folder: the invitation, and a record for each worker. */
  readonly folder: string;
  readonly allowed: Set<string>;
  /** Tells workers where to come. To be called when the socket listens. */
  invite(endpoint: Endpoint): void;
  /** Lets go. What the slot no longer needs is removed; with workers left, it stays for who comes next. */
  leave(): void;
}

/** How to listen, where a person or a test says. */
export type Transport = 'ipc' | 'tcp';

const MOST_SLOTS = 64;
/** Milliseconds that a lock is waited for: somebody may just be looking whether it is held. */
const PATIENCE = 20;
/** Most bytes of a socket's path: systems have room for 103 or 107. */
const MOST_PATH = 100;

/** The folder of slots in a workspace's `.telar`. */
export const slotsFolder = (state: string): string => join(state, 'workers');

/**
 * Takes the first slot that nobody holds.
 * @param state the workspace's `.telar`; absolute
 * @throws TelarError `unavailable` when all are held, `refused` where others could reach the socket
 */
export function takeSlot(state: string, transport: Transport = capability.ipc === true ? 'ipc' : 'tcp'): Slot {
  mkdirSync(slotsFolder(state), { recursive: true, mode: 0o700 });
  for (let index = 0; index < MOST_SLOTS; index += 1) {
    const lock = tryLock(state, index);
    if (lock === undefined) continue;
    try {
      return openSlot(state, index, lock, transport);
    } catch (error) {
      lock.end();
      throw error;
    }
  }
  throw new TelarError('unavailable', `${MOST_SLOTS} runs are at work in this workspace, and no more can be. Wait for one to end.`);
}

/** The invitation of a slot's folder; `undefined` where there is none that can be read. */
export function readInvitation(folder: string): Invitation | undefined {
  try {
    const { incarnation, address, serverKey, pid } = JSON.parse(readFileSync(join(folder, 'invitation'), 'utf8')) as Invitation;
    return { incarnation, address, pid, ...(serverKey === undefined ? {} : { serverKey }) };
  } catch {
    return undefined;
  }
}

/** Whether a living coordinator holds a slot. */
export const isTaken = (state: string, index: number): boolean => isLocked(lockOf(state, index));

/** Removes what a slot has, when nobody holds it and no worker is left there. For the last worker of a coordinator that was killed. */
export function removeDeadSlot(state: string, index: number): void {
  const lock = tryLock(state, index);
  if (lock === undefined) return;
  try {
    if (removeSlot(state, index)) removeStatus(state, index);
  } finally {
    lock.end();
  }
}

function openSlot(state: string, index: number, lock: Lock, transport: Transport): Slot {
  const folder = folderOf(state, index);
  mkdirSync(join(folder, 'records'), { recursive: true, mode: 0o700 });
  const file = transport === 'ipc' ? socketFile(state, index) : undefined;
  const incarnation = randomBytes(6).toString('hex');
  return {
    index, incarnation, folder, allowed: new Set(),
    ...(file === undefined ? { address: 'tcp://127.0.0.1:*', keys: newKeys() } : { address: `ipc://${file}`, file }),
    invite(endpoint) {
      const told: Invitation = { incarnation, ...endpoint, pid: process.pid };
      writeAtomically(join(folder, 'invitation'), JSON.stringify(told));
    },
    leave() {
      removeSlot(state, index);
      lock.end();
    },
  };
}

function tryLock(state: string, index: number): Lock | undefined {
  try {
    return takeLock(lockOf(state, index), PATIENCE);
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Under the slot's lock. @returns whether it went: not while a worker is written down there */
function removeSlot(state: string, index: number): boolean {
  const folder = folderOf(state, index);
  try {
    // What a kill left half written is nobody's.
    for (const name of readdirSync(join(folder, 'records'))) if (name.endsWith('.tmp')) rmSync(join(folder, 'records', name), { force: true });
    rmdirSync(join(folder, 'records'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
  }
  const address = readInvitation(folder)?.address;
  // A workspace from elsewhere may name any file there.
  for (const file of socketFiles(state, index)) if (address === `ipc://${file}`) rmSync(file, { force: true });
  rmSync(folder, { recursive: true, force: true });
  return true;
}

const lockOf = (state: string, index: number): string => join(slotsFolder(state), `${index}.lock`);
const folderOf = (state: string, index: number): string => join(slotsFolder(state), String(index));

/** A short path in a folder of this person's own. */
function socketFile(state: string, index: number): string {
  const path = socketFiles(state, index).find((one) => Buffer.byteLength(one) <= MOST_PATH) as string;
  makePrivate(join(path, '..'));
  return path;
}

/** Where the socket of a slot may lie. */
function socketFiles(state: string, index: number): readonly string[] {
  const name = `${sha256(realpathSync(state)).slice(0, 12)}-${index}.sock`;
  return [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((base) => base !== undefined && base !== '' && existsSync(base)).map((base) => join(base as string, `telar-${userInfo().uid}`, name));
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new TelarError('unavailable', `No folder for sockets can be made at ${folder} (${code}). Name one that can be written in XDG_RUNTIME_DIR or TMPDIR.`, { folder }, { cause: error });
  }
  const { uid, mode, isDirectory } = lookAt(folder);
  if (!isDirectory || uid !== userInfo().uid || (mode & 0o077) !== 0) {
    throw new TelarError('refused', `${folder} belongs to somebody else or is open to others, so no socket is made there. Remove it, or name another folder in XDG_RUNTIME_DIR.`, { folder });
  }
}

function lookAt(folder: string): { uid: number; mode: number; isDirectory: boolean } {
  const stat = lstatSync(folder);
  return { uid: stat.uid, mode: stat.mode, isDirectory: stat.isDirectory() };
}

/** Writes a file that only its owner can read, so that nobody sees half of it. */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
