/** The kind `python`: a body of Python, whose value is its last expression or the binding of its own id. */
import { defineNode } from '../../contracts/node.ts';
import { analysePython, preparePython } from './analyse.ts';
import { readable } from './source.ts';

/** Runs on the engine `python`. */
export const python = defineNode({
  name: 'python',
  contract: 'core/python.yaml',
  languages: ['python'],
  keyVersion: 1,
  analysisVersion: 1,
  prepare: preparePython,
  analyse: (cell) => analysePython(cell.body),
  engines: () => ['python'],
  run: (step, context) => context.execute({
    engine: 'python',
    code: readable(step.cell.body).text,
    file: step.file,
    line: step.line,
    id: step.cell.id,
    wanted: step.wanted,
    binds: step.analysis.binds.filter((bind) => bind.output && bind.name !== step.cell.id).map((bind) => bind.name),
    modules: step.modules,
    folder: step.folder,
    ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
    ...(step.params.tables === undefined ? {} : { settings: { tables: step.params.tables } }),
  }, step.inputs),
});
