/** D3: an edit on the text and the same edit on the graph commute; a renamed node keeps all its wires, in every language. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Edit } from '../../runtime/document/document.ts';
import { editDocument } from '../../runtime/document/edit.ts';
import type { Graph } from '../../runtime/graph/graph.ts';
import { referencesTo } from '../../runtime/graph/rename.ts';
import { graphOf, portrait, projectOf } from '../support/graphs.ts';

const PAGE = `---
telar: 1
outputs: [report, rows]
---
Prose about rows.

\`\`\`yaml {#year .input}
type: integer
default: 2014
\`\`\`

\`\`\`python {#rows}
base = [{"m": 1, "t": 2.5}]
rows = base
\`\`\`

\`\`\`sql {#monthly}
select m, t as "rows" from ROWS where m < {{ year }}
\`\`\`

\`\`\`javascript {#label in.extra=rows.base}
const rows_local = [...monthly].map(({ rows }) => rows);
\`\${monthly.length} \${extra.length} \${year}\`
\`\`\`

\`\`\`vega-lite {#plot}
{"mark": "line", "data": {"name": "monthly"}, "encoding": {"x": {"field": "m"}}}
\`\`\`

\`\`\`yaml {#sane .check}
- that: len(monthly) <= 1
- table: monthly
  columns: {m: {not_null: true}}
\`\`\`

\`\`\`text {#report .text}
{{ label }} in {{ year }}
\`\`\`
`;
const IDS = ['year', 'rows', 'monthly', 'label', 'plot', 'sane', 'report'];

const id = fc.constantFrom(...IDS, 'fresh', 'other');
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ type: fc.constant('addNode' as const), id, language: fc.constantFrom('python', 'javascript', 'sql'), body: fc.constantFrom('year\n', 'select 1\n', 'rows\n', 'fresh + monthly\n') }),
  fc.record({ type: fc.constant('removeNode' as const), id }),
  fc.record({ type: fc.constant('setBody' as const), id, body: fc.constantFrom('1\n', 'monthly\n', 'base\n', 'select * from other\n', '{{ rows }}\n') }),
  fc.record({ type: fc.constant('setParam' as const), id, key: fc.constantFrom('timeout', 'label', 'nonsense'), value: fc.option(fc.constantFrom('20s', 'x y'), { nil: undefined }) }),
  fc.record({ type: fc.constant('wire' as const), id, port: fc.constantFrom('year', 'rows', 'extra'), from: id }),
  fc.record({ type: fc.constant('unwire' as const), id, port: fc.constantFrom('extra', 'year') }),
  fc.record({ type: fc.constant('moveNode' as const), id, after: fc.option(id, { nil: undefined }) }),
  fc.record({ type: fc.constant('setDisabled' as const), id, disabled: fc.boolean() }),
  fc.record({ type: fc.constant('renameNode' as const), id, to: fc.constantFrom('fresh', 'other', 'months'), references: fc.constant([]) }),
);

/** An edit as a view would make it: a rename takes its references from the graph. `undefined` when the editor refuses it. */
function apply(graph: Graph, one: Edit): string | undefined {
  const whole: Edit = one.type === 'renameNode' ? { ...one, references: referencesTo(graph, one.id) } : one;
  try { return editDocument(graph.root.document, whole).text; } catch { return undefined; }
}

test('D3 G6 after any edits, the edited graph is the graph of the edited text', async () => {
  await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 8 }), async (edits) => {
    const graph = await graphOf(PAGE);
    for (const one of edits) {
      const text = apply(graph, one);
      if (text === undefined) continue;
      graph.update(await projectOf({ 'main.telar.md': text }));
      expect(portrait(graph)).toEqual(portrait(await graphOf(text)));
    }
  }), { numRuns: 150, seed: 20_261_121 });
});

test('D3 a rename keeps every wire, in all languages, and touches nothing else', async () => {
  for (const from of IDS) {
    const graph = await graphOf(PAGE);
    const text = apply(graph, { type: 'renameNode', id: from, to: 'renamed', references: [] }) as string;
    const renamed = await graphOf(text);
    const wires = (one: Graph): string[] => [...one.nodes()].flatMap((node) => node.ports.map((port) => `${port.source.node.path}.${port.source.output}>${node.path}`)).sort();
    const expected = wires(graph).map((wire) => wire.split('>').map((end) => end.replace(new RegExp(`^${from}(?=$|\\.)`), 'renamed')).join('>')).sort();
    expect([from, wires(renamed)]).toEqual([from, expected]);
    expect(renamed.problems()).toEqual([]);
    expect(text.replaceAll(/renamed/g, from).replaceAll(/ROWS/g, 'rows')).toBe(PAGE.replaceAll(/ROWS/g, 'rows'));
  }
});
