/** Native DuckDB passes the suite; and what only it can. */
import { describe, expect, it } from 'vitest';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import { sqlExecutorSuite } from '../suites/sql-executor.ts';

sqlExecutorSuite((root) => createNativeSql({ root }), { rows: 1_000_000, extensions: true });

describe('P1 native DuckDB', () => {
  it('P1 threads=n is part of the identity', () => {
    expect(createNativeSql({ root: '.' }).identity({ settings: { threads: 4 } }).threads).toBe('4');
  });
});
