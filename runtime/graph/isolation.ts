/**
 * Isolation of a node: what its fence and its notebook ask for together, and what is wrong with it. Pure: whether a machine can wall
 * a step off, and whether a person allows it, is asked later.
 */
import type { Document } from '../document/document.ts';
import type { Isolation } from '../workers/isolation.ts';

/** The part of a node that is looked at. */
interface Asking {
  readonly description: { readonly kind: string; readonly params: Readonly<Record<string, unknown>> };
  readonly scope: { readonly document: Pick<Document, 'frontMatter'> };
}

/** Kinds whose steps can be isolated. The others are restricted, and need nothing more. */
const KINDS: ReadonlySet<string> = new Set(['python']);
const GRANTS = ['network', 'files', 'programs'] as const;

/** What an isolated node asks for, each list sorted; `undefined` for one that is not isolated. */
export function isolationOf({ description: { kind, params }, scope }: Asking): Isolation | undefined {
  const { isolated, effects = {} } = scope.document.frontMatter;
  if (!KINDS.has(kind) || !(params.isolated as boolean | undefined ?? isolated ?? false)) return undefined;
  const kernel = typeof params.kernel === 'string';
  const list = (key: typeof GRANTS[number]): string[] => [...(effects[key] ?? []), ...(params[key] as readonly string[] | undefined ?? [])];
  const sorted = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();
  return {
    // A kernel has no way to ask, and the restricted Python cannot start programs: front matter speaks for all nodes, so each takes what it can use. Who says that it is pure asks nobody.
    network: kernel || isPure(params) ? [] : sorted(list('network').flatMap((text) => originOf(text) ?? [])),
    files: sorted(list('files').filter((path) => fileFault(path) === undefined)),
    programs: kernel ? sorted(list('programs').filter((name) => programFault(name) === undefined)) : [],
  };
}

const isPure = ({ effect }: Readonly<Record<string, unknown>>): boolean => effect === 'pure' || effect === 'seeded';

/** Whether a node may meet more of the world than its inputs and its folder. */
export function meetsWorld(node: Asking): boolean {
  const isolation = isolationOf(node);
  return isolation !== undefined && GRANTS.some((key) => isolation[key].length > 0);
}

/** What is wrong with a node's keys: the key, and the words. */
export function isolationFaults({ description: { kind, params }, scope }: Asking): readonly { readonly key: string; readonly message: string }[] {
  const faults: { key: string; message: string }[] = [];
  const { isolated, effects = {} } = scope.document.frontMatter;
  if (!KINDS.has(kind)) {
    if (params.isolated === true) faults.push({ key: 'isolated', message: `A \`${kind}\` node is restricted and cannot be isolated, and needs not be; take \`isolated\` out.` });
    return faults;
  }
  const kernel = typeof params.kernel === 'string';
  for (const key of GRANTS) {
    const own = params[key] as readonly string[] | undefined;
    if (own !== undefined && !(params.isolated as boolean | undefined ?? isolated ?? false)) {
      faults.push({ key, message: `\`${key}=\` is for a step that is walled off by the system; write \`isolated=true\` beside it, or \`isolated: true\` in the front matter.` });
    }
    if (own !== undefined && key === 'network' && kernel) faults.push({ key, message: 'A kernel behind the wall has no network, and no way to ask for it; leave `kernel=` out, or read the data with a node before it.' });
    if (own !== undefined && key === 'network' && isPure(params)) faults.push({ key, message: `A step with \`effect=${params.effect as string}\` asks no network; write \`effect=observe\`, or take \`network=\` out.` });
    if (own !== undefined && key === 'programs' && !kernel) faults.push({ key, message: 'The Python of Telar cannot start programs; write `kernel=python3` beside `programs=`, for a Python that can.' });
    for (const text of [...(own ?? []), ...(params.isolated === true || isolated === true ? effects[key] ?? [] : [])]) {
      const fault = FAULTS[key](text);
      if (fault !== undefined) faults.push({ key, message: fault });
    }
  }
  return faults;
}

const FAULTS: Readonly<Record<typeof GRANTS[number], (text: string) => string | undefined>> = {
  network: (text) => (originOf(text) === undefined ? `\`${text}\` is no origin; write scheme and host alone, like \`https://example.org\`.` : undefined),
  files: fileFault, programs: programFault,
};

/** The origin as it is compared; `undefined` for a text that says more, or less. */
function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#*@\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** Folders that a system, or Python itself, lives in. */
const LIVED_IN = /^\/(?:|bin|boot|dev|etc|home|lib|lib64|proc|root|run|sbin|sys|tmp|usr|var|Users|System|Library|private)$/;
/** What a person who is asked could not see: control characters, and those that turn or hide a text. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

function fileFault(path: string): string | undefined {
  const plain = path.replaceAll('\\', '/').replace(/(.)\/+$/, '$1');
  if (UNSEEN.test(path)) return unseen(path);
  if (!/^(?:\/|[A-Za-z]:\/)/.test(plain) || plain.slice(1).split('/').some((part) => ['', '.', '..'].includes(part) && plain !== '/')) return `\`${path}\` is not the whole path of a file or folder; write it from the root, like \`/data/rain.csv\`.`;
  if (LIVED_IN.test(plain) || /^\/(?:dev|proc|sys)\//.test(plain) || /^[A-Za-z]:\/?$/.test(plain)) return `\`${path}\` is a folder of the system; name the files or folders in it that are needed.`;
  return undefined;
}

function programFault(name: string): string | undefined {
  return UNSEEN.test(name) || name === '' ? unseen(name) : undefined;
}

const unseen = (text: string): string => `${JSON.stringify(text)} is no name of a file that a person could read; write it without characters that cannot be seen.`;
