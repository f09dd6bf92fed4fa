/**
 * Mount: the notebook's folder as Python sees it, read-only, at `/notebook`, with a record of what was looked at (P9).
 *
 * A file system of our own under Emscripten's: NODEFS lets a denial of Node's permission model kill Pyodide, follows links out of
 * the folder, keeps stale nodes, and needs `process.binding`. Here every error becomes an errno, links that leave the workspace are
 * refused, `.git` and `.telar` do not exist, and a mount lives for one step.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { ObservedRead } from '../../../contracts/node.ts';
import { isShown, namesOnTheWay } from './grants.node.ts';

/** The part of Emscripten's file system that is used here. */
export interface EmscriptenFS {
  ErrnoError: new (errno: number) => Error;
  filesystems: Record<string, unknown>;
  streams: (Stream | undefined)[];
  lookupPath(path: string): { readonly node: { readonly rdev: number } };
  getDevice(device: number): { readonly stream_ops: Record<string, unknown> };
  createNode(parent: FSNode | null, name: string, mode: number, device: number): FSNode;
  mount(type: unknown, options: unknown, path: string): FSNode;
  unmount(path: string): void;
  mkdirTree(path: string): void;
  chdir(path: string): void;
  close(stream: Stream): void;
}

interface FSNode { name: string; mode: number; parent: FSNode; id: number; mount: { opts: MountOptions }; node_ops: unknown; stream_ops: unknown }
interface Stream { node: FSNode; nfd?: number; flags: number; position: number; shared: { refcount?: number } }

/** What a mount shows. `root` is the workspace, `folder` a notebook's folder in it; both absolute and real. `prefix` leads there from the step's own folder. With `shows`, nothing else is there. */
interface MountOptions { readonly root: string; readonly folder: string; readonly prefix: string; readonly record: Recorder; readonly shows?: readonly string[] }

const hidden = (name: string): boolean => ['.git', '.telar'].includes(name.toLowerCase()); // some file systems fold case
/** What is asked of a file's state. */
type Looked = Pick<fs.Stats, 'isDirectory' | 'isFile' | 'size'>;
const A_FOLDER: Looked = { isDirectory: () => true, isFile: () => false, size: 0 };
const FOLDER_MODE = 0o40555;
const FILE_MODE = 0o100444;

/** Collects what a step opened, stated, listed and missed, each once. */
export class Recorder {
  readonly #reads = new Map<string, ObservedRead>();
  /** Off while Python looks for lines of tracebacks and the like: only the notebook's own looking counts. */
  on = false;

