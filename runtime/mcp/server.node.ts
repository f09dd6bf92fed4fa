/**
 * An MCP server over stdio, by the official package: notebooks as tools, skills as resources. It knows no engine and no store: whoever
 * serves gives it what a tool does. The low-level server is used, since notebooks bring JSON Schemas and no schemas of a library.
 */
import { createHash } from 'node:crypto';
import { Server, ProtocolError, ProtocolErrorCode, type CallToolResult, type Tool } from '@modelcontextprotocol/server';
import { serveStdio, type StdioServerHandle, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { TelarError } from '../../contracts/errors.ts';
import type { NotebookTool } from './tools.ts';

/** A tool with what it does. */
export interface ServedTool {
  readonly tool: NotebookTool;
  /** @returns the outputs @throws TelarError what failed */
  call(input: Readonly<Record<string, unknown>>, signal: AbortSignal, progress: (done: number, total: number, message: string) => void): Promise<Readonly<Record<string, unknown>>>;
}

/** A skill's files, by path. */
export interface ServedSkill { readonly name: string; readonly files: ReadonlyMap<string, Uint8Array> }

/** What is served. */
export interface Served {
  readonly version: string;
  readonly tools: ReadonlyMap<string, ServedTool>;
  /** Looked up when somebody asks. */
  skills(): Promise<readonly ServedSkill[]>;
}

/** Milliseconds of a call before its progress is told. */
const PATIENCE = 500;

/** Most bytes of an answer: the official clients end a session that sends 10 MiB at once. */
const MOST_ANSWER = 9 * 2 ** 20;
const bytesOf = (answer: unknown): number => Buffer.byteLength(JSON.stringify(answer));

const TEXT = /\.(?:md|json|ya?ml|csv|txt|mjs|js|py|sql|toml|lock)$/i;
const MEDIA: Readonly<Record<string, string>> = { md: 'text/markdown', json: 'application/json', mjs: 'text/javascript', js: 'text/javascript', csv: 'text/csv', py: 'text/x-python' };
const mediaOf = (path: string): string => MEDIA[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? (TEXT.test(path) ? 'text/plain' : 'application/octet-stream');
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const uriOf = (skill: string, path: string): string => `skill://${encodeURIComponent(skill)}/${path.split('/').map(encodeURIComponent).join('/')}`;

/** Serves until standard input ends. @returns when it has */
export async function serveMcp(served: Served, log: (text: string) => void): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const transport = new StdioServerTransport();
  process.stdin.once('end', () => { ended.resolve(); }).once('close', () => { ended.resolve(); });
  const handle: StdioServerHandle = serveStdio(() => makeServer(served), { transport, onerror: (error) => { log(`telar mcp: ${error.message}`); } });
  await ended.promise;
  await handle.close();
}

function makeServer(served: Served): Server {
  const server = new Server({ name: 'telar', version: served.version }, { capabilities: { tools: {}, resources: {} } });
  const checks = new Map<string, ValidateFunction>();
  server.setRequestHandler('tools/list', () => ({ tools: [...served.tools.values()].map(({ tool }) => tool as unknown as Tool) }));
  server.setRequestHandler('tools/call', async ({ params }, ctx): Promise<CallToolResult> => {
    const one = served.tools.get(params.name);
    if (one === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${params.name}. Tools: ${[...served.tools.keys()].join(', ')}.`);
    const input = params.arguments ?? {};
    let check = checks.get(params.name);
    if (check === undefined) checks.set(params.name, check = new Ajv2020({ strict: false, validateFormats: false }).compile(one.tool.inputSchema as object));
    if (check(input) !== true) return failed(badInput(check));
    const token = ctx.mcpReq._meta?.progressToken;
    const begun = performance.now();
    let told = -1;
    try {
      const outputs = await one.call(input, ctx.mcpReq.signal, (done, total, message) => {
        if (token === undefined || performance.now() - begun < PATIENCE || done <= told) return;
        told = done;
        void ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress: done, total, message } }).catch(() => undefined);
      });
      const result: CallToolResult = { content: [{ type: 'text', text: textOf(outputs) }], structuredContent: { ...outputs } };
      const bytes = bytesOf(result);
      if (bytes <= MOST_ANSWER) return result;
      const [largest] = Object.keys(outputs).sort((a, b) => bytesOf(outputs[b]) - bytesOf(outputs[a]));
      throw new TelarError('output-limit', `The answer would have ${bytes} bytes; ${MOST_ANSWER} are the most. The largest output is \`${largest}\`: let the notebook give less of it, or read it with \`telar show\`.`, { output: largest, bytes });
    } catch (error) {
      return failed(TelarError.from(error));
    }
  });
  server.setRequestHandler('resources/list', async () => ({
    resources: (await served.skills()).flatMap(({ name, files }) => [...files].map(([path, bytes]) => ({ uri: uriOf(name, path), name: `${name}/${path}`, mimeType: mediaOf(path), size: bytes.length, _meta: { sha256: digest(bytes) } }))),
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    for (const { name, files } of await served.skills()) {
      for (const [path, bytes] of files) {
        if (uriOf(name, path) !== uri) continue;
        const contents = [contentOf(uri, path, bytes)];
        if (bytesOf(contents) > MOST_ANSWER) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `${uri} has ${bytes.length} bytes, too many for one answer.`, { uri });
        return { contents };
      }
    }
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no resource ${uri}.`, { uri });
  });
  return server;
}

function contentOf(uri: string, path: string, bytes: Uint8Array): { uri: string; mimeType: string; _meta: { sha256: string } } & ({ text: string } | { blob: string }) {
  const common = { uri, mimeType: mediaOf(path), _meta: { sha256: digest(bytes) } };
  try {
    if (TEXT.test(path)) return { ...common, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch { /* not text after all */ }
  return { ...common, blob: Buffer.from(bytes).toString('base64') };
}

function textOf(outputs: Readonly<Record<string, unknown>>): string {
  const [only, ...more] = Object.values(outputs);
  return typeof only === 'string' && more.length === 0 ? only : JSON.stringify(outputs);
}

function failed(error: TelarError): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: `${error.code}: ${error.message}` }], _meta: { error: error.toJSON() } };
}

/** The first thing that the schema refuses, with the field's name. */
function badInput(check: ValidateFunction): TelarError {
  const [fault] = check.errors ?? [];
  const { missingProperty, additionalProperty } = (fault?.params ?? {}) as { missingProperty?: string; additionalProperty?: string };
  const field = missingProperty ?? additionalProperty ?? (fault?.instancePath ?? '').slice(1).replaceAll('/', '.');
  const what = missingProperty !== undefined ? 'must be given' : additionalProperty !== undefined ? 'is no input' : fault?.message ?? 'is not as the schema says';
  return new TelarError('bad-input', `\`${field}\` ${what}.`, { field });
}
