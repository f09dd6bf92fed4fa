/** The incremental graph against a fresh one: whatever edits came before, the same text is the same graph (G4, G6, G10). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildGraph } from '../../runtime/graph/graph.ts';
import { describer, graphOf, js, portrait, projectOf } from '../support/graphs.ts';

/** A cell: reads of others by number, an output of its own or one shared name, and switches. `nested`: another notebook stands there. */
interface Toy { readonly reads: readonly number[]; readonly shared: boolean; readonly disabled: boolean; readonly wired: boolean; readonly each: boolean; readonly when: number; readonly nested: boolean }
const toy: fc.Arbitrary<Toy> = fc.record({
  reads: fc.array(fc.nat(7), { maxLength: 3 }), shared: fc.boolean(), disabled: fc.boolean(), wired: fc.boolean(), each: fc.boolean(), when: fc.nat(14), nested: fc.nat(3).map((n) => n === 0),
});
const INNER = `---\ntelar: 1\noutputs: [out]\n---\n\`\`\`yaml {#extra .input}\ndefault: 1\n\`\`\`\n${js('out', 'extra + 1')}`;
const page = fc.array(fc.option(toy, { freq: 5 }), { minLength: 1, maxLength: 7 });

function text(cells: readonly (Toy | null)[], shift: number): string {
  const drawn = cells.flatMap((cell, i) => {
    if (cell === null) return [];
    const keys = [cell.disabled ? 'disabled' : '', cell.wired ? 'in.extra=n0' : '', cell.each ? 'each=extra' : '', cell.when < 7 ? `when="n${cell.when} > 0"` : ''].filter((key) => key !== '').join(' ');
    if (cell.nested) return [`\`\`\`yaml {#n${i} .graph${keys === '' ? '' : ` ${keys}`}}\nuse: inner.telar.md\n\`\`\`\n`];
    return [js(`n${i}`,
      `${cell.shared ? 'const common = 1\n' : ''}${[...cell.reads.map((read) => (read === 7 ? 'common' : `n${read}`)), '0'].filter((name) => !(cell.shared && name === 'common')).join(' + ')}`, keys)];
  });
  return [...drawn.slice(shift % Math.max(1, drawn.length)), ...drawn.slice(0, shift % Math.max(1, drawn.length))].join('\n');
}

test('G10 G6 any history of edits ends in the graph that the text alone gives', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(page, fc.nat(6)), { minLength: 2, maxLength: 5 }), async (states) => {
    const texts = states.map(([cells, shift]) => text(cells, shift));
    const files = (one: string): Record<string, string> => ({ 'main.telar.md': one, 'inner.telar.md': INNER });
    const live = await graphOf(files(texts[0] as string));
    for (const one of texts.slice(1)) {
      live.update(await projectOf(files(one)));
      expect(portrait(live)).toEqual(portrait(await graphOf(files(one))));
    }
  }), { numRuns: 300, seed: 26_11_20 });
});

test('G10 one edit in 2,000 nodes describes one and resolves its neighbourhood', async () => {
  const cells = Array.from({ length: 2000 }, (_, i) => js(`x${i}`, i === 0 ? '1' : `x${i - 1} + 1`));
  const graph = await graphOf(cells.join('\n'));
  const before = { ...graph.work };
  cells[1000] = js('x1000', 'const fresh = 1\nx999 + x998');
  graph.update(await projectOf({ 'main.telar.md': cells.join('\n') }));
  expect(graph.work.described - before.described).toBe(1);
  expect(graph.work.resolved - before.resolved).toBeLessThanOrEqual(3);
  expect(graph.work.sorted).toBe(before.sorted);
});

test('G10 building grows with the number of nodes, not faster', async () => {
  const work = async (n: number): Promise<number> => {
    const project = await projectOf({ 'main.telar.md': Array.from({ length: n }, (_, i) => js(`x${i}`, i === 0 ? '1' : `x${i - 1} + 1`)).join('\n') });
    const graph = buildGraph(project, (cell) => describer.describe(cell));
    return graph.work.described + graph.work.resolved;
  };
  const [small, large] = [await work(500), await work(5000)];
  expect(Math.log10(large / small)).toBeLessThan(1.15);
});
