// What somebody does who has broken out of an engine into the process around it. Started with that process's own flags and hardening.
import * as fs from 'node:fs';
import { join } from 'node:path';

const { harden, outside, out, port, parent } = JSON.parse(process.argv[2]);
(await import(harden)).harden();
const builtin = (name) => process.getBuiltinModule(name);
const connect = (options) => new Promise((done, fail) => { builtin('net').connect(options).on('connect', () => done('connected')).on('error', fail); });
const attacks = {
  'reads a file outside': () => fs.readFileSync(outside, 'utf8'),
  'reads by a link': () => { fs.symlinkSync(outside, join(out, 'link')); return fs.readFileSync(join(out, 'link'), 'utf8'); },
  'reads by a hard link': () => { fs.linkSync(outside, join(out, 'hard')); return fs.readFileSync(join(out, 'hard'), 'utf8'); },
  'copies in': () => { fs.cpSync(outside, join(out, 'copy')); return 'copied'; },
  'reads by a way round': () => fs.readFileSync(`${out}/../../secret.txt`, 'utf8'),
  'reads by its bytes': () => fs.readFileSync(Buffer.from(outside), 'utf8'),
  'reads by an address': () => fs.readFileSync(new URL(`file://${outside}`), 'utf8'),
  'reads asynchronously': async () => (await builtin('fs/promises').readFile(outside, 'utf8')),
  'lists the root': () => fs.readdirSync('/'),
  'reads its environment': () => fs.readFileSync('/proc/self/environ', 'utf8'),
  'reads its memory': () => fs.openSync('/proc/self/mem', 'r'),
  "reads its parent's environment": () => fs.readFileSync(`/proc/${parent}/environ`, 'utf8'),
  'reads by /proc/self/root': () => fs.readFileSync(`/proc/self/root${outside}`, 'utf8'),
  'writes outside': () => fs.writeFileSync(`${outside}.made`, 'x'),
  'renames outside': () => fs.renameSync(outside, `${outside}.moved`),
  'removes outside': () => fs.rmSync(outside),
  'changes rights': () => fs.chmodSync(outside, 0o777),
  'connects': () => connect({ port, host: '127.0.0.1' }),
  'connects by a socket': () => connect({ path: join(out, '../socket') }),
  'listens': () => new Promise((done, fail) => { builtin('net').createServer().listen(0, () => done('listening')).on('error', fail); }),
  'sends a datagram': () => new Promise((done, fail) => { builtin('dgram').createSocket('udp4').send('x', port, '127.0.0.1', (error) => { if (error) fail(error); else done('sent'); }); }),
  'asks for a name': () => builtin('dns/promises').lookup('example.org'),
  'resolves a name': () => builtin('dns/promises').resolve4('example.org'),
  'asks by http': () => new Promise((done, fail) => { builtin('http').get(`http://127.0.0.1:${port}/`, () => done('asked')).on('error', fail); }),
  'asks by fetch': async () => (await fetch(`http://127.0.0.1:${port}/`)).status,
  'opens a web socket': () => new Promise((done, fail) => { const socket = new WebSocket(`ws://127.0.0.1:${port}/`); socket.addEventListener('open', () => done('open')); socket.addEventListener('error', () => fail(new Error('no socket'))); }),
  'starts a program': () => builtin('child_process').execFileSync('true'),
  'starts a shell': () => builtin('child_process').execSync('id').toString(),
  'forks': () => new Promise((done, fail) => { builtin('child_process').fork(process.argv[1]).on('spawn', () => done('forked')).on('error', fail); }),
  'starts a worker': () => new (builtin('worker_threads').Worker)('1', { eval: true }),
  'makes code from strings': () => (function () {}).constructor('return process')(),
  'evaluates': () => (0, eval)('process.pid'), // oxlint-disable-line no-eval
  'runs in a context': () => builtin('vm').runInNewContext('this.constructor.constructor("return 1")()'),
  'loads an add-on': () => process.dlopen({ exports: {} }, outside),
  'asks the old door': () => process.binding('spawn_sync'),
  'signals its parent': () => process.kill(parent, 0),
  'starts a program below the checks': () => { const { ChildProcess } = builtin('child_process'); const child = new ChildProcess(); child.spawn({ file: '/bin/true', args: ['true'], stdio: [], envPairs: [] }); return child.pid ?? (() => { throw new Error('not started'); })(); },
  'opens the inspector': () => { builtin('inspector').open(0); return builtin('inspector').url() ?? (() => { throw new Error('not opened'); })(); },
  'uses the inspector of itself': () => new (builtin('inspector').Session)().connect(),
  'gives itself rights': () => process.permission.grant?.('fs.read') ?? (() => { throw new Error('cannot'); })(),
  'writes a heap snapshot': () => builtin('v8').writeHeapSnapshot(`${outside}.heap`),
  'sets flags': () => { builtin('v8').setFlagsFromString('--allow-natives-syntax'); return fs.readFileSync(outside, 'utf8'); },
  'uses WASI': () => new (builtin('wasi').WASI)({ version: 'preview1', preopens: { '/': '/' } }),
  'opens a database': () => new (builtin('sqlite').DatabaseSync)(`${outside}.db`),
  'opens one in memory and attaches': () => new (builtin('sqlite').DatabaseSync)(':memory:').exec(`attach '${outside}.db' as a; create table a.x(y)`) ?? 'attached',
  'reads an environment file': () => process.loadEnvFile(outside),
  'writes a report': () => process.report.writeReport(`${outside}.json`),
  'imports outside': () => import(`file://${outside}`),
  'finds an environment': () => Object.keys(process.env).filter((name) => name !== 'TZ').join() || (() => { throw new Error('empty'); })(),
};
process.on('uncaughtException', () => {});
const got = {};
for (const [name, attack] of Object.entries(attacks)) {
  const late = new Promise((_, fail) => { setTimeout(() => fail(new Error('nothing came')), 300); });
  got[name] = await Promise.race([Promise.resolve().then(attack), late]).then((value) => `GOT ${String(value).slice(0, 80)}`, (error) => `no: ${error?.code ?? ''} ${String(error?.message ?? error).slice(0, 80)}`);
}
fs.writeSync(1, JSON.stringify(got));
process.exit(0);
