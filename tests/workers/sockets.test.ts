/** The link's real sockets against peers that lie, stall and flood (W10). */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Dealer as RawDealer } from 'zeromq';
import { takeSlot, type Slot, type Transport, readInvitation } from '../../runtime/workers/endpoint.node.ts';
import { encodeMessage } from '../../runtime/workers/link/codec.ts';
import { type KeyPair, newKeys } from '../../runtime/workers/link/curve.node.ts';
import { createDealer } from '../../runtime/workers/link/dealer.node.ts';
import type { FromWorker, ToWorker } from '../../runtime/workers/link/messages.ts';
import { createRouter } from '../../runtime/workers/link/router.node.ts';
import type { Dealer, Router } from '../../runtime/workers/link/sockets.ts';
import { createSupervisor } from '../../runtime/workers/link/supervisor.ts';
import type { SupervisorAction } from '../../runtime/workers/link/supervisor-types.ts';
import { frame, greeting, peer, raw, ready } from './zmtp.ts';

const READY: FromWorker = { type: 'ready', worker: 'w', class: 'sql', pid: 1, versions: {}, capabilities: [], tasks: [] };
const beat: FromWorker = { type: 'heartbeat', vital: { progress: 1, memory: 1 } };

let folder: string;
let slot: Slot;
let router: Router;
let heard: { identity: string; message: FromWorker }[];
let nonsense: { identity: string; reason: string }[];
let unreachable: string[];
const dealers: Dealer[] = [];
const ends: (() => unknown)[] = [];

async function listen(transport?: Transport, most?: number): Promise<void> {
  slot = takeSlot(folder, transport);
  router = await createRouter(slot, {
    message: (identity, { message }) => { heard.push({ identity, message }); },
    nonsense: (identity, reason) => { nonsense.push({ identity, reason }); },
    unreachable: (identity) => { unreachable.push(identity); },
  }, most);
  slot.invite(router.endpoint);
}

function dial(identity: string, keys?: KeyPair, endpoint = router.endpoint): { dealer: Dealer; got: ToWorker[]; bad: string[] } {
  const got: ToWorker[] = [];
  const bad: string[] = [];
  const dealer = createDealer(endpoint, identity, { message: ({ message }) => { got.push(message); }, nonsense: (reason) => { bad.push(reason); } }, keys);
  dealers.push(dealer);
  return { dealer, got, bad };
}

const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 4_000, interval: 5 });
const from = (identity: string): FromWorker[] => heard.filter((one) => one.identity === identity).map(({ message }) => message);

/** That somebody else's exchange still works, both ways. */
async function others(identity = `other:${Math.random().toString(36).slice(2)}`, keys?: KeyPair): Promise<void> {
  const { dealer, got } = dial(identity, keys);
  dealer.send(beat);
  await until(() => { expect(from(identity)).toEqual([beat]); });
  router.send(identity, { type: 'resync' });
  await until(() => { expect(got).toEqual([{ type: 'resync' }]); });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telar-sockets-'));
  [heard, nonsense, unreachable] = [[], [], []];
});
afterEach(async () => {
  for (const dealer of dealers.splice(0)) dealer.close();
  for (const end of ends.splice(0)) await end();
  await router.close();
  slot.leave();
  rmSync(folder, { recursive: true, force: true });
});

