/** Replicas in memory, for tests of what opens past runs: the workspace's own store and engines, files of their own. */
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createObserver } from '../../runtime/adapters/observer.ts';
import type { Content, Replica, ReplayPorts } from '../../runtime/replay/replica.ts';
import type { RuntimePorts } from '../../runtime/runtime.ts';
import { memoryFiles } from './memory-files.ts';

let made = 0;

/** Ports that can make replicas. */
export function withReplicas(ports: RuntimePorts): ReplayPorts {
  return { ...ports, replica: () => memoryReplica(ports) };
}

function memoryReplica(ports: RuntimePorts): Replica {
  const { store } = ports;
  const own = memoryFiles({});
  made += 1;
  // The store remembers hashes of files by path and stamp: a replica's file is another one.
  const name = `replica-${made}`;
  const files = { ...own, stat: (path: string) => { const found = own.stat(path); return found && { ...found, stamp: `${name} ${found.stamp}` }; } };
  const bytesOf = (path: string, content: Content): Uint8Array | undefined => {
    if (content.what === 'bytes') return content.bytes;
    if (content.what === 'blob') return store.blobs.get(content.hash);
    if (content.what === 'workspace') return ports.files.stat(path)?.kind === 'file' ? ports.files.read(path) : undefined;
    return content.what === 'size' ? new Uint8Array(content.size) : undefined;
  };
  return {
    ports: { ...ports, files, observer: createObserver({ files, store, sha256 }) },
    results: store.blobs,
    put: (path, content) => {
      const bytes = bytesOf(path, content);
      if (bytes !== undefined) files.write(path, bytes);
      return bytes !== undefined || content.what === 'folder';
    },
    close: () => Promise.resolve(),
  };
}
