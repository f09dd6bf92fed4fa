/** What both roads of B16 share: the table, the right answer, and Pyodide as it comes. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A million rows by six columns; each turn another table. */
export const aMillion = (turn: string): string => `select i as id, i % 97 + ${turn} as a, i * 0.25 as b, 'name ' || (i % 1000) as c, date '2020-01-01' + (i % 365)::int as d, i % 2 = 0 as e from range(1000000) t(i)`;

/** Sum of `i % 97 + turn` over a million. */
export function sumOf(turn: number): number {
  let sum = 0;
  for (let i = 0; i < 1_000_000; i++) sum += i % 97 + turn;
  return sum;
}

/** Pyodide in a Node child: when it was ready, and then what the road by JSON takes. */
export interface Stock { readonly ready: number; sum(json: string): Promise<string>; end(): void }

/** Starts it. */
export async function stockPython(): Promise<Stock> {
  const from = performance.now();
  const child = fork(fileURLToPath(new URL('stock-pyodide-child.ts', import.meta.url)), { serialization: 'advanced' });
  const answer = (): Promise<string> => new Promise((resolve, reject) => {
    child.once('message', (text) => { child.removeAllListeners('exit'); resolve(String(text)); });
    child.once('exit', (code) => { reject(new Error(`Pyodide ended with ${code}`)); });
  });
  await answer();
  return {
    ready: performance.now() - from,
    sum: (json) => { const sum = answer(); child.send(json); return sum; },
    end: () => { child.removeAllListeners('exit'); child.kill(); },
  };
}
