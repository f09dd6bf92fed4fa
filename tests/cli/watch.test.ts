/** `telar run --watch`: after an edit exactly what depends on it runs again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, js, NODE, sql, TELAR, yaml, type Line, type Place } from '../support/cli.ts';

let place: Place;
beforeAll(async () => {
  place = await createPlace({
    'w.telar.md': `${yaml('days', 'data', 'file: days.csv')}${sql('some', 'select n from days where n > 1')}${js('length', '[...some].length')}${js('apart', '40 + 2')}`,
    'days.csv': 'n\n1\n2\n3\n',
  });
});
let child: ChildProcess | undefined;
afterAll(() => { child?.kill('SIGKILL'); place.remove(); });

test('P5 an edit of the text, of prose, and of a data file; then a file that is broken for a while', async () => {
  const watching = spawn(NODE, [TELAR, 'run', 'w.telar.md', '--watch', '--json'], { cwd: place.root, stdio: ['ignore', 'pipe', 'pipe'] });
  child = watching;
  let rest = '';
  const waiting: ((line: Line) => void)[] = [];
  const ready: Line[] = [];
  watching.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.map((one) => JSON.parse(one) as Line)) if (line.type === 'summary') (waiting.shift() ?? ((one: Line) => ready.push(one)))(line);
  });
  const ran = async (): Promise<string[]> => {
    const { nodes } = ready.shift() ?? await new Promise<Line>((resolve) => { waiting.push(resolve); });
    return Object.entries(nodes as Record<string, { how?: string }>).filter(([, node]) => node.how === 'ran').map(([id]) => id).sort();
  };
  expect(await ran()).toEqual(['apart', 'days', 'length', 'some']);
  const text = place.read('w.telar.md');
  place.write('w.telar.md', text.replace('n > 1', 'n > 2'));
  expect(await ran()).toEqual(['length', 'some']);
  place.write('w.telar.md', `More prose.\n\n${text.replace('n > 1', 'n > 2')}`);
  expect(await ran()).toEqual([]);
  place.write('days.csv', 'n\n1\n2\n3\n4\n');
  expect(await ran()).toEqual(['days', 'length', 'some']);
  place.write('w.telar.md', text.replace('n > 1', 'n > 2').replace('40 + 2', '40 + '));
  await ran();
  place.write('w.telar.md', text.replace('n > 1', 'n > 2').replace('40 + 2', '40 + 3'));
  expect(await ran()).toEqual(['apart']);
  watching.kill('SIGINT');
  expect(await new Promise((resolve) => { watching.once('close', resolve); })).toBe(0);
});
