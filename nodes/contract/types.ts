/**
 * The plain data of contracts: `read.ts` makes a `CodeContract`, `truth.ts` its `Truth`, `run.ts` a `TestReport`. All of it crosses a process boundary and
 * fits in a file.
 */
export type * from './contract-types.ts';
export type * from './report-types.ts';
