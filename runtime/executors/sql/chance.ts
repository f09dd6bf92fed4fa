/** Chance in SQL: on one thread `setseed` decides `random()`, `uuid()`, samples and ties of a random order. */

/** A statement that seeds a connection, before any of the step's. DuckDB takes numbers from −1 to 1; multiples of the golden ratio fall apart well. */
export const seedSql = (seed: number): string => `SELECT setseed(${(seed * 0.6180339887498949) % 1})`;
