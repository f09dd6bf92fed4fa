"""Web: the roads from Python to the network, all through the process around it, which decides (T4).

`http.client` gets a connection that is no socket, so `urllib.request` and what else builds on it works as it stands; `pyodide.http` gets
functions of its own. Sockets there are none. Without a grant each of them raises a `PermissionError` that says what to write.
"""
import importlib.abc
import importlib.util
import io
import json
import socket
import sys

host = None
DROPPED = ('host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'expect', 'te', 'upgrade')
STALE = ('content-length', 'transfer-encoding', 'connection', 'content-encoding', 'keep-alive')


def install(its_host):
    global host
    host = its_host


def ask(method, url, headers=None, body=b''):
    """One question. Redirects are followed already. Gives status, headers in lower case, and bytes."""
    kept = {str(name).lower(): str(value) for name, value in (headers or {}).items() if str(name).lower() not in DROPPED}
    answer = host.ask(json.dumps({'url': url, 'method': method.upper(), 'headers': kept}), body or b'')
    head = json.loads(answer.head)
    if 'error' in head:
        code, message = head['error']['code'], head['error']['message']
        kind = {'refused': PermissionError, 'timeout': TimeoutError, 'cancelled': KeyboardInterrupt}.get(code, ConnectionError)
        raise kind(message)
    return head['status'], {name: value for name, value in head['headers'].items() if name not in STALE}, answer.body.to_bytes()


class Wire:
    """Stands for the socket of an HTTP connection: keeps what is sent, and asks when the answer is read."""

    def __init__(self, base):
        self.base, self.sent = base, bytearray()

    def sendall(self, data):
        self.sent += data

    def send(self, data):
        self.sent += data
        return len(data)

    def makefile(self, *_, **__):
        head, _, body = bytes(self.sent).partition(b'\r\n\r\n')
        self.sent.clear()
        first, *lines = head.decode('latin-1').split('\r\n')
        method, target, _ = first.split(' ', 2)
        headers = dict(line.split(': ', 1) if ': ' in line else (line.rstrip(':'), '') for line in lines)
        if any(name.lower() == 'transfer-encoding' for name in headers):
            body = unchunked(body)
        try:
            status, headers, body = ask(method, target if '://' in target else self.base + target, headers, body)
        except Exception as error:
            return Broken(error)
        text = ''.join(f'{name}: {value}\r\n' for name, value in headers.items())
        size = '' if method == 'HEAD' else f'content-length: {len(body)}\r\n'
        return io.BytesIO(f'HTTP/1.1 {status} \r\n{text}{size}connection: close\r\n\r\n'.encode('latin-1', 'replace') + body)

    def close(self, *_):
        pass

    settimeout = setsockopt = shutdown = close


class Broken(io.BytesIO):
    """An answer that did not come: told when it is read, since one half made complains of its own end."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def readline(self, *_):
        raise self.error


def unchunked(body):
    parts, at = [], 0
    while True:
        end = body.index(b'\r\n', at)
        size = int(body[at:end].split(b';')[0], 16)
        if size == 0:
            return b''.join(parts)
        parts.append(body[end + 2:end + 2 + size])
        at = end + 4 + size


def open_wire(scheme):
    def connect(self):
        name = f'[{self.host}]' if ':' in self.host else self.host
        self.sock = Wire(f'{scheme}://{name}:{self.port}')
        if getattr(self, '_tunnel_host', None):
            raise PermissionError('There are no proxies here; ask the address itself.')
    return connect


class Answer:
    """What `pyfetch` gives."""

    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self._body = url, status, headers, body
        self.ok, self.status_text, self.redirected, self.type, self.body_used = 200 <= status < 300, '', False, 'basic', False

    def raise_for_status(self):
        if not self.ok:
            raise OSError(f'{self.status} for {self.url}')

    async def bytes(self):
        return self._body

    async def memoryview(self):
        return memoryview(self._body)

    buffer = memoryview

    async def text(self):
        return self._body.decode()

    string = text

    async def json(self, **options):
        return json.loads(self._body, **options)


async def pyfetch(url, *, method='GET', headers=None, body=b'', **_):
    data = body.encode() if isinstance(body, str) else bytes(body or b'')
    return Answer(url, *ask(method, url, headers, data))


def open_url(url):
    return io.StringIO(ask('GET', url)[2].decode())


def mend_client(module):
    module.HTTPConnection.connect = open_wire('http')
    module.HTTPSConnection.connect = open_wire('https')


def mend_pyodide(module):
    module.pyfetch, module.open_url, module.FetchResponse = pyfetch, open_url, Answer


class Mender(importlib.abc.MetaPathFinder):
    """Mends a module right after it was loaded."""

    MODULES = {'http.client': mend_client, 'pyodide.http': mend_pyodide}

    def find_spec(self, name, path=None, target=None):
        mend = self.MODULES.get(name)
        if mend is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = Loader(spec.loader, mend)
                return spec
        return None


class Loader(importlib.abc.Loader):
    def __init__(self, loader, mend):
        self.loader, self.mend = loader, mend

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.mend(module)

    def __getattr__(self, name):
        return getattr(self.loader, name)


def no_sockets(*_, **__):
    raise PermissionError('There are no sockets here. A step that is granted an origin (`isolated=true network=https://example.org` on its fence) asks it with urllib.request.')


socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = socket.socket.listen = socket.socket.sendto = no_sockets
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = no_sockets
sys.meta_path.insert(0, Mender())
