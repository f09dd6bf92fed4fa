/** The manifest's schema, as it lies in `contracts/schema/`. It is compiled when the first bundle is read. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { forged, type Manifest } from './format.ts';

const schemaOf = (name: string): object => JSON.parse(readFileSync(new URL(`../../contracts/schema/${name}.schema.json`, import.meta.url), 'utf8')) as object;

let compiled: ValidateFunction<Manifest> | undefined;

/** @throws TelarError `forged`, with the first place that is not as the schema says */
export function checkSchema(value: unknown): Manifest {
  compiled ??= new Ajv2020({ strict: false, schemas: [schemaOf('usage')] }).compile<Manifest>(schemaOf('bundle'));
  if (compiled(value)) return value;
  const [fault] = compiled.errors ?? [];
  const extra = typeof fault?.params.additionalProperty === 'string' ? ` (${fault.params.additionalProperty})` : '';
  throw forged(`the manifest${fault?.instancePath === '' ? '' : ` at ${fault?.instancePath}`}`, `${fault?.message ?? 'is of another shape'}${extra}.`);
}
