/** Part of the harness for Python: marks before statements, to count the ones that run, and in loops, so that endless ones end. */

export const PYTHON_METER = String.raw`
class _Meter(_ast.NodeTransformer):
    """Marks statements, and the turns of loops."""

    def __init__(self):
        self.count = 0

    def mark(self, body, top=False):
        out = []
        for at, node in enumerate(body):
            quiet = isinstance(node, (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.ClassDef, _ast.Import, _ast.ImportFrom)) or (at == 0 and isinstance(node, _ast.Expr) and isinstance(node.value, _ast.Constant))
            node = self.visit(node)
            if not quiet:
                out.append(_ast.Expr(_ast.Call(_ast.Name('telar_hit', _ast.Load()), [_ast.Constant(self.count)], [])))
                self.count += 1
            out.append(node)
        return out

    def generic_visit(self, node):
        for field, value in _ast.iter_fields(node):
            if field in ('body', 'orelse', 'finalbody') and isinstance(value, list):
                setattr(node, field, self.mark(value))
            elif isinstance(value, list):
                setattr(node, field, [self.visit(item) if isinstance(item, _ast.AST) else item for item in value])
            elif isinstance(value, _ast.AST):
                setattr(node, field, self.visit(value))
        if isinstance(node, (_ast.While, _ast.For)):
            node.body.insert(0, _ast.Expr(_ast.Call(_ast.Name('telar_tick', _ast.Load()), [], [])))
        return node


`;
