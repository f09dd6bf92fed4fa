/** Lowering: milliseconds from a JSON Schema to a grammar that llama.cpp has read; the worst of thirty schemas, and a large one. */
import { getLlama } from 'node-llama-cpp';
import { lower } from '../../runtime/providers/lower/lower.ts';
import { samples } from '../providers/schemas.ts';
import { median, type Figure } from './bench.ts';

const TURNS = 30;
/** A form of fifty fields, as long as a schema of a prompt gets. */
const form = { type: 'object', required: Array.from({ length: 50 }, (_, i) => `field_${i}`), properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field_${i}`, [
  { type: 'string', minLength: 1, maxLength: 80 }, { type: 'integer', minimum: 0, maximum: 12_345 + i }, { enum: ['low', 'middle', 'high', null] }, { type: 'array', items: { type: 'number' }, maxItems: 5 }, { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] },
][i % 5]])) };

export async function figures(): Promise<readonly Figure[]> {
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false });
  const [all, large, first]: number[][] = [[], [], []];
  try {
    const taken = async (schema: Parameters<typeof lower>[0]): Promise<number> => {
      const from = performance.now();
      await llama.createGrammar({ grammar: lower(schema, 'llama').schema as string });
      return performance.now() - from;
    };
    first!.push(await taken(form));
    for (let turn = 0; turn < TURNS; turn++) {
      const each: number[] = [];
      for (const { schema } of samples) each.push(await taken(schema));
      all!.push(Math.max(...each));
      large!.push(await taken(form));
    }
  } finally {
    await llama.dispose();
  }
  const figure = (what: string, ours: number, note?: string): Figure => ({ id: '–', what, ours, unit: 'ms', reach: { most: 5 }, ...(note === undefined ? {} : { note }) });
  return [figure('the slowest of 30 schemas to a read grammar', median(all!)), figure('a schema of 50 fields to a read grammar', median(large!), `${first![0]!.toFixed(1)} ms the first time, before Node has compiled the code`)];
}
