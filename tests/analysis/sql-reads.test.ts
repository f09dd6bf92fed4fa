/** The names a SQL body reads, against DuckDB's own parser: hand-made queries, and queries from a grammar with a kept seed. */
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyseSql } from '../../nodes/sql/index.ts';
import { generateQuery } from './sql-grammar.ts';
import { handMade } from './sql-corpus.ts';
import { oracle } from './sql-oracle.ts';

let connection: DuckDBConnection;
beforeAll(async () => { connection = await (await DuckDBInstance.create(':memory:')).connect(); });

/** Each use as the oracle writes it, from the places that the analysis gives. */
function uses(sql: string): string[] {
  return analyseSql(sql).reads.filter((read) => read.fold === true).flatMap((read) => read.ranges.map((range) => {
    const member = /^\s*\.\s*("(?:[^"]|"")*"|\w+)/.exec(sql.slice(range.to))?.[1];
    const written = sql.slice(range.from, range.to);
    const name = (written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written).toLowerCase();
    return member === undefined ? name : `${name}.${member.replaceAll('"', '')}`;
  })).sort();
}

async function agrees(sql: string): Promise<void> {
  const truth = await oracle(connection, sql);
  expect({ sql, tables: uses(sql) }).toEqual({ sql, tables: truth.tables });
  expect([...new Set(truth.files)].filter((file) => !(analyseSql(sql).files ?? []).includes(file)), sql).toEqual([]);
}

describe('G5 tables of hand-made queries, as DuckDB parses them', () => {
  test('there are at least 150, all different', () => expect(new Set(handMade).size).toBeGreaterThanOrEqual(150));
  test.each(handMade)('G5 %s', agrees);
});

test('G5 600 queries from a grammar agree with DuckDB, seed 20261120', async () => {
  const queries = Array.from({ length: 600 }, (_, index) => generateQuery(20261120 + index));
  expect(new Set(queries).size).toBeGreaterThan(500);
  for (const query of queries) await agrees(query);
});
