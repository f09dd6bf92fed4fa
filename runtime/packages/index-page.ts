/** A page of a package index: PEP 691's JSON, or PEP 503's HTML where the index speaks only that. Read as data; nothing of it is believed but names and hashes. */
import { TelarError } from '../../contracts/errors.ts';

/** One file that an index offers. */
export interface IndexFile {
  readonly file: string;
  readonly url: string;
  readonly sha256?: string;
  readonly requiresPython?: string;
  readonly yanked: boolean;
  /** Its METADATA lies beside it (PEP 658); the hash where it is told. */
  readonly metadata?: { readonly sha256?: string };
}

/** What is asked for, best first. */
export const ACCEPT = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** Reads a page. @throws TelarError `network` when it is neither */
export function readIndexPage(body: string, type: string, url: string): readonly IndexFile[] {
  const files = type.includes('json') ? readJson(body, url) : type.includes('html') ? readHtml(body, url) : undefined;
  if (files === undefined) throw new TelarError('network', `${url} answers with \`${type}\`, which is no package index.`);
  return files;
}

const hash = (text: unknown): string | undefined => (typeof text === 'string' && /^[0-9a-f]{64}$/.test(text) ? text : undefined);

function resolved(url: string, base: string): string | undefined {
  try {
    return new URL(url, base).href.replace(/#.*$/, '');
  } catch {
    return undefined;
  }
}

function made(file: string, url: string, base: string, rest: { sha256?: unknown; requiresPython?: unknown; yanked: boolean; metadata?: unknown }): IndexFile[] {
  const full = resolved(url, base);
  if (full === undefined || !/^[A-Za-z0-9][\w.+!-]*$/.test(file)) return [];
  const sha256 = hash(rest.sha256);
  const inner = rest.metadata as { sha256?: unknown } | boolean | undefined;
  const metadataHash = typeof inner === 'object' && inner !== null ? hash(inner.sha256) : undefined;
  return [{
    file, url: full, yanked: rest.yanked, ...(sha256 === undefined ? {} : { sha256 }),
    ...(typeof rest.requiresPython === 'string' && rest.requiresPython !== '' ? { requiresPython: rest.requiresPython } : {}),
    ...(inner === undefined || inner === false || inner === null ? {} : { metadata: metadataHash === undefined ? {} : { sha256: metadataHash } }),
  }];
}

function readJson(body: string, base: string): IndexFile[] {
  let page: { files?: unknown };
  try {
    page = JSON.parse(body) as typeof page;
  } catch (error) {
    throw new TelarError('network', `${base} answers with JSON that cannot be read. Try again.`, {}, { cause: error });
  }
  if (!Array.isArray(page?.files)) throw new TelarError('network', `${base} answers with JSON that is no page of a package index.`);
  return (page.files as Record<string, unknown>[]).flatMap((one) => (typeof one?.filename !== 'string' || typeof one.url !== 'string' ? []
    : made(one.filename, one.url, base, {
      sha256: (one.hashes as Record<string, unknown> | undefined)?.sha256, requiresPython: one['requires-python'],
      yanked: one.yanked !== undefined && one.yanked !== false, metadata: one['core-metadata'] ?? one['dist-info-metadata'],
    })));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", '#x27': "'" };
const plain = (text: string): string => text.replace(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

function readHtml(body: string, base: string): IndexFile[] {
  const files: IndexFile[] = [];
  for (const [, head = '', label = ''] of body.matchAll(/<a\s([^>]{0,4000})>([^<]{0,500})<\/a>/gi)) {
    const attributes = new Map([...head.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?/g)].map(([, key = '', one, other]) => [key.toLowerCase(), plain(one ?? other ?? '')]));
    const url = attributes.get('href');
    if (url === undefined) continue;
    const metadata = attributes.get('data-core-metadata') ?? attributes.get('data-dist-info-metadata');
    files.push(...made(plain(label).trim(), url, base, {
      sha256: /#(?:.*&)?sha256=([0-9a-f]{64})/.exec(url)?.[1], requiresPython: attributes.get('data-requires-python'), yanked: attributes.has('data-yanked'),
      metadata: metadata === undefined || metadata === 'false' ? undefined : { sha256: metadata.replace(/^sha256=/, '') },
    }));
  }
  return files;
}