describe('over a socket of the file system', () => {
  const file = (): string => slot.file as string;

  test('W10 what is no message is told with its sender and its reason, and nobody else is hurt', async () => {
    await listen('ipc');
    const socket = new RawDealer({ routingId: 'bad:1', linger: 0 });
    ends.push(() => { socket.close(); });
    socket.connect(router.endpoint.address);
    const [generation, json] = encodeMessage(READY) as [Uint8Array, Uint8Array];
    const wrong: (Uint8Array | string)[][] = [
      ['nonsense'], ['', ''], [generation, '{'], [generation, '{"type":"stop"}'], [generation, json, 'bulk'], [Buffer.from([0x54, 9]), json], [generation, Buffer.alloc(200_000, ' ')],
      [generation, ...Array<string>(2_000).fill('x')],
    ];
    for (const frames of wrong) await socket.send(frames);
    await until(() => { expect(nonsense).toHaveLength(wrong.length); });
    expect(new Set(nonsense.map(({ identity }) => identity))).toEqual(new Set(['bad:1']));
    expect(nonsense.every(({ reason }) => reason.length > 5 && reason.length < 200)).toBe(true);
    expect(heard).toEqual([]);
    await others();
  });

  test('W10 a name that no worker can have is refused before its message is read', async () => {
    await listen('ipc');
    for (const identity of ['a b', '', '\n[31m', 'x'.repeat(200)]) {
      const made = await peer(file(), identity);
      ends.push(() => made.socket.destroy());
      for (const [at, part] of encodeMessage(READY).entries()) made.socket.write(frame(part, at === 0 ? 1 : 0));
    }
    await until(() => { expect(nonsense).toHaveLength(4); });
    expect(nonsense.every(({ identity }) => /^x[0-9a-f]*$/.test(identity))).toBe(true);
    expect(heard).toEqual([]);
    await others();
  });

  test('W10 a frame of a gigabyte is cut off when it is announced', async () => {
    await listen('ipc');
    const made = await peer(file(), 'large:1');
    await until(() => { expect(made.heard().length).toBeGreaterThan(64); });
    const before = process.memoryUsage.rss();
    made.socket.write(frame('the beginning of it', 0, 1024 ** 3));
    await made.closed;
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
    expect(heard).toEqual([]);
    await others();
  });

  test('W10 a connection that never says what it is ends by itself', async () => {
    await listen('ipc');
    const silent = await raw(file());
    const half = await raw(file());
    half.socket.write(greeting);
    await Promise.all([others(), silent.closed, half.closed]);
    expect([heard.length, nonsense.length]).toEqual([1, 0]);
  });

  test('W10 another protocol is nonsense', async () => {
    await listen('ipc');
    const babble = await raw(file());
    ends.push(() => babble.socket.destroy());
    babble.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10));
    await until(() => { expect(nonsense.length).toBeGreaterThan(0); });
    expect(heard).toEqual([]);
    await others();
  });

  test('W10 who claims the name of a living worker gets nothing of what is for it', async () => {
    await listen('ipc');
    const { dealer, got } = dial('w:1');
    dealer.send(READY);
    await until(() => { expect(from('w:1')).toHaveLength(1); });
    const thief = await peer(file(), 'w:1');
    ends.push(() => thief.socket.destroy());
    for (const [at, part] of encodeMessage({ type: 'goodbye' }).entries()) thief.socket.write(frame(part, at === 0 ? 1 : 0));
    await sleep(100);
    router.send('w:1', { type: 'stop' });
    await until(() => { expect(got).toEqual([{ type: 'stop' }]); });
    expect(from('w:1')).toEqual([READY]);
    expect(thief.heard().includes('stop')).toBe(false);
    dealer.send(beat);
    await until(() => { expect(from('w:1')).toEqual([READY, beat]); });
  });

  test('W10 old frames said again settle nothing, under the same name and under another', async () => {
    await listen('ipc');
    const supervisor = createSupervisor();
    const out: SupervisorAction[] = [];
    const give = (event: Parameters<typeof supervisor.handle>[0]): void => { out.push(...supervisor.handle(event)); };
    const pump = async (identity: string, count: number): Promise<void> => {
      await until(() => { expect(from(identity).length).toBeGreaterThanOrEqual(count); });
      for (const message of from(identity)) give({ at: performance.now(), type: 'message', identity, message });
      heard = heard.filter((one) => one.identity !== identity);
    };
    give({ at: performance.now(), type: 'limits', class: 'sql', most: 1, warm: 0 });
    give({ at: performance.now(), type: 'submit', task: { task: 't', key: 'k', class: 'sql', once: false } });
    const worker = (out.find(({ type }) => type === 'spawn') as { worker: string }).worker;
    give({ at: performance.now(), type: 'spawned', worker, pid: 1 });
    const { dealer } = dial(`${worker}:1`);
    dealer.send({ ...READY, worker } as FromWorker);
    await pump(`${worker}:1`, 1);
    const { epoch } = out.find(({ type }) => type === 'dispatch') as { epoch: number };
    const result: FromWorker = { type: 'result', task: 't', epoch, payload: {} };
    dealer.send(result);
    await pump(`${worker}:1`, 1);
    give({ at: performance.now(), type: 'committed', task: 't', epoch });
    const ofType = (type: string): number => out.filter((one) => one.type === type).length;
    expect([ofType('commit'), ofType('settle')]).toEqual([1, 1]);
    dealer.send(result);
    await pump(`${worker}:1`, 1);
    const stranger = dial(`${worker}:7`);
    stranger.dealer.send(result);
    await pump(`${worker}:7`, 1);
    expect([ofType('commit'), ofType('settle')]).toEqual([1, 1]);
  });

  test('W10 a flood is told once a second, and others are served beside it', async () => {
    await listen('ipc', 1_000);
    const socket = new RawDealer({ routingId: 'flood:1', linger: 0 });
    socket.connect(router.endpoint.address);
    const frames = encodeMessage(beat) as Buffer[];
    let on = true;
    const flood = (async () => {
      try {
        while (on) await socket.send(frames);
      } catch { /* it was closed */ }
    })();
    ends.push(async () => { on = false; socket.close(); await flood; });
    await others();
    await until(() => { expect(nonsense.some(({ identity, reason }) => identity === 'flood:1' && reason.includes('in a second'))).toBe(true); });
    expect(from('flood:1').length).toBeLessThanOrEqual(1_000 * (nonsense.length + 1));
    expect(nonsense.length).toBeLessThan(10);
  });

  test('W10 who takes nothing is unreachable, and sending to it neither waits nor throws', async () => {
    await listen('ipc');
    const stuck = await peer(file(), 'stuck:1');
    ends.push(() => stuck.socket.destroy());
    stuck.socket.pause();
    await until(() => { expect(unreachable).toEqual([]); });
    for (const [at, part] of encodeMessage(beat).entries()) stuck.socket.write(frame(part, at === 0 ? 1 : 0));
    await until(() => { expect(from('stuck:1')).toHaveLength(1); });
    const started = performance.now();
    for (let n = 0; n < 1_500; n += 1) router.send('stuck:1', { type: 'task', task: 't', key: 'k', epoch: n, payload: { text: 'x'.repeat(1_000) } });
    expect(performance.now() - started).toBeLessThan(1_000);
    router.send('nobody:1', { type: 'stop' });
    await until(() => { expect(unreachable).toContain('nobody:1'); });
    expect(unreachable).toContain('stuck:1');
    await others();
  });

  test('W10 the socket is for its owner alone and is gone when it is closed', async () => {
    await listen('ipc');
    expect(statSync(join(file(), '..')).mode & 0o077).toBe(0);
    expect(statSync(join(slot.folder, 'invitation')).mode & 0o077).toBe(0);
    expect(readInvitation(slot.folder)).toMatchObject({ address: `ipc://${file()}`, incarnation: slot.incarnation });
    await others();
    await router.close();
    await router.close();
    expect(existsSync(file())).toBe(false);
    await expect(new Promise((resolve, reject) => { connect(file()).once('connect', resolve).once('error', reject); })).rejects.toMatchObject({ code: 'ENOENT' });
    router.send('other:1', { type: 'stop' });
    expect(unreachable).toEqual([]);
  });

  test('W10 a folder that is open to others is not used for sockets', async () => {
    await listen('ipc');
    vi.stubEnv('XDG_RUNTIME_DIR', folder);
    try {
      const { uid } = statSync(folder);
      mkdirSync(join(folder, `telar-${uid}`));
      chmodSync(join(folder, `telar-${uid}`), 0o755);
      expect(() => takeSlot(folder, 'ipc')).toThrow(expect.objectContaining({ code: 'refused' }) as Error);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('over TCP', () => {
  test('W10 only who knows the coordinator and is known by it is heard, and hears', async () => {
    await listen('tcp');
    const keys = newKeys();
    slot.allowed.add(keys.publicKey);
    expect(router.endpoint.address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(router.endpoint.serverKey).toHaveLength(40);
    const unknown = dial('unknown:1', newKeys());
    const misled = dial('misled:1', keys, { ...router.endpoint, serverKey: newKeys().publicKey });
    const bare = dial('bare:1', undefined, { address: router.endpoint.address });
    for (const { dealer } of [unknown, misled, bare]) dealer.send(READY);
    const text = await new Promise<Buffer>((resolve) => {
      const socket = connect(Number(router.endpoint.address.split(':')[2]), '127.0.0.1');
      const parts: Buffer[] = [];
      ends.push(() => socket.destroy());
      socket.on('data', (part: Buffer) => { parts.push(part); }).on('error', () => { /* refused, as it should be */ });
      socket.write(Buffer.concat([greeting, ready('plain:1')]));
      socket.once('close', () => { resolve(Buffer.concat(parts)); });
    });
    expect(text.length).toBeLessThanOrEqual(64);
    await others('known:1', keys);
    for (const identity of ['unknown:1', 'misled:1', 'bare:1', 'plain:1']) router.send(identity, { type: 'stop' });
    await until(() => { expect([...unreachable].sort()).toEqual(['bare:1', 'misled:1', 'plain:1', 'unknown:1']); });
    expect(heard.map(({ identity }) => identity)).toEqual(['known:1']);
    expect([unknown, misled, bare].flatMap(({ got, bad }) => [...got, ...bad])).toEqual([]);
    expect(nonsense).toEqual([]);
    slot.allowed.delete(keys.publicKey);
    dial('late:1', keys).dealer.send(READY);
    await sleep(200);
    expect(from('late:1')).toEqual([]);
  });
});
