"""Reset: what makes a warm kernel look new to each step, and chance honest (R9). The kernel's own `_telar.reset`.

Undone after a step: its module and helpers, names of builtins and of the standard library's modules, the environment, the working folder, paths and hooks, streams, the decimal
context, warning filters, pending tasks. A step that leaves threads or processes behind is told as `dirty`, and the kernel is not used again. Not undone: settings of installed
packages (`pandas.options`), which stay imported because they cannot be loaded twice, and attributes set on classes. A kernel for each step would undo these too, and cost a second each time.
"""
import asyncio
import builtins
import decimal
import gc
import importlib.machinery
import io
import linecache
import os
import random
import signal
import sys
import threading
import warnings

KEPT = {'sys', 'threading', 'asyncio', 'concurrent', 'logging', 'signal', 'weakref', 'gc', 'linecache', 'warnings', 'importlib', 'socket', 'select', 'selectors', 'queue', 'contextvars', 'traceback', 'zipimport'}
LIBRARY = os.path.dirname(os.__file__)
NAMES = getattr(sys, 'stdlib_module_names', ())  # came with 3.10

host = None
_modules, _lists, _environ = {}, {}, {}
_streams = ()
_threads = _main = _cwd = _limit = _handler = None
_seed = 0
quiet = False
_last = None
_pending = 0
MOST_PENDING = 1 << 20


def install(its_host):
    """Takes the state of now as the state to come back to."""
    global host, _environ, _threads, _main, _cwd, _limit, _handler
    host = its_host
    sys.path[:] = [path for path in sys.path if path]
    sys.argv[:] = ['']
    _environ = dict(os.environ)
    _main, _cwd, _limit = sys.modules['__main__'], os.getcwd(), sys.getrecursionlimit()
    _handler = signal.getsignal(signal.SIGINT)
    sys.meta_path.insert(0, _Watcher())
    for items in (sys.path, sys.meta_path, sys.path_hooks, warnings.filters):
        _lists[id(items)] = (items, list(items))
    _remember()
    _threads = set(threading.enumerate())
    gc.freeze()  # what lives here stays, so that collections look at the step's objects alone


class _Ordered(io.TextIOBase):
    """One of the two streams: the other is sent on before this one is written to, so that they keep one order."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        global _last, _pending
        if quiet:
            return len(text)
        host.printed(len(text))
        _pending += len(text)
        if _last is not None and (_last is not self._stream or _pending > MOST_PENDING):
            _last.flush()
            _pending = 0
        _last = self._stream
        return self._stream.write(text)

    def writable(self):
        return True

    def flush(self):
        self._stream.flush()

    def isatty(self):
        return False

    def fileno(self):
        return self._stream.fileno()

    encoding = 'utf-8'
    errors = 'strict'

    def __getattr__(self, name):
        return getattr(self._stream, name)


def _remember():
    """What is in the modules whose names are put back after each step."""
    for name, module in list(sys.modules.items()):
        if name not in _modules and hasattr(module, '__dict__') and _kept(name) and (NAMES or name in sys.builtin_module_names or _of_library(getattr(module, '__file__', None))):
            _modules[name] = (module, dict(module.__dict__))


def _kept(name):
    """Whether a module may be one of the standard library whose names are put back."""
    top = name.partition('.')[0]
    return top not in KEPT and not top.startswith('_') and (not NAMES or top in NAMES)


def _of_library(file):
    return (file or '').startswith(LIBRARY + os.sep) and '-packages' not in file


def begin():
    global _streams, _last
    _streams, _last = (sys.stdout, sys.stderr), None
    sys.stdout, sys.stderr = _Ordered(sys.stdout), _Ordered(sys.stderr)
    decimal.setcontext(decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN, traps=[decimal.DivisionByZero, decimal.Overflow, decimal.InvalidOperation]))
    sys.setrecursionlimit(_limit)
    builtins.input = _nobody


def _nobody(prompt='', /):
    raise EOFError('EOF when reading a line')


class _Watcher:
    """Sees what a step is the first to import: NumPy is seeded, and a module of the standard library is remembered as it was."""

    def find_spec(self, name, path=None, target=None):
        if name != 'numpy.random' and (name in _modules or not _kept(name)):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        execute = spec.loader.exec_module

        def seen(module):
            execute(module)
            if name == 'numpy.random':
                module.seed(_seed % 2 ** 32)
            elif _of_library(spec.origin):
                _modules[name] = (module, dict(module.__dict__))
        spec.loader.exec_module = seen
        return spec


def seed(number):
    global _seed
    _seed = number
    random.seed(number)
    numpy = sys.modules.get('numpy')
    if numpy is not None:
        numpy.random.seed(number % 2 ** 32)


def flush():
    for stream in _streams:
        try:
            stream.flush()
        except Exception:
            pass


def drop_modules(names):
    for name in names:
        sys.modules.pop(name, None)


def end(helpers, root, private):
    """Undoes what the last step did. Gives whether something of it goes on."""
    global quiet
    quiet = False
    sys.stdout, sys.stderr = _streams
    sys.settrace(None)
    sys.setprofile(None)
    signal.signal(signal.SIGINT, _handler)
    for items, saved in _lists.values():
        if items != saved:
            items[:] = saved
    drop_modules(helpers)
    for name, module in list(sys.modules.items()):
        file = getattr(module, '__file__', None)
        if isinstance(file, str) and _theirs(file, root, private):
            del sys.modules[name]
    sys.modules['__main__'] = _main
    for name, (module, saved) in _modules.items():
        sys.modules[name] = module
        names = module.__dict__
        if not _same(names, saved):
            for key in [key for key in names if key not in saved and sys.modules.get(f'{name}.{key}') is not names[key]]:
                del names[key]  # a submodule stays: no import binds it again
            names.update(saved)
    _remember()
    if os.environ != _environ:
        os.environ.clear()
        os.environ.update(_environ)
    linecache.cache.clear()
    os.chdir(_cwd)
    gc.enable()
    gc.collect()
    return _dirty()


def _theirs(file, root, private):
    """A module that the step found in a folder of its own, and not among installed packages."""
    libraries = [path for path in (sys.prefix, sys.base_prefix, *sys.path) if path]
    return (file.startswith((root + os.sep, private + os.sep))) and not any(file.startswith(path + os.sep) for path in libraries)


def _same(names, saved):
    try:
        return names == saved
    except Exception:
        return False


def _dirty():
    late = [thread for thread in threading.enumerate() if thread not in _threads and thread is not threading.current_thread()]
    for thread in late:
        thread.join(0.05)
    if any(thread.is_alive() for thread in late):
        return True
    try:
        for task in os.listdir('/proc/self/task'):
            with open(f'/proc/self/task/{task}/children') as file:
                if file.read().strip():
                    return True
    except OSError:
        pass  # no Linux: what goes on is ended with the kernel
    return False


class Loop:
    """An event loop of the step's own, inside the kernel's, so that `await` and `asyncio.run` work as they do elsewhere."""

    def __enter__(self):
        self.outer = asyncio._get_running_loop()
        swap = getattr(asyncio.tasks, '_swap_current_task', None)
        self.task = swap(self.outer, None) if swap is not None and self.outer is not None else None
        asyncio._set_running_loop(None)
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

    def __exit__(self, *_):
        try:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
                task._log_destroy_pending = False
            self.loop.close()
        finally:
            asyncio.set_event_loop(self.outer)
            asyncio._set_running_loop(self.outer)
            if self.task is not None:
                asyncio.tasks._swap_current_task(self.outer, self.task)
