"""GGUF files: metadata and tensors as bytes, version 3. Matrices are written as 16-bit floats, vectors as 32-bit ones."""
import struct

import numpy as np

_TYPES = {'uint32': (4, 'I'), 'int32': (5, 'i'), 'float32': (6, 'f'), 'bool': (7, '?')}
_STRING, _ARRAY, _ALIGNMENT = 8, 9, 32
_LISTS = {'strings': 'string', 'floats': 'float32', 'integers': 'int32'}


def _string(text):
    data = text.encode()
    return struct.pack('<Q', len(data)) + data


def _one(kind, value):
    return _string(value) if kind == 'string' else struct.pack('<' + _TYPES[kind][1], value)


def _number(kind):
    return struct.pack('<I', _STRING if kind == 'string' else _TYPES[kind][0])


def _value(kind, value):
    if kind not in _LISTS:
        return _number(kind) + _one(kind, value)
    of = _LISTS[kind]
    return struct.pack('<I', _ARRAY) + _number(of) + struct.pack('<Q', len(value)) + b''.join(_one(of, each) for each in value)


def _padded(data):
    return data + bytes(-len(data) % _ALIGNMENT)


def write(metadata, tensors):
    """@param metadata triples of key, kind and value; @param tensors arrays by name, rows first"""
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(metadata))
    head += b''.join(_string(key) + _value(kind, value) for key, kind, value in metadata)
    body = b''
    for name, array in tensors.items():
        half = array.ndim == 2
        head += _string(name) + struct.pack('<I', array.ndim) + struct.pack(f'<{array.ndim}Q', *reversed(array.shape)) + struct.pack('<IQ', int(half), len(body))
        body += _padded(np.ascontiguousarray(array, np.float16 if half else np.float32).tobytes())
    return _padded(head) + body
