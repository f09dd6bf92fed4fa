/** Models: B11, milliseconds for a token through the executor, through a prompt's provider, and through node-llama-cpp itself, same file, same settings, same text. */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLlama } from '../../runtime/executors/llama/llama.node.ts';
import { provider } from '../../runtime/providers/llama.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { powersOf, profileOf, question } from '../support/ask-llama.ts';
import { large, makeModel } from '../support/gguf.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { inFolder, median, type Figure } from './bench.ts';

const [CONTEXT, TOKENS, TURNS] = [1024, 100, 31];
const prompt = 'kalo mine suta rovi '.repeat(6);

interface Taken { readonly ms: number; readonly text: string }

const heard = (child: ChildProcess): Promise<unknown> => new Promise((resolve, reject) => {
  child.once('message', (message) => { child.removeAllListeners('exit'); resolve(message); });
  child.once('exit', (code) => { reject(new Error(`the peer ended with ${code}`)); });
});

/** Both by turns, so that both see the same machine. */
async function measure(folder: string): Promise<{ ours: number; asked: number; peer: number; again: number }> {
  const path = join(folder, 'random.gguf');
  writeFileSync(path, makeModel(large));
  const engine = createLlama({ scratch: folder });
  const child = fork(fileURLToPath(new URL('llama-child.ts', import.meta.url)), [path, String(CONTEXT), '1']);
  const blobs = memoryBlobs();
  const ours = async (): Promise<Taken> => {
    const from = performance.now();
    const { outputs } = await engine.execute({ engine: 'llama', code: prompt, file: 'a', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '', settings: { model: path, context: CONTEXT, maxTokens: TOKENS, threads: 1 } }, {}, {
      blobs, limits: { time: 60_000, memory: 2e9, output: 1e6 }, signal: new AbortController().signal, emit: () => undefined,
    });
    return { ms: performance.now() - from, text: loadValue(outputs.value!.ref!, blobs) as string };
  };
  const profile = profileOf(path);
  /** With the window and the count that every question has before it. The question begins otherwise each time, so that nothing of it is reused. */
  const asked = async (text: string, tokens = TOKENS): Promise<Taken> => {
    const from = performance.now();
    const powers = powersOf(engine, { time: 60_000 });
    const parameters = { context: CONTEXT, max_tokens: tokens, threads: 1 };
    await provider.window(profile, parameters, powers);
    const whole = question(profile, text, parameters);
    await provider.count(whole, powers);
    const said = await provider.complete(whole, powers);
    return { ms: performance.now() - from, text: said.text };
  };
  const peer = (): Promise<Taken> => {
    child.send({ prompt, maxTokens: TOKENS });
    return heard(child) as Promise<Taken>;
  };
  try {
    await heard(child);
    const taken = { ours: [] as number[], asked: [] as number[], peer: [] as number[], first: [] as number[], again: [] as number[] };
    for (let turn = 0; turn < TURNS; turn++) {
      await asked(`${turn} is another question`, 1);
      const third = await asked(prompt);
      const [one, other] = turn % 2 === 0 ? [await ours(), await peer()] : [await peer(), await ours()].reverse() as [Taken, Taken];
      if (one.text !== other.text || third.text !== one.text) throw new Error('the two said something else');
      if (turn === 0) continue; // the model is loaded then
      taken.ours.push(one.ms / TOKENS);
      taken.peer.push(other.ms / TOKENS);
      taken.asked.push(third.ms / TOKENS);
      // A long question, and the same with one more turn.
      const long = `${turn} ${prompt.repeat(5)}`;
      taken.first.push((await asked(long, 1)).ms);
      taken.again.push((await asked(`${long} kalo`, 1)).ms);
    }
    return { ours: median(taken.ours), asked: median(taken.asked), peer: median(taken.peer), again: median(taken.again) / median(taken.first) };
  } finally {
    child.removeAllListeners('exit');
    child.kill();
    await engine.close();
  }
}

export async function figures(): Promise<readonly Figure[]> {
  const { ours, asked, peer, again } = await inFolder(measure);
  return [{
    id: 'B11', what: 'a token of a random model of 50 MB, on one thread', ours, unit: 'ms', reach: { ratio: 1 / 0.95 }, peer: { name: 'node-llama-cpp in a Node child', value: peer },
    note: `${(1000 / ours).toFixed(0)} and ${(1000 / peer).toFixed(0)} tokens a second`,
  }, {
    id: 'B11', what: 'the same through a prompt’s provider, with window and count', ours: asked, unit: 'ms', reach: { ratio: 1 / 0.95 }, peer: { name: 'node-llama-cpp in a Node child', value: peer },
    note: `a question of 400 tokens that goes on from the last one takes ${(100 * again).toFixed(0)} % of its time`,
  }];
}
