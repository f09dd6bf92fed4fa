"""Table: a light, lazy sequence of rows over typed columns.

    for row in t: row["a"], row.a          len(t)  t[0]  t[2:5]  t["a"]  t.columns
    Table.from_rows([{"a": 1}])            Table.from_columns({"a": [1, 2]})
    t.select("a", "b")  t.with_column("c", values)  t.filter(lambda row: row.a > 1)  t.sort(key=lambda row: row.a)

A column is read at its first use; a column that was never changed is passed on as it came. A table never changes: its methods give new ones.
It is no data frame, and does no arithmetic; `to_pandas()`, `to_polars()`, `to_pyarrow()` work where that package is there.
"""
import datetime as dt

from _telar import values as _values

EPOCH = dt.date(1970, 1, 1).toordinal()
INSTANT = dt.datetime(1970, 1, 1)
WIDE = {'TINYINT': 'b', 'SMALLINT': 'h', 'INTEGER': 'i', 'BIGINT': 'q', 'UTINYINT': 'B', 'USMALLINT': 'H', 'UINTEGER': 'I', 'UBIGINT': 'Q', 'FLOAT': 'f', 'DOUBLE': 'd'}
CODES = {'DATE': 'i', 'TIMESTAMP': 'q', 'TIMESTAMP WITH TIME ZONE': 'q'} | WIDE


def _date(days):
    return dt.date.fromordinal(days + EPOCH)


def _instant(zone):
    base = INSTANT.replace(tzinfo=zone)
    return lambda micros: base + dt.timedelta(microseconds=micros)


CONVERT = {'DATE': _date, 'TIMESTAMP': _instant(None), 'TIMESTAMP WITH TIME ZONE': _instant(dt.timezone.utc)}


class Column:
    """The values of one column: a sequence that cannot be changed. `type` is DuckDB's, or None where it is still to be told from the values."""
    __slots__ = ('name', 'type', 'ref', '_length', '_load', '_first', '_values')

    def __init__(self, name, type=None, values=None, ref=None, length=None, load=None, first=None):
        self.name, self.type, self.ref, self._load, self._first = name, type, ref, load, first
        self._values = values
        self._length = len(values) if values is not None else length

    def _list(self):
        if self._values is None:
            self._values = self._load(self)
        return self._values

    def _head(self, count):
        """The first values, without reading the others where that can be."""
        return self._first(self, count) if self._values is None and self._first is not None else self._list()[:count]

    def _part(self, length, pick):
        """A column of some of these values, picked when they are first used."""
        return Column(self.name, self.type, None, None, length, lambda _: pick(self._list()))

    def __len__(self):
        return self._length

    def __iter__(self):
        return iter(self._list())

    def __getitem__(self, index):
        return self._list()[index]

    def __contains__(self, value):
        return value in self._list()

    def __eq__(self, other):
        return self._list() == (other._list() if isinstance(other, Column) else other)

    __hash__ = None

    def to_list(self):
        """The values as a list of your own."""
        return list(self._list())

    def _telar_plain(self):
        return self._list()

    def __reduce__(self):
        return Column, (self.name, self.type, self._list())

    def __repr__(self):
        return f'Column({self.name!r}, {self.type}, {len(self)} values)'


class Row:
    """One row: values by name, `row["a"]` or `row.a`; a mapping for `dict(row)`."""
    __slots__ = ('_table', '_index')

    def __init__(self, table, index):
        self._table, self._index = table, index

    def __getitem__(self, name):
        return self._table._columns[name]._list()[self._index]

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f'the table has no column {name!r}; it has {", ".join(self._table._columns)}') from None

    def get(self, name, default=None):
        return self[name] if name in self._table._columns else default

    def keys(self):
        return self._table._columns.keys()

    def values(self):
        return [self[name] for name in self._table._columns]

    def items(self):
        return [(name, self[name]) for name in self._table._columns]

    def __iter__(self):
        return iter(self._table._columns)

    def __len__(self):
        return len(self._table._columns)

    def __contains__(self, name):
        return name in self._table._columns

    def __eq__(self, other):
        return dict(self.items()) == (dict(other.items()) if isinstance(other, Row) else other)

    __hash__ = None

    def _telar_plain(self):
        return dict(self.items())

    def __reduce__(self):
        return dict, (dict(self.items()),)

    def __repr__(self):
        return f'Row({", ".join(f"{name}={value!r}" for name, value in self.items())})'


