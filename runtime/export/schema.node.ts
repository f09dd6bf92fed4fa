/** The schemas of an exported skill's files, compiled when the first one is read. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { notWhole } from './format.ts';

const NAMES = ['export-lock', 'export-pins', 'export-beside', 'export-mcp'] as const;
const compiled = new Map<string, ValidateFunction>();

/** @throws TelarError `forged`, with the first place that is not as the schema says */
export function checkExport(name: typeof NAMES[number], value: unknown): void {
  let check = compiled.get(name);
  if (check === undefined) {
    const ajv = new Ajv2020({ strict: false });
    for (const one of NAMES) ajv.addSchema(JSON.parse(readFileSync(new URL(`../../contracts/schema/${one}.schema.json`, import.meta.url), 'utf8')) as object);
    compiled.set(name, check = ajv.getSchema(`urn:telar:schema:${name}:1`) as ValidateFunction);
  }
  if (check(value) === true) return;
  const [fault] = check.errors ?? [];
  throw notWhole(`its ${name === 'export-pins' ? 'pins' : 'lock'}${fault?.instancePath === '' ? '' : ` at ${fault?.instancePath}`} ${fault?.message ?? 'is of another shape'}.`);
}
