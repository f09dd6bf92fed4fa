/**
 * Parse: a notebook's text to a `Document`. Total and pure: every string gives a document, and what is wrong in it becomes
 * problems with places while the rest stays usable (D4). Nothing is run, opened or fetched (D8). What names mean, whether a
 * kind exists and which keys it takes is for the graph.
 */
import type { Problem, ProblemCode, Range } from '../../contracts/errors.ts';
import { parseInfo, wireOf } from './attributes.ts';
import type { Info } from './attributes.ts';
import { bodyText } from './bodies.ts';
import { besideOurs, findConflicts, withoutConflicts } from './conflicts.ts';
import type { Attribute, Conflict, Document, FrontMatter, NotebookCell } from './document.ts';
import { scanFences } from './fences.ts';
import type { Fence } from './fences.ts';
import { findFrontMatter, noFrontMatter, readFrontMatter } from './front-matter.ts';
import { currentGeneration, newerMessage, releaseOf } from './generations.ts';
import { isId, languageKinds } from './languages.ts';
import { linesOf, spanAt } from './lines.ts';
import { offsetToPlace } from './places.ts';

/**
 * Parses a notebook.
 * @param text the file's text, as `decodeNotebook` gives it
 * @param file its path, for problems
 */
export function parseDocument(text: string, file: string): Document {
  return new Parser(text, file).document();
}

type Found = { code: ProblemCode; severity?: Problem['severity']; message: string; at: number; node?: string; data?: Readonly<Record<string, unknown>> };

class Parser {
  readonly #text: string;
  readonly #file: string;
  readonly #found: Found[] = [];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  document(): Document {
    const text = this.#text;
    const conflicts = findConflicts(text);
    const agreed = conflicts.length === 0 ? text : withoutConflicts(text, conflicts);
    const { frontMatter, end, line } = this.#frontMatter(agreed);
    let cells: NotebookCell[] = [];
    if (frontMatter.telar <= currentGeneration) {
      const { fences, inner } = scanFences(text, end, line, besideOurs(conflicts));
      for (const fence of fences) if (!fence.closed) this.#unclosed(fence);
      for (const info of inner) this.#inside(info);
      cells = fences.flatMap((fence) => this.#cell(fence, conflicts) ?? []);
      this.#duplicates(cells);
      for (const conflict of conflicts) this.#conflict(conflict, cells);
    }
    if (frontMatter.effects !== undefined && frontMatter.isolated !== true && !cells.some(({ attributes }) => attributes.some(({ key }) => key === 'isolated'))) {
      this.#say('front-matter', '`effects` are for nodes that the system walls off; write `isolated: true` beside it, or `isolated=true` on a fence.', frontMatter.at?.from ?? 0, { data: { key: 'effects' } });
    }
    const problems: Problem[] = [];
    const document: Document = { file: this.#file, text, frontMatter, cells, problems, conflicts };
    // Filled in place, because the index of lines hangs on the document that is given away.
    for (const found of this.#found.sort((a, b) => a.at - b.at)) problems.push(this.#problem(found, document));
    return document;
  }

  #frontMatter(agreed: string): { frontMatter: FrontMatter; end: number; line: number } {
    const place = findFrontMatter(agreed);
    if (place === 'unclosed') this.#say('front-matter', 'The front matter has no closing line; write `---` below its last key.', 0);
    if (typeof place !== 'object') return { frontMatter: noFrontMatter, end: agreed.startsWith('\uFEFF') ? 1 : 0, line: 1 };
    const { frontMatter, problems } = readFrontMatter(agreed, place.at);
    for (const { message, offset, data } of problems) this.#say('front-matter', message, offset, data === undefined ? {} : { data });
    if (frontMatter.telar > currentGeneration) {
      const at = Math.max(place.at.from, agreed.indexOf('telar', place.at.from));
      this.#say('generation', newerMessage(frontMatter.telar), at, { data: { generation: frontMatter.telar, reads: currentGeneration, release: releaseOf(frontMatter.telar) } });
    }
    return { frontMatter, end: place.end, line: 1 + linesOf(agreed, { from: 0, to: place.end }).length };
  }

  #cell(fence: Fence, conflicts: readonly Conflict[]): NotebookCell | undefined {
    const text = this.#text;
    const info = parseInfo(text, fence.info);
    if (info.list === undefined) return undefined;
    if (spanAt(conflicts, fence.openAt.from) !== undefined) return undefined;
    const { id, idAt } = info;
    if (id === undefined || idAt === undefined || id === '') {
      const broken = info.problems[0];
      if (idAt !== undefined) this.#say('bad-id', 'The id after `#` is empty; write a name, as in `#monthly`.', idAt.from);
      else if (broken !== undefined && text.startsWith('{#', info.list.from)) this.#say('syntax', broken.message, broken.at.from);
      return undefined;
    }
    for (const problem of info.problems) this.#say('syntax', problem.message, problem.at.from, { node: id });
    if (!isId(id)) this.#say('bad-id', `\`${id.slice(0, 60)}\` cannot be an id: it begins with a small letter, and has small letters, digits and \`_\` only.`, idAt.from, { node: id });
    // A closing line that only one side has does not count: the fence then reaches to the end of that conflict.
    const torn = fence.closed ? spanAt(conflicts, fence.bodyAt.to) : undefined;
    const bodyAt = torn === undefined ? fence.bodyAt : { from: fence.bodyAt.from, to: torn.at.to };
    const language = info.language.toLowerCase();
    const attributes = this.#attributes(info, id);
    return {
      id, idAt, language, attributes,
      kind: info.kind ?? languageKinds[language] ?? '',
      ...(info.kindAt === undefined ? {} : { kindAt: info.kindAt }),
      wires: attributes.flatMap((attribute) => wireOf(attribute) ?? []),
      disabled: attributes.some(({ key, value }) => key === 'disabled' && value === 'true'),
      body: bodyText(text, bodyAt, fence.indent), bodyAt,
      fenceAt: fence.openAt, at: { from: fence.at.from, to: Math.max(fence.at.to, bodyAt.to) }, line: fence.line, bodyLine: fence.bodyLine,
    };
  }