class Table:
    """See the head of this module."""
    __slots__ = ('_columns', '_length')

    def __init__(self, columns, length=None):
        self._columns = {column.name: column for column in columns}
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise ValueError(f'columns of one table need one length, not {sorted(lengths)}')
        if len(self._columns) != len(columns):
            raise ValueError('a table has one column of each name')
        self._length = lengths.pop() if lengths else length or 0

    @classmethod
    def from_columns(cls, columns, types=None):
        """From a mapping of names to sequences; `types` gives DuckDB types by name, else they are told from the values."""
        types = types or {}
        return cls([
            Column(name, types.get(name, values.type), values._list(), values.ref if name not in types and values.name == name else None) if isinstance(values, Column)
            else Column(name, types.get(name), list(values)) for name, values in columns.items()])

    @classmethod
    def from_rows(cls, rows, types=None):
        """From mappings; a name that a row lacks is null there."""
        rows = list(rows)
        names = list(dict.fromkeys(name for row in rows for name in row.keys()))
        types = types or {}
        return cls([Column(name, types.get(name), [row.get(name) for row in rows]) for name in names], len(rows))

    @property
    def columns(self):
        """The names of the columns."""
        return list(self._columns)

    @property
    def types(self):
        """DuckDB types by name; None for a column made here without one."""
        return {column.name: column.type for column in self._columns.values()}

    def __len__(self):
        return self._length

    def __bool__(self):
        return self._length > 0

    def __iter__(self):
        return (Row(self, index) for index in range(self._length))

    def __reversed__(self):
        return (Row(self, index) for index in range(self._length - 1, -1, -1))

    def __getitem__(self, key):
        if isinstance(key, str):
            return self._columns[key]
        if isinstance(key, slice):
            length = len(range(*key.indices(self._length)))
            return Table([column._part(length, lambda values: values[key]) for column in self._columns.values()], length)
        index = range(self._length)[key]
        return Row(self, index)

    def __contains__(self, name):
        return name in self._columns if isinstance(name, str) else any(row == name for row in self)

    def __eq__(self, other):
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and len(self) == len(other) and all(self[name] == other[name] for name in self._columns)

    __hash__ = None

    def _take(self, indices):
        return Table([column._part(len(indices), lambda values: [values[index] for index in indices]) for column in self._columns.values()], len(indices))

    def select(self, *names):
        """These columns, in this order."""
        return Table([self._columns[name] for name in names], self._length)

    def with_column(self, name, values, type=None):
        """With a column added or replaced; `values` is a sequence, or a function of a row."""
        made = Column(name, type, [values(row) for row in self] if callable(values) else list(values))
        return Table([column for column in self._columns.values() if column.name != name] + [made])

    def filter(self, test):
        """The rows for which `test(row)` is true."""
        return self._take([index for index in range(self._length) if test(Row(self, index))])

    def sort(self, key, reverse=False):
        """The rows ordered by `key(row)`, or by the column of that name."""
        order = key if callable(key) else lambda row: row[key]
        return self._take(sorted(range(self._length), key=lambda index: order(Row(self, index)), reverse=reverse))

    def _heads(self, count):
        """The first rows as tuples, for previews."""
        return list(zip(*(column._head(count) for column in self._columns.values())))

    def to_list(self):
        """The rows as dicts of your own."""
        names = self.columns
        return [dict(zip(names, row)) for row in zip(*(column._list() for column in self._columns.values()))] if names else [{} for _ in range(self._length)]

    def to_dict(self):
        """Lists by name."""
        return {name: column.to_list() for name, column in self._columns.items()}

    def to_pandas(self):
        import pandas
        return pandas.DataFrame(self.to_dict())

    def to_polars(self):
        import polars
        return polars.DataFrame(self.to_dict())

    def to_pyarrow(self):
        import pyarrow
        return pyarrow.table(self.to_dict())

    def _telar_plain(self):
        return self.to_list()

    def __reduce__(self):
        return Table, (list(self._columns.values()), self._length)

    def __repr__(self):
        return f'Table({self._length} rows: {", ".join(f"{column.name} {column.type or chr(63)}" for column in self._columns.values())})'


