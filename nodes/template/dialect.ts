/**
 * Dialect: helpers that one use of templates has beyond those of every template (a prompt's `role`), and how it writes values. What a
 * dialect's helper writes is text; it cannot stand inside another call.
 */
import type { Expression } from './tree.ts';

/** Names, and what is wrong with a call of one; known without rendering. */
export interface Dialect {
  readonly helpers: ReadonlySet<string>;
  /** @returns what is wrong with a call, as the end of a sentence that begins with "Template:" */
  fault(name: string, params: readonly Expression[], options: readonly { readonly key: string; readonly value: Expression }[]): string | undefined;
}

type Call = (params: readonly unknown[], options: Readonly<Record<string, unknown>>) => string;

/** How one rendering writes. */
export interface Writing {
  /** What stands between the braces of others. */
  content(text: string): string;
  print(value: unknown): string;
  readonly helpers?: Readonly<Record<string, Call>>;
  /** Names that are helpers also where nothing stands after them: they are called with the value of that name. */
  readonly bare?: Readonly<Record<string, Call>>;
}
