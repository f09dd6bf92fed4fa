/**
 * A wall for `sandbox-exec` (macOS): the text of a profile in Apple's language of sandboxes. Denied is what is not allowed; the
 * last rule that matches wins, so what is hidden comes after what is read, and what is written after that.
 *
 * The command is old and marked so by Apple, and still the only door to the system's own sandbox for a program without a signature.
 */
import type { Wall } from './profile.ts';

/** Where programs of macOS find their loader and libraries. */
const SYSTEM = ['/usr/lib', '/usr/share', '/System/Library', '/System/Volumes/Preboot/Cryptexes', '/Library/Apple', '/private/var/db/dyld', '/private/var/db/timezone', '/private/etc/localtime'];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom'];

/** The profile for `sandbox-exec -p`. */
export function sandboxExecProfile(wall: Wall): string {
  const places = (paths: readonly string[]): string => paths.map((path) => ` (subpath ${quoted(path)})`).join('');
  const rule = (head: string, paths: readonly string[]): string[] => (paths.length === 0 ? [] : [`(${head}${places(paths)})`]);
  return [
    '(version 1)', '(deny default)', '(deny network*)', '(deny mach-lookup)', '(deny ipc-posix*)',
    '(allow process-fork)', '(allow signal (target self))', '(allow sysctl-read)', '(allow file-read-metadata)',
    ...rule('allow file-read* process-exec', [...SYSTEM, ...wall.reads]),
    ...rule('deny file-read* file-write* process-exec', wall.hides ?? []),
    ...rule('allow file-read* file-write*', wall.writes),
    `(allow file-read* file-write-data${DEVICES.map((path) => ` (literal ${quoted(path)})`).join('')})`,
    '',
  ].join('\n');
}

/** A text of the profile's language. @throws RangeError for a path that has no such text */
function quoted(path: string): string {
  if (/[\0-\x1f]/.test(path)) throw new RangeError('a path with control characters cannot be written in a profile');
  return `"${path.replace(/[\\"]/g, '\\$&')}"`;
}
