/**
 * Outcome: what left a realm, put into the store in canonical form.
 */
import type { Outcome, OutputValue } from '../../../contracts/node.ts';
import type { Blobs } from '../../../contracts/values.ts';
import { arrayOf, encodeArray } from '../../values/array.ts';
import { storeValue } from '../../values/kinds.ts';
import { readTagged } from '../../values/record.ts';
import { summarise } from '../../values/summary.ts';
import type { Emission, Emitted } from './realm.ts';

/** Stores all outputs. A live value has a ref without a hash: whoever knows the row that made it gives it one (C8). */
export function storeEmission({ outputs, warnings }: Emission, blobs: Blobs): Outcome {
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, store(output, blobs)])),
    reads: [], ...(warnings.length === 0 ? {} : { warnings }),
  };
}

const shown = (text: string): OutputValue['summary'] => JSON.parse(text) as OutputValue['summary'];

function store(output: Emitted, blobs: Blobs): OutputValue {
  switch (output.kind) {
    case 'summary': return { summary: shown(output.text) };
    case 'given': return { ref: output.ref, summary: shown(output.text) };
    case 'live': return { ref: { form: 'live', hash: '', bytes: 0, live: { what: output.what, language: 'javascript' } }, summary: shown(output.text) };
    case 'text': return storeValue(output.text, blobs);
    case 'bytes': return storeValue(output.data, blobs);
    case 'array': {
      const { type, shape } = JSON.parse(output.text) as { type: Parameters<typeof arrayOf>[0]; shape: number[] };
      const array = arrayOf(type, shape, output.data);
      const blob = encodeArray(array);
      return { ref: { form: 'array', hash: blobs.put(blob), bytes: blob.length }, summary: summarise(array) };
    }
    case 'record': return storeValue(readTagged(output.text), blobs, { form: 'record' });
  }
}
