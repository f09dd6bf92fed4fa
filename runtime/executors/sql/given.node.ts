/**
 * Given files: bytes that reached a step by an input and that SQL reads by a name, as what was fetched. They lie in the child's own
 * folder while the step runs; such a step sees no other files by relative names.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Program, StepInput } from '../../../contracts/node.ts';
import type { Blobs } from '../../../contracts/values.ts';

/** A file to lay before the step. */
export interface GivenFile {
  readonly name: string;
  /** Writes it into a folder. */
  put(folder: string): void;
}

/**
 * The given files of a program, and its other inputs.
 * @throws TelarError `value-missing`; `refused` for a name that is none of a plain file
 */
export function givenFiles(program: Program, inputs: Readonly<Record<string, StepInput>>, blobs: Blobs): { readonly given: readonly GivenFile[]; readonly rest: Readonly<Record<string, StepInput>> } {
  const entries = Object.entries(program.given ?? {});
  const ports = new Set(entries.map(([, port]) => port));
  const given = entries.map(([name, port]): GivenFile => {
    const input = inputs[port];
    const hash = input !== undefined && 'ref' in input && input.ref.form === 'bytes' ? input.ref.hash : undefined;
    if (!/^[\w-]+(?:\.[\w-]+)*$/.test(name)) throw new TelarError('refused', `\`${name}\` is no name of a file that a step can be given.`);
    if (hash === undefined || !blobs.has(hash)) throw new TelarError('value-missing', `The bytes of \`${name}\` are gone; run the node again.`, { port });
    return {
      name,
      put(folder) {
        const path = join(folder, name);
        const from = blobs.path(hash);
        if (from === undefined) writeFileSync(path, blobs.get(hash)!);
        else copyFileSync(from, path);
      },
    };
  });
  return { given, rest: ports.size === 0 ? inputs : Object.fromEntries(Object.entries(inputs).filter(([port]) => !ports.has(port))) };
}
