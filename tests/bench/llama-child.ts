/** node-llama-cpp as it comes, in a child of its own: loads the model that it is given, and goes on with each text that it is sent. */
import { getLlama, LlamaCompletion } from 'node-llama-cpp';

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false });
const model = await llama.loadModel({ modelPath: process.argv[2]! });
const threads = Number(process.argv[4]);
const context = await model.createContext({ contextSize: Number(process.argv[3]), threads });
process.on('message', (ask) => {
  const { prompt, maxTokens } = ask as { prompt: string; maxTokens: number };
  void (async () => {
    const sequence = context.getSequence();
    const from = performance.now();
    const text = await new LlamaCompletion({ contextSequence: sequence }).generateCompletion(prompt, { maxTokens, repeatPenalty: false });
    process.send?.({ ms: performance.now() - from, text });
    sequence.dispose();
  })();
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
