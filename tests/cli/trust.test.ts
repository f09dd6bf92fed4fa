/** T3 on the real command line: what is asked for in plain words, given, shown, taken back; and what is no question at all. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, type Finished, type Line, type Place } from '../support/cli.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { noWall } from '../support/walls.ts';

let place: Place;
let server: Loopback;
beforeAll(async () => { server = await loopback((_, response) => { response.writeHead(200, { 'content-type': 'text/plain' }).end('rain'); }); });
afterAll(() => server.close());
afterEach(() => { place.remove(); });

const last = ({ lines }: Finished): Line => lines.at(-1) as Line;
const front = (more = ''): string => `---\ntelar: 1\n${more}---\n`;
const helper = (path: string): string => `import urllib.request\nrain = urllib.request.urlopen("${server.origin}${path}").read().decode()\n`;
const words = async (...args: string[]): Promise<string> => (await place.telar(['trust', 'main.telar.md', ...args])).stdout;

test('T3 what a person is asked is plain: origins, folders, programs, kernels with their rights or behind the wall', async () => {
  place = createPlace({
    'main.telar.md': `${front()}${fence('python', '#a isolated=true network=https://b.example,https://a.example files=/data/x', '1')}${fence('python', '#b kernel=telar-none', '1')}${fence('python', '#c isolated=true kernel=telar-none programs=/usr/bin/git', '1')}${fence('python', '#d isolated=true', '1')}${fence('python', '#e', '1')}`,
  });
  expect(await words('--show')).toBe([
    'a asks to send requests to https://a.example and https://b.example and read /data/x', 'b asks to start the Jupyter kernel telar-none with your rights',
    'c asks to start the Jupyter kernel telar-none walled off and start /usr/bin/git', '',
  ].join('\n'));
});

test.skipIf(noWall !== undefined)('T3 refused without leave; given, used, reused, shown and taken back; an edit of a helper asks anew', async () => {
  place = createPlace({ 'main.telar.md': front() + fence('python', `#web isolated=true network=${server.origin}`, 'import helper\nhelper.rain'), 'helper.py': helper('/') });
  const run = async (...args: string[]): Promise<[number | null, unknown]> => { const { code, unwell } = await place.run('main.telar.md', args); return [code, unwell]; };
  expect(await run()).toEqual([4, { web: 'unavailable' }]);
  expect(server.asked.length).toBe(0);
  expect(await words()).toBe(`web may send requests to ${server.origin}\nAllowed until the code of this node changes.\n`);
  expect(await run()).toEqual([0, {}]);
  // A store that came from somebody else allows nothing: leave is named by a key of the person.
  const [mine, theirs] = await Promise.all([{}, { TELAR_CACHE: place.path('other') }].map((env) => place.telar(['trust', 'main.telar.md', '--show', '--json'], { env })));
  expect(last(mine!)).toMatchObject({ allowed: [{ node: 'web', before: true }], asked: [] });
  expect(last(theirs!)).toMatchObject({ allowed: [], asked: [{ node: 'web', before: false }] });
  expect(await words('--revoke')).toBe(`web may no longer send requests to ${server.origin}\n`);
  expect(await words('--revoke')).toBe('Nothing was allowed.\n');
  expect([await run(), await run('--no-reuse')]).toEqual([[0, {}], [4, { web: 'unavailable' }]]);
  await words();
  place.write('helper.py', helper('/other'));
  expect(await run()).toEqual([4, { web: 'unavailable' }]);
  // A worker of its own asks within the same grant.
  expect(await run('--trust', '--worker', 'heavy')).toEqual([0, {}]);
  expect((await place.telar(['journal', '--run', 'last', '--level', 'debug', '--json'])).stdout).toMatch(/"event":"dispatch".*"node":"web"/);
  expect(server.asked.map(({ url }) => url)).toEqual(['/', '/other']);
});

test('T3 leave that cannot be kept is not said to be given', async () => {
  place = createPlace({ 'main.telar.md': front() + fence('python', '#web isolated=true network=https://a.example', '1') });
  const { code, stderr } = await place.telar(['trust', 'main.telar.md'], { env: { TELAR_CACHE: place.path('main.telar.md') } });
  expect([code, stderr]).toEqual([4, expect.stringMatching(/cannot be kept here .*--trust/)]);
});

test('T3 asking without `isolated`, or for what no step can have, is an error of the notebook that says so', async () => {
  const wrong = [
    ['network=https://a.example', 'write `isolated=true` beside it'], ['files=/data', 'write `isolated=true` beside it'], ['isolated=true network=a.example', 'write scheme and host alone'], ['isolated=true network=https://a.example/path', 'write scheme and host alone'],
    ['isolated=true files=data.csv', 'write it from the root'], ['isolated=true files=/data/../etc', 'write it from the root'], ['isolated=true files=/etc', 'a folder of the system'], ['isolated=true programs=git', 'write `kernel=python3`'], ['isolated=true kernel=python3 network=https://a.example', 'no network'],
  ] as const;
  place = createPlace({
    'main.telar.md': front() + wrong.map(([keys], i) => fence('python', `#x${i} ${keys}`, '1')).join(''),
    'effects.telar.md': front('effects: {files: [/data]}\n') + fence('python', '#x', '1'),
    'good.telar.md': front('isolated: true\neffects: {network: ["https://a.example"]}\n') + fence('python', '#x', '1') + fence('sql', '#y', 'select 1'),
  });
  const [bad, effects, good, shown] = await Promise.all([['check', 'main.telar.md', '--json'], ['check', 'effects.telar.md'], ['check', 'good.telar.md'], ['trust', 'good.telar.md', '--show']].map((args) => place.telar(args)));
  const problems = last(bad!).problems as Line[];
  expect(bad!.code).toBe(2);
  for (const [i, [keys, said]] of wrong.entries()) expect([keys, problems.filter(({ node }) => node === `x${i}`).map(({ message }) => message as string).join(' ')]).toEqual([keys, expect.stringContaining(said)]);
  expect(effects!.stdout).toContain('write `isolated: true` beside it');
  expect([good!.code, shown!.stdout]).toEqual([0, 'x asks to send requests to https://a.example\n']);
});

test('T3 where no wall stands, an isolated step is unavailable before the run, with the reason', async () => {
  place = createPlace({ 'main.telar.md': front() + fence('python', '#x isolated=true', '1') + fence('python', '#y', '2') });
  const { code, unwell, stdout } = await place.run('main.telar.md', [], { env: { PATH: '/nowhere' } });
  if (process.platform === 'linux') expect(stdout).toContain('bubblewrap');
  expect([code, unwell]).toEqual([4, { x: 'unavailable' }]);
});

test('T3 showing and taking back at once is a mistake of usage', async () => {
  place = createPlace({ 'main.telar.md': front() });
  expect((await place.telar(['trust', 'main.telar.md', '--show', '--revoke'])).code).toBe(2);
});
