/**
 * Helper modules beside a notebook: `import helpers` finds `helpers.py` (or `helpers.js`), and its text, with the closure of
 * what it imports beside it, is part of the key (P1). Everything else that is imported belongs to the language.
 */
import type { Analysis } from '../contracts/node.ts';
import { helperPath } from '../nodes/javascript/specifier.ts';
import type { Describer } from './describe.ts';
import type { Files } from './ports.ts';

const decoder = new TextDecoder();

/** A place where a module may lie, relative to the notebook's folder. */
interface ModulePlace { readonly name: string; readonly path: string }

/**
 * Where a module of this name may lie. For Python also the packages that it lies in, outermost first.
 * @param from the helper that names it; relative names start there
 */
function places(language: string, module: string, from?: ModulePlace): ModulePlace[] {
  if (language === 'python') {
    const parts = module.split(/[./]/).filter((part) => part !== '');
    if (/^\.{1,2}\//.test(module)) parts.unshift(...packageOf(from, module.split('../').length - 1));
    return parts.flatMap((_, i) => {
      const path = parts.slice(0, i + 1).join('/');
      const name = parts.slice(0, i + 1).join('.');
      return [{ name, path: `${path}/__init__.py` }, { name, path: `${path}.py` }];
    });
  }
  const path = helperPath(module, from?.path);
  return path === undefined ? [] : [{ name: path, path }];
}

/** The package of a Python helper, so many levels up: a module is in one, an `__init__.py` is one. */
function packageOf(from: ModulePlace | undefined, up: number): string[] {
  const parts = from?.name.split('.') ?? [];
  const own = from?.path.endsWith('/__init__.py') === true ? parts : parts.slice(0, -1);
  return own.slice(0, Math.max(0, own.length - up));
}

/** A helper: its text for the engine, and its normal form for the key (comments and layout are in neither result nor key, P2). */
export interface HelperModule {
  readonly text: string;
  readonly normal: string;
  /** Path from the workspace root; a package that is only a folder has none. */
  readonly path?: string;
}

/**
 * The helper modules that an analysis imports, directly or through each other, by module name
 * (`helpers`, `pkg.part`; in JavaScript the file name).
 */
export async function moduleClosure(files: Files, folder: string, analysis: Analysis, describer: Describer): Promise<Readonly<Record<string, HelperModule>>> {
  const { language } = analysis;
  const found: Record<string, HelperModule> = {};
  if (language === undefined) return found;
  const visit = async (imports: Analysis['imports'], from?: ModulePlace): Promise<void> => {
    for (const { module } of imports) {
      for (const place of places(language, module, from)) {
        const { name, path } = place;
        if (Object.hasOwn(found, name)) continue;
        const full = folder === '' ? path : `${folder}/${path}`;
        if (files.stat(full)?.kind !== 'file') continue;
        const text = decoder.decode(files.read(full));
        const { normal, imports: further } = await describer.analyse({ id: '', kind: language, language, body: text, params: {} });
        found[name] = { text, normal, path: full };
        await visit(further, place);
      }
    }
  };
  await visit(analysis.imports);
  // A folder without `__init__.py` is a package with nothing of its own.
  if (language === 'python') {
    for (const name of Object.keys(found)) {
      for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) found[name.slice(0, dot)] ??= { text: '', normal: '' };
    }
  }
  return found;
}

/** Where the modules of a node's closure may lie, relative to its notebook's folder. */
export function modulePaths(node: { readonly description: { readonly analysis: Analysis } }, names: readonly string[]): string[] {
  return names.flatMap((name) => places(node.description.analysis.language ?? '', name).filter((place) => place.name === name).map((place) => place.path));
}