  add(what: ObservedRead['what'], path: string, saw: () => string): void {
    const key = `${what} ${path}`;
    if (this.on && !this.#reads.has(key)) this.#reads.set(key, { what, path, saw: saw() });
  }

  get reads(): ObservedRead[] { return [...this.#reads.values()]; }
}

/** Hashes an open file without holding it. */
function hashFile(fd: number): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(1 << 18);
  for (let at = 0, count = 1; count > 0; at += count) {
    count = fs.readSync(fd, piece, 0, piece.length, at);
    hash.update(piece.subarray(0, count));
  }
  return hash.digest('hex');
}

/**
 * Makes the file system type for `FS.mount`.
 * @param codes Emscripten's errno by name
 */
export function readOnlyFolder(FS: EmscriptenFS, codes: Readonly<Record<string, number>>): unknown {
  const fail = (name: string): never => { throw new FS.ErrnoError(codes[name] ?? codes.EIO!); };
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof FS.ErrnoError) throw error;
      const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
      return fail(code.startsWith('ERR_') ? 'EACCES' : code);
    }
  };
  const pathOf = (node: FSNode): string => (node.parent === node ? '' : join(pathOf(node.parent), node.name));
  const options = (node: FSNode): MountOptions => node.mount.opts;
  const real = (node: FSNode): string => join(options(node).folder, pathOf(node));
  const told = (path: string, { prefix }: MountOptions): string => join(prefix, path).split(sep).join('/') || '.';

  /** Stats through links, and refuses those that leave the workspace or reach what is hidden. */
  const look = (path: string, { root, shows }: MountOptions): Looked => {
    if (namesOnTheWay(path, shows) !== undefined) return A_FOLDER;
    const target = fs.realpathSync(path);
    const inside = relative(root, target);
    if (inside.startsWith('..') || inside.split(sep).some((part) => hidden(part)) || !isShown(target, shows)) fail('EACCES');
    return fs.statSync(target);
  };
  const attributes = (stat: Looked, node: FSNode): object => {
    const time = new Date(0); // times are no part of what a step may see: they are in no key
    const mode = stat.isDirectory() ? FOLDER_MODE : FILE_MODE;
    return { dev: 1, ino: node.id, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size: stat.isDirectory() ? 0 : stat.size, atime: time, mtime: time, ctime: time, blksize: 4096, blocks: Math.ceil(stat.size / 4096) };
  };
  const create = (parent: FSNode | null, name: string, mode: number): FSNode => {
    const node = FS.createNode(parent, name, mode, 0);
    node.node_ops = nodes;
    node.stream_ops = streams;
    return node;
  };
  const denied = (): never => fail('EACCES');

  const nodes = {
    getattr(node: FSNode): object {
      return attempt(() => {
        const stat = look(real(node), options(node));
        const kind = stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other';
        options(node).record.add('stat', told(pathOf(node), options(node)), () => `${kind}:${kind === 'file' ? stat.size : 0}`);
        return attributes(stat, node);
      });
    },
    lookup(parent: FSNode, name: string): FSNode {
      if (hidden(name)) return fail('ENOENT');
      const path = join(real(parent), name);
      if (!isShown(path, options(parent).shows)) return fail('ENOENT');
      try {
        return create(parent, name, look(path, options(parent)).isDirectory() ? FOLDER_MODE : FILE_MODE);
      } catch (error) {
        // A listing looks up each entry and fails with the first that does: links that lead nowhere, or out, are entries that cannot be opened.
        if (error instanceof FS.ErrnoError) return create(parent, name, FILE_MODE & ~0o777);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return attempt(() => { throw error; });
        options(parent).record.add('missing', told(join(pathOf(parent), name), options(parent)), () => '');
        return fs.lstatSync(path, { throwIfNoEntry: false }) === undefined ? fail('ENOENT') : create(parent, name, FILE_MODE);
      }
    },
    readdir(node: FSNode): string[] {
      return attempt(() => {
        const names = namesOnTheWay(real(node), options(node).shows) ?? fs.readdirSync(real(node)).filter((name) => !hidden(name)).sort();
        options(node).record.add('list', told(pathOf(node), options(node)), () => createHash('sha256').update(names.join('\n')).digest('hex'));
        return ['.', '..', ...names];
      });
    },
    setattr: denied, mknod: denied, rename: denied, unlink: denied, rmdir: denied, symlink: denied,
    readlink: () => fail('EINVAL'),
  };

  const streams = {
    getattr: (stream: Stream): object => attempt(() => attributes(fs.fstatSync(stream.nfd!), stream.node)),
    setattr: denied, write: denied, msync: denied,
    open(stream: Stream): void {
      const { node } = stream;
      if (node.mode === FOLDER_MODE) return;
      if ((stream.flags & 3) !== 0) denied();
      attempt(() => {
        if (!look(real(node), options(node)).isFile()) fail('EACCES'); // opening a pipe could wait for ever
        stream.shared.refcount = 1;
        const fd = stream.nfd = fs.openSync(real(node), 'r');
        options(node).record.add('file', told(pathOf(node), options(node)), () => hashFile(fd));
      });
    },
    close(stream: Stream): void {
      if (stream.nfd !== undefined && --stream.shared.refcount! === 0) attempt(() => fs.closeSync(stream.nfd!));
    },
    dup(stream: Stream): void { stream.shared.refcount! += 1; },
    read: (stream: Stream, buffer: Uint8Array, offset: number, length: number, position: number): number =>
      attempt(() => fs.readSync(stream.nfd!, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), 0, length, position)),
    llseek(stream: Stream, offset: number, whence: number): number {
      const from = whence === 1 ? stream.position : whence === 2 ? attempt(() => fs.fstatSync(stream.nfd!).size) : 0;
      return from + offset < 0 ? fail('EINVAL') : from + offset;
    },
  };
  return { mount: (mount: { opts: MountOptions }): FSNode => { void mount; return create(null, '/', FOLDER_MODE); } };
}

/** Ends a mount: files that the step left open are closed. */
export function unmount(FS: EmscriptenFS, path: string, type: unknown): void {
  for (const stream of FS.streams) {
    if (stream !== undefined && stream !== null && (stream.node.mount as { type?: unknown }).type === type) FS.close(stream);
  }
  FS.unmount(path);
}
