/** T2: what a wall says to each system, as text. Only bubblewrap's is also held to by a real system (`isolated.test.ts`). */
import { expect, test } from 'vitest';
import { bubblewrapArguments } from '../../runtime/sandbox/bubblewrap.ts';
import type { Wall } from '../../runtime/sandbox/profile.ts';
import { sandboxExecProfile } from '../../runtime/sandbox/sandbox-exec.ts';
import { insidePath, windowsSandboxFile } from '../../runtime/sandbox/windows-sandbox.ts';

const wall: Wall = { reads: ['/srv/loom/.telar/cache/snapshot', '/opt/node', '/srv/loom'], writes: ['/srv/loom/.telar/scratch/out'], hides: ['/srv/loom/.telar'], cwd: '/srv/loom/.telar/scratch/out', environment: { TZ: 'UTC' } };
const bare: Wall = { reads: ['C:\\code'], writes: ['C:\\out'], cwd: 'C:\\out', environment: { TZ: 'UTC' } };

test('T2 bubblewrap: nothing is shared, the environment is what is said, and a folder is bound before what lies in it', () => {
  const args = bubblewrapArguments(wall, { folders: ['/usr/lib'], links: [{ path: '/lib', target: 'usr/lib' }] });
  expect(args.slice(0, 9)).toEqual(['--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--hostname', 'telar']);
  expect(args).not.toContain('--share-net');
  expect(args.join(' ')).toContain('--clearenv --setenv TZ UTC ');
  const text = args.join(' ');
  const order = ['--tmpfs /tmp', '--ro-bind /srv/loom /srv/loom', '--tmpfs /srv/loom/.telar', '--ro-bind /srv/loom/.telar/cache/snapshot', '--bind /srv/loom/.telar/scratch/out', '--chdir'].map((part) => text.indexOf(part));
  expect(order.every((at) => at >= 0)).toBe(true);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(text).toContain('--symlink usr/lib /lib');
});

test('T2 sandbox-exec: all is denied first, what is hidden after what is read, what is written last; a path cannot leave its quotes', () => {
  const profile = sandboxExecProfile({ ...wall, reads: ['/srv/loom', '/a"b\\c'] });
  const lines = profile.split('\n');
  expect(lines.slice(0, 3)).toEqual(['(version 1)', '(deny default)', '(deny network*)']);
  expect(profile).toContain('(subpath "/a\\"b\\\\c")');
  expect(lines.findIndex((line) => line.includes('(subpath "/srv/loom")'))).toBeLessThan(lines.indexOf('(deny file-read* file-write* process-exec (subpath "/srv/loom/.telar"))'));
  expect(lines.indexOf('(deny file-read* file-write* process-exec (subpath "/srv/loom/.telar"))')).toBeLessThan(lines.indexOf('(allow file-read* file-write* (subpath "/srv/loom/.telar/scratch/out"))'));
  expect((profile.match(/\(/g) ?? []).length).toBe((profile.match(/\)/g) ?? []).length);
  expect(profile).not.toMatch(/allow (?:network|mach-lookup|default)/);
  expect(() => sandboxExecProfile({ ...wall, reads: ['/a\n(allow default)'] })).toThrow(RangeError);
});

test('T2 Windows Sandbox: everything beyond the folders is off; names cannot leave their places', () => {
  const file = windowsSandboxFile(bare, [`${insidePath(0)}\\node.exe`, 'a b.js']);
  for (const name of ['Networking', 'VGpu', 'AudioInput', 'VideoInput', 'PrinterRedirection', 'ClipboardRedirection']) expect(file).toContain(`<${name}>Disable</${name}>`);
  expect(file).toContain('<HostFolder>C:\\code</HostFolder>\n      <SandboxFolder>C:\\telar\\0</SandboxFolder>\n      <ReadOnly>true</ReadOnly>');
  expect(file).toContain('<HostFolder>C:\\out</HostFolder>\n      <SandboxFolder>C:\\telar\\1</SandboxFolder>\n      <ReadOnly>false</ReadOnly>');
  expect(file).toContain('set TZ=UTC &amp;&amp; C:\\telar\\0\\node.exe &quot;a b.js&quot;');
  expect(windowsSandboxFile({ ...bare, reads: ['C:\\<a>&b'] }, ['x'])).toContain('<HostFolder>C:\\&lt;a&gt;&amp;b</HostFolder>');
  expect(() => windowsSandboxFile(bare, ['a"b'])).toThrow(RangeError);
  expect(() => windowsSandboxFile(bare, ['%PATH%'])).toThrow(RangeError);
  expect(() => windowsSandboxFile(wall, ['x'])).toThrow(/cannot hide/);
});
