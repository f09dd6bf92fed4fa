/**
 * Document: a notebook file, parsed. The text is kept whole; everything else is a view of it by ranges, so that an edit is
 * a change of text and an unedited file stays the same to the byte (D1, D2).
 */
import type { Problem, Range } from '../../contracts/errors.ts';
import type { NamePlace } from '../../contracts/node.ts';

/** A key of a fence line with its places. */
export interface Attribute {
  readonly key: string;
  /** Decoded: quotes removed, escapes undone. */
  readonly value: string;
  /** The whole `key=value`. */
  readonly at: Range;
  readonly valueAt: Range;
}

/** A wire written on a fence line: `in.<port>=node[.output]`; `in.<port>?=…` is optional. */
export interface WrittenWire {
  readonly port: string;
  readonly node: string;
  readonly output?: string;
  readonly optional: boolean;
  readonly attribute: Attribute;
}

/** A fence that is a node. */
export interface NotebookCell {
  readonly id: string;
  readonly idAt: Range;
  /** The class (`.check`), or else by the language; `''` when neither says (a problem then). */
  readonly kind: string;
  readonly kindAt?: Range;
  /** First word of the info string, lower case. */
  readonly language: string;
  /** All keys, `in.*` too, in order. */
  readonly attributes: readonly Attribute[];
  readonly wires: readonly WrittenWire[];
  readonly disabled: boolean;
  /**
   * The body as CommonMark gives it: without the fence lines, the fence's indentation removed from each line, line ends as LF,
   * with a final LF unless empty.
   */
  readonly body: string;
  /** Place of the body's lines in the text, before any of that. */
  readonly bodyAt: Range;
  /** The opening line with its line end, and the whole fence with the closing line and its line end. */
  readonly fenceAt: Range;
  readonly at: Range;
  /** Line of the opening fence, and of the first line of the body, from 1. */
  readonly line: number;
  readonly bodyLine: number;
}

/** The front matter's known keys; others are kept in `data`. */
export interface FrontMatter {
  readonly telar: number;
  readonly title?: string;
  /** Ids that are the notebook's results, in order; `undefined`: not said. */
  readonly outputs?: readonly string[];
  readonly covenant: 'warn' | 'fail';
  readonly tables?: string;
  /** Where steps are done whose fence does not say. */
  readonly worker?: 'light' | 'heavy';
  /** All nodes are isolated that can be. */
  readonly isolated?: boolean;
  /** Packages of Python: `pandas`, `numpy>=2`. Exact versions are in `NAME.telar.lock`. */
  readonly packages?: readonly string[];
  /** Folders with skills: `skills`, `team=../team/skills`. `undefined`: `skills/` beside the notebook and above it. */
  readonly skills?: readonly string[];
  /** What isolated nodes ask for, beside what their fences say. */
  readonly effects?: { readonly network?: readonly string[]; readonly files?: readonly string[]; readonly programs?: readonly string[] };
  readonly data: Readonly<Record<string, unknown>>;
  /** The YAML between the dashes; `undefined` when the file has none. */
  readonly at?: Range;
}

/** A parsed notebook. */
export interface Document {
  readonly file: string;
  readonly text: string;
  readonly frontMatter: FrontMatter;
  /** In the order of the page. Cells with problems are here too, as far as they can be read. */
  readonly cells: readonly NotebookCell[];
  readonly problems: readonly Problem[];
  /** Git's conflict markers, each with both sides. */
  readonly conflicts: readonly Conflict[];
}

/** One conflict in the text. */
export interface Conflict {
  readonly at: Range;
  readonly ours: Range;
  readonly theirs: Range;
  readonly base?: Range;
  readonly labels: { readonly ours: string; readonly theirs: string };
}

/** A replacement of a span of text. */
export interface TextChange { readonly from: number; readonly to: number; readonly insert: string }

/** Every edit that a view can make, as data. `renameNode` needs the graph's knowledge of who reads the name. */
export type Edit =
  | { readonly type: 'addNode'; readonly id: string; readonly language: string; readonly kind?: string; readonly params?: Readonly<Record<string, string>>; readonly body: string; readonly after?: string }
  | { readonly type: 'removeNode'; readonly id: string }
  | { readonly type: 'renameNode'; readonly id: string; readonly to: string; readonly references: readonly Reference[] }
  | { readonly type: 'setBody'; readonly id: string; readonly body: string }
  | { readonly type: 'setParam'; readonly id: string; readonly key: string; readonly value: string | undefined }
  | { readonly type: 'wire'; readonly id: string; readonly port: string; readonly from: string; readonly output?: string }
  | { readonly type: 'unwire'; readonly id: string; readonly port: string }
  | { readonly type: 'moveNode'; readonly id: string; readonly after: string | undefined }
  | { readonly type: 'setDisabled'; readonly id: string; readonly disabled: boolean };

/** Places within a cell's body (not the text) where a name stands that a rename rewrites. */
export interface Reference {
  readonly id: string;
  readonly ranges: readonly NamePlace[];
  /** Places within the value of a key of its fence line: `when`, `each`. */
  readonly keys?: Readonly<Record<string, readonly NamePlace[]>>;
}
