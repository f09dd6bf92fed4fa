/**
 * The runtime: opens notebooks, plans, runs, explains. All power comes from the host's ports; the command line, the studio's
 * server and a page's worker are hosts that choose them and nothing else.
 */
import { createDescriber } from './describe.ts';
import type { Document } from './document/document.ts';
import { decodeNotebook } from './document/decode.ts';
import { parseDocument } from './document/parse.ts';
import { OpenNotebook } from './notebook.ts';
import type { RuntimePorts } from './runtime-ports.ts';

export type { Settings } from './given.ts';
export type { Notebook, RunOptions } from './notebook.ts';
export type { RuntimePorts } from './runtime-ports.ts';

/** A runtime over a host's ports. */
export interface Runtime {
  /** Opens a notebook. @throws TelarError `missing-file`, `unreadable`, `newer-generation` */
  open(file: string): Promise<OpenNotebook>;
  load(file: string): Document;
}

/** Makes a runtime. */
export function createRuntime(ports: RuntimePorts): Runtime {
  const { catalogue, sha256 } = ports;
  const describer = createDescriber({ catalogue, cache: ports.store, resources: ports.resources, sha256 });
  const load = (path: string): Document => parseDocument(decodeNotebook(ports.files.read(path), path), path);
  return {
    load,
    open: async (file) => {
      const notebook = new OpenNotebook(file, ports, describer, load);
      await notebook.open();
      return notebook;
    },
  };
}
