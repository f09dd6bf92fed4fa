/** Files inside installed packages, found as Node finds packages, so that they are also found where Telar itself is installed. */
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, normalize, sep } from 'node:path';
import type { Resources } from '../../contracts/node.ts';
import { TelarError } from '../../contracts/errors.ts';

/** Reads `package/path/in/it` (or `@scope/package/…`). @throws TelarError `missing-file` when package or file is not installed */
export function createResources(): Resources {
  return {
    async bytes(specifier) {
      const parts = specifier.split('/');
      const name = parts.splice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      try {
        const description = findPackageJSON(name, import.meta.url);
        const path = normalize(parts.join('/'));
        if (description === undefined || path.startsWith('..') || path.startsWith(sep)) throw new Error('not in a package');
        const bytes = await readFile(join(dirname(description), path));
        return Uint8Array.from(bytes);
      } catch (error) {
        throw new TelarError('missing-file', `${specifier} is not installed. Run npm install again.`, { specifier }, { cause: error });
      }
    },
  };
}
