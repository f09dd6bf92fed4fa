/** Second part of the harness for Python: values compared by structure and exact type, never by an `__eq__` of theirs, and told in short. */

export const PYTHON_VALUES = String.raw`_TRUSTED = (_datetime.datetime, _datetime.date, _datetime.time, _datetime.timedelta, _decimal.Decimal, _fractions.Fraction, _uuid.UUID, complex, range, bytes)


def _snap(value, depth=0):
    kind = type(value)
    if value is None or kind in (bool, str):
        return (kind.__name__, value)
    if kind in (int, float):
        return ('number', value)
    if kind in _TRUSTED:
        return (kind.__name__, value)
    if depth > 60:
        return ('deep', None)
    if kind in (list, tuple):
        return (kind.__name__, [_snap(item, depth + 1) for item in list(value)])
    if kind is dict:
        return ('dict', [(_snap(key, depth + 1), _snap(item, depth + 1)) for key, item in list(value.items())])
    if kind in (set, frozenset):
        return ('set', [_snap(item, depth + 1) for item in list(value)])
    if isinstance(value, (type, _types.FunctionType, _types.BuiltinFunctionType, _types.MethodType)):
        return ('function', id(value))
    try:
        inner = object.__getattribute__(value, '__dict__')
        return ('object', kind.__name__, [(_snap(key), _snap(item, depth + 1)) for key, item in list(inner.items())])
    except AttributeError:
        return ('thing', id(value))


def _alike(a, b):
    if a[0] != b[0]:
        return False
    if a[0] in ('deep', 'thing'):
        return False
    if a[0] in ('list', 'tuple'):
        return len(a[1]) == len(b[1]) and all(_alike(one, other) for one, other in zip(a[1], b[1]))
    if a[0] == 'set':
        return len(a[1]) == len(b[1]) and all(any(_alike(one, other) for other in b[1]) for one in a[1])
    if a[0] in ('dict', 'object'):
        return (a[0] == 'dict' or a[1] == b[1]) and len(a[-1]) == len(b[-1]) and all(any(_alike(key, other) and _alike(item, mine) for other, mine in b[-1]) for key, item in a[-1])
    return a[1] == b[1] or (a[1] != a[1] and b[1] != b[1])


def _tell(snap, depth=0):
    if snap[0] in ('list', 'tuple', 'set'):
        return '[…]' if depth > 3 else ('{%s}' if snap[0] == 'set' else '(%s)' if snap[0] == 'tuple' else '[%s]') % ', '.join(_tell(item, depth + 1) for item in snap[1][:20])
    if snap[0] in ('dict', 'object'):
        return ('' if snap[0] == 'dict' else snap[1]) + ('{…}' if depth > 3 else '{%s}' % ', '.join(_tell(key, depth + 1) + ': ' + _tell(item, depth + 1) for key, item in snap[-1][:20]))
    if snap[0] == 'deep':
        return 'something too deep to look at'
    if snap[0] in ('function', 'thing'):
        return 'a ' + snap[0]
    text = repr(snap[1])
    return text if len(text) <= 200 else text[:199] + '…'


def _cut(text):
    return text if len(text) <= 300 else text[:299] + '…'


def _told(value):
    return _cut(_tell(_snap(value)))


def _text(error):
    first = error.args[0] if type(getattr(error, 'args', None)) is tuple and error.args else ''
    return _cut(type(error).__name__ + ': ' + (first if type(first) is str else _told(first)))


_PLAIN = (bool, int, float, str, type(None), list, tuple) + _TRUSTED


def _compare(operators, values):
    for operator, left, right in zip(operators, values, values[1:]):
        if operator in ('Is', 'IsNot'):
            ok = (left is right) == (operator == 'Is')
        elif operator in ('Eq', 'NotEq'):
            ok = _alike(_snap(left), _snap(right)) == (operator == 'Eq')
        elif operator in ('In', 'NotIn'):
            items = list(right.keys()) if type(right) is dict else right
            if type(items) is str:
                ok = (type(left) is str and left in items) == (operator == 'In')
            elif type(items) in (list, tuple, set, frozenset, range):
                ok = any(_alike(_snap(left), _snap(item)) for item in items) == (operator == 'In')
            else:
                raise TypeError('an object is asked what it contains; compare its parts')
        else:
            if type(left) not in _PLAIN or type(right) not in _PLAIN:
                raise TypeError('an object is compared as if it were plain; compare its parts')
            ok = left < right if operator == 'Lt' else left <= right if operator == 'LtE' else left > right if operator == 'Gt' else left >= right
        if not ok:
            return False
    return True


`;
