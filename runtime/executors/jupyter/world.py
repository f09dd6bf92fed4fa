"""World: shows a step other clocks and another entropy (C4), and then the real ones again.

Reached are the functions of `time`, `now`, `utcnow` and `today` of `datetime`, the clock of event loops stays real, `os.urandom` with all that stands on it (`secrets`, `uuid4`,
`random.Random()`, NumPy's default generators). Not reached: clocks and chance that a library asks in C by itself (`numpy.datetime64('now')`), `/dev/urandom` read as a file,
child processes, and files' times. The methods of `datetime` are put into the class itself by way of its dictionary: a class in its place would not pickle.
"""
import asyncio
import ctypes
import datetime as dt
import gc
import hashlib
import os
import random
import time

_real_time, _real_monotonic = time.time, time.monotonic
CLOCKS = ('monotonic', 'perf_counter', 'process_time', 'thread_time')


def show(world):
    """Shows it. Gives what ends it."""
    undo = []
    if 'clock' in world or world.get('clockShift'):
        _clocks(world, undo)
    if 'entropy' in world:
        _entropy(world['entropy'], undo)

    def end():
        for step in reversed(undo):
            step()
    return end


def _put(target, name, value, undo):
    before = getattr(target, name)
    setattr(target, name, value)
    undo.append(lambda: setattr(target, name, before))


def _put_type(kind, name, method, undo):
    names = gc.get_referents(kind.__dict__)[0]
    before = names.get(name)

    def set_to(value):
        if value is None:
            del names[name]
        else:
            names[name] = value
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
    set_to(classmethod(method))
    undo.append(lambda: set_to(before))


def _clocks(world, undo):
    still = world.get('clock')

    def now():
        return still / 1000 if still is not None else _real_time() + world['clockShift'] / 1000
    _put(time, 'time', now, undo)
    _put(time, 'time_ns', lambda: still * 1_000_000 if still is not None else int(now() * 1e9), undo)
    if still is not None:
        for name in CLOCKS:
            _put(time, name, lambda: 0.0, undo)
            _put(time, name + '_ns', lambda: 0, undo)
        _put(asyncio.BaseEventLoop, 'time', lambda loop: _real_monotonic(), undo)
    for name in ('localtime', 'gmtime', 'ctime'):
        real = getattr(time, name)
        _put(time, name, lambda seconds=None, real=real: real(now() if seconds is None else seconds), undo)
    real_format, real_asctime, local = time.strftime, time.asctime, time.localtime
    _put(time, 'strftime', lambda form, moment=None: real_format(form, local() if moment is None else moment), undo)
    _put(time, 'asctime', lambda moment=None: real_asctime(local() if moment is None else moment), undo)
    _put_type(dt.datetime, 'now', lambda kind, tz=None: kind.fromtimestamp(now(), tz), undo)
    _put_type(dt.datetime, 'utcnow', lambda kind: kind.fromtimestamp(now(), dt.timezone.utc).replace(tzinfo=None), undo)
    _put_type(dt.datetime, 'today', lambda kind: kind.fromtimestamp(now()), undo)
    _put_type(dt.date, 'today', lambda kind: kind.fromtimestamp(now()), undo)


def _entropy(seed, undo):
    state = [hashlib.sha256(str(seed).encode()).digest(), 0]

    def urandom(size, /):
        made = bytearray()
        while len(made) < size:
            state[1] += 1
            made += hashlib.sha256(state[0] + state[1].to_bytes(8, 'big')).digest()
        return bytes(made[:size])

    _put(os, 'urandom', urandom, undo)
    _put(random, '_urandom', urandom, undo)
    _put(random.Random, '__init__', _seeded_init(random.Random.__init__, urandom), undo)


def _seeded_init(real, urandom):
    def __init__(self, x=None):
        """Unseeded generators ask the system in C; here they are seeded with what `os.urandom` gives."""
        real(self, int.from_bytes(urandom(256), 'big') if x is None and type(self) is random.Random else x)
    return __init__
