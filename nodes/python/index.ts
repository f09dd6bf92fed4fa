/** The kind `python`: a body of Python, whose value is its last expression or the binding of its own id. */
import { defineNode } from '../../contracts/node.ts';
import { analysePython, preparePython } from './analyse.ts';
import { readable } from './source.ts';

/** A kernel is an engine of its own: the real Python, with what is installed there. */
const engineOf = (params: Readonly<Record<string, unknown>>): string => (params.kernel === undefined ? 'python' : 'jupyter');

/** Runs on the engine `python`, or on a Jupyter kernel. */
export const python = defineNode({
  name: 'python',
  contract: 'core/python.yaml',
  languages: ['python'],
  keyVersion: 1,
  analysisVersion: 1,
  prepare: preparePython,
  analyse: (cell) => analysePython(cell.body),
  engines: (cell) => [engineOf(cell.params)],
  run: (step, context) => context.execute({
    engine: engineOf(step.params),
    code: readable(step.cell.body).text,
    file: step.file,
    line: step.line,
    id: step.cell.id,
    wanted: step.wanted,
    binds: step.analysis.binds.filter((bind) => bind.output && bind.name !== step.cell.id).map((bind) => bind.name),
    modules: step.modules,
    folder: step.folder,
    ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
    settings: Object.fromEntries(['tables', 'kernel', 'packages'].flatMap((name) => (step.params[name] === undefined ? [] : [[name, step.params[name]]]))),
  }, step.inputs),
});
