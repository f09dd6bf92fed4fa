/**
 * Pictures, compared by pixels: how many differ, by how much, and where. Only PNG, and only up to a size that is known before anything
 * is unpacked: a file of a few bytes may say that it is a picture of a billion pixels, or unpack to more than it says.
 */
import { decode, type DecodedPng } from 'fast-png';
import { Unzlib } from 'fflate';
import { count, figure } from './words.ts';

/** Most pixels of a picture that is unpacked. */
const MOST_PIXELS = 16 * 1024 * 1024;
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const KEPT = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

/** How two PNG files differ; `undefined` when one of them is none, is damaged or too large: then they are bytes. */
export function imageWords(before: Uint8Array, after: Uint8Array): string | undefined {
  try {
    const [sizeA, sizeB] = [checked(before), checked(after)];
    if (sizeA === undefined || sizeB === undefined) return undefined;
    if (sizeA.width !== sizeB.width || sizeA.height !== sizeB.height) return `picture ${sizeA.width} × ${sizeA.height} → ${sizeB.width} × ${sizeB.height}`;
    return pixelWords(decode(sizeA.bare), decode(sizeB.bare));
  } catch {
    return undefined;
  }
}

interface Checked { readonly width: number; readonly height: number; /** The file without what is not pixels. */ readonly bare: Uint8Array }

/** Looks at a PNG's parts without unpacking more of it than its header says. */
function checked(bytes: Uint8Array): Checked | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, kind] = [view.getUint8(24), view.getUint8(25)];
  if (width === 0 || height === 0 || width * height > MOST_PIXELS) return undefined;
  // Interlaced rows are shorter and more; one byte for each and pass is enough for both.
  let room = height * (Math.ceil(width * depth * (CHANNELS[kind] ?? 4) / 8) + 1) + 8 * (width + height) * 8;
  const inflator = new Unzlib((chunk) => { room -= chunk.length; if (room < 0) throw new RangeError('more than its header says'); });
  const parts = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + size;
    if (end > bytes.length) return undefined;
    if (KEPT.has(type)) parts.push(bytes.subarray(at, end));
    // Small pieces, so that what one of them unpacks to is seen before the next.
    if (type === 'IDAT') for (let from = at + 8; from < end - 4; from += 16_384) inflator.push(bytes.subarray(from, Math.min(from + 16_384, end - 4)));
    at = end;
  }
  const bare = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { bare.set(part, at); at += part.length; }
  return { width, height, bare };
}

/** Red, green, blue and alpha of a pixel, from 0 to 255. Samples of less than a byte lie packed, each row from a byte of its own. */
function colourOf({ data, width, channels, depth, palette, transparency }: DecodedPng, x: number, y: number, into: Float64Array): void {
  const row = y * Math.ceil(width * channels * depth / 8);
  const raw = (channel: number): number => (depth >= 8 ? data[(y * width + x) * channels + channel] as number : ((data[row + (x * depth >> 3)] as number) >> (8 - depth - (x * depth & 7))) & ((1 << depth) - 1));
  const entry = channels === 1 ? palette?.[raw(0)] : undefined;
  const scale = 255 / (2 ** depth - 1);
  for (let channel = 0; channel < 3; channel += 1) into[channel] = entry?.[channel] ?? raw(channels < 3 ? 0 : channel) * scale;
  const clear = transparency !== undefined && transparency.length === channels && transparency.every((one, channel) => one === raw(channel));
  into[3] = entry === undefined ? (channels === 2 || channels === 4 ? raw(channels - 1) * scale : clear ? 0 : 255) : entry[3] ?? 255;
}

function pixelWords(before: DecodedPng, after: DecodedPng): string {
  const [mine, theirs] = [new Float64Array(4), new Float64Array(4)];
  const { width, height } = before;
  let differing = 0;
  let largest = 0;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    colourOf(before, x, y, mine);
    colourOf(after, x, y, theirs);
    let gap = 0;
    for (let channel = 0; channel < 4; channel += 1) gap = Math.max(gap, Math.abs((mine[channel] as number) - (theirs[channel] as number)));
    if (gap === 0) continue;
    differing += 1;
    largest = Math.max(largest, gap);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  if (differing === 0) return `the same ${width} × ${height} pixels, packed differently`;
  return `${count(differing, 'pixel')} of ${width} × ${height} differ (${figure(differing / (width * height) * 100)} %), by at most ${figure(largest)} of 255, from (${left}, ${top}) to (${right}, ${bottom})`;
}
