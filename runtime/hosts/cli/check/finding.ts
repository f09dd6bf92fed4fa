/** What `telar check` tells: a problem of a notebook or a contract, or a file that cannot be read at all, which has an error's code. */
import type { Problem } from '../../../../contracts/errors.ts';

/** One finding; `file` is as the person reads it. */
export type Finding = Omit<Problem, 'code' | 'file'> & { readonly code: string; readonly file: string };

/** All of a check. */
export interface Checked {
  readonly findings: readonly Finding[];
  /** Files that were looked at. */
  readonly files: number;
  /** Version of Telar. */
  readonly version: string;
}

/** Errors first, then by file, line and column: the same for the same findings. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = { error: 0, warning: 1, info: 2 };
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity] || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column);
}

/** A finding as JSON tells it. */
export const plainFinding = ({ file, line, column, node, severity, code, message }: Finding): object => ({ file, line, column, ...(node === undefined ? {} : { node }), severity, code, message });
