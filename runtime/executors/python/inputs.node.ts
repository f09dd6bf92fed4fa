/**
 * Inputs: from the scheduler's programs to the child's jobs, and the blobs they need into the child's `in` folder (bulk by path).
 */
import { randomInt } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Program, StepInput } from '../../../contracts/node.ts';
import type { Blobs, TableManifest } from '../../../contracts/values.ts';
import type { World } from '../../ports.ts';
import { INLINE } from './frames.node.ts';
import type { JobInput, JobProgram } from './wire.ts';

const decoder = new TextDecoder();

/** What a job needs besides its program. */
export interface Needs {
  /** Hashes of all blobs. */
  readonly blobs: Set<string>;
  /** Columns that an output may name by reference: blob to exact type and size. */
  readonly columns: Map<string, { readonly type: string; readonly bytes: number }>;
}

/** Why a realm cannot run a live value's producer; `undefined` when it can. */
export type Refusal = (producer: Program) => string | undefined;

const pyodideOnly: Refusal = ({ engine }) => (engine === 'python' ? undefined : `a live value of ${engine}, which Python cannot take; give plain data`);

/**
 * @param world its seed stands in where a program has none
 * @param refuses producers of a live value that cannot run here
 * @throws TelarError `value-type` for a live value of another language, `value-missing`
 */
export function toJob(program: Program, inputs: Readonly<Record<string, StepInput>>, blobs: Blobs, needs: Needs, world: World = {}, refuses: Refusal = pyodideOnly): JobProgram {
  return {
    code: program.code, file: program.file, line: program.line, id: program.id, wanted: program.wanted, binds: program.binds, modules: program.modules,
    seed: program.seed ?? world.seed ?? randomInt(2 ** 48 - 1), folder: program.folder,
    inputs: Object.fromEntries(Object.entries(inputs).map(([port, input]) => [port, toInput(port, input, blobs, needs, world, refuses)])),
  };
}

function toInput(port: string, input: StepInput, blobs: Blobs, needs: Needs, world: World, refuses: Refusal): JobInput {
  if ('producer' in input) {
    const { producer, output } = input;
    const why = refuses(producer);
    if (why !== undefined) throw new TelarError('value-type', `The input “${port}” is ${why}.`, { port, type: 'live' });
    return { producer: toJob(producer, input.inputs, blobs, needs, world, refuses), output };
  }
  const { form, hash, live } = input.ref;
  if (form === 'live') throw new TelarError('value-type', `The input “${port}” is a live ${live?.what ?? 'value'} without its producer; run the node that makes it.`, { port, type: 'live' });
  needs.blobs.add(hash);
  if (form === 'table') {
    const manifest = JSON.parse(decoder.decode(bytesOf(blobs, hash, port))) as TableManifest;
    for (const { blob, type, bytes } of manifest.columns) {
      needs.blobs.add(blob);
      needs.columns.set(blob, { type, bytes });
    }
  }
  return { form, hash };
}

function bytesOf(blobs: Blobs, hash: string, port?: string): Uint8Array {
  const bytes = blobs.get(hash);
  if (bytes !== undefined) return bytes;
  throw new TelarError('value-missing', `A stored value${port === undefined ? '' : ` of the input “${port}”`} is gone; run the node that made it again.`, { hash, ...(port === undefined ? {} : { port }) });
}

/** Lays the blobs out for the child: files linked (or copied) into `folder`; small ones are given back, to go with the message. */
export function layOut(hashes: Iterable<string>, blobs: Blobs, folder: string): Record<string, Uint8Array> {
  const inline: Record<string, Uint8Array> = {};
  for (const hash of hashes) {
    const source = blobs.path(hash);
    const target = join(folder, hash);
    if (source === undefined) {
      const bytes = bytesOf(blobs, hash);
      if (bytes.length <= INLINE) inline[hash] = bytes;
      else writeFileSync(target, bytes);
    } else if (!existsSync(target)) {
      try {
        linkSync(source, target);
      } catch { // another file system
        try {
          copyFileSync(source, target, constants.COPYFILE_FICLONE);
        } catch (error) {
          throw new TelarError('value-missing', 'A stored value cannot be read; run the node that made it again.', { hash }, { cause: error });
        }
      }
    }
  }
  return inline;
}
