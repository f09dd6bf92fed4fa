/** Wheels and an index of ours: tiny packages made by script, one with native code written by hand, and a server on the loopback that speaks as indexes do. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { strToU8, zipSync } from 'fflate';

/** A wheel file. */
export interface Wheel { readonly file: string; readonly bytes: Uint8Array; readonly sha256: string; readonly metadata: string; readonly requiresPython?: string }

/** How a wheel is made. */
export interface WheelPlan {
  readonly version?: string;
  readonly tag?: string;
  readonly requires?: readonly string[];
  readonly requiresPython?: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Makes a wheel; unless told otherwise a module of its name with its version in `V`. */
export function makeWheel(name: string, { version = '1.0', tag = 'py3-none-any', requires = [], requiresPython, files }: WheelPlan = {}): Wheel {
  const module = name.replaceAll('-', '_');
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requiresPython === undefined ? '' : `Requires-Python: ${requiresPython}\n`}${requires.map((one) => `Requires-Dist: ${one}\n`).join('')}\nText: below\n`;
  const info = `${module}-${version}.dist-info`;
  const entries = { ...files ?? { [`${module}.py`]: `V = ${JSON.stringify(version)}\n` }, [`${info}/METADATA`]: metadata, [`${info}/WHEEL`]: 'Wheel-Version: 1.0\n', [`${info}/RECORD`]: '' };
  const bytes = zipSync(Object.fromEntries(Object.entries(entries).map(([path, data]) => [path, typeof data === 'string' ? strToU8(data) : data])), { mtime: new Date('2020-01-01T00:00:00Z') });
  return { file: `${module}-${version}-${tag}.whl`, bytes, sha256: sha256(bytes), metadata, ...(requiresPython === undefined ? {} : { requiresPython }) };
}

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
const text = (value: string): number[] => [value.length, ...strToU8(value)];
const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];

/** A side module in WebAssembly: the extension module `NAME` of Python, whose doc string is `doc`. */
export function nativeModule(name: string, doc: string): Uint8Array {
  // Memory, from its base: the module's definition (PyModuleDef of a 32-bit CPython), then its texts.
  const size = 64;
  const data = [1, ...Array.from({ length: size - 1 }, () => 0), ...strToU8(`${name}\0${doc}\0`)];
  const at = (offset: number, target: number): number[] => [0x23, 0, 0x23, 0, 0x41, ...signed(target), 0x6a, 0x36, 2, offset]; // def[offset] = base + target
  const body = [0, ...at(20, size), ...at(24, size + name.length + 1), 0x23, 0, 0x10, 0, 0x0b];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(0, [...text('dylink.0'), 1, ...(() => { const info = [...leb(data.length), 2, 0, 0]; return [...leb(info.length), ...info]; })()]),
    ...section(1, [2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f]),
    ...section(2, [3, ...text('env'), ...text('memory'), 2, 0, 0, ...text('env'), ...text('__memory_base'), 3, 0x7f, 0, ...text('env'), ...text('PyModuleDef_Init'), 0, 0]),
    ...section(3, [1, 1]),
    ...section(7, [1, ...text(`PyInit_${name}`), 0, 1]),
    ...section(10, [1, ...leb(body.length), ...body]),
    ...section(11, [1, 0, 0x23, 0, 0x0b, ...leb(data.length), ...data]),
  ]);
}

const signed = (value: number): number[] => (value < 64 ? [value] : [(value & 127) | 128, value >> 7]);

/** An index on the loopback. */
export interface Index {
  /** For `PIP_INDEX_URL`. */
  readonly url: string;
  /** Where Pyodide's files would be. */
  readonly cdn: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** How an index behaves. */
export interface IndexPlan { readonly json?: boolean; readonly metadata?: boolean; readonly yanked?: readonly string[]; readonly failures?: number; readonly tamper?: (bytes: Uint8Array) => Uint8Array; readonly cdn?: Readonly<Record<string, Uint8Array>> }

/** Starts an index with these wheels: in JSON with metadata apart, unless told otherwise. */
export async function startIndex(wheels: readonly Wheel[], { json = true, metadata = true, yanked = [], failures = 0, tamper = (bytes) => bytes, cdn = {} }: IndexPlan = {}): Promise<Index> {
  const asked: string[] = [];
  let left = failures;
  const page = (name: string): { readonly type: string; readonly body: string } | undefined => {
    const mine = wheels.filter(({ file }) => file.split('-')[0]!.toLowerCase().replaceAll(/[_.]/g, '-') === name);
    if (mine.length === 0) return undefined;
    if (json) {
      const files = mine.map((one) => ({
        filename: one.file, url: `../../files/${one.file}`, hashes: { sha256: one.sha256 }, yanked: yanked.includes(one.file), 'core-metadata': metadata ? { sha256: sha256(one.metadata) } : false,
        ...(one.requiresPython === undefined ? {} : { 'requires-python': one.requiresPython }),
      }));
      return { type: 'application/vnd.pypi.simple.v1+json', body: JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: [{ filename: `${name}-0.1.tar.gz`, url: 'x', hashes: {} }, ...files] }) };
    }
    const links = mine.map((one) => `<a href="../../files/${one.file}#sha256=${one.sha256}"${one.requiresPython === undefined ? '' : ` data-requires-python="${one.requiresPython.replaceAll('>', '&gt;')}"`}${metadata ? ` data-core-metadata="sha256=${sha256(one.metadata)}"` : ''}${yanked.includes(one.file) ? ' data-yanked=""' : ''}>${one.file}</a>`);
    return { type: 'text/html; charset=utf-8', body: `<!DOCTYPE html><html><body><a href="x.tar.gz">x.tar.gz</a>${links.join('<br>\n')}</body></html>` };
  };
  const server = createServer((request, response) => {
    const path = decodeURI(request.url ?? '');
    asked.push(path);
    if (left > 0) { left -= 1; response.writeHead(503).end(); return; }
    const [, room, name = ''] = path.split('/');
    const whole = room === 'cdn' ? cdn[name] : room !== 'files' ? undefined : name.endsWith('.metadata') ? wheels.find(({ file }) => `${file}.metadata` === name)?.metadata : tampered(name);
    const found = room === 'simple' ? page(name) : undefined;
    if (found !== undefined) response.writeHead(200, { 'content-type': found.type }).end(found.body);
    else if (whole !== undefined) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(whole);
    else response.writeHead(404).end();
  });
  const tampered = (name: string): Uint8Array | undefined => { const wheel = wheels.find(({ file }) => file === name); return wheel === undefined ? undefined : tamper(wheel.bytes); };
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${base}/simple`, cdn: `${base}/cdn`, asked, close: () => new Promise((done) => { server.closeAllConnections(); server.close(() => { done(); }); }) };
}
