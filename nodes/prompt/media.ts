/** Pictures and other media in a prompt: bytes from a wire, or a `data:` URL. Nothing is fetched: what a prompt shows stands in its inputs. */
import { TelarError } from '../../contracts/errors.ts';
import type { MessagePart } from '../../contracts/models.ts';

/** Most bytes of one medium. */
const LARGEST = 20 * 1024 ** 2;

const MAGIC: readonly (readonly [mediaType: string, pattern: RegExp])[] = [
  ['image/png', /^89504e470d0a1a0a/], ['image/jpeg', /^ffd8ff/], ['image/gif', /^47494638/], ['image/webp', /^52494646.{8}57454250/], ['application/pdf', /^25504446/],
];

/** @throws TelarError `bad-input` */
export function mediaOf(url: unknown, contentType: unknown): MessagePart {
  const said = typeof contentType === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(contentType) ? contentType : undefined;
  if (url instanceof Uint8Array) {
    if (url.length > LARGEST) throw tooLarge(url.length);
    const head = Array.from(url.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
    const mediaType = said ?? MAGIC.find(([, pattern]) => pattern.test(head))?.[0];
    if (mediaType === undefined) throw new TelarError('bad-input', 'Nobody knows what these bytes are: they begin like no PNG, JPEG, GIF, WebP or PDF. Say it: `{{media url=photo contentType="image/png"}}`.');
    return { media: { mediaType, base64: (url as Uint8Array & { toBase64(): string }).toBase64() } };
  }
  const found = typeof url === 'string' ? /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w-]+=[\w.-]+)*;base64,([A-Za-z0-9+/]*={0,2})$/.exec(url) : null;
  if (found === null) throw new TelarError('bad-input', '`media` takes bytes, or a `data:` URL in base64, and this is neither. A prompt fetches nothing; read the file with a `data` node.');
  const [, mediaType = '', base64 = ''] = found;
  if (base64.length * 0.75 > LARGEST) throw tooLarge(Math.floor(base64.length * 0.75));
  return { media: { mediaType: said ?? mediaType, base64 } };
}

const tooLarge = (bytes: number): TelarError => new TelarError('bad-input', `A medium of ${bytes} bytes is too large for a prompt (${LARGEST} at most); make it smaller.`);
