/** The driver without workers keeps to the suite of all drivers. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { createInProcess } from '../../runtime/workers/in-process.ts';
import { dispatcherSuite } from '../suites/dispatcher.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

dispatcherSuite('in this process', () => {
  const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'telar-dispatch-'));
  const executor = createJavaScript({ concurrency: 2, scratch });
  const dispatcher = createInProcess({ executors: new Map([[executor.engine, executor]]), now: () => performance.now() });
  return Promise.resolve({
    dispatcher, blobs: memoryBlobs(),
    end: async () => { await dispatcher.close(); await executor.close(); rmSync(scratch, { recursive: true, force: true }); },
  });
});
