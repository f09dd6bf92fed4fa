"""Values: tagged JSON and pickles, to and from Python objects, and what can be said of a value without keeping it.

The forms are those of `contracts/values.ts`; the tags those of `runtime/values/record.ts`. What is written here need not be canonical:
the parent rewrites it. `jsonpickle` and repr were not taken: a record must mean the same in every language.
"""
import array
import collections
import datetime as dt
import decimal
import io
import json
import pickle
import re
import reprlib
import types

ADDRESS = re.compile(r' at 0x[0-9a-f]+')
SAFE = 2 ** 53 - 1
DEPTH = 480
ARRAY_CODES = {'int8': 'b', 'uint8': 'B', 'int16': 'h', 'uint16': 'H', 'int32': 'i', 'uint32': 'I', 'int64': 'q', 'uint64': 'Q', 'float32': 'f', 'float64': 'd'}
CODE_ARRAYS = {code: name for name, code in ARRAY_CODES.items()} | {'l': 'int32', 'L': 'uint32'}
DICTS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
_text = json.encoder.encode_basestring


class Exact:
    """A value that Python lacks (a duration in months, nanoseconds, an infinite date), by its exact text. Immutable; passed on as it came."""
    __slots__ = ('tag', 'text')

    def __init__(self, tag, text):
        object.__setattr__(self, 'tag', tag)
        object.__setattr__(self, 'text', text)

    def __setattr__(self, name, value):
        raise AttributeError('this value cannot be changed')

    def __reduce__(self):
        return Exact, (self.tag, self.text)

    def __eq__(self, other):
        return isinstance(other, Exact) and (self.tag, self.text) == (other.tag, other.text)

    def __hash__(self):
        return hash((self.tag, self.text))

    def __str__(self):
        return self.text

    def __repr__(self):
        return f'Exact({self.tag!r}, {self.text!r})'


class NotPlain(Exception):
    """The value is no plain data; its message is the type that is to blame."""


def _float(value):
    if value != value:
        return '{"$float":"NaN"}'
    if value in (float('inf'), float('-inf')):
        return '{"$float":"Infinity"}' if value > 0 else '{"$float":"-Infinity"}'
    return f'{{"$float":"{value!r}"}}' if value.is_integer() else repr(value)


def _int(value):
    return str(value) if -SAFE <= value <= SAFE else f'{{"$int":"{value}"}}'


def _bytes(value):
    import base64
    return f'{{"$bytes":"{base64.b64encode(value).decode()}"}}'


def _tag(tag, text):
    return f'{{"${tag}":{_text(text)}}}'


SCALARS = {
    type(None): lambda value: 'null',
    bool: lambda value: 'true' if value else 'false',
    int: _int, float: _float, str: _text, bytes: _bytes, bytearray: _bytes,
    complex: lambda value: f'{{"$complex":[{_float(value.real)},{_float(value.imag)}]}}',
    decimal.Decimal: lambda value: _tag('decimal', str(value)),
    dt.date: lambda value: _tag('date', value.isoformat()),
    dt.time: lambda value: _tag('time', value.isoformat()),
    dt.datetime: lambda value: _tag('timestamp' if value.tzinfo is None else 'timestamptz', value.isoformat()),
    dt.timedelta: lambda value: _tag('duration', f'0,{value.days},{value.seconds * 1_000_000 + value.microseconds}'),
    Exact: lambda value: _tag(value.tag, value.text),
}


def _items(items, depth):
    """The members of a list, written; a list of one plain type goes through C where it can."""
    kinds = set(map(type, items))
    if len(kinds) == 1:
        scalar = SCALARS.get(next(iter(kinds)))
        if scalar is not None:
            return ','.join(map(scalar, items))
    return ','.join([write(item, depth + 1) for item in items])


def write(value, depth=0):
    """A value as tagged JSON. Raises NotPlain for what is no plain data, too deep, or in a cycle."""
    kind = type(value)
    scalar = SCALARS.get(kind)
    if scalar is not None:
        return scalar(value)
    if depth > DEPTH:
        raise NotPlain('nested too deep, or in a cycle')
    if kind is list:
        return f'[{_items(value, depth)}]'
    if kind is tuple:
        return f'{{"$tuple":[{_items(value, depth)}]}}'
    if kind is set or kind is frozenset:
        return f'{{"$set":[{_items(value, depth)}]}}'
    if kind in DICTS:
        return _mapping(value, depth)
    plain = getattr(kind, '_telar_plain', None)
    if plain is not None:
        return write(plain(value), depth)
    if kind.__module__ == 'numpy' and hasattr(value, 'item') and getattr(value, 'ndim', None) == 0:
        return write(value.item(), depth)
    raise NotPlain(kind.__name__)


def _mapping(value, depth):
    if all(type(key) is str and not key.startswith('$') for key in value):
        return '{' + ','.join([f'{_text(key)}:{write(item, depth + 1)}' for key, item in value.items()]) + '}'
    return '{"$map":[' + ','.join([f'[{write(key, depth + 1)},{write(item, depth + 1)}]' for key, item in value.items()]) + ']}'


def _instant(tag, text):
    if text.endswith(('(BC)', 'infinity')) or len(text.partition('.')[2].rstrip('Z').partition('+')[0].partition('-')[0]) > 6:
        return Exact(tag, text)
    try:
        return {'date': dt.date, 'time': dt.time}.get(tag, dt.datetime).fromisoformat(text)
    except ValueError:
        return Exact(tag, text)


