/** `telar journal` as a person calls it: what a run leaves there, what is asked for, following it, and who writes nothing. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, js, type Finished, type Line, type Place } from '../support/cli.ts';

let place: Place;
beforeAll(() => {
  place = createPlace({ 'a.telar.md': js('one', '1') + js('two', 'one + 1') + js('bad', 'throw new Error("wrong; password=tulip4711")') });
});
afterAll(() => { place.remove(); });

const records = async (args: readonly string[]): Promise<Line[]> => (await place.telar(['journal', '--json', ...args])).stdout.trim().split('\n').map((line) => JSON.parse(line) as Line).slice(0, -1);

test('W14 an empty journal says so; who only looks writes none', async () => {
  await Promise.all([['check', 'a.telar.md'], ['plan', 'a.telar.md'], ['runs'], ['workers'], ['journal']].map((args) => place.telar(args)));
  expect(existsSync(place.path('.telar/journal'))).toBe(false);
  const empty = await place.telar(['journal']);
  expect([empty.code, empty.stdout]).toEqual([0, 'The journal is empty. A run writes it.\n']);
});

test('W14 a run is told step by step, by run, node and level, and its secrets are not', async () => {
  const first = (await place.run()).lines[0] as Line;
  await place.run('a.telar.md', ['--to', 'two']);
  const [all, runs, last, ofNode, told, never, nowhere] = await Promise.all([
    records(['--level', 'debug']), records(['--run', 'last~1']), records(['--run', 'last']), records(['--run', (first.run as string).slice(0, -1), '--node', 'bad']),
    ...[['--level', 'error'], ['--run', 'never'], ['--node', 'nowhere']].map((args) => place.telar(['journal', ...args])),
  ] as [Promise<Line[]>, Promise<Line[]>, Promise<Line[]>, Promise<Line[]>, Promise<Finished>, Promise<Finished>, Promise<Finished>]);
  expect(new Set(all.map((record) => record.run as string)).size).toBe(2);
  expect(JSON.stringify(all)).not.toContain('tulip4711');
  expect(runs.map(({ event, node, level }) => [event, node, level])).toEqual(expect.arrayContaining([['run', undefined, 30], ['step', 'one', 30], ['step', 'bad', 50], ['end', undefined, 50]]));
  expect(runs.every((record) => record.run === first.run)).toBe(true);
  expect(runs.find(({ event }) => event === 'end')).toMatchObject({ ran: 2, failed: 1, status: 'failed' });
  expect(last.map(({ event, reused }) => [event, reused])).toEqual([['run', undefined], ['end', 2]]);
  expect(ofNode.map(({ msg }) => msg as string)).toEqual([expect.stringMatching(/^step failed: Error: wrong; password=\[redacted\]/)]);
  expect(told.stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}error {2}step {4}bad +step failed: Error: wrong.* m?s$/m);
  expect(never.stderr).toMatch(/`never`: there is no such run/);
  expect(nowhere.stdout).toMatch(/Nothing in the journal is like that/);
});

test('W14 D8 who looks at what a run left adds nothing', async () => {
  const before = (await records(['--level', 'trace'])).length;
  await Promise.all([['show', 'a.telar.md', 'one'], ['why', 'a.telar.md', 'one'], ['plan', 'a.telar.md'], ['runs'], ['compare', 'last', 'last~1'], ['verify', 'last']].map((args) => place.telar(args)));
  expect((await records(['--level', 'trace'])).length).toBe(before);
});

test('W14 reused steps are written for who asks for traces', async () => {
  const { lines: [begun] } = await place.run('a.telar.md', ['--to', 'two'], { env: { TELAR_JOURNAL: 'trace' } });
  expect((await records(['--run', begun!.run as string, '--level', 'trace'])).filter(({ state }) => state === 'reused').map(({ node }) => node as string)).toEqual(['one', 'two']);
});

test('W14 a secret of the environment is in no record, whoever tells it', async () => {
  const secret = 's3cr3t/of"mine é';
  const body = `throw new Error(JSON.stringify([${JSON.stringify(secret)}, encodeURIComponent(${JSON.stringify(secret)})]))`;
  place.write('secret.telar.md', js('tells', body));
  await place.run('secret.telar.md', [], { env: { MY_API_TOKEN: secret } });
  const text = JSON.stringify(await records(['--run', 'last']));
  expect(text).toContain('step failed');
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), 's3cr3t']) expect(text).not.toContain(form);
});

test('W14 gc, repair and a tried-again step leave a record', async () => {
  place.write('again.telar.md', fence('yaml', '#web .http retries=1', 'url: http://127.0.0.1:9/'));
  await place.run('again.telar.md', ['--trust']);
  await Promise.all([['gc', '--keep', '3'], ['gc', '--keep', '1', '--dry-run']].map((args) => place.telar(args)));
  await place.telar(['fsck', '--repair']);
  const events = (await records([])).map(({ event }) => event as string);
  expect([events.filter((event) => event === 'gc').length, events.filter((event) => event === 'fsck').length, events.includes('retry')]).toEqual([1, 1, true]);
});

test('W14 `--follow` tells what comes, and Ctrl-C ends it', async () => {
  let seen = '';
  let other: Promise<unknown> | undefined;
  expect((await place.telar(['journal', '--follow', '--run', '2099'])).code).toBe(2);
  const followed = await place.telar(['journal', '--follow', '--level', 'info'], {
    begun: (child) => {
      child.stdout?.on('data', (text: Buffer | string) => {
        seen += String(text);
        other ??= place.run('a.telar.md', ['--to', 'one', '--no-reuse']);
        if (/ended: ok, 1 ran/.test(seen)) child.kill('SIGINT');
      });
    },
  });
  await other;
  expect(followed.code).toBe(0);
  expect(followed.stdout).toMatch(/run of a\.telar\.md begun\n(?:.*\n)*.*one +step ended \(asked to run again\)/);
});

test('W14 `--follow --run last` where nothing ran yet waits for the first run', async () => {
  const empty = createPlace({ 'a.telar.md': js('one', '1') });
  try {
    let seen = '';
    const followed = empty.telar(['journal', '--follow', '--run', 'last'], {
      begun: (child) => { child.stdout?.on('data', (text: Buffer | string) => { seen += String(text); if (/ended: ok, 1 ran/.test(seen)) child.kill('SIGINT'); }); },
    });
    await empty.run();
    expect((await followed).code).toBe(0);
    expect(seen).toContain('ended: ok, 1 ran');
  } finally {
    empty.remove();
  }
});

test('W14 a line that moves the cursor does not', async () => {
  mkdirSync(place.path('.telar/journal'), { recursive: true });
  writeFileSync(place.path('.telar/journal/2020-01-01.jsonl'), `${JSON.stringify({ level: 50, time: 1, pid: 1, event: 'step', node: 'x\u001b[2J', msg: 'a\nb\u0007\u009b\u202e' })}\n`);
  const { stdout } = await place.telar(['journal', '--level', 'error']);
  expect(stdout.split('\n')[0]).toMatch(/a ⏎ b���$/);
  // oxlint-disable-next-line no-control-regex
  expect(stdout.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
