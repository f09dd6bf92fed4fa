/** The texts of a run (C1): of the notebook, of those it uses, of helpers, lock files and model profiles, by path, so that the run can be opened as it was. */
import type { Blobs } from '../contracts/values.ts';
import type { GraphNode } from './graph/node.ts';
import type { Project } from './graph/project.ts';
import type { HelperModule } from './modules.ts';

/** Keeps the texts. @returns hash of each blob, by path from the workspace root */
export function keepTexts(project: Project, modules: ReadonlyMap<GraphNode, Readonly<Record<string, HelperModule>>>, locks: readonly { readonly path: string; readonly text?: string }[], blobs: Blobs): Record<string, string> {
  const encoder = new TextEncoder();
  const texts: Record<string, string> = {};
  const keep = (path: string, text: string): void => { texts[path] ??= blobs.put(encoder.encode(text)); };
  keep(project.root.file, project.root.text);
  for (const one of project.nested.values()) if ('document' in one) keep(one.path, one.document.text);
  for (const found of modules.values()) for (const { path, text } of Object.values(found)) if (path !== undefined) keep(path, text);
  for (const { path, text } of locks) if (text !== undefined) keep(path, text);
  return texts;
}

/**
 * The texts of a recorded run by path. Runs of earlier releases say `module:NAME` for a helper, which was found by its name: a Python
 * module in its file, or as a package when others lie in it; a JavaScript helper's name is its path.
 */
export function textsOf(texts: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(texts);
  return Object.fromEntries(names.flatMap((name) => {
    const [, folder = '', module] = /^(.*\/)?module:(.*)$/s.exec(name) ?? [];
    if (module === undefined) return [[name, texts[name] as string]];
    if (/\.[cm]?[jt]s$/.test(module)) return [[folder + module, texts[name] as string]];
    const isPackage = names.some((other) => other.startsWith(`${folder}module:${module}.`));
    return [[`${folder}${module.replaceAll('.', '/')}${isPackage ? '/__init__' : ''}.py`, texts[name] as string]];
  }));
}
