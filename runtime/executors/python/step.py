"""Step: runs one program with its inputs in a fresh namespace, and gives its outputs as a message.

`install(host)` is called once after the start, `run(job)` for each step; both by the child. What a step leaves behind is undone in `reset.py`.
"""
import array
import ast
import asyncio
import builtins
import importlib.abc
import importlib.util
import inspect
import json
import linecache
import os
import random
import sys
import traceback
import types

from _telar import reset, table as _table, values as _values, web

FOLDER = '/notebook'
FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
BINDERS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.NamedExpr)
DISPLAYS = (('_repr_html_', 'text/html'), ('_repr_svg_', 'image/svg+xml'), ('_repr_png_', 'image/png'), ('_repr_jpeg_', 'image/jpeg'), ('_repr_markdown_', 'text/markdown'), ('_repr_latex_', 'text/latex'))
host = None


def install(its_host):
    global host
    host = its_host
    web.install(host)
    reset.install(host)


class Namespace(types.SimpleNamespace):
    """The outputs of a nested notebook: `by_station.monthly` or `by_station["monthly"]`."""

    def __getitem__(self, name):
        try:
            return self.__dict__[name]
        except KeyError:
            raise KeyError(name) from None

    def keys(self):
        return self.__dict__.keys()

    def __iter__(self):
        return iter(self.__dict__)

    def __len__(self):
        return len(self.__dict__)

    def _telar_plain(self):
        return dict(self.__dict__)


class Helpers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the modules beside the notebook from the program's own texts, so that the folder is never searched."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        if name not in self.texts:
            return None
        package = any(other.startswith(name + '.') for other in self.texts)
        return importlib.util.spec_from_loader(name, self, origin=self.file(name), is_package=package)

    def file(self, name):
        return name.replace('.', '/') + '.py'

    def get_source(self, name):
        return self.texts[name]

    def exec_module(self, module):
        name = module.__name__
        file = self.file(name)
        source = self.texts[name]
        remember(file, source, 1)
        exec(compile(source, file, 'exec', dont_inherit=True), module.__dict__)


def remember(file, source, line):
    """Lets tracebacks show the lines of a body at their place in the notebook."""
    lines = linecache.cache.get(file, (0, None, [], file))[2]
    lines = lines + ['\n'] * (line - 1 - len(lines))
    body = source.splitlines(keepends=True)
    linecache.cache[file] = (len(source), None, lines[:line - 1] + body + lines[line - 1 + len(body):], file)


class Realm:
    """One program, run: its module, its value, and the inputs that it must not change."""

    def __init__(self, job, silent=False):
        self.job, self.silent = job, silent
        self.module = types.ModuleType('__main__')
        self.names = self.module.__dict__
        self.watched = []
        self.value = None

    def run(self, realms):
        job = self.job
        inputs = {port: self.load(port, source, realms) for port, source in job['inputs'].items()}
        finder = Helpers(job['modules'])
        reset.drop_modules(finder.texts)
        sys.meta_path.insert(0, finder)
        sys.modules['__main__'] = self.module
        self.names['__builtins__'] = builtins
        self.bind(inputs)
        remember(job['file'], job['code'], job['line'])
        tree = ast.parse('\n' * (job['line'] - 1) + job['code'], job['file'])
        last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        body = compile(tree, job['file'], 'exec', flags=FLAGS, dont_inherit=True)
        end = last and compile(last, job['file'], 'eval', flags=FLAGS, dont_inherit=True)
        reset.seed(job['seed'])
        host.enter(job['folder'])
        os.chdir(FOLDER)
        host.running(True, self.silent)
        try:
            self.do(body)
            value = self.do(end) if end else None
        finally:
            reset.flush()
            host.running(False, False)
            sys.meta_path.remove(finder)
        self.value = self.names[job['id']] if job['id'] in self.names and binds(tree, job['id']) else value

    def do(self, code):
        if code.co_flags & inspect.CO_COROUTINE:
            box = []
            asyncio.get_event_loop().run_until_complete(boxed(eval(code, self.names), box))
            value, error = box
            if error is not None:
                raise error
            return value
        return eval(code, self.names)

    def bind(self, inputs):
        for port, value in inputs.items():
            *path, name = port.split('.')
            space = self.names
            for part in path:
                inner = space.get(part)
                if not isinstance(inner, Namespace):
                    inner = space[part] = Namespace()
                space = inner.__dict__
            space[name] = value

    def load(self, port, source, realms):
        if 'producer' in source:
            return produce(source, realms)
        form, blob = source['form'], source['hash']
        if form == 'table':
            return _table.stored(json.loads(host.bytes(blob).to_bytes()), host)
        data = host.bytes(blob).to_bytes()
        if form == 'text':
            return data.decode()
        if form == 'bytes':
            return data
        value = _values.read(data.decode()) if form == 'record' else _values.read_array(data) if form == 'array' else _values.pickle.loads(data)
        if isinstance(value, (list, dict, set, array.array, memoryview)) or form == 'opaque':
            watched = (lambda: value.tobytes()) if isinstance(value, memoryview) else (lambda: value)
            self.watched.append((port, watched, form == 'opaque', _values.fingerprint(watched(), form == 'opaque')))
        return value

    def breaches(self):
        """Warnings for inputs that were changed in place (R7)."""
        return [
            f'covenant: The input “{port}” was changed in place. The change stays in this step; copy it first (copy.deepcopy({port})) to say so.'
            for port, value, opaque, before in self.watched if before is not None and _values.fingerprint(value(), opaque) != before]

    def output(self, name):
        return self.value if name == 'value' else self.names[name]


