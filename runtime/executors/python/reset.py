"""Reset: what makes a warm interpreter look new to each step, and chance honest (R9).

Undone after a step: names of modules and builtins, attributes of classes, modules imported since, the environment, the working folder, paths
and hooks, streams, the decimal context, warning filters, pending tasks, /tmp. Not undone: the contents of the standard library's containers.
A new child for each step would undo these too, and cost 300 ms each time; one that has done what only somebody does who wants to stay
(`STAY`) is not used again.
"""
import asyncio
import builtins
import decimal
import gc
import io
import linecache
import os
import random
import shutil
import sys
import time
import types
import warnings
import weakref

host = None
_modules = {}
_lists = {}
_environ = {}
_classes = {}
_handles = weakref.WeakSet()
_streams = ()
STAY = ('sys.addaudithook', 'sys._current_frames', 'gc.get_objects', 'gc.get_referrers', 'gc.get_referents')
INNER = ('__code__', '__defaults__', '__kwdefaults__')
IMMUTABLE = 1 << 8


class _Pipe(io.RawIOBase):
    """One of the two streams, to the host, in order."""

    def __init__(self, kind):
        self.kind = kind

    def writable(self):
        return True

    def fileno(self):
        raise OSError('this stream has no file descriptor')

    def write(self, data):
        if self.kind == 2:
            sys.stdout.flush()
        host.emit(self.kind, bytes(data))
        return len(data)


def install(its_host):
    """Takes the state of now as the state to come back to."""
    global host, _environ
    host = its_host
    sys.path[:] = [path for path in sys.path if path]
    sys.argv[:] = ['']
    os.environ.clear()
    os.environ.update({'HOME': '/home', 'TMPDIR': '/tmp', 'TZ': 'UTC', 'LANG': 'C.UTF-8', 'LC_ALL': 'C.UTF-8', 'PATH': '/'})
    _environ = dict(os.environ)
    streams()
    for items in (sys.path, sys.meta_path, sys.path_hooks, warnings.filters):
        _lists[id(items)] = (items, list(items))
    close_doors()
    loop = type(asyncio.get_event_loop())
    loop.call_later = remembered(loop.call_later)
    _classes[loop] = dict(loop.__dict__)
    for name, module in sys.modules.items():
        _modules[name] = (module, dict(module.__dict__))
    sys.addaudithook(watch)
    gc.freeze()  # what lives here stays, so that collections look at the step's objects alone


def remembered(call_later):
    """A callback that waits would come between two steps, or in the next one."""
    def remember(self, *args, **named):
        handle = call_later(self, *args, **named)
        _handles.add(handle)
        return handle
    return remember


def watch(event, facts):
    """Tells the host of a step that changes what it did not make, or looks for it: no audit hook can be taken away again."""
    if event in STAY or event.startswith('ctypes.') and event != 'ctypes.dlopen' or event == 'object.__setattr__' and facts[1] in INNER:
        host.stay()


def close_doors():
    """JavaScript's objects cannot be imported: the process around us is the wall, but there is no need for a door in it."""
    for finder in sys.meta_path:
        getattr(finder, 'jsproxies', {}).clear()
    for name in [name for name, module in sys.modules.items() if not isinstance(module, types.ModuleType)]:
        del sys.modules[name]
    # The event loop asks here whether it may suspend Python, and wants nothing else of it.
    stub = sys.modules['pyodide_js'] = types.ModuleType('pyodide_js')
    stub._api = sys.modules['pyodide_js._api'] = types.ModuleType('pyodide_js._api')
    stub._api.config = types.SimpleNamespace(enableRunUntilComplete=True)
    time.sleep = sleep  # Pyodide's suspends Python, and a deadline would fall into its loop; C's waits by a clock that may stand still


def sleep(seconds, /):
    """Waits; a deadline or a cancel ends it."""
    end = host.now() + seconds
    while (left := end - host.now()) > 0:
        host.pause(min(left, 0.01))
        if host.expired():
            raise KeyboardInterrupt
    if seconds < 0:
        raise ValueError('sleep length must be non-negative')


def streams():
    sys.stdout, sys.stderr = [io.TextIOWrapper(io.BufferedWriter(_Pipe(kind)), encoding='utf-8', errors='backslashreplace', line_buffering=True) for kind in (1, 2)]
    sys.stdin = io.StringIO('')
    sys.__stdout__, sys.__stderr__, sys.__stdin__ = sys.stdout, sys.stderr, sys.stdin


def begin():
    decimal.setcontext(decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN, traps=[decimal.DivisionByZero, decimal.Overflow, decimal.InvalidOperation]))
    sys.setrecursionlimit(1000)


def seed(number):
    random.seed(number)
    numpy = sys.modules.get('numpy')
    if numpy is not None:
        numpy.random.seed(number % 2 ** 32)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def drop_modules(names):
    for name in names:
        sys.modules.pop(name, None)


def end():
    """Undoes what the last step did. Called after its result was sent, before the next one begins."""
    for task in asyncio.all_tasks(asyncio.get_event_loop()):
        task._log_destroy_pending = False
    sys.settrace(None)
    sys.setprofile(None)
    for handle in list(_handles):
        handle.cancel()  # with nothing to wake it, a task is garbage
    task = handle = None
    for _ in range(3):
        before = gc.collect()
        if not undo() and before == 0:
            break
    else:
        host.stay()  # finalisers that undo what is undone
    streams_of_now()
    if os.environ != _environ:
        os.environ.clear()
        os.environ.update(_environ)
    linecache.cache.clear()
    os.chdir('/')
    for entry in os.scandir('/tmp'):
        shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    gc.enable()


def undo():
    """Puts names, attributes of classes, modules and hooks back. Gives whether there was anything to put back."""
    changed = False
    for items, saved in _lists.values():
        if items != saved:
            items[:] = saved
            changed = True
    for name in [name for name in sys.modules if name not in _modules]:
        if getattr(getattr(sys.modules[name], '__spec__', None), 'loader', None).__class__.__name__ not in ('BuiltinImporter', 'ExtensionFileLoader', 'FrozenImporter'):
            del sys.modules[name]
            changed = True
    for name, (module, saved) in _modules.items():
        if sys.modules.get(name) is not module:
            sys.modules[name] = module
            changed = True
        names = module.__dict__
        if not same(names, saved):
            for key in [key for key in names if key not in saved]:
                del names[key]
            names.update(saved)
            changed = True
    for one, saved in _classes.items():
        if one.__dict__ != saved:
            mend(one, saved)
            changed = True
    return changed


def mend(one, saved):
    for name in [name for name in one.__dict__ if name not in saved]:
        type.__delattr__(one, name)
    for name, value in saved.items():
        if one.__dict__.get(name, mend) is not value:
            type.__setattr__(one, name, value)


def same(names, saved):
    try:
        return names == saved  # in C, by identity first: 11,000 names in a millisecond
    except Exception:
        return False


def streams_of_now():
    """New streams when the step closed or replaced one."""
    if sys.stdout.closed or sys.stderr.closed:
        streams()
        _modules['sys'] = (sys, dict(sys.__dict__))


# Once, before the snapshot is taken: looking at 11,000 names takes some milliseconds.
for _module in list(sys.modules.values()):
    for _one in list(vars(_module).values()) if type(_module) is types.ModuleType else ():
        if isinstance(_one, type) and not _one.__flags__ & IMMUTABLE:
            _classes[_one] = dict(_one.__dict__)
