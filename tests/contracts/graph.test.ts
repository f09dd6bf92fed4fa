/** The dependency graph of contracts: rings, missing ids and versions, before anything is generated. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions, readRange, readVersion, satisfies } from '../../nodes/contract/semver.ts';
import { buildContractGraph, type ContractGraph, type GraphContract } from '../../runtime/contracts/graph.ts';

/** Contracts by `A: B C@^1`, each in a file of its own. */
function graph(text: Readonly<Record<string, string>>, versions: Readonly<Record<string, string>> = {}): ContractGraph {
  return buildContractGraph(Object.entries(text).map(([id, needs]): GraphContract => ({
    id, version: versions[id] ?? '1.0.0', file: `${id.toLowerCase()}.contract.yaml`,
    needs: needs.split(' ').filter((one) => one !== '').map((one, at) => { const [to = '', range] = one.split('@'); return { id: to, line: 10 + at, column: 7, ...(range === undefined ? {} : { range }) }; }),
  })));
}

describe('dependencies', () => {
  test('K4 contracts stand in an order in which each comes after what it needs', () => {
    const { order, findings, cycles } = graph({ APP: 'STORE EVENTS', STORE: 'EVENTS', EVENTS: '', LONE: '' });
    expect(order.indexOf('EVENTS')).toBeLessThan(order.indexOf('STORE'));
    expect(order.indexOf('STORE')).toBeLessThan(order.indexOf('APP'));
    expect([order.length, findings, cycles]).toEqual([4, [], []]);
  });

  test('K4 a missing id is told at its place, with the nearest one', () => {
    const { findings } = graph({ APP: 'EVENTS STROE', EVENTS: '', STORE: '' });
    expect(findings).toEqual([expect.objectContaining({ code: 'missing-name', file: 'app.contract.yaml', line: 11, column: 7, message: expect.stringContaining('Did you mean STORE?'), data: { id: 'STROE', nearest: 'STORE' } })]);
  });

  test('K4 an id that two files bear is told in both', () => {
    const twice = buildContractGraph([{ id: 'A', version: '1.0.0', file: 'a.yaml', needs: [] }, { id: 'A', version: '1.0.0', file: 'b.yaml', needs: [] }]);
    expect(twice.findings.map(({ code, file }) => [code, file])).toEqual([['duplicate-id', 'a.yaml'], ['duplicate-id', 'b.yaml']]);
  });

  test('K4 a version out of its range is told, one inside it is not, and what is no range is an error', () => {
    const { findings } = graph({ APP: 'STORE@^1.2 EVENTS@~2.0 LOG@soon', STORE: '', EVENTS: '', LOG: '' }, { STORE: '1.4.1', EVENTS: '2.1.0' });
    expect(findings.map(({ line, message }) => [line, message])).toEqual([
      [11, 'APP needs EVENTS in ~2.0, and events.contract.yaml is 2.1.0. Raise one of them, or widen the range.'],
      [12, '`soon` is no range of versions; write it like `LOG@^1.0.0`.'],
    ]);
  });
});

