/** The computed status, and that the file's own is never believed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { digestsOf } from '../../nodes/contract/digest.ts';
import type { ContractLock } from '../../nodes/contract/lock.ts';
import { readContract } from '../../nodes/contract/read.ts';
import { statusOf, type StatusReport } from '../../nodes/contract/status.ts';
import type { CodeContract } from '../../nodes/contract/types.ts';

const telio = readFileSync(new URL('../../samples/contracts/TELIO-U001.contract.yaml', import.meta.url), 'utf8').replaceAll('\u00a0', ' ');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const read = (text: string): CodeContract => readContract(text).contract as CodeContract;
const accepted: ContractLock = { id: 'TELIO-U001', version: '1.0.0', digests: digestsOf(read(telio), 'code', sha256), interface: {}, lines: {}, waived: [] };
const status = (text: string, code: string | undefined, lock?: ContractLock): StatusReport => statusOf(read(text), digestsOf(read(text), code, sha256), lock);
const claiming = (claim: string): string => telio.replace('status: pending', `status: ${claim}`);

test('K4 draft without code, generated with code, verified as it was accepted, drifted since', () => {
  expect(status(telio, undefined)).toEqual({ status: 'draft', declared: 'pending', why: 'there is no src/store.js', drift: [] });
  expect(status(telio, 'code')).toMatchObject({ status: 'generated', declared: 'pending' });
  expect(status(telio, 'code', accepted)).toMatchObject({ status: 'verified', drift: [] });
  expect(status(telio, 'other', accepted)).toMatchObject({ status: 'drifted', why: 'the code changed since 1.0.0 was verified' });
  expect(status(telio, undefined, accepted)).toMatchObject({ status: 'drifted', why: 'the code is gone since 1.0.0 was verified' });
  expect(status(telio.replace('=== 1096', '=== 1'), 'code', accepted).why).toBe('its tests changed since 1.0.0 was verified');
  expect(status(telio.replace('  file: src/store.js\n', ''), undefined).why).toBe('it names no code (`metadata.file`)');
});

test.each(['draft', 'pending', 'verified', 'drifted', 'done'])('K4 a file that claims to be %s changes nothing', (claim) => {
  const found = [status(claiming(claim), undefined), status(claiming(claim), 'code'), status(claiming(claim), 'code', accepted), status(claiming(claim), 'x', accepted)];
  expect(found.map((one) => one.status)).toEqual(['draft', 'generated', 'verified', 'drifted']);
  expect(new Set(found.map(({ declared }) => declared))).toEqual(new Set([claim]));
});