async def boxed(coroutine, box):
    """Carries an error past the event loop, which would print it."""
    try:
        box[:] = await coroutine, None
    except BaseException as error:
        box[:] = None, error


def produce(source, realms):
    """A value that has no content hash: its producer runs here, once a step (P8)."""
    program = source['producer']
    key = json.dumps([program['file'], program['line'], program['id'], program['code'], program['inputs']], sort_keys=True)
    realm = realms.get(key)
    if realm is None:
        realm = Realm(program, silent=True)
        realm.run(realms)
        realms[key] = realm
    try:
        return realm.output(source['output'])
    except KeyError:
        raise NameError(f"{program['id']} ran, but did not define {source['output']!r}") from None


def binds(tree, name):
    """Whether the top level defines `name` by assignment, `def` or `class`: not by import, `for`, `with` or `except`."""
    def targets(node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return node.name == name
        found = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(part, ast.Name) and part.id == name for target in found for part in ast.walk(target) if isinstance(getattr(part, 'ctx', None), ast.Store))

    pending = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, BINDERS) and targets(node):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
    return False


def run(text):
    """Does a step: a message in, a message out, both JSON. Never raises."""
    job = json.loads(text)
    reset.begin()
    try:
        realm = Realm(job)
        realm.run({})
        warnings = realm.breaches() + [f'A reader wants “{name}”, which this run did not define.' for name in job['wanted'] if name not in ('value', job['id']) and name not in realm.names]
        outputs = give(realm, job)
        shown = displays(realm.value)
        reset.flush()
        return json.dumps({'outputs': outputs, 'warnings': warnings, 'displays': shown})
    except BaseException as error:
        reset.flush()
        return json.dumps({'error': explain(error, job)})


def give(realm, job):
    outputs = {'value': give_one(realm.value, realm, True)}
    for name in dict.fromkeys([*job['wanted'], *job['binds']]):
        if name != 'value' and name != job['id'] and name in realm.names:
            outputs[name] = give_one(realm.names[name], realm, name in job['wanted'])
    if job['id'] in job['wanted']:
        outputs[job['id']] = outputs['value']
    return outputs


