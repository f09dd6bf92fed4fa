/** Kernels that are broken or hostile, by their mode: `node fake-kernel-child.ts MODE connection.json`. With the right key and the wrong intentions. */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const [mode, file] = process.argv.slice(2) as [string, string];
if (mode === 'die') {
  process.stderr.write('no such luck\n');
  process.exit(3);
}
process.on('SIGINT', () => {});
setInterval(() => { if (process.ppid === 1) process.exit(0); }, 500);
const connection = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string | number>;
if (mode === 'silent') process.stderr.write('thinking\n');
else if (mode === 'garbage') for (const name of ['shell', 'iopub', 'control', 'stdin', 'hb']) createServer((socket) => { socket.on('error', () => {}); socket.write(Buffer.alloc(100_000, 0xff)); }).listen(Number(connection[`${name}_port`]), '127.0.0.1');
else await speak();

async function speak(): Promise<void> {
  const { Publisher, Router } = await import('zeromq');
  const address = (name: string): string => (connection.transport === 'ipc' ? `ipc://${connection.ip}-${connection[`${name}_port`]}` : `tcp://${connection.ip}:${connection[`${name}_port`]}`);
  const [shell, iopub, hb] = [new Router(), new Publisher(), new Router()];
  await Promise.all([shell.bind(address('shell')), iopub.bind(address('iopub')), hb.bind(address('hb'))]);
  void (async (): Promise<void> => { for await (const frames of hb) await hb.send(frames as Buffer[]); })();
  const pack = (type: string, content: unknown, parent: unknown, key = String(connection.key)): (string | Buffer)[] => {
    const parts = [{ msg_id: randomUUID(), msg_type: type, session: 's', username: 'k', date: '', version: '5.3' }, parent, {}, content].map((part) => JSON.stringify(part));
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return ['<IDS|MSG>', hmac.digest('hex'), ...parts];
  };
  for await (const frames of shell) {
    const [identity, , , header] = frames as Buffer[];
    const request = JSON.parse(header!.toString()) as { msg_type: string };
    if (mode === 'nonsense') await shell.send([identity!, 'what?']);
    else if (mode === 'huge') await shell.send([identity!, Buffer.alloc(65 * 1024 * 1024)]);
    else if (request.msg_type === 'kernel_info_request') {
      await iopub.send(['status', ...pack('status', { execution_state: 'idle' }, request)]);
      await shell.send([identity!, ...pack('kernel_info_reply', { status: 'ok', protocol_version: mode === 'old' ? '5.0' : '5.3', implementation: 'fake', language_info: { name: 'python' } }, request, mode === 'forged' ? 'other' : undefined)]);
    } else if (mode !== 'mute') {
      const { code } = JSON.parse((frames as Buffer[])[6]?.toString() ?? (frames as Buffer[])[5]!.toString()) as { code: string };
      if (code?.includes('.run()')) await step(request);
      await iopub.send(['status', ...pack('status', { execution_state: 'busy' }, request)]);
      await shell.send([identity!, ...pack('execute_reply', { status: 'ok', execution_count: 1 }, request)]);
      await iopub.send(['status', ...pack('status', { execution_state: 'idle' }, request)]);
    }
  }

  async function step(request: unknown): Promise<void> {
    const home = join(file, '..', '..');
    const { number } = JSON.parse(readFileSync(join(home, 'in', 'job.json'), 'utf8')) as { number: number };
    const give = (outputs: unknown, blobs: unknown[], reads: unknown[] = []): void => writeFileSync(join(home, 'out', 'result.json'), JSON.stringify({ number, outputs, blobs, reads, heap: 1 }));
    const summary = { type: 'text', preview: '' };
    if (mode === 'outside') give({ value: { summary, form: 'text', file: 0 } }, ['../../../secret']);
    else if (mode === 'link') {
      symlinkSync('/etc/passwd', join(home, 'out', '0'));
      give({ value: { summary, form: 'text', file: 0 } }, ['0']);
    } else if (mode === 'column') give({ value: { summary, table: [{ name: 'a', ref: { type: 'INTEGER', blob: 'f'.repeat(64), bytes: 1 } }], rows: 1 } }, []);
    else if (mode === 'reads') give({ value: { summary } }, [], [{ what: 'file', path: '/etc/passwd', saw: '' }, { what: 'run', path: 'x', saw: '' }, { what: 'file', path: 'a', saw: 'b' }]);
    else if (mode === 'stale') writeFileSync(join(home, 'out', 'result.json'), JSON.stringify({ number: number + 7, outputs: {}, blobs: [], reads: [] }));
    else if (mode === 'late-forger') await iopub.send(['stream', ...pack('stream', { name: 'stdout', text: 'not mine' }, request, 'other')]);
    else if (mode === 'stranger') {
      await iopub.send(['stream', ...pack('stream', { name: 'stdout', text: 'of another request' }, { msg_id: 'x' })]);
      give({}, []);
    }
  }
}