  #unclosed(fence: Fence): void {
    const { id } = parseInfo(this.#text, fence.info);
    this.#say('syntax', `This fence is never closed; write ${fence.mark.repeat(Math.min(fence.length, 20))} below its last line.`, fence.at.from, id === undefined ? {} : { node: id });
  }

  /** A fence in a list or a quote that looks like a node. */
  #inside(info: Range): void {
    const { id, idAt } = parseInfo(this.#text, info);
    if (id === undefined || idAt === undefined || !isId(id)) return;
    this.#say('syntax', `The fence \`#${id.slice(0, 60)}\` stands inside a list or a quote and is no node; move it to the left margin.`, idAt.from, { severity: 'warning' });
  }

  /** The keys, each once: a second of the same name is a problem and does not count. */
  #attributes(info: Info, node: string): readonly Attribute[] {
    const seen = new Set<string>();
    return info.attributes.filter((attribute) => {
      if (seen.has(attribute.key)) {
        this.#say('syntax', `\`${attribute.key.slice(0, 60)}\` is given twice; keep one.`, attribute.at.from, { node });
        return false;
      }
      seen.add(attribute.key);
      if (attribute.key.startsWith('in.') && wireOf(attribute) === undefined) {
        this.#say('syntax', 'A wire is written `in.port=node` or `in.port=node.output`.', attribute.at.from, { node });
      }
      return true;
    });
  }

  #duplicates(cells: readonly NotebookCell[]): void {
    const bearers = new Map<string, NotebookCell[]>();
    for (const cell of cells) {
      const others = bearers.get(cell.id);
      if (others === undefined) bearers.set(cell.id, [cell]);
      else others.push(cell);
    }
    for (const [id, all] of bearers) {
      if (all.length === 1) continue;
      const lines = all.slice(0, 10).map((cell) => cell.line);
      for (const cell of all) this.#say('duplicate-id', `${all.length} nodes are called \`${id.slice(0, 60)}\` (lines ${lines.join(', ')}${all.length > 10 ? ', …' : ''}); rename all but one.`, cell.idAt.from, { node: id, data: { lines } });
    }
  }

  #conflict(conflict: Conflict, cells: readonly NotebookCell[]): void {
    const cell = spanAt(cells, conflict.at.from);
    const { ours, theirs } = conflict.labels;
    this.#say('conflict', `Two versions of these lines meet here (${ours.slice(0, 60) || 'ours'}, ${theirs.slice(0, 60) || 'theirs'}); keep one side and take the markers away.`, conflict.at.from, cell === undefined ? {} : { node: cell.id });
  }

  #say(code: ProblemCode, message: string, at: number, more: { severity?: 'warning'; node?: string; data?: Readonly<Record<string, unknown>> } = {}): void {
    this.#found.push({ code, message, at, ...more });
  }

  #problem({ code, severity = 'error', message, at, node, data }: Found, document: Document): Problem {
    return {
      code, severity, message, file: this.#file, ...offsetToPlace(document, at),
      ...(node === undefined ? {} : { node }), ...(data === undefined ? {} : { data }),
    };
  }
}
