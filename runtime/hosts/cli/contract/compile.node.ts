/**
 * TypeScript as the sandbox takes it: its types are stripped and what it imports is put into one module, so that the code that is tested is
 * the code that is used. Nothing out of the workspace is read into it.
 */
import { relative, sep } from 'node:path';
import { TelarError } from '../../../../contracts/errors.ts';
import type { CodeFile } from './load.node.ts';
import { shown } from './load.node.ts';

/** Whether code has types to strip. */
const isTyped = (path: string): boolean => /\.[cm]?ts$/.test(path);

/** The text that is tested. @throws TelarError `bad-file` for what does not compile */
export async function compiled({ path, text = '' }: CodeFile, root: string): Promise<string> {
  if (!isTyped(path)) return text;
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [path], bundle: true, write: false, format: 'esm', platform: 'neutral', mainFields: ['module', 'main'], target: 'es2023', charset: 'utf8', logLevel: 'silent', absWorkingDir: root, sourcemap: false, legalComments: 'none',
      plugins: [{
        name: 'workspace', setup: (on) => {
          on.onLoad({ filter: /./ }, ({ path: file }) => {
            const inner = relative(root, file);
            return inner.startsWith(`..${sep}`) || inner === '..' ? { errors: [{ text: `${file} is not in the workspace` }] } : undefined;
          });
        },
      }],
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    const { errors } = error as { errors?: readonly { readonly text: string; readonly location?: { readonly file: string; readonly line: number } | null }[] };
    const first = errors?.[0];
    if (first === undefined) throw error;
    throw new TelarError('bad-file', `${shown(path)} does not compile${first.location ? `, line ${first.location.line} of ${first.location.file}` : ''}: ${first.text}.`, { path }, { cause: error });
  }
}
