/** The peer of B16, in a process of its own: a million row objects as JSON from DuckDB to Pyodide and back; and DuckDB alone. */
import { DuckDBInstance } from '@duckdb/node-api';
import { aMillion, stockPython, sumOf } from './million.ts';

/** Milliseconds of the road there and back, and of an aggregate over a table that lies in DuckDB's own memory. */
export interface RowsAsJson { readonly across: number; readonly step: number }

const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
const stock = await stockPython();
process.once('disconnect', () => { stock.end(); process.exit(0); });

async function once(turn: number): Promise<RowsAsJson> {
  const from = performance.now();
  const rows = (await connection.runAndReadAll(aMillion(String(turn)))).getRowObjectsJson();
  const sum = await stock.sum(JSON.stringify(rows));
  const [back] = (await connection.runAndReadAll(`select ${sum} * 2 as twice`)).getRowObjectsJson();
  const across = performance.now() - from;
  if (Number(back?.twice) !== 2 * sumOf(turn)) throw new Error(`the sum is wrong: ${JSON.stringify(back)}`);
  await connection.run(`create or replace table flights as ${aMillion(String(turn))}`);
  const begun = performance.now();
  await connection.runAndReadAll('select c, count(*) n, sum(a) s from flights group by c order by c');
  return { across, step: performance.now() - begun };
}

process.on('message', (turn) => { void once(Number(turn)).then((taken) => process.send?.(taken)); });
