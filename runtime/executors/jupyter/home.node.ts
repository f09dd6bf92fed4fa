/**
 * Home: the private folder of one kernel process, its connection file (mode 0600), and where its five sockets are.
 *
 * Sockets are files of that folder where ZeroMQ has `ipc`; a path too long for a socket moves them into a private folder of the system's temporary one.
 * Otherwise they are random ports of 127.0.0.1, where the signature is what keeps others out.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeLeftovers } from '../../adapters/leftovers.node.ts';
import { makeTemporary } from '../../adapters/temporary.node.ts';
import type { Addresses } from './channels.node.ts';

/** Longest path of a socket that all systems take, less the number that is added. */
const LONGEST_SOCKET = 96;

/** Folders of one kernel, and how it is reached. */
export interface KernelHome {
  readonly path: string;
  /** What a step is given. */
  readonly in: string;
  /** What a step gives. */
  readonly out: string;
  /** `TMPDIR` of the kernel; emptied after each step. */
  readonly tmp: string;
  /** `IPYTHONDIR`: a profile of its own instead of the person's, which is in no key. */
  readonly profile: string;
  /** Where the sockets are, where they are files. */
  readonly sockets?: string;
  /** Holds the connection file, which kernels write again. */
  readonly runtime: string;
  readonly connectionFile: string;
  readonly addresses: Addresses;
  readonly key: string;
}

/** Makes the folders and the connection file. */
export async function makeHome(scratch: string, transport: 'ipc' | 'tcp', kernel: string): Promise<KernelHome> {
  mkdirSync(scratch, { recursive: true });
  const path = realpathSync(mkdtempSync(join(scratch, `jupyter-${process.pid}-`)));
  const folder = (name: string): string => { mkdirSync(join(path, name), { mode: 0o700 }); return join(path, name); };
  const key = randomBytes(32).toString('hex');
  const sockets = transport === 'ipc' ? socketFolder(path) : undefined;
  const [ip, ports] = sockets === undefined ? ['127.0.0.1', await freePorts(5)] as const : [join(sockets, 's'), [1, 2, 3, 4, 5]] as const;
  const [shell, iopub, stdin, control, hb] = ports as [number, number, number, number, number];
  const kind = sockets === undefined ? 'tcp' : 'ipc';
  const address = (port: number): string => (kind === 'ipc' ? `ipc://${ip}-${port}` : `tcp://${ip}:${port}`);
  const runtime = folder('runtime');
  const connectionFile = join(runtime, 'connection.json');
  writeFileSync(connectionFile, JSON.stringify({
    transport: kind, ip, shell_port: shell, iopub_port: iopub, stdin_port: stdin, control_port: control, hb_port: hb, key, signature_scheme: 'hmac-sha256', kernel_name: kernel,
  }), { mode: 0o600, flag: 'wx' });
  return {
    path, in: folder('in'), out: folder('out'), tmp: folder('tmp'), profile: folder('ipython'), runtime, connectionFile, key, ...(sockets === undefined ? {} : { sockets }),
    addresses: { shell: address(shell), iopub: address(iopub), stdin: address(stdin), control: address(control), hb: address(hb) },
  };
}

/** Removes all of it. */
export function removeHome({ path, sockets }: KernelHome): void {
  for (const folder of sockets === undefined ? [path] : [path, sockets]) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Empties what belongs to one step. */
export function emptyHome(home: KernelHome): void {
  for (const folder of [home.in, home.out, home.tmp]) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
}

/** @returns nothing where no path is short enough */
function socketFolder(home: string): string | undefined {
  const own = join(home, 'sockets');
  if (Buffer.byteLength(own) <= LONGEST_SOCKET - 4) {
    mkdirSync(own, { mode: 0o700 });
    return own;
  }
  removeLeftovers(tmpdir(), /^telar-jupyter-(\d+)-/);
  const other = makeTemporary(`telar-jupyter-${process.pid}-`);
  if (Buffer.byteLength(other) <= LONGEST_SOCKET - 4) return other;
  rmSync(other, { recursive: true });
  return undefined;
}

/** Free a moment ago, as Jupyter itself does it; a kernel that finds one taken ends at its start, and says so. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((done, fail) => {
    const server = createServer();
    server.once('error', fail).listen(0, '127.0.0.1', () => done(server));
  })));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
