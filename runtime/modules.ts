/**
 * Helper modules beside a notebook: `import helpers` finds `helpers.py` (or `helpers.js`), and its text, with the closure of
 * what it imports beside it, is part of the key (P1). Everything else that is imported belongs to the language.
 */
import type { Analysis } from '../contracts/node.ts';
import type { Describer } from './describe.ts';
import type { Files } from './ports.ts';

const decoder = new TextDecoder();

/** Where a module of this name may lie, relative to the notebook's folder; the module's name first. */
function places(language: string, module: string): { name: string; path: string }[] {
  if (language === 'python') {
    const parts = module.replace(/^\.+\/?/, '').split(/[./]/).filter((part) => part !== '');
    return parts.flatMap((_, i) => {
      const path = parts.slice(0, i + 1).join('/');
      const name = parts.slice(0, i + 1).join('.');
      return [{ name, path: `${path}/__init__.py` }, { name, path: `${path}.py` }];
    });
  }
  const path = module.replace(/^\.\//, '');
  const name = path.endsWith('.js') || path.endsWith('.mjs') ? path : `${path}.js`;
  return [{ name, path: name }];
}

/**
 * Texts of the helper modules that an analysis imports, directly or through each other, by module name
 * (`helpers`, `pkg.part`; in JavaScript the file name).
 */
export async function moduleClosure(files: Files, folder: string, analysis: Analysis, describer: Describer): Promise<Readonly<Record<string, string>>> {
  const { language } = analysis;
  const found: Record<string, string> = {};
  if (language === undefined) return found;
  const visit = async (imports: Analysis['imports']): Promise<void> => {
    for (const { module } of imports) {
      for (const { name, path } of places(language, module)) {
        if (Object.hasOwn(found, name)) continue;
        const full = folder === '' ? path : `${folder}/${path}`;
        if (full.split('/').includes('..') || files.stat(full)?.kind !== 'file') continue;
        const text = decoder.decode(files.read(full));
        found[name] = text;
        await visit((await describer.analyse({ id: '', kind: language, language, body: text, params: {} })).imports);
      }
    }
  };
  await visit(analysis.imports);
  // A folder without `__init__.py` is a package with nothing of its own.
  if (language === 'python') {
    for (const name of Object.keys(found)) {
      for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) found[name.slice(0, dot)] ??= '';
    }
  }
  return found;
}

/** Where the modules of a node's closure may lie, relative to its notebook's folder. */
export function modulePaths(node: { readonly description: { readonly analysis: Analysis } }, names: readonly string[]): string[] {
  return names.flatMap((name) => places(node.description.analysis.language ?? '', name).filter((place) => place.name === name).map((place) => place.path));
}
