/**
 * `graph`: another notebook as a node. Its input nodes are the ports, its `outputs` the results, read as `id.output`.
 *
 * The kind only says which file and which constants; the graph builder opens the file and puts its nodes in this one's place,
 * so nothing is run here and the boundary has no key of its own (G9).
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell } from '../../contracts/node.ts';
import { isMapping, normalForm, parseYamlBody, unknownKeys } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';

export const GRAPH_KEYS = ['use', 'with'] as const;

export const graph = defineNode({
  name: 'graph', contract: 'core/graph.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const use = isMapping(yaml.value) && typeof yaml.value.use === 'string' ? yaml.value.use : undefined;
    return {
      reads: [], binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body),
      ...(use === undefined ? {} : { files: [use] }),
      problems: yaml.problems.length > 0 ? yaml.problems : bodyProblems(yaml),
    };
  },
});

function bodyProblems(yaml: YamlBody): BodyProblem[] {
  const body = yaml.value;
  if (!isMapping(body)) return [{ code: 'missing-key', severity: 'error', message: 'Say which notebook to use: `use: other.telar.md`.', at: yaml.at([]) }];
  const problems = unknownKeys(yaml, [], body, GRAPH_KEYS, 'a nested notebook');
  if (!('use' in body)) {
    problems.push({ code: 'missing-key', severity: 'error', message: 'Say which notebook to use: `use: other.telar.md`.', at: yaml.at([]) });
  } else if (typeof body.use !== 'string' || !body.use.endsWith('.telar.md')) {
    problems.push({ code: 'bad-value', severity: 'error', message: '`use` must be the path of a notebook beside this one, ending in `.telar.md`.', at: yaml.at(['use']) });
  }
  if ('with' in body && !isMapping(body.with)) {
    problems.push({ code: 'bad-value', severity: 'error', message: '`with` must be a map of the other notebook\'s inputs to constants, like `{year: 2014}`.', at: yaml.at(['with']) });
  }
  return problems;
}
