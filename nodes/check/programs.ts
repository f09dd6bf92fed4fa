/**
 * Programs that judge expressions in their own languages. All expressions of one language are one program, so a check of fifty claims
 * costs one step; each is judged by itself, so one that fails hides no other.
 *
 * A red claim is looked at more closely where that is cheap: both sides of a comparison, the first element for which `all(…)` does
 * not hold, else the values of its names.
 */
import { parseExpressionAt } from 'acorn';
import type { Expression } from './body.ts';

/** A claim with the free names of its expression. */
export interface Judged { readonly claim: Expression; readonly names: readonly string[] }

/** What a program gives for each of its claims, in order. */
export interface Answer { readonly ok: boolean; readonly seen?: unknown; readonly error?: string | null }

/** The Python program; its value is a list of answers. */
export function pythonProgram(claims: readonly Judged[]): string {
  return `${PYTHON}\n_telar_judge(${pythonLiteral(claims.map(({ claim, names }) => [claim.that, names]))}, globals())\n`;
}

/** The JavaScript program; its value is a list of answers. */
export function javaScriptProgram(claims: readonly Judged[]): string {
  const judged = claims.map(({ claim, names }) => {
    const parts = sides(claim.that);
    const shown = (parts.length > 0 ? parts : names).map((part) => `[${JSON.stringify(part)}]: __telarShow(() => (${part}\n))`);
    return `__telarJudge(() => (${claim.that}\n), () => ({${shown.join(', ')}}))`;
  });
  return `${JAVASCRIPT}\n[${judged.join(',\n')}]\n`;
}

/** The SQL program of one claim; its value is one row with \`ok\`. */
export function sqlProgram(claim: Expression): string {
  return `select (${claim.that}\n) as ok`;
}

/** The sides of a comparison that are more than a literal, as written. */
function sides(text: string): readonly string[] {
  try {
    const node = parseExpressionAt(text, 0, { ecmaVersion: 'latest' });
    if (node.type !== 'BinaryExpression') return [];
    return [node.left, node.right].filter(({ type }) => type !== 'Literal' && type !== 'PrivateIdentifier').map(({ start, end }) => text.slice(start, end));
  } catch {
    return [];
  }
}

/** Lists of texts, as Python writes them: JSON's escapes are Python's too, but for halves of surrogate pairs. */
function pythonLiteral(value: unknown): string {
  return JSON.stringify(value);
}

const PYTHON = String.raw`
def _telar_show(value):
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _telar_seen(node, names, scope):
    import ast
    def value(part):
        return eval(compile(ast.fix_missing_locations(ast.Expression(part)), "<check>", "eval"), scope)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            if not value(part):
                return _telar_seen(part, names, scope)
    if isinstance(node, ast.Compare):
        sides = [part for part in [node.left, *node.comparators] if not isinstance(part, ast.Constant)]
        return {ast.unparse(part): _telar_show(value(part)) for part in sides}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "all" and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        every = node.args[0]
        bound = sorted({name.id for part in every.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)})
        shown = ast.Dict([ast.Constant(name) for name in bound], [ast.Name(name, ast.Load()) for name in bound])
        every.generators[-1].ifs.append(ast.UnaryOp(ast.Not(), every.elt))
        first = next(value(ast.GeneratorExp(shown, every.generators)))
        return {name: _telar_show(item) for name, item in first.items()}
    return {name: _telar_show(scope[name]) for name in names if name in scope}


def _telar_judge(claims, scope):
    answers = []
    for text, names in claims:
        try:
            source = "(" + text + "\n)"
            if eval(compile(source, "<check>", "eval"), scope):
                answers.append({"ok": True})
                continue
            import ast
            try:
                seen = _telar_seen(ast.parse(source, mode="eval").body, names, scope)
            except Exception:
                seen = None
            answers.append({"ok": False, "seen": seen})
        except Exception as error:
            answers.append({"ok": False, "error": type(error).__name__ + ": " + str(error)})
    return answers
`;

const JAVASCRIPT = `
const __telarShow = (get) => {
  let value;
  try { value = get(); } catch (error) { return String(error); }
  if (value === null || ['boolean', 'number', 'bigint'].includes(typeof value)) return value;
  let text;
  try { text = typeof value === 'string' ? value : JSON.stringify(value) ?? String(value); } catch { text = String(value); }
  return text.length <= 200 ? text : text.slice(0, 199) + '…';
};
const __telarJudge = (claim, seen) => {
  try {
    return claim() ? {ok: true} : {ok: false, seen: seen()};
  } catch (error) {
    return {ok: false, error: error instanceof Error ? error.name + ': ' + error.message : String(error)};
  }
};`;
