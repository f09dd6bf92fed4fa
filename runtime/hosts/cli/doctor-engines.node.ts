/**
 * Readiness of what does the work: engines, kernels, packages, the link to workers, walls, and the room for all of it. An engine says
 * whether it can run without being started; the link, the wall and llama.cpp's binary are tried, since only that tells.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../adapters/cache-folder.node.ts';
import { createResources } from '../../adapters/resources.node.ts';
import type { GovernorView } from '../../governor/governor.ts';
import type { Probed } from '../../governor/vram.node.ts';
import { createExecutors } from '../executors.node.ts';
import { lacking, passed, wrong, type Check } from './doctor-places.node.ts';
import { machine } from './governor-lines.node.ts';
import { count, size } from './terminal.node.ts';

/** Engines that only some notebooks want; each has checks of its own. */
const OPTIONAL: ReadonlySet<string> = new Set(['jupyter', 'llama']);
/** Milliseconds for one message there and back, and for a wall. */
const PATIENCE = 1_000;

export async function engines(root: string): Promise<Check[]> {
  const executors = createExecutors({ root, state: join(root, '.telar') });
  const checks = [...executors].filter(([name]) => !OPTIONAL.has(name)).map(([name, executor]): Check => {
    const able = executor.available();
    if (!able.ok) return wrong(name, 'is not available', able.reason);
    return passed(name, Object.entries(executor.identity()).map(([key, value]) => `${key} ${/^[0-9a-f]{32,}$/.test(value) ? value.slice(0, 10) : value}`).join(', '));
  });
  await Promise.all([...executors.values()].map((executor) => executor.close()));
  return checks;
}

export async function grammars(): Promise<Check[]> {
  const resources = createResources();
  return Promise.all(['tree-sitter-python/tree-sitter-python.wasm'].map(async (specifier) => {
    const name = 'python grammar';
    try { return passed(name, `${size((await resources.bytes(specifier)).length)}`); } catch (error) { return wrong(name, (error as Error).message, 'Run npm install again.'); }
  }));
}

/** Wheels that are here serve every workspace; one that a notebook lacks is told when it is run. */
export function packages(root: string): Check {
  const cache = cacheFolder(join(root, '.telar', 'cache'));
  const folder = join(cache, 'wheels');
  const here = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.whl')).length : 0;
  return passed('packages', here === 0 ? `no wheels in ${cache} yet; \`telar packages add FILE NAME\` gets some` : `${count(here, 'wheel')} in ${folder}`);
}

/** Kernels as Jupyter finds them. None of them is started. */
export async function kernels(): Promise<Check[]> {
  const { listKernels } = await import('../../executors/jupyter/kernelspecs.node.ts');
  const found = listKernels().map(({ name, displayName, language, argv, problem }) => (problem === undefined
    ? passed(`kernel ${name}`, `${displayName}, ${language}: ${argv[0] ?? ''} (found, not started)`) : lacking(`kernel ${name}`, 'cannot be used', problem)));
  return found.length > 0 ? found : [lacking('kernels', 'no Jupyter kernel is installed; only `jupyter` steps need one', 'For Python: python3 -m pip install ipykernel, then python3 -m ipykernel install --user')];
}

/** What llama.cpp finds; `undefined` when node-llama-cpp is not here. */
export async function probe(): Promise<{ readonly version: string; readonly probed: Probed } | { readonly reason: string }> {
  const [{ findLibrary }, { probeLlama }] = await Promise.all([import('../../executors/llama/library.node.ts'), import('../../governor/vram.node.ts')]);
  const found = findLibrary(import.meta.url);
  return found.ok ? { version: found.library.version, probed: await probeLlama(found.library.entry) } : { reason: found.reason };
}

export function llama(found: Awaited<ReturnType<typeof probe>>): Check {
  if ('reason' in found) return lacking('llama', 'only steps with a model of their own need it', found.reason);
  const { version, probed } = found;
  if (!probed.ok) return lacking('llama', `node-llama-cpp ${version} is here; its binary was not seen to load: ${probed.reason}`, 'Try again when the machine is less busy; else run npm install node-llama-cpp again.');
  return passed('llama', `node-llama-cpp ${version}, its binary loads (${probed.gpu === false ? 'without a graphics card' : probed.gpu})`);
}

/** Heavy steps need it: one message goes there and back, over the kind of socket that workers use. */
export async function transport(): Promise<Check> {
  const name = 'workers';
  let folder: string | undefined;
  try {
    const { Router, Dealer, capability, context, version } = await import('zeromq');
    context.blocky = false;
    const local = capability.ipc === true;
    if (!local && capability.curve !== true) return wrong(name, `ZeroMQ ${version} has neither local sockets nor CURVE here`, 'Run npm install again.');
    folder = local ? mkdtempSync(join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'telar-doctor-')) : undefined;
    const [router, dealer] = [new Router({ linger: 0, receiveTimeout: PATIENCE, sendTimeout: PATIENCE }), new Dealer({ linger: 0, receiveTimeout: PATIENCE, sendTimeout: PATIENCE })];
    try {
      await router.bind(folder === undefined ? 'tcp://127.0.0.1:*' : `ipc://${join(folder, 's')}`);
      dealer.connect(router.lastEndpoint as string);
      await dealer.send('there');
      const [peer, said] = await router.receive();
      await router.send([peer as Buffer, said as Buffer]);
      if ((await dealer.receive()).toString() !== 'there') return wrong(name, `ZeroMQ ${version} changes what it carries`, 'Run npm install again.');
    } finally {
      dealer.close();
      router.close();
    }
    return passed(name, `ZeroMQ ${version} over ${folder === undefined ? 'TCP on this machine, with CURVE' : 'local sockets'}`);
  } catch (error) {
    return wrong(name, `ZeroMQ does not work here (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, 'Run npm install again; name a folder that can be written in XDG_RUNTIME_DIR or TMPDIR. `--worker light` does without.');
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Only isolated steps need a wall; this one is tried. */
export async function isolation(): Promise<Check> {
  const { tryIsolation } = await import('../../sandbox/isolate.node.ts');
  const able = await tryIsolation(PATIENCE);
  return able.ok ? passed('isolation', `${able.by} works`) : lacking('isolation', 'only `isolated` steps need it', able.reason);
}

/** What there is room for. */
export function governor({ policy, because, sample, room, classes }: GovernorView): Check {
  const detail = `${policy} (${because}): ${machine(sample)}; room for ${size(room)}`;
  const least = Math.min(...Object.values(classes).map(({ estimate }) => estimate));
  return room < least ? lacking('governor', detail, 'No worker fits now: close something, or ask for --policy sprint.') : passed('governor', detail);
}
