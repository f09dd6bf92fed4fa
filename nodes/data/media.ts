/** Media types: what the bytes of a file are, as far as its name says. */

/** Arrow's stream of record batches; a step's context keeps such bytes as a table. */
export const ARROW = 'application/vnd.apache.arrow.stream';

/** Media types of files whose extension says one. */
export function mediaTypeOf(file: string): string {
  return MEDIA[/\.([a-z0-9]+)$/.exec(file.toLowerCase())?.[1] ?? ''] ?? 'application/octet-stream';
}

const MEDIA: Readonly<Record<string, string>> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', svg: 'image/svg+xml', pdf: 'application/pdf',
  zip: 'application/zip', gz: 'application/gzip', wav: 'audio/wav', mp3: 'audio/mpeg', mp4: 'video/mp4', html: 'text/html', xml: 'application/xml',
  yaml: 'application/yaml', yml: 'application/yaml', wasm: 'application/wasm',
};