def _duration(text):
    months, days, micros = map(int, text.split(','))
    return Exact('duration', text) if months else dt.timedelta(days=days, microseconds=micros)


def _from_base64(text):
    import base64
    return base64.b64decode(text)


TAGS = {
    '$int': int, '$float': float, '$decimal': decimal.Decimal, '$duration': _duration, '$bytes': _from_base64,
    '$tuple': tuple, '$set': set, '$complex': lambda pair: complex(*pair), '$map': lambda pairs: dict((_key(key), item) for key, item in pairs),
    '$date': lambda text: _instant('date', text), '$time': lambda text: _instant('time', text),
    '$timestamp': lambda text: _instant('timestamp', text), '$timestamptz': lambda text: _instant('timestamptz', text),
}


def _key(key):
    return tuple(key) if isinstance(key, list) else frozenset(key) if isinstance(key, set) else key


def _hook(pairs):
    if len(pairs) == 1:
        tag, inner = pairs[0]
        revive = TAGS.get(tag)
        if revive is not None:
            return revive(inner)
    return dict(pairs)


_decoder = json.JSONDecoder(object_pairs_hook=_hook)


def read(text):
    """Tagged JSON as Python objects, fresh at each call."""
    return json.loads(text) if '"$' not in text else _decoder.decode(text)


def read_array(data):
    """An `array` blob: array.array for one dimension, else a memoryview with that shape. A copy, and may be changed."""
    head, _, body = data.partition(b'\n')
    header = json.loads(head)
    kind, shape = header['type'], header['shape']
    if kind.startswith('complex'):
        numbers = memoryview(body).cast('f' if kind == 'complex64' else 'd')
        return [complex(*pair) for pair in zip(numbers[::2], numbers[1::2])]
    code = '?' if kind == 'bool' else ARRAY_CODES[kind]
    if len(shape) == 1 and code == '?':
        return list(memoryview(body).cast('?'))
    if len(shape) == 1:
        result = array.array(code)
        result.frombytes(body)
        return result
    return memoryview(bytearray(body)).cast(code, shape) if shape else memoryview(bytearray(body)).cast(code)[0]


def array_parts(value):
    """(type, shape, contiguous bytes) of a number array, or None when the value is none."""
    if type(value) is array.array and value.typecode in CODE_ARRAYS:
        return CODE_ARRAYS[value.typecode], [len(value)], value.tobytes()
    if type(value) is memoryview and value.format in CODE_ARRAYS:
        return CODE_ARRAYS[value.format], list(value.shape), value.tobytes()
    if type(value).__module__ == 'numpy' and type(value).__name__ == 'ndarray' and value.dtype.name in ARRAY_CODES:
        return value.dtype.name, list(value.shape), value.tobytes()
    return None


class _Checker(pickle.Unpickler):
    """Reads a pickle back, refusing what a reader elsewhere would not find."""

    def __init__(self, data, local):
        super().__init__(io.BytesIO(data))
        self._local = local

    def find_class(self, module, name):
        if module == '__main__' or module in self._local:
            raise pickle.UnpicklingError(f'{module} is known in this step only')
        return super().find_class(module, name)


LIVE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType, types.GeneratorType, types.CoroutineType, io.IOBase)


def pickled(value, local):
    """The pickle of a value that a reader elsewhere can open, or None (it is live then)."""
    if isinstance(value, LIVE):
        return None
    try:
        data = pickle.dumps(value, 5)
        _Checker(data, local).load()
        return data
    except Exception:
        return None


def live_kind(value):
    if isinstance(value, type):
        return 'class'
    return 'function' if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)) else 'object'


def fingerprint(value, opaque=False):
    """A number that changes when a mutable input is changed in place (R7); None where it cannot be told."""
    try:
        file = io.BytesIO()
        pickler = pickle.Pickler(file, 5)
        pickler.fast = not opaque
        pickler.dump(value)
        return hash(file.getvalue())
    except Exception:
        return None


_repr = reprlib.Repr()  # its arguments came with 3.12; kernels may be older
_repr.maxlevel, _repr.maxstring, _repr.maxother, _repr.maxlong = 4, 300, 300, 60
_repr.maxdict = _repr.maxlist = _repr.maxtuple = _repr.maxset = _repr.maxdeque = _repr.maxarray = 12


def preview(value):
    """At most 400 characters for a person."""
    try:
        text = value if type(value) is str else _repr.repr(value)
    except Exception as error:
        text = f'<{type(value).__name__}, whose repr fails: {type(error).__name__}>'
    text = ADDRESS.sub('', text)
    return text if len(text) <= 400 else text[:399] + '…'


def type_name(value):
    """What a value is, for a person: `number`, `list of 12`, `text of 40 characters`."""
    kind = type(value)
    if value is None:
        return 'null'
    if kind is bool:
        return 'boolean'
    if kind in (int, float):
        return 'integer' if kind is int else 'number'
    if kind is str:
        return f'text of {len(value)} characters'
    if kind in (bytes, bytearray):
        return f'{len(value)} bytes'
    if kind in DICTS:
        return f'record of {len(value)}'
    if kind in (list, tuple, set, frozenset):
        return f'{kind.__name__} of {len(value)}'
    parts = CODE_ARRAYS.get(getattr(value, 'typecode', getattr(value, 'format', None)) or '') if kind in (array.array, memoryview) else None
    if parts:
        return f'array {parts} {" × ".join(map(str, getattr(value, "shape", (len(value),))))}'
    if isinstance(value, type):
        return f'class {value.__name__}'
    return f'function {value.__name__}' if live_kind(value) == 'function' else kind.__name__
