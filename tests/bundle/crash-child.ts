/** A command line that is killed, or finds no room, at a fault point: `crash-child.ts POINT HOW COUNT ARGUMENTS…`. */
import { armFault, type FaultPoint } from '../../runtime/faults.ts';
import { main } from '../../runtime/hosts/cli.node.ts';

const [point, how, count, ...argv] = process.argv.slice(2) as [FaultPoint, string, string, ...string[]];
let passed = 0;
armFault(point, () => {
  passed += 1;
  if (passed < Number(count)) return;
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
});
process.exitCode = await main(argv);
