"""Files: what a step looks at in the workspace, recorded (P9), and the walls around it: read-only, and nothing of `.git` and `.telar`.

Seen are opens, listings and scans, by CPython's audit events, and `os.stat`, `os.lstat` and `os.access`, by a wrapper, which is all that `os.path` and `pathlib` use.
Not seen: what a library opens in C by itself (pyarrow, HDF5), what a child process reads, and what `os.scandir` tells of an entry beyond its name. A file outside the
workspace is in no key; it is told as a warning. The walls hold honest mistakes off; against malice there is only the operating system's (`isolated`).
"""
import errno
import hashlib
import os
import stat as _stat
import sys
import threading

HIDDEN = ('.git', '.telar')
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {'os.remove': 1, 'os.rename': 2, 'os.mkdir': 1, 'os.rmdir': 1, 'os.chmod': 1, 'os.chown': 1, 'os.truncate': 1, 'os.utime': 1, 'os.link': 2, 'os.symlink': 2}
SYSTEM = ('/usr', '/lib', '/lib64', '/bin', '/sbin', '/etc', '/proc', '/sys', '/dev', '/opt', '/run', '/var')
MOST = 20_000

_real = {name: getattr(os, name) for name in ('stat', 'lstat', 'access', 'listdir')}
_own = threading.local()
_reads = {}
_outside = {}
_root = _private = _home = None
_on = False
_full = False


def install(root, private):
    """`root`: the workspace. `private`: the kernel's own folder, of which nothing counts."""
    global _root, _private
    _root, _private = root, private
    sys.addaudithook(_hook)
    for name in ('stat', 'lstat', 'access'):
        _wrap(name)


def begin(home):
    """A new step, whose notebook lies in the folder `home`."""
    global _home, _full
    _home, _full = home, False
    _reads.clear()
    _outside.clear()


def switch(on):
    global _on
    _on = on


def reads():
    return [{'what': what, 'path': path, 'saw': saw} for (what, path), saw in _reads.items()]


def overflow():
    """Why the step cannot be kept: it looked at more than is recorded, and a change of the rest would go unnoticed."""
    return f'The step looked at more than {MOST:,} files and folders by itself, which is more than can be watched for changes. Read them with a `data` node, which takes a glob, or look at fewer.' if _full else None


def warnings():
    if not _outside:
        return []
    names = list(_outside)
    more = f' and {len(names) - 3} more' if len(names) > 3 else ''
    return [f'The step read {", ".join(names[:3])}{more}, outside the workspace: nobody notices when that changes. Put it beside the notebook.']


def _wrap(name):
    real = _real[name]

    def seen(path, *rest, **named):
        if _on and not isinstance(path, int) and not getattr(_own, 'busy', False) and named.get('dir_fd') is None:
            _quietly(_stated, path)
        return real(path, *rest, **named)

    seen.__name__, seen.__doc__ = name, real.__doc__
    for functions in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if real in functions:
            functions.add(seen)
    setattr(os, name, seen)


def _hook(event, arguments):
    if not _on or getattr(_own, 'busy', False):
        return
    if event == 'open':
        path, _, flags = arguments
        if path is not None and not isinstance(path, int):
            _quietly(_opened, path, isinstance(flags, int) and flags & WRITES != 0)
    elif event in ('os.listdir', 'os.scandir'):
        if not isinstance(arguments[0], int):
            _quietly(_listed, arguments[0])
    elif event in CHANGES:
        for path in arguments[:CHANGES[event]]:
            if path is not None and not isinstance(path, int):
                _quietly(_changed, path)
    elif event == 'sqlite3.connect' and isinstance(arguments[0], (str, bytes)) and arguments[0] not in (':memory:', ''):
        _quietly(_opened, arguments[0], False)


def _quietly(look, *arguments):
    _own.busy = True
    try:
        look(*arguments)
    finally:
        _own.busy = False


def _place(path):
    """(absolute path, path from the notebook's folder) of what lies in the workspace; None for the second when it does not, or does not count."""
    full = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))
    target = os.path.realpath(full)
    if not _within(target, _root) or _within(target, _private):
        return target, None
    if any(_within(target, library) for library in {sys.prefix, sys.base_prefix, *sys.path} if library and library != _root and _within(library, _root)):
        return target, None
    if any(part.lower() in HIDDEN for part in os.path.relpath(target, _root).split(os.sep)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fsdecode(path))
    shown = full if _within(full, _root) else target
    return target, os.path.relpath(shown, _home).replace(os.sep, '/')


def _within(path, folder):
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _record(what, path, saw):
    global _full
    if (what, path) in _reads:
        return
    if len(_reads) >= MOST:
        _full = True
    else:
        _reads[what, path] = saw()


def _opened(path, writes):
    target, told = _place(path)
    if told is None:
        if not writes:
            _note_outside(target)
        return
    if writes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fsdecode(path))
    if not os.path.lexists(target):
        _record('missing', told, str)
    elif os.path.isfile(target):
        _record('file', told, lambda: _hash(target))


def _changed(path):
    if _place(path)[1] is not None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fsdecode(path))


def _listed(path):
    target, told = _place('.' if path is None else path)
    if told is not None and os.path.isdir(target):
        names = sorted((name for name in _real['listdir'](target) if name.lower() not in HIDDEN), key=lambda name: name.encode('utf-16-be', 'surrogatepass'))
        _record('list', told, lambda: hashlib.sha256('\n'.join(names).encode('utf-8', 'surrogateescape')).hexdigest())


def _stated(path):
    target, told = _place(path)
    if told is None:
        return
    try:
        found = _real['stat'](target)
    except OSError:
        _record('missing', told, str)
        return
    kind = 'folder' if _stat.S_ISDIR(found.st_mode) else 'file' if _stat.S_ISREG(found.st_mode) else 'other'
    _record('stat', told, lambda: f'{kind}:{found.st_size if kind == "file" else 0}')


def _note_outside(target):
    if target in _outside or len(_outside) >= 100 or not os.path.isfile(target):
        return
    if any(_within(target, folder) for folder in (*SYSTEM, _private, sys.prefix, sys.base_prefix, *filter(None, sys.path))) or any(part.startswith('.') for part in target.split(os.sep)):
        return
    _outside[target] = True


def _hash(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while piece := file.read(1 << 18):
            digest.update(piece)
    return digest.hexdigest()