describe('cycles', () => {
  test('K4 a ring is told with its path and the edge whose removal breaks it', () => {
    const { cycles, findings } = graph({ STORE: 'EVENTS', EVENTS: 'LOG', LOG: 'STORE', APP: 'STORE', PAGE: 'STORE' });
    expect(cycles.map(({ path, cut }) => [path, `${cut.from}→${cut.to}`])).toEqual([[['STORE', 'EVENTS', 'LOG', 'STORE'], 'STORE→EVENTS']]);
    expect(findings).toEqual([expect.objectContaining({ code: 'cycle', file: 'store.contract.yaml', line: 10, message: 'These contracts need each other in a ring: STORE → EVENTS → LOG → STORE. Take out STORE → EVENTS: 3 contracts need STORE, so it should stand on its own.' })]);
  });

  test('K4 one edge that two rings share is named for both', () => {
    const { cycles } = graph({ A: 'B', B: 'C D', C: 'A', D: 'A' });
    expect(cycles.map(({ cut }) => `${cut.from}→${cut.to}`)).toEqual(['A→B']);
    expect(cycles[0]?.why).toBe('this breaks every ring that it is in');
  });

  test('K4 a contract that needs itself is a ring of one', () => {
    expect(graph({ A: 'A' }).findings[0]?.message).toBe('A needs itself. Take the line out.');
  });

  test('K4 taking out the named edges leaves no ring, and none is named where there is none', () => {
    const ids = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
    const edge = fc.record({ from: fc.constantFrom(...ids), to: fc.constantFrom(...ids) });
    fc.assert(fc.property(fc.array(edge, { maxLength: 20 }), (edges) => {
      const text = Object.fromEntries(ids.map((id) => [id, [...new Set(edges.filter(({ from }) => from === id).map(({ to }) => to))].join(' ')]));
      const { cycles, order } = graph(text);
      for (const { path, cut } of cycles) {
        for (const [at, from] of path.slice(0, -1).entries()) expect(text[from]?.split(' ')).toContain(path[at + 1]);
        expect(path.some((from, at) => from === cut.from && path[at + 1] === cut.to)).toBe(true);
      }
      const mended = Object.fromEntries(ids.map((id) => [id, (text[id] ?? '').split(' ').filter((to) => !cycles.some(({ cut }) => cut.from === id && cut.to === to)).join(' ')]));
      expect(graph(mended).cycles).toEqual([]);
      if (cycles.length === 0) for (const [id, needs] of Object.entries(text)) for (const to of needs.split(' ').filter((one) => one !== '')) expect(order.indexOf(to)).toBeLessThan(order.indexOf(id));
      expect(order.toSorted()).toEqual(ids);
    }), { seed: 20261121, numRuns: 200 });
  });

  test('K4 a thousand contracts are judged in one breath', () => {
    const text = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`C${i}`, [i + 1, i + 7, i * 2].filter((to) => to < 1000 && to > i).map((to) => `C${to}`).join(' ')]));
    const began = performance.now();
    expect(graph({ ...text, C999: 'C0' }).cycles.length).toBeGreaterThan(0);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('versions', () => {
  const is = (version: string, range: string): boolean => satisfies(readVersion(version)!, readRange(range)!);

  test.each([
    ['^1.2', '1.2.0 1.9.9', '1.1.9 2.0.0'], ['^0.2.3', '0.2.3 0.2.9', '0.3.0 0.2.2'], ['^0.0.3', '0.0.3', '0.0.4'], ['^0', '0.0.1 0.9.0', '1.0.0'], ['^0.0', '0.0.7', '0.1.0'],
    ['~1.2.3', '1.2.3 1.2.9', '1.3.0'], ['~1', '1.0.0 1.9.0', '2.0.0'], ['1.x', '1.0.0 1.7.3', '2.0.0'], ['*', '0.0.1 9.9.9', ''], ['1.2', '1.2.0 1.2.9', '1.3.0'],
    ['>=1.2 <2', '1.2.0 1.9.9', '2.0.0 1.1.9'], ['>1.2', '1.3.0', '1.2.9'], ['<=1.2', '1.2.9 0.1.0', '1.3.0'], ['1.0.0 || ^2', '1.0.0 2.4.0', '1.0.1 3.0.0'], ['>= 1.0.0', '1.0.0', '0.9.9'], ['1.0.0', '1.0.0', '1.0.1'],
  ])('K4 the range %s takes what it says', (range, yes, no) => {
    for (const version of yes.split(' ')) expect([version, is(version, range)]).toEqual([version, true]);
    for (const version of no.split(' ').filter((one) => one !== '')) expect([version, is(version, range)]).toEqual([version, false]);
  });

  test('K4 a pre-release is taken only where the range names one of the same release', () => {
    expect([is('1.2.0-beta.2', '^1.2'), is('1.2.0-beta.2', '^1.2.0-beta.1'), is('1.3.0-beta.1', '^1.2.0-beta.1')]).toEqual([false, true, false]);
  });

  test('K4 versions have the order of the specification', () => {
    const order = ['0.9.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.10.0', '2.0.0'];
    expect(order.toReversed().map((text) => readVersion(text)!).sort(compareVersions)).toEqual(order.map((text) => readVersion(text)));
  });

  test('K4 what is no version and no range is told so', () => {
    for (const text of ['', '1', '1.2', 'v1.2.3', '1.2.3.4', '01.2.3', '1.2.-3', `1.2.${'9'.repeat(300)}`]) expect(readVersion(text)).toBeUndefined();
    for (const text of ['latest', '^^1', '1.2.3.4', '>', 'x'.repeat(300)]) expect(readRange(text)).toBeUndefined();
  });
});
