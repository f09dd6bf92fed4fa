/** Secrets do not get into what is written, in whatever form they come. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineOf } from '../../runtime/journal/format.ts';
import { createRedactor, isSecretName } from '../../runtime/journal/redact.ts';

const stamp = { time: 1_795_000_000_000, pid: 7 };
const line = (secrets: readonly string[], msg: string, fields: Record<string, unknown> = {}): string =>
  lineOf('info', msg, fields, stamp, createRedactor(secrets), 65_536);

/** A secret as people and programs have them: words, keys, with spaces, quotes, slashes, letters beyond ASCII. */
const secret = fc.oneof(
  fc.string({ minLength: 6, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019-_.~+/=!@#$%^&*(){}[]|\\"\' :;,?<>'.split('')) }),
  fc.string({ minLength: 6, maxLength: 24, unit: 'grapheme' }),
  fc.uuid(),
).filter((one) => one.trim().length >= 6 && one.isWellFormed());

describe('W14 redaction', () => {
  test('W14 a secret never appears in any form that it was given', () => {
    fc.assert(fc.property(secret, fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), fc.nat(4), (value, before, after, ahead) => {
      const forms = [
        value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase()), new URLSearchParams([['', value]]).toString().slice(1), encodeURI(value),
        Buffer.from(value).toString('base64').replace(/=+$/, ''), Buffer.from(value).toString('base64url'), Buffer.from(value).toString('hex'),
      ];
      const inside = Buffer.from(`${'x'.repeat(ahead)}${value}${after}`).toString('base64');
      for (const form of [...forms, inside]) {
        const said = line([value], `${before} ${form} ${after}`, { deep: { list: [form, { [form]: form }] }, node: form });
        const parsed = JSON.parse(said) as { msg: string; node: string; deep: { list: [string, Record<string, string>] } };
        const texts = [parsed.msg, parsed.node, parsed.deep.list[0], ...Object.entries(parsed.deep.list[1]).flat()];
        for (const text of texts) {
          // What stands around a secret may hold something of it by itself; the secret whole, never.
          expect(text).not.toContain(value);
          if (form === inside) expect(Buffer.from(text.split(' ').find((word) => word.length > 20) ?? '', 'base64').toString()).not.toContain(value);
          else if (form.length >= 8) expect(text).not.toContain(form);
        }
        expect(said).not.toContain(JSON.stringify(value).slice(1, -1));
      }
    }), { numRuns: 300, seed: 41 });
  });

  test('W14 a line is one line of JSON, whatever it is told', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.object({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true }), (msg, fields) => {
      const said = line(['hunter2hunter2'], msg, fields as Record<string, unknown>);
      expect(said.endsWith('\n')).toBe(true);
      expect(said.indexOf('\n')).toBe(said.length - 1);
      expect(said.length).toBeLessThanOrEqual(65_537);
      expect(JSON.parse(said)).toMatchObject({ level: 30, ...stamp });
    }), { numRuns: 300, seed: 42 });
  });

  test('W14 a field that is named as a secret is not told', () => {
    const said = line([], 'called', { headers: { Authorization: 'Bearer abc', 'X-Api-Key': 'k-1', accept: 'text/plain' }, password: 'tulip', dbPassword: 'rose', github_token: 4711, tokens: 12, tokenizer: 'bpe' });
    const { headers, ...rest } = JSON.parse(said) as { headers: Record<string, string> } & Record<string, unknown>;
    expect(headers).toEqual({ Authorization: '[redacted]', 'X-Api-Key': '[redacted]', accept: 'text/plain' });
    expect(rest).toMatchObject({ password: '[redacted]', dbPassword: '[redacted]', github_token: '[redacted]', tokens: 12, tokenizer: 'bpe' });
    expect(['PATH', 'PWD', 'HOME', 'tokens', 'keyboard'].filter(isSecretName)).toEqual([]);
  });

  test.each([
    ['GET with Authorization: Bearer eyJhbGciOi.J9x-y', 'eyJhbGciOi'],
    ['cannot open https://anna:tulip%40@example.org/a', 'tulip'],
    ['cannot open postgres://tulipan@example.org/a', 'tulipan'],
    ['asked https://example.org/?q=1&api_key=tulip99&z=2', 'tulip99'],
    ['{"password": "tulip99", "n": 1}', 'tulip99'],
    ['PGPASSWORD=tulip99 psql', 'tulip99'],
    ...([['sk-', 'proj-a1B2c3D4e5F6g7H8i9J0'], ['ghp_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'], ['github_pat_', '11ABCDEFG0a1b2c3d4e5f6_g7h8i9'], ['xoxb-', '123456789012-abcdefGHIJKL'], ['AKIA', 'IOSFODNN7EXAMPLE'], ['AIza', 'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q']] as const)
      .map(([ahead, rest]): [string, string] => [`got ${ahead}${rest}, and went on`, rest]),
    ['it said eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N and more', 'dozjgNryP4J3jVmNHl0w5N'],
    [`-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\nafter`, 'MIIEpAIBAAKCAQEA'],
    [`-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA`, 'MIIEpAIBAAKCAQEA'],
  ])('W14 %s: what looks like a secret by its place is not told', (said, hidden) => {
    const redactor = createRedactor();
    const once = redactor.text(said);
    expect(once).not.toContain(hidden);
    expect(once).toContain('[redacted]');
    expect(redactor.text(once)).toBe(once);
  });

  test('W14 plain words stay, and a very short secret goes only where it stands alone', () => {
    for (const said of ['basic understanding of tokens: 12', 'the token was refused', 'https://example.org/a@b', 'at step 3: password is wrong', 'the task-force asked sk-ip and eyJ.a.b', 'AKIA and ghp_ are beginnings', '-----BEGIN PUBLIC KEY-----']) expect(createRedactor(['zz-zz-zz']).text(said)).toBe(said);
    expect(createRedactor(['a1']).text('a1, a12 and ba1: a1')).toBe('[redacted], a12 and ba1: [redacted]');
  });

  test('W14 a mark never spells a secret, and long texts cost no more than their length', () => {
    expect(createRedactor(['redacted', '[redacted]']).text('x redacted [redacted]')).not.toMatch(/redacted/);
    const long = ['a_'.repeat(100_000), 'a.'.repeat(100_000), 'x://'.repeat(50_000), 'bearer '.repeat(30_000), 'token: '.repeat(30_000), 'eyJ'.repeat(70_000), '-eyJaaaaaaaa'.repeat(20_000), 'eyJaaaaaaaa.'.repeat(20_000), 'sk-'.repeat(70_000), '-----BEGIN PRIVATE KEY-----'.repeat(8_000), '-----BEGIN '.repeat(20_000)];
    const redactor = createRedactor(['hunter2hunter2']);
    const growth = (text: string): number => { const t0 = performance.now(); redactor.text(text); return performance.now() - t0; };
    for (const text of long) expect(growth(text)).toBeLessThan(2_000);
  });
});
