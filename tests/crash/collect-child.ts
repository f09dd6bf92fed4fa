/**
 * A process that collects in a store as if some hours had gone by, with faults armed as the command line arms them. Not a test.
 *
 *     node collect-child.ts FOLDER HOURS [FAULT]
 */
import { armFaults } from '../../runtime/adapters/faults.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';

const [folder, hours, fault] = process.argv.slice(2) as [string, string, string?];
if (fault !== undefined) armFaults([fault]);
const store = openStore(folder);
process.stdout.write(JSON.stringify(store.collect({ keep: 0, dryRun: false, now: Date.now() + Number(hours) * 3_600_000 })));
await store.close();
