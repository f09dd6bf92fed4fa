/** Bytes that nobody can read further: where they begin to differ. */

/** `1,204 → 1,210 bytes, different from byte 17 on` */
export function byteWords(before: Uint8Array, after: Uint8Array): string {
  const least = Math.min(before.length, after.length);
  let at = 0;
  while (at < least && before[at] === after[at]) at += 1;
  const sizes = before.length === after.length ? `${before.length} bytes` : `${before.length} → ${after.length} bytes`;
  return at === least && before.length !== after.length ? `${sizes}, the same up to byte ${at}` : `${sizes}, different from byte ${at} on`;
}