def give_one(value, realm, keep):
    if isinstance(value, _table.Table) or (value := _frame(value)) is not None and isinstance(value, _table.Table):
        summary = {'type': f'table {len(value)} × {len(value.columns)}', 'rows': len(value), 'columns': [{'name': name, 'type': kind or ''} for name, kind in value.types.items()]}
        summary['preview'] = _values.preview('\n'.join([' | '.join(value.columns)] + [' | '.join(map(str, row)) for row in value._heads(5)]))
        return {'summary': summary, 'table': _table.parts(value, host.keep), 'rows': len(value)} if keep else {'summary': summary}
    kind = f'record of {len(value)}' if isinstance(value, _table.Row) else _values.type_name(value)
    summary = {'type': kind, 'preview': _values.preview(value)}
    if not keep:
        return {'summary': summary}
    return {'summary': summary} | encode(value, realm.job['modules'])


def _frame(value):
    made = _table.from_frame(value)
    return value if made is None else made


def encode(value, local):
    """The form and bytes of a value; bytes beyond a message's size go by file."""
    if type(value) is str:
        try:
            return {'form': 'text', 'file': host.keep(value.encode())}
        except UnicodeEncodeError:
            return opaque(value, local)
    if type(value) in (bytes, bytearray):
        return {'form': 'bytes', 'file': host.keep(bytes(value))}
    parts = _values.array_parts(value)
    if parts is not None:
        header = json.dumps({'type': parts[0], 'shape': parts[1]}, separators=(',', ':'))
        return {'form': 'array', 'file': host.keep(header.encode() + b'\n' + parts[2])}
    try:
        return {'form': 'record', 'file': host.keep(_values.write(value).encode())}
    except (_values.NotPlain, UnicodeEncodeError, RecursionError):
        return opaque(value, local)


def opaque(value, local):
    data = _values.pickled(value, local)
    return {'form': 'live', 'what': _values.live_kind(value)} if data is None else {'form': 'opaque', 'file': host.keep(data)}


def displays(value):
    """Rich views of the value, by Jupyter's methods."""
    if isinstance(value, type):
        return []
    views = {}
    bundle = getattr(value, '_repr_mimebundle_', None)
    if bundle is not None:
        made = bundle()
        views.update(made[0] if isinstance(made, tuple) else made or {})
    for method, kind in DISPLAYS:
        if kind not in views and callable(getattr(value, method, None)):
            made = getattr(value, method)()
            if made is not None:
                views[kind] = made
    return [
        {'mediaType': kind, 'file': host.keep(made if isinstance(made, bytes) else made.encode())}
        for kind, made in views.items() if isinstance(made, (str, bytes)) and kind != 'text/plain']


def explain(error, job):
    """An error for a person: code, message, line in the notebook, and the traceback from the first line that is theirs."""
    file = job['file']
    kind = type(error).__name__
    message = f'{kind}: {error}'[:2000].rstrip(': ')
    frames = traceback.extract_tb(error.__traceback__)
    first = next((index for index, frame in enumerate(frames) if frame.filename == file), None)
    if first is None and isinstance(error, SyntaxError) and error.filename == file:
        return {'code': 'syntax', 'message': f'{kind}: {error.msg}', 'line': error.lineno, 'column': error.offset, 'type': kind}
    if isinstance(error, MemoryError):
        return {'code': 'memory', 'message': 'The step needs more memory than it may use; raise memory= on the fence, or work on less at once.', 'type': kind}
    if isinstance(error, PermissionError) and str(error.filename or '').startswith(('.', FOLDER)) or isinstance(error, PermissionError) and not str(error.filename or '/').startswith('/'):
        message += '. The notebook’s folder is read-only here: write to /tmp for the time of the step, and give the result out as a value, which `telar show FILE ID -o PATH` writes to a file.'
    if isinstance(error, EOFError) and str(error) == 'EOF when reading a line':
        message += '. Nobody can answer while a step runs: take the value from an input node, which --set NAME=VALUE sets.'
    if isinstance(error, SystemExit):
        message = f'The code called exit({error.code!r}); a step ends by itself.'
    lines = [frame.lineno for frame in frames if frame.filename == file]
    shown = traceback.StackSummary.from_list(frames[first:] if first is not None else [])
    text = ''.join(['Traceback (most recent call last):\n', *shown.format(), *traceback.TracebackException.from_exception(error).format_exception_only()])
    return {'code': 'exception', 'message': message, 'type': kind, 'traceback': text[-20000:]} | ({'line': lines[-1]} if lines else {})
