/** The kind `javascript`: a body whose last expression is its value, run in QuickJS. */
import { defineNode } from '../../contracts/node.ts';
import { analyseJavaScript } from './analyse.ts';

export { analyseJavaScript, analyseJavaScriptExpression } from './analyse.ts';
export { splitJavaScript } from './split.ts';

export const javascript = defineNode({
  name: 'javascript', contract: 'core/javascript.yaml', languages: ['javascript', 'js'], keyVersion: 1, analysisVersion: 2,
  analyse: (cell) => analyseJavaScript(cell.body),
  engines: () => ['javascript'],
  run: (step, context) => context.execute({
    engine: 'javascript', code: step.cell.body, file: step.file, line: step.line, id: step.cell.id, wanted: step.wanted,
    binds: step.analysis.binds.filter((bind) => bind.output).map((bind) => bind.name), modules: step.modules, folder: step.folder,
    ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
  }, step.inputs),
});
