/** The kind `sql`: statements whose last one gives the value, run in DuckDB; native, or as WebAssembly by `engine=wasm`. */
import { defineNode } from '../../contracts/node.ts';
import { analyseSql } from './analyse.ts';

export { analyseSql } from './analyse.ts';
export { bindTemplate } from './template.ts';
export type { BoundSql } from './template.ts';

const engineOf = (params: Readonly<Record<string, unknown>>): string => (params.engine === 'wasm' ? 'sql-wasm' : 'sql');

export const sql = defineNode({
  name: 'sql', contract: 'core/sql.yaml', languages: ['sql'], keyVersion: 1, analysisVersion: 2,
  analyse: (cell) => analyseSql(cell.body),
  engines: (cell) => [engineOf(cell.params)],
  run: (step, context) => context.execute({
    engine: engineOf(step.cell.params), code: step.cell.body, file: step.file, line: step.line, id: step.cell.id,
    wanted: step.wanted, binds: [], modules: {}, folder: step.folder,
    // The listing that a glob sees is recorded here; what is in the files, by the executor that reads them.
    files: (step.analysis.files ?? []).flatMap((path) => (/[*?[]/.test(path) ? context.glob(path) : [path])),
    settings: { threads: step.params.threads ?? 1 },
    ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
  }, step.inputs),
});
