/**
 * Which helper beside the notebook a JavaScript import means. The closure that goes into a key and the engine's loader both ask
 * here, so that they cannot mean different files.
 */

/**
 * A helper's path from the notebook's folder, with its ending.
 * @param specifier as written: `./helpers.js`, or by a bare name, which is looked up from the notebook's folder
 * @param from path of the helper that imports; `''` for the body of a node
 * @returns `undefined` for a path out of the notebook's folder
 */
export function helperPath(specifier: string, from = ''): string | undefined {
  const parts = /^\.{1,2}\//.test(specifier) ? from.split('/').slice(0, -1) : [];
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  const path = parts.join('/');
  return /\.m?js$/.test(path) ? path : `${path}.js`;
}
