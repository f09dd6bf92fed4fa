/**
 * Keys that no look-up asks for: of rows that a run's record names, and that must not be reused for it. A step that is red, a result that
 * stood back behind an earlier one (C5), and what a bundle brought (C7). The road not taken: a column that says so, which each look-up would
 * have to remember to ask.
 */
import type { Sha256 } from '../ports.ts';

const digest = (content: unknown, sha256: Sha256): string => sha256(JSON.stringify(content)).slice(0, 16);

/** The key of what a red step gave: evidence, never a result. */
export const redKey = (key: string): string => `red/${key}`;

/** The key of a result that contradicts a kept one. @param content keeps two such results apart */
export const otherKey = (key: string, content: unknown, sha256: Sha256): string => `other/${digest(content, sha256)}/${key}`;

/** The key of a row that a bundle brought. @param content keeps two runs apart that gave different results under one key */
export const importedKey = (key: string, content: unknown, sha256: Sha256): string => `imported/${digest(content, sha256)}/${key}`;

/** Whether a bundle brought a row. */
export const isBrought = ({ key }: { readonly key: string }): boolean => key.startsWith('imported/');

/** A key as the step's own run would have it, if no other run were known here. */
export const plainKey = (key: string): string => key.replace(/^(?:imported|other)\/[0-9a-f]{16}\//, '');
