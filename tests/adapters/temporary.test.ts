/** Temporary folders where the system's own cannot be used. */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makeTemporary } from '../../runtime/adapters/temporary.node.ts';
import { createPlace, js } from '../support/cli.ts';

const { TMPDIR } = process.env;
const own = mkdtempSync(join(realpathSync(tmpdir()), 'telar-temporary-'));
afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(own, { recursive: true, force: true });
});

test('S38 a temporary folder that cannot be made is one error that names TMPDIR', () => {
  mkdirSync(own, { recursive: true });
  process.env.TMPDIR = own;
  expect(readdirSync(own)).toEqual([]);
  expect(makeTemporary('a-').startsWith(join(own, 'a-'))).toBe(true);
  writeFileSync(join(own, 'file'), '');
  process.env.TMPDIR = join(own, 'file');
  expect(() => makeTemporary('a-')).toThrow(expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(/file cannot be written \(ENOTDIR\).*TMPDIR/) as string }) as Error);
});

test.skipIf(process.platform !== 'linux')('S38 with a TMPDIR where nothing can be made, nothing waits for ever: who needs it says so', async () => {
  const place = createPlace({ 'a.telar.md': js('one', '1'), 'b.telar.md': js('one', '2', 'worker=heavy') });
  const call = { env: { TMPDIR: '/proc' }, patience: 20_000 };
  try {
    const [light, doctor, heavy] = [await place.run('a.telar.md', [], call), await place.telar(['doctor', '-q'], call), await place.run('b.telar.md', [], call)];
    expect([light.code, light.ran]).toEqual([0, ['one']]);
    expect([doctor.code, doctor.stdout]).toEqual([4, expect.stringMatching(/^no {3}temporary folder .*\n +Set TMPDIR to a folder/m)]);
    expect(heavy.code).toBe(4);
    expect(heavy.stdout + heavy.stderr).toMatch(/\/proc\/telar-.*TMPDIR/);
  } finally {
    place.remove();
  }
});
