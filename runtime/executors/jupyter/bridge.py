"""Bridge: runs the steps of a real CPython kernel with the same Python files that serve Pyodide (`../python/*.py`).

`install(options)` once, `run()` for each step, both by execute_request. A step comes as `in/job.json` and leaves as `out/result.json`; values are files beside them, named by their
hash or counted. What only JavaScript can read of a column is asked for over the stdin channel, Jupyter's own way to ask the frontend.
"""
import builtins
import json
import os
import re
import signal
import sys
import threading
import time

from _telar import files, reset, step, world

OURS = re.compile(r'  File "_telar/(?:bridge|files|reset|world)\.py"[^\n]*\n(?:    [^\n]*\n)*')
host = None


class Bytes:
    """Bytes, in the dress of Pyodide's buffers."""
    __slots__ = ('data',)

    def __init__(self, data):
        self.data = data

    def to_bytes(self):
        return self.data


class Buffers:
    __slots__ = ('data', 'validity')

    def __init__(self, data, validity):
        self.data, self.validity = data, validity


class Host:
    """What `step.py`, `table.py` and `reset.py` ask of what is around them."""

    def __init__(self, options):
        self.root, self.inputs, self.out, self.private = options['root'], options['in'], options['out'], options['private']
        self.ask_lock = threading.Lock()
        self.ask_parent = None
        self.world = {}
        self.kept, self.left = [], 0
        self.unshow = None
        self.counts = False

    def begin(self, job):
        self.kept, self.left, self.world = [], job['output'], job.get('world') or {}
        self.ask_parent = builtins.input
        files.begin(self.folder(job['program']['folder']))

    def folder(self, folder):
        return os.path.join(self.root, *filter(None, folder.split('/')))

    def bytes(self, blob):
        with open(os.path.join(self.inputs, blob), 'rb') as file:
            return Bytes(file.read())

    def buffers(self, blob):
        layout = self.ask({'layout': blob})
        data = memoryview(self.bytes(blob).data)
        part = lambda ends: Bytes(bytes(data[ends[0]:ends[1]]))
        return Buffers(part(layout['data']), part(layout['validity']) if layout.get('validity') else None)

    def text(self, blob, count):
        path = os.path.join(self.inputs, self.ask({'text': blob, 'count': count})['file'])
        with open(path, encoding='utf-8') as file:
            return file.read()

    def ask(self, question):
        with self.ask_lock:
            return json.loads(self.ask_parent('telar:' + json.dumps(question)))

    def spend(self, size):
        self.left -= size
        if self.left < 0:
            raise OutputLimit()

    def printed(self, size):
        if self.counts:
            self.spend(size)

    def keep(self, data):
        self.spend(len(data))
        name = str(len(self.kept))
        with open(os.path.join(self.out, name), 'wb') as file:
            file.write(data)
        self.kept.append(name)
        return len(self.kept) - 1

    def enter(self, folder):
        step.FOLDER = self.folder(folder)

    def running(self, on, silent):
        if on:
            self.unshow = world.show(self.world)
            _publish(not silent)
        files.switch(on)
        self.counts = on
        reset.quiet = silent
        if not on:
            _publish(True)
            if self.unshow is not None:
                self.unshow()
                self.unshow = None


class OutputLimit(BaseException):
    """The step gave out more than it may."""


def _publish(on):
    """Lets `display` through, or not: a producer's views are not for the step that reads it."""
    try:
        publisher = builtins.get_ipython().display_pub
    except AttributeError:
        return
    if on:
        publisher.__dict__.pop('publish', None)
    else:
        publisher.publish = lambda *_, **__: None


def install(text):
    global host
    options = json.loads(text)
    files.install(options['root'], options['private'])
    host = Host(options)
    _never_alone(os.getppid())
    step.install(host)


def _advise(error):
    """Takes our own frames out of an error, and what fits Pyodide only out of its advice."""
    missing = re.match(r"ModuleNotFoundError: No module named '[^']*'", error.get('message', ''))
    if missing:
        error['message'] = f'{missing[0]}. Install it for this kernel (`{sys.executable} -m pip install NAME`), or put a helper NAME.py beside the notebook.'
    if 'traceback' in error:
        error['traceback'] = OURS.sub('', error['traceback'])
    error['message'] = error.get('message', '').replace('write to /tmp for the time', 'write to tempfile.gettempdir() for the time')


def _never_alone(parent):
    """Ends this process, and its group where it heads one, when nobody is left who asked for it. The kernel's own look-out would leave its children."""
    leave = os._exit

    def end(status):
        if os.getppid() != parent and hasattr(os, 'killpg') and os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        leave(status)

    def look():
        while os.getppid() == parent:
            time.sleep(0.5)
        end(1)

    os._exit = end
    threading.Thread(target=look, daemon=True, name='telar-parent').start()


def _bounded(memory):
    """Lets the allocation fail that would be far too much at once; the frontend watches the rest."""
    try:
        import resource
        with open('/proc/self/statm') as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = now + 2 * memory + (1 << 30)
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    except (ImportError, OSError, ValueError):
        return lambda: None


def run():
    with open(os.path.join(host.inputs, 'job.json'), encoding='utf-8') as file:
        job = json.load(file)
    host.begin(job)
    asked = builtins.input
    unbounded = _bounded(job['memory'])
    try:
        with reset.Loop():
            result = json.loads(step.run(json.dumps(job['program'])))
    except OutputLimit:
        result = {'error': {'code': 'output-limit', 'message': ''}}
    finally:
        files.switch(False)
        unbounded()
    if result.get('error', {}).get('type') == 'OutputLimit':
        result = {'error': {'code': 'output-limit', 'message': ''}}
    elif 'error' in result:
        _advise(result['error'])
    elif files.overflow() is not None:
        result = {'error': {'code': 'refused', 'message': files.overflow()}}
    result['warnings'] = [*result.get('warnings', ()), *files.warnings()]
    result |= {'number': job['number'], 'reads': files.reads(), 'blobs': host.kept, 'heap': 1}
    result['dirty'] = reset.end(list(job['program']['modules']), host.root, host.private)
    builtins.input = asked
    part = os.path.join(host.out, 'result.part')
    with open(part, 'w', encoding='utf-8') as file:
        json.dump(result, file)
    os.replace(part, os.path.join(host.out, 'result.json'))
