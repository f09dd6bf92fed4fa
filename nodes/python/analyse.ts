/**
 * Static analysis of Python bodies: what they read, define and import, and their normal form. By parser, never by running.
 *
 * The parser is tree-sitter's, which accepts a little more than Python and, on what it does not accept, still gives a tree: so
 * its complaint is a warning only, and the engine has the last word. Road not taken: CPython in the studio for analysis, which
 * takes seconds to start and says nothing at all of a body with one error in it.
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import type { Analysis, Read } from '../../contracts/node.ts';
import { BUILTINS, SITE } from './names.ts';
import { normalForm } from './normal.ts';
import { findNames, type Names, type Use } from './scope.ts';
import { defaultsAsBounds, readable, unfolded } from './source.ts';
import { tooLax } from './strict.ts';
import { grammarVersion, parse, type Syntax } from './tree.ts';

const BRACKETED = new Set(['parenthesized_expression', 'tuple', 'generator_expression']);

export { preparePython } from './tree.ts';

/** Analyses a body, or the text of a module beside the notebook. `preparePython` must have been awaited. */
export function analysePython(body: string): Analysis {
  const { text, magics } = readable(body);
  const problems: BodyProblem[] = magics.map((at) => ({
    code: 'syntax', severity: 'warning', at, message: `“${body.slice(at.from, at.to)}” is a command of Jupyter's and is left out; remove it.`,
  }));
  return { ...analyse(text, problems), language: 'python' };
}

/** Analyses one expression, which may take several lines. Places are those of `text`. */
export function analysePythonExpression(text: string): Analysis {
  // In parentheses an expression may be broken anywhere; the text stays where it was, one further on.
  const analysis = analyse(`(${text}\n)`, [], true);
  const shift = <T extends { readonly from: number; readonly to: number }>(at: T): T => ({ ...at, from: Math.max(0, at.from - 1), to: Math.min(text.length, at.to - 1) });
  return {
    ...analysis,
    reads: analysis.reads.map((read) => ({ ...read, ranges: read.ranges.map(shift) })),
    binds: analysis.binds.map((bind) => ({ ...bind, ranges: bind.ranges.map(shift), output: false })),
    problems: analysis.problems.map((problem) => ({ ...problem, at: shift(problem.at) })),
  };
}

function analyse(text: string, problems: BodyProblem[], expression = false): Analysis {
  let parsed = parse(text);
  if (parsed.broken !== undefined) {
    const mended = defaultsAsBounds(unfolded(text));
    const again = mended === text ? parsed : parse(mended);
    if (again.broken === undefined) parsed = again;
  }
  let { broken } = parsed;
  // `a) or (b` in parentheses is two expressions, though one reads well.
  if (expression && !isOne(parsed.root)) broken ??= parsed.root;
  let names: Names = { uses: [], binds: [], imports: [], stars: [] };
  let normal = text;
  try {
    names = findNames(parsed.root, text);
    broken ??= tooLax(parsed.root, text);
    if (broken === undefined) normal = normalForm(parsed.root, text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Nested deeper than the stack: Python refuses such a text too.
    broken = parsed.root;
  }
  if (broken !== undefined) {
    problems.push({
      code: 'syntax', severity: 'warning', at: { from: broken.from, to: broken.to },
      message: 'This does not look like Python; check the text here. Python itself decides when the step runs.',
    });
  }
  for (const at of names.stars) {
    problems.push({ code: 'star-import', severity: 'warning', at, message: 'A star import hides which names this node reads; import them by name, so that missing ones are told before the run.' });
  }
  return {
    reads: reads(names.uses), binds: names.binds, imports: names.imports, problems,
    normal: `py${grammarVersion()}${broken === undefined ? ';' : '!'}${normal}`,
    ...(names.stars.length > 0 ? { open: true } : {}),
  };
}

function isOne({ to, children: [only, more] }: Syntax): boolean {
  const inner = only?.children.length === 1 ? only.children[0]! : only;
  return more === undefined && inner !== undefined && BRACKETED.has(inner.type) && inner.children.length > 2 && inner.from === 0 && inner.to === to;
}

function reads(uses: readonly Use[]): Read[] {
  return [...Map.groupBy(uses, (use) => use.name)].map(([name, places]): Read => ({
    name, ranges: places.map(({ from, to }) => ({ from, to })),
    ...(places.every((use) => use.member !== undefined) ? { members: [...new Set(places.map((use) => use.member!))].sort() } : {}),
    ...(BUILTINS.has(name) ? { builtin: true } : {}),
    ...(SITE.has(name) || places.every((use) => use.rebound && use.soft) ? { optional: true } : {}),
    ...(places.some((use) => use.rebound) ? { rebound: true } : {}),
  }));
}
