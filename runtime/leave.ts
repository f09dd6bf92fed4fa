/** What keeps a node from running before anything runs: an engine, a wall, packages or the network that are not here, and what nobody has allowed yet. */
import type { Beside } from './beside.ts';
import { askOf, type AskFacts } from './grants.ts';
import { isolationOf } from './graph/isolation.ts';
import type { GraphNode } from './graph/node.ts';
import type { RuntimePorts } from './runtime-ports.ts';

/** The facts that asking takes. */
export function askFacts({ sha256, askHash, kernels }: RuntimePorts, beside: Beside): AskFacts {
  return {
    sha256: askHash ?? sha256, ...(kernels === undefined ? {} : { kernels }),
    modules: (node) => beside.texts(node), packages: (node) => beside.pins(node).packages ?? [],
  };
}

/** Why a node cannot run here. @param how whether a wall may be tried, or only looked for (D8) */
export function lackOf(node: GraphNode, { executors, isolation }: RuntimePorts, beside: Beside, how: 'look' | 'try'): string | undefined {
  const { model } = node.description;
  if (model?.reason !== undefined) return model.reason.replace(/[.]$/, '');
  for (const engine of node.description.engines) {
    const executor = executors.get(engine);
    if (executor === undefined) return `there is no engine \`${engine}\` in this host`;
    const ready = executor.available();
    if (!ready.ok) return ready.reason;
  }
  const unlocked = beside.packagesOf(node)?.lacks;
  if (unlocked !== undefined) return unlocked;
  const able = isolationOf(node) === undefined ? undefined : isolation?.(how) ?? { ok: false, reason: 'this host cannot isolate steps; take `isolated` out, or run it with the command line' };
  return able?.ok === false ? able.reason : undefined;
}

/** Why nodes may not do what they ask for: no power here, or no leave. @param trust for this run all is allowed */
export function leaveOf(file: string, ports: RuntimePorts, beside: Beside, trust = false): (node: GraphNode) => string | undefined {
  const facts = askFacts(ports, beside);
  return (node) => {
    const missing = beside.packagesOf(node)?.missing;
    if (missing !== undefined) return missing;
    const ask = askOf(node, facts);
    if (ask === undefined) return undefined;
    const asksNetwork = node.description.analysis.network !== undefined || (isolationOf(node)?.network.length ?? 0) > 0;
    if (asksNetwork && ports.network === undefined) return 'there is no network in this host';
    if (trust || ports.store.granted(ask.hash)) return undefined;
    return `it would ${ask.words}, which nobody has allowed: \`telar trust ${file}\` allows it until its code changes, \`--trust\` for this run`;
  };
}
