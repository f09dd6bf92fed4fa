/**
 * What an `each=` goes over: the rows of a table, the elements of a list, set or array, the values of a map. Each has a KEY that
 * names it in paths. Over a node that has `each=` itself it follows that node's lines, so that one that failed stops nobody else's.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import type { Blobs } from '../../contracts/values.ts';
import type { GraphNode, InputPort } from '../graph/node.ts';
import type { Sha256 } from '../ports.ts';
import { NumberArray } from '../values/array.ts';
import { loadValue, storeValue } from '../values/kinds.ts';
import { Complex, isPlain } from '../values/scalars.ts';
import { isTableView, summarise } from '../values/summary.ts';
import { portOfEach, type Element, type Lane } from './lane.ts';

/** Most elements of one `each=`. Each has its own records; work on more than that belongs into one step. */
const MOST_ELEMENTS = 100_000;

/** An element, or what became of its line further up, if it does not go on; a preview may not know that either. */
export interface Turn { readonly key: string; readonly element?: Element; readonly before?: { readonly path: string; readonly status: NodeStatus | undefined } }

/** What reading values takes. */
interface Powers { readonly blobs: Blobs; readonly sha256: Sha256 }

/**
 * The elements of a node with `each=`, in order.
 * @throws TelarError `value-type` for what has no elements, `bad-input` for too many, `value-missing`
 */
export function turnsOf(node: GraphNode, lane: Lane, powers: Powers): readonly Turn[] {
  const port = node.ports.find((one) => one.name === portOfEach(node)) as InputPort;
  const { source } = port;
  const lines = lane.linesOf(source.node);
  if (lines === undefined) {
    const ref = lane.refOf(node, port);
    // An optional input without a value has no elements.
    return ref === undefined ? [] : named(itemsOf(ref.form === 'live' || ref.form === 'opaque' ? undefined : loadValue(ref, powers.blobs), port, ref.form)).map(([key, value]) => ({ key, element: elementOf(value, powers) }));
  }
  const turns: Turn[] = [];
  for (const { key, lane: line } of lines) {
    const before = line.status.get(source.node);
    if (before?.state === 'skipped') continue;
    const ref = line.results.get(source.node)?.[source.output]?.ref;
    if (before?.state === 'fresh' && ref === undefined) continue;
    if (ref?.form === 'live') throw new TelarError('value-type', `\`${line.pathOf(source.node)}\` gives a ${ref.live?.what ?? 'function'}, and \`each=\` goes over data only. Pass what it returns instead.`, { type: 'live' });
    turns.push(ref === undefined ? { key, before: { path: line.pathOf(source.node), status: before } } : { key, element: { ref, keep: () => undefined } });
  }
  return turns;
}

function elementOf(value: unknown, { blobs, sha256 }: Powers): Element {
  // Most elements are reused: their values are put only when a step is to read them.
  const { ref } = storeValue(value, { put: sha256, get: () => undefined, has: () => false, path: () => undefined });
  return { ref: ref!, keep: () => { storeValue(value, blobs); } };
}

/** The items of a value, with the keys of a map. */
function itemsOf(value: unknown, port: InputPort, form: string): { readonly items: readonly unknown[]; readonly keys?: readonly unknown[] } {
  const count = (size: number): void => {
    if (size > MOST_ELEMENTS) throw new TelarError('bad-input', `\`${port.name}\` has ${size.toLocaleString('en')} elements, and \`each=\` goes over ${MOST_ELEMENTS.toLocaleString('en')} at most. Do the work on all of them in one step, or group them first.`, { size, limit: MOST_ELEMENTS });
  };
  if (isTableView(value)) {
    count(value.rows);
    return { items: Array.from({ length: value.rows }, (_, index) => value.row(index)) };
  }
  if (value instanceof NumberArray && value.shape.length > 0) {
    count(value.shape[0]!);
    return { items: slices(value) };
  }
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value as Iterable<unknown>];
    count(items.length);
    return { items };
  }
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (entries === undefined) {
    const type = value === undefined ? `${form === 'opaque' ? 'an opaque Python object' : 'live code'}` : summarise(value).type;
    throw new TelarError('value-type', `\`each=\` goes over a table, a list or a map, and \`${port.name}\` is ${type}. Give it one of these, or take \`each=\` away.`, { port: port.name, type: form });
  }
  count(entries.length);
  return { items: entries.map(([, item]) => item), keys: entries.map(([key]) => key) };
}

/** The parts of an array along its first dimension; numbers where it has only one. */
function slices({ type, shape, data }: NumberArray): unknown[] {
  const [length = 0, ...inner] = shape;
  const width = inner.reduce((product, side) => product * side, type.startsWith('complex') ? 2 : 1);
  return Array.from({ length }, (_, index) => {
    const part = data.slice(index * width, (index + 1) * width);
    if (inner.length > 0) return new NumberArray(type, inner, part);
    return type.startsWith('complex') ? new Complex(Number(part[0]), Number(part[1])) : type === 'bool' ? part[0] !== 0 : part[0];
  });
}

/** Texts that can stand in a path. */
const isKey = (value: unknown): value is string => typeof value === 'string' && /^[^[\]/\p{C}]{1,64}$/u.test(value);

/** KEYs: of a map its keys, of distinct short texts these, else places from 0. */
function named({ items, keys = items }: ReturnType<typeof itemsOf>): [string, unknown][] {
  const speaking = keys.every(isKey) && new Set(keys).size === keys.length;
  return items.map((item, index) => [speaking ? keys[index] as string : String(index), item]);
}
