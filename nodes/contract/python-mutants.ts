/** Mutants of Python, made in the engine by its own `ast`: the same faults as those of `mutants.ts`, where Python has them. */

/** The text of the program that makes mutants; `_code` and `_most` come before it, its value is a list of texts. */
export const PYTHON_MUTANTS = String.raw`
import ast, copy

_OTHER = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
          ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And}


def _faults(tree):
    for at, node in enumerate(ast.walk(tree)):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            yield at, lambda one: setattr(one, 'test', ast.UnaryOp(ast.Not(), one.test))
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in _OTHER:
            yield at, lambda one: one.ops.__setitem__(0, _OTHER[type(one.ops[0])]())
        elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in _OTHER:
            yield at, lambda one: setattr(one, 'op', _OTHER[type(one.op)]())
        elif isinstance(node, ast.Return) and node.value is not None:
            yield at, lambda one: setattr(one, 'value', None)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            yield at, lambda one: setattr(one, 'value', not one.value if isinstance(one.value, bool) else one.value + 1)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield at, lambda one: setattr(one, 'value', one.value + '~')
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield at, lambda one: one.body.insert(0, ast.Return(None))
        elif isinstance(node, ast.ExceptHandler):
            yield at, lambda one: setattr(one, 'body', [ast.Raise()])
        elif isinstance(node, (ast.Expr, ast.Raise, ast.Delete)) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield at, None
        elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
            yield at, lambda one: setattr(one, 'value', ast.Constant(None))


def _mutants(code, most):
    tree = ast.parse(code)
    faults = list(_faults(tree))
    step = max(1, len(faults) / most)
    out = []
    for at, change in [faults[int(index * step)] for index in range(min(most, len(faults)))]:
        other = copy.deepcopy(tree)
        node = next(one for place, one in enumerate(ast.walk(other)) if place == at)
        if change is None:
            for above in ast.walk(other):
                for field, value in ast.iter_fields(above):
                    if isinstance(value, list):
                        setattr(above, field, [ast.Pass() if item is node else item for item in value])
        else:
            change(node)
        text = ast.unparse(ast.fix_missing_locations(other))
        if text != ast.unparse(tree):
            out.append(text)
    return out


_mutants(_code, _most)
`;
