/**
 * Codec: messages to frames and back. A message is a frame that names this generation of the link, a frame of JSON, and its bulk, a frame each.
 *
 * Decoding believes nothing and never throws: what it gives is exactly one of the messages of `messages.ts`, or the reason why it is none.
 * One generation understands no other: coordinator and workers are started from one installation.
 */
import { TelarError } from '../../../contracts/errors.ts';
import { type Fields, hasOnly, isCount, isError, isId, isListOf, isLabels, isName, isObject, isPayload, isText } from './check.ts';
import { type Envelope, type FromWorker, MOST_BULK, MOST_JSON, MOST_MESSAGE, type ToWorker } from './messages.ts';

/** Why frames are no message. */
export interface Nonsense { readonly nonsense: string }

const GENERATION = new Uint8Array([0x54, 1]);
/** Most pieces of bulk in a message. */
const MOST_PIECES = 1_024;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The frames of a message.
 * @throws TelarError `output-limit` when it is larger than the other side would take
 */
export function encodeMessage(message: FromWorker | ToWorker, bulk: readonly Uint8Array[] = []): Uint8Array[] {
  const json = encoder.encode(JSON.stringify(message));
  const reason = tooMuch(json, bulk);
  if (reason !== undefined) throw new TelarError('output-limit', `A message “${message.type}” is too large for the link: ${reason}. Large values travel through the store.`);
  return [GENERATION, json, ...bulk];
}

/** Frames of a worker, read by the coordinator. */
export const decodeFromWorker = (frames: readonly Uint8Array[]): Envelope<FromWorker> | Nonsense => decode(frames, fromWorker);

/** Frames of the coordinator, read by a worker. */
export const decodeToWorker = (frames: readonly Uint8Array[]): Envelope<ToWorker> | Nonsense => decode(frames, toWorker);

function decode<M extends FromWorker | ToWorker>(frames: readonly Uint8Array[], checks: Checks): Envelope<M> | Nonsense {
  const [generation, json, ...bulk] = frames;
  if (generation === undefined || json === undefined) return { nonsense: `it has ${frames.length} frames and not two or more` };
  if (generation.length !== 2 || generation[0] !== GENERATION[0]) return { nonsense: 'it does not begin as a message of the link does' };
  if (generation[1] !== GENERATION[1]) return { nonsense: `it is of generation ${generation[1]} of the link; this is ${GENERATION[1]}` };
  const reason = tooMuch(json, bulk);
  if (reason !== undefined) return { nonsense: reason };
  let message: unknown;
  try {
    message = JSON.parse(decoder.decode(json));
  } catch {
    return { nonsense: 'its JSON cannot be read' };
  }
  if (!isObject(message) || typeof message.type !== 'string') return { nonsense: 'it has no type' };
  const check = checks.get(message.type);
  if (check === undefined) return { nonsense: `nobody here sends “${message.type.slice(0, 40)}”` };
  if (!check(message)) return { nonsense: `its fields are not those of “${message.type}”` };
  if (bulk.length > 0 && message.type !== 'result' && message.type !== 'task') return { nonsense: `“${message.type}” has no bulk` };
  return { message: message as M, bulk };
}

function tooMuch(json: Uint8Array, bulk: readonly Uint8Array[]): string | undefined {
  if (json.length > MOST_JSON) return `${json.length} bytes of JSON, where ${MOST_JSON} are the most`;
  if (bulk.length > MOST_PIECES) return `${bulk.length} pieces of bulk, where ${MOST_PIECES} are the most`;
  let size = json.length;
  for (const piece of bulk) {
    if (piece.length > MOST_BULK) return `${piece.length} bytes of bulk in one piece, where ${MOST_BULK} are the most`;
    size += piece.length;
  }
  return size > MOST_MESSAGE ? `${size} bytes, where ${MOST_MESSAGE} are the most` : undefined;
}

type Checks = ReadonlyMap<string, (message: Fields) => boolean>;

const isLease = (message: Fields): boolean => isName(message.task) && isCount(message.epoch);
const isInFlight = (value: unknown): boolean => isObject(value) && hasOnly(value, ['task', 'key', 'epoch', 'state']) && isLease(value) && isName(value.key)
  && (value.state === 'computing' || value.state === 'done');
const isVital = (value: unknown): boolean => isObject(value) && hasOnly(value, ['progress', 'memory'], ['task']) && isCount(value.progress) && isCount(value.memory)
  && (value.task === undefined || isName(value.task));
const bare = (message: Fields): boolean => hasOnly(message, ['type']);

const fromWorker: Checks = new Map<string, (message: Fields) => boolean>([
  ['heartbeat', (message) => hasOnly(message, ['type', 'vital']) && isVital(message.vital)],
  ['begun', (message) => hasOnly(message, ['type', 'task', 'epoch']) && isLease(message)],
  ['result', (message) => isLease(message) && ('error' in message
    ? hasOnly(message, ['type', 'task', 'epoch', 'error']) && isError(message.error)
    : hasOnly(message, ['type', 'task', 'epoch', 'payload']) && isPayload(message.payload))],
  ['stream', (message) => hasOnly(message, ['type', 'task', 'epoch', 'stream', 'text']) && isLease(message) && typeof message.text === 'string'
    && (message.stream === 'stdout' || message.stream === 'stderr' || message.stream === 'progress')],
  ['ready', (message) => hasOnly(message, ['type', 'worker', 'class', 'pid', 'versions', 'capabilities', 'tasks']) && isId(message.worker) && isId(message.class) && isCount(message.pid)
    && isLabels(message.versions, 64) && isListOf(message.capabilities, 64, (each) => isText(each, 100)) && isListOf(message.tasks, 64, isInFlight)],
  ['log', (message) => hasOnly(message, ['type', 'record']) && isPayload(message.record)],
  ['goodbye', bare],
]);

const toWorker: Checks = new Map<string, (message: Fields) => boolean>([
  ['heartbeat', bare],
  ['resync', bare],
  ['task', (message) => hasOnly(message, ['type', 'task', 'key', 'epoch', 'payload']) && isLease(message) && isName(message.key) && isPayload(message.payload)],
  ['adopt', (message) => hasOnly(message, ['type', 'was', 'task', 'epoch']) && isLease(message) && isName(message.was)],
  ['cancel', (message) => hasOnly(message, ['type', 'task', 'epoch', 'how', 'reason']) && isLease(message) && typeof message.reason === 'string' && (message.how === 'soft' || message.how === 'hard')],
  ['settled', (message) => hasOnly(message, ['type', 'task', 'epoch', 'accepted']) && isLease(message) && typeof message.accepted === 'boolean'],
  ['stop', bare],
]);
