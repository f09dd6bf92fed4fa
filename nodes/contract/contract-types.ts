/** What a contract is once it is read. A node kind's contract (`contracts/contract.ts`) is read as well: it has `kind` set, no exports, and tests that are notebooks. */
import type { Problem } from '../../contracts/errors.ts';

/** A place in the contract's file, from 1; columns in UTF-16 units. */
export interface Place { readonly line: number; readonly column: number }

/** A JSON Schema, or the seed's short form of one (`{type: any}`), as written. */
export type TypeText = Readonly<Record<string, unknown>>;

/** A parameter of an export, in the order of the call. */
export interface Parameter { readonly name: string; readonly required: boolean; readonly description: string; readonly schema: TypeText }

/** What other modules can use. */
export interface Export extends Place {
  readonly name: string;
  /** `function` unless the contract says otherwise (`value`, `class`). */
  readonly type: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly returns?: TypeText;
  /** By the name of the error: when it is thrown. */
  readonly errors: Readonly<Record<string, TypeText>>;
}

/** Another contract that this one needs: `TELIO-U003`, or `TELIO-U003@^1.2`. */
export interface Dependency extends Place { readonly id: string; readonly range?: string }

/** One constraint: `constraints.quality.max_lines: 100` is `{group: 'quality', name: 'max_lines', value: 100}`. */
export interface Constraint extends Place {
  readonly group: string;
  readonly name: string;
  readonly value: unknown;
  /** Lines or tests (`T001`, `T001.2`) that show it, where the contract names them. */
  readonly shownBy?: readonly string[];
}

/** What stands around the code before a test: part of the additive keys. */
export interface Given {
  /** What the fake `localStorage` holds at first; what is no text is stored as JSON. */
  readonly localStorage?: Readonly<Record<string, unknown>>;
  /** Further globals, plain data. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Arguments of an export that a line names without a call. */
  readonly arguments?: Readonly<Record<string, readonly unknown[]>>;
}

/** A line of `when` or `then`, as the person wrote it. */
export interface Line extends Place { readonly text: string }

/** One acceptance test. */
export interface ContractTest extends Place {
  readonly id: string;
  readonly name: string;
  readonly when: readonly Line[];
  readonly then: readonly Line[];
  readonly given: Given;
  /** Of a node kind: a notebook, what must come of it by node, and files beside it. */
  readonly notebook?: string;
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Something that holds for all inputs of a form. */
export interface PropertyRule extends Place {
  readonly id: string;
  readonly name: string;
  /** By variable: an arbitrary in data (`arbitraries.ts`). */
  readonly forAll: Readonly<Record<string, TypeText>>;
  /** Done before, with the variables in scope. */
  readonly when: string;
  /** An expression over the exports and the variables. */
  readonly holds: string;
  readonly runs: number;
  readonly seed?: number;
}

/** A formal check of a prose line, accepted by a person, bound to the SHA-256 of the prose (`proseHash`). */
export interface Frozen { readonly line: string; readonly sha256: string; readonly check: readonly string[]; readonly test?: string; readonly by?: string; readonly at: Place }

/** A person's leave for a pending line (`line`: its text, or `T001.2`) or constraint (`constraint`). */
export interface Waiver { readonly line?: string; readonly constraint?: string; readonly reason: string; readonly at: Place }

/** A model's opinion of a line: shown, and never counted. */
export interface Judged { readonly line: string; readonly opinion: string; readonly by: string; readonly at: Place }

/** A contract, read. */
export interface CodeContract {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  /** `metadata.type` and `metadata.status` as written; the status that counts is computed. */
  readonly type: string;
  readonly declaredStatus: string;
  /** As written: `JavaScript`. */
  readonly languages: readonly string[];
  /** The language that its code is tested in; `undefined` when it names none, or one that is not tested here. */
  readonly language?: Language;
  /** Where the code lies, relative to the project (`src/store.js`). */
  readonly file?: string;
  /** Set when it is a node kind's contract (`interface.ports`, `params`, `outputs`). */
  readonly kind?: true;
  readonly exports: readonly Export[];
  readonly dependencies: { readonly internal: readonly Dependency[]; readonly external: Readonly<Record<string, string>> };
  /** What the code may touch beside its parameters: `localStorage`. */
  readonly effects: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly given: Given;
  readonly tests: readonly ContractTest[];
  readonly properties: readonly PropertyRule[];
  /** Idioms that a person has accepted, as written. */
  readonly idioms: readonly Line[];
  readonly frozen: readonly Frozen[];
  readonly waivers: readonly Waiver[];
  readonly judged: readonly Judged[];
  readonly notes: string;
  /** The file's text, and the whole of it as plain data. */
  readonly text: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly source?: string;
}

/** Languages whose code can be tested here. */
export type Language = 'javascript' | 'python';

/** What reading gave: no contract only when there is none to speak of. */
export interface ReadContract { readonly contract?: CodeContract; readonly problems: readonly Problem[] }
