/**
 * First part of the harness for Python: the fence. CPython has no wall inside: code that reaches a frame reaches everything. So code under test is read
 * before it runs, and refused when it names a way to frames, modules or builtins; it gets its own dictionary of builtins, and copies of the standard
 * modules that it may import. That holds honest code and clumsy tricks; a wall is only what the engine's own process has.
 */

export const FENCE = String.raw`
import ast as _ast, builtins as _builtins, importlib as _importlib, time as _time, types as _types, datetime as _datetime, decimal as _decimal, fractions as _fractions, uuid as _uuid
from _json import encode_basestring_ascii as _quote

_DUNDERS = frozenset('__init__ __new__ __repr__ __str__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__ __enter__ __exit__ __call__ __bool__ __int__ __float__ __index__ __add__ __radd__ __iadd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __mod__ __pow__ __neg__ __pos__ __abs__ __invert__ __and__ __or__ __xor__ __post_init__ __slots__ __all__ __name__ __doc__ __version__ __author__ __aiter__ __anext__ __aenter__ __aexit__ __await__ __format__ __reversed__ __missing__ __round__ __set_name__ __get__ __set__ __class__ __getattr__ __init_subclass__ __class_getitem__ __rsub__ __isub__ __imul__ __rfloordiv__ __rmod__ __rpow__ __divmod__ __lshift__ __rshift__ __rand__ __ror__ __rxor__ __iand__ __ior__ __bytes__'.split())
_INNER = frozenset('f_back f_globals f_locals f_builtins f_code gi_frame gi_code cr_frame cr_code ag_frame ag_code tb_frame tb_next tb_lasti func_globals get_type_hints ForwardRef evaluate_forward_ref Formatter attrgetter methodcaller mro singledispatch singledispatchmethod update_wrapper global_enum _convert_ redirect_stdout redirect_stderr CodeType get_args evaluate_bound evaluate_constraints evaluate_default evaluate_value'.split())
_NO_NAMES = frozenset('eval exec compile open input breakpoint globals locals vars __import__ __builtins__ __loader__ __spec__ help exit quit telar_hit telar_tick'.split())
_PLAIN_NAMES = frozenset('bool bytearray bytes dict float frozenset int list set str tuple'.split())


class _Refused(Exception):
    pass


def _hidden(name):
    return (name[:2] == '__' == name[-2:] and name not in _DUNDERS) or name in _INNER


def _look(tree, names):
    imported, bound = set(), set()
    for node in _ast.walk(tree):
        if isinstance(node, (_ast.Import, _ast.ImportFrom)):
            imported.update((alias.asname or alias.name).split('.')[0] for alias in node.names)
        elif isinstance(node, _ast.Name) and not isinstance(node.ctx, _ast.Load):
            bound.add(node.id)
        bound.add(getattr(node, 'name', None) or getattr(node, 'arg', None))
    plain = _PLAIN_NAMES - bound - imported
    for node in _ast.walk(tree):
        found = None
        if isinstance(node, _ast.Attribute):
            if _hidden(node.attr) or (node.attr[:1] == '_' and isinstance(node.value, _ast.Name) and node.value.id in imported):
                found = '.' + node.attr
            root = node.value
            while isinstance(root, _ast.Attribute):
                root = root.value
            if not isinstance(node.ctx, _ast.Load) and isinstance(root, _ast.Name) and root.id in imported:
                found = 'a change of the module ' + root.id
        elif isinstance(node, _ast.Name) and (node.id in _NO_NAMES or _hidden(node.id)) and node.id not in names:
            found = node.id
        elif isinstance(node, (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.ClassDef)) and _hidden(node.name):
            found = node.name
        elif isinstance(node, _ast.MatchClass) and any(_hidden(name) for name in node.kwd_attrs):
            found = 'a pattern over hidden attributes'
        elif isinstance(node, _ast.MatchClass) and node.patterns and not (isinstance(node.cls, _ast.Name) and node.cls.id in plain):
            found = 'a pattern by position (name its attributes)'
        elif isinstance(node, _ast.ImportFrom) and any(_hidden(alias.name) or alias.name[:1] == '_' for alias in node.names):
            found = 'an import of hidden names'
        if found:
            raise _Refused('line %d: the code uses %s, which is not allowed in a test' % (getattr(node, 'lineno', 1), found))


class _State:
    pass


_state = _State()


def _fault(target, method):
    name = _state.faults.get(target.lower() + '.' + method)
    if name is not None:
        kind = getattr(_builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            kind = type(name, (Exception,), {})
        raise kind('a fault of the test')


def _storage():
    def get(key):
        _fault('localStorage', 'getItem')
        return _state.storage.get(str(key))

    def put(key, value):
        _fault('localStorage', 'setItem')
        _state.storage[str(key)] = str(value)
        _state.most = max(_state.most, sum(2 * (len(key) + len(text)) for key, text in _state.storage.items()))

    def remove(key):
        _fault('localStorage', 'removeItem')
        _state.storage.pop(str(key), None)

    def clear():
        _fault('localStorage', 'clear')
        _state.storage.clear()
    return _types.SimpleNamespace(getItem=get, setItem=put, removeItem=remove, clear=clear)


class _Double:
    __slots__ = ('_receiver', '_method')

    def __init__(self, receiver, method=None):
        object.__setattr__(self, '_receiver', receiver)
        object.__setattr__(self, '_method', method)

    def __setattr__(self, name, value):
        raise AttributeError('a double of a test cannot be changed')

    def __getattr__(self, name):
        if name[:2] == '__':
            raise AttributeError(name)
        return _Double(self._receiver if self._method is None else self._method, name)

    def __call__(self, *args, **kwargs):
        _fault(self._receiver, self._method or 'default')
        if len(_state.received) < 10000:
            _state.received.append((self._receiver.lower(), self._method or 'default', [_snap(arg) for arg in args] + [_snap(arg) for arg in kwargs.values()]))


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    root = name.split('.')[0]
    if level == 0 and root in _STANDARD:
        module = _importlib.import_module(name)
        public = {key: value for key, value in vars(module).items() if key[:1] != '_' and not isinstance(value, _types.ModuleType) and not _hidden(key)}
        if name == 'functools':
            public['wraps'] = _wraps
        copy = _types.SimpleNamespace(**public)
        if not fromlist:
            for part in reversed(name.split('.')[1:]):
                copy = _types.SimpleNamespace(**{part: copy})
        return copy
    if level > 0 or root in _RECEIVERS:
        return _Double(name.split('.')[-1]) if name else _Package()
    raise ImportError('no module ' + name + ' here: code under a contract imports the standard modules without a door to the machine, and its internal dependencies')


def _wraps(wrapped):
    return lambda act: _importlib.import_module('functools').update_wrapper(act, wrapped) if type(act) is type(wrapped) is _types.FunctionType else act


class _Package:
    def __getattr__(self, name):
        return _Double(name)


def _named(act):
    def guarded(thing, name, *rest):
        if type(name) is not str or _hidden(name):
            raise AttributeError('the attribute is not allowed in a test')
        return act(thing, name, *rest)
    return guarded


_OPEN = {name: value for name, value in vars(_builtins).items() if name not in _NO_NAMES and name[:1] != '_'}
_OPEN.update({'__build_class__': _builtins.__build_class__, '__import__': _import, 'getattr': _named(getattr), 'setattr': _named(setattr), 'delattr': _named(delattr), 'hasattr': _named(hasattr)})

`;