def stored(manifest, host):
    """A table of the store, by its manifest; `host` gives a column's buffers, or its text, when it is first used."""
    def load(column):
        blob, kind = column.ref['blob'], column.type
        buffers = host.buffers(blob) if kind in CODES else None
        try:
            return _values.read(host.text(blob, len(column))) if buffers is None else _from_buffers(kind, buffers)
        except (ValueError, OverflowError):  # a date beyond Python's: the text has it exactly
            return _values.read(host.text(blob, len(column)))

    def first(column, count):
        return _values.read(host.text(column.ref['blob'], count))
    return Table([Column(item['name'], item['type'], None, item, manifest['rows'], load, first) for item in manifest['columns']], manifest['rows'])


def _from_buffers(kind, buffers):
    items = memoryview(buffers.data.to_bytes()).cast(CODES[kind]).tolist()
    convert = CONVERT.get(kind)
    if buffers.validity is None:
        return items if convert is None else list(map(convert, items))
    valid = buffers.validity.to_bytes()
    convert = convert or (lambda item: item)
    return [convert(item) if valid[index >> 3] >> (index & 7) & 1 else None for index, item in enumerate(items)]


def parts(table, keep):
    """A table as the parent stores it: by column, by reference, or as tagged JSON with its type where that is known."""
    return [
        {'name': column.name, 'ref': {'type': column.ref['type'], 'blob': column.ref['blob'], 'bytes': column.ref['bytes']}} if column.ref is not None
        else {'name': column.name, 'type': column.type, 'file': keep(('[' + ','.join(map(_values.write, column._list())) + ']').encode())}
        for column in table._columns.values()]


NUMPY_TYPES = {
    'int8': 'TINYINT', 'int16': 'SMALLINT', 'int32': 'INTEGER', 'int64': 'BIGINT', 'uint8': 'UTINYINT', 'uint16': 'USMALLINT', 'uint32': 'UINTEGER', 'uint64': 'UBIGINT',
    'float32': 'FLOAT', 'float64': 'DOUBLE', 'bool': 'BOOLEAN', 'boolean': 'BOOLEAN'}


def _series(series):
    """The values of a pandas column as Python's own; what is missing is None."""
    values, missing = series.tolist(), series.isna()
    if missing.any():
        values = [None if gone else value for value, gone in zip(values, missing.tolist())]
    return list(map(_moment, values)) if series.dtype.kind in 'OMm' else values


def _moment(value):
    """A pandas instant or duration as Python's, or by its exact text where it has nanoseconds."""
    if hasattr(value, 'to_pydatetime'):
        zone = 'timestamptz' if value.tzinfo is not None else 'timestamp'
        return _values.Exact(zone, value.isoformat()) if value.nanosecond else value.to_pydatetime()
    return value.to_pytimedelta() if hasattr(value, 'to_pytimedelta') else value


def from_frame(frame):
    """A Table from a pandas, Polars or PyArrow frame, or None when it is none of them."""
    home = type(frame).__module__.partition('.')[0]
    if home == 'pandas' and type(frame).__name__ == 'DataFrame':
        series = [(str(name), frame.iloc[:, at]) for at, name in enumerate(frame.columns)]
        return Table([Column(name, NUMPY_TYPES.get(str(one.dtype).lower()), _series(one)) for name, one in series], len(frame))
    if home == 'polars' and type(frame).__name__ == 'DataFrame':
        return Table.from_columns(frame.to_dict(as_series=False))
    if home == 'pyarrow' and type(frame).__name__ == 'Table':
        return Table.from_columns(frame.to_pydict())
    return None
