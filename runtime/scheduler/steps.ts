/**
 * Steps: decides one step in its lane, reuses or does it, tries it again where that may help, and keeps what it gave. It knows no
 * order: `run-plan.ts` calls it when the inputs are there.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { StepInput } from '../../contracts/node.ts';
import type { Usage } from '../../contracts/models.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import { otherKey } from '../checkpoints/aside.ts';
import { rowId, type Row } from '../checkpoints/store.ts';
import { eachOf, type GraphNode, type InputPort } from '../graph/node.ts';
import { decide, readComponents, type Decided } from './decide.ts';
import { effectOf } from './effects.ts';
import { cancel, fail, placed, type Recorded, type Running } from './journal.ts';
import { originOf, type Lane } from './lane.ts';
import { programOf } from './make-step.ts';
import { sumUsage } from '../prompts/usage.ts';
import { performStep, type StepResult } from './perform.ts';
import { backOff, mayPass } from './retry.ts';

/** What a step has asked of a model, in all its tries. */
const spent = (usages: readonly (Usage | undefined)[]): Pick<NodeStatus, 'usage'> => {
  const usage = sumUsage(usages.filter((one) => one !== undefined));
  return usage === undefined ? {} : { usage };
};

/** The steps of one run. */
export class Steps {
  readonly #running: Running;
  /** Puts the list of a node with `each=` together again. */
  readonly #gatherAgain: (node: GraphNode, lane: Lane) => void | Promise<void>;
  /** By key: steps that run now. */
  readonly #underway = new Map<string, Promise<void>>();
  /** Keys that this run has made rows of. */
  readonly #made = new Set<string>();
  /** By lane: sources whose stored values were damaged, being done again or done. */
  readonly #renewals = new Map<Lane, Map<GraphNode, Promise<void>>>();

  constructor(running: Running, gatherAgain: (node: GraphNode, lane: Lane) => void | Promise<void>) {
    this.#running = running;
    this.#gatherAgain = gatherAgain;
  }

  /** Decides a step whose inputs are there, and reuses or runs it. */
  perform(node: GraphNode, lane: Lane): void | Promise<void> {
    const { plan, host, journal } = this.#running;
    let decided: Decided;
    try {
      decided = decide(node, plan, lane, host);
      // Asked again on purpose is asked once: its equals take what this run has made.
      if (plan.forced.has(node) && this.#made.has(decided.key)) decided = decide(node, { ...plan, forced: new Set() }, lane, host);
    } catch (error) {
      // A store that cannot be asked fails this step, not the run.
      fail(this.#running, node, lane, { error: TelarError.from(error).toJSON() }, { decision: 'run' });
      return undefined;
    }
    if (decided.decision === 'reuse') { this.#reuse(node, lane, decided); return undefined; }
    if (host.skipEffects === true && effectOf(node) === 'effect') {
      journal.settle(node, lane, { state: 'skipped', key: decided.key, reason: 'a fork makes no effects; `--effects` makes them' }, { decision: 'skipped', components: decided.components });
      return undefined;
    }
    return this.#runOnce(node, lane, decided);
  }

  /** Steps of one key do the same, and elements often have one: one runs, and the others wait for it. Chance would give each another value under one key. */
  #runOnce(node: GraphNode, lane: Lane, decided: Decided): Promise<void> {
    const { key } = decided;
    const other = this.#underway.get(key);
    if (other !== undefined) return other.then(() => this.perform(node, lane));
    const mine = this.#run(node, lane, decided).finally(() => { this.#underway.delete(key); });
    this.#underway.set(key, mine);
    return mine;
  }

  /** A port's value in a lane. A live one comes as its producer, with the inputs that it had (P8). */
  async input(node: GraphNode, lane: Lane, port: InputPort): Promise<StepInput | undefined> {
    if (lane.takes(node, port)) lane.element?.keep();
    const ref = lane.refOf(node, port);
    if (ref === undefined || ref.form !== 'live') return ref === undefined ? undefined : { ref };
    const { node: source, output, lane: home } = originOf(port, lane);
    return programOf(source, output, this.#running.plan, this.#running.host, (one) => this.input(source, home, one));
  }

  #reuse(node: GraphNode, lane: Lane, decided: Decided): void {
    const { journal } = this.#running;
    const row = decided.row as Row;
    const reason = decided.reason();
    lane.results.set(node, row.outputs);
    for (const { stream, text } of row.logs ?? []) journal.stream(node, lane, stream as 'stdout', text);
    journal.settle(node, lane, {
      state: 'fresh', how: 'reused', key: decided.key, reason, outputs: row.outputs, ms: 0,
      ...(row.warnings === undefined || row.warnings.length === 0 ? {} : { warnings: row.warnings }),
    }, { decision: 'reuse', components: { ...decided.components, ...readComponents(row) }, row: row.id });
  }

  async #run(node: GraphNode, lane: Lane, decided: Decided, mended = false): Promise<void> {
    const { plan, host, journal, request, stop, slots } = this.#running;
    const { clock } = host;
    const retries = (node.description.params.retries as number | undefined) ?? 0;
    const record = { decision: 'run' as const, components: decided.components };
    let base = { key: decided.key, reason: decided.reason() };
    const usages: Usage[] = [];
    for (let tried = 1; ; tried += 1) {
      journal.tell(node, lane, { state: 'queued', ...base });
      const release = await slots.acquire(node.description.engines);
      if (stop.signal.aborted) { release(); cancel(this.#running, node, lane); return; }
      journal.tell(node, lane, { state: 'running', key: decided.key });
      const started = clock.now();
      let failure: TelarError;
      try {
        const result = await performStep(node, decided, {
          host, plan, run: request.run, signal: stop.signal, started, path: lane.pathOf(node),
          input: (port) => this.input(node, lane, port), stream: (stream, text) => { journal.stream(node, lane, stream, text); },
        });
        this.#keep(node, lane, result, { ...base, usages }, record);
        return;
      } catch (error) {
        failure = TelarError.from(error);
      } finally {
        release();
      }
      const ms = clock.now() - started;
      if (failure.data.usage !== undefined) usages.push(failure.data.usage as Usage);
      if (failure.code === 'value-missing' && !mended && await this.renewSources(node, lane)) { await this.#run(node, lane, decide(node, plan, lane, host), true); return; }
      if (failure.code === 'cancelled') { journal.settle(node, lane, { state: 'cancelled', ...base, ms, reason: 'stopped while it ran', ...spent(usages) }, record); return; }
      if (tried > retries || !this.#mayRetry(node, decided, failure)) { fail(this.#running, node, lane, { ...base, ms, error: failure.toJSON(), ...spent(usages) }, record); return; }
      const wait = backOff(tried, `${request.run}/${lane.pathOf(node)}`, host.sha256);
      const told = `try ${tried} of ${retries + 1} failed (${failure.code}: ${failure.message})`;
      journal.retry(node, lane, told, wait);
      await clock.sleep(wait, stop.signal);
      if (stop.signal.aborted) { cancel(this.#running, node, lane); return; }
      base = { ...base, reason: told };
    }
  }

  /** An effect of which nobody knows whether it was made is not made again unasked. */
  #mayRetry(node: GraphNode, { key }: Decided, failure: TelarError): boolean {
    return mayPass(failure) && !(effectOf(node) === 'effect' && this.#running.host.store.intent(key) !== undefined);
  }

  /**
   * A reused value turned out damaged when it was read: the store has set it aside, so its producer is done again, once for all
   * its readers (C3).
   * @returns whether a source was done again, and well
   */
  async renewSources(node: GraphNode, lane: Lane): Promise<boolean> {
    const { plan, host } = this.#running;
    let renewed = false;
    for (const port of node.ports) {
      const { node: source, lane: home } = originOf(port, lane);
      const known = this.#renewals.get(home) ?? new Map<GraphNode, Promise<void>>();
      this.#renewals.set(home, known);
      if (!known.has(source)) {
        // The elements of an `each=` may have been reused though others ran.
        if (eachOf(source) !== undefined) known.set(source, Promise.resolve(this.#gatherAgain(source, home)));
        else {
          if (home.status.get(source)?.how !== 'reused' || source.inner !== undefined) continue;
          const decided = decide(source, plan, home, host);
          if (decided.decision === 'reuse') continue;
          known.set(source, this.#run(source, home, decided));
        }
      }
      await known.get(source);
      if (home.status.get(source)?.state !== 'fresh') return false;
      renewed = true;
    }
    return renewed;
  }

  /** Values are put, the row is on its way to the disk; readers may start, the word waits for the disk (C2). */
  #keep(node: GraphNode, lane: Lane, { row, error, found }: StepResult, { usages, ...base }: { key: string; reason: string; usages: readonly Usage[] }, record: Recorded): void {
    const { journal, request, stop } = this.#running;
    const status: NodeStatus = {
      state: error === undefined ? 'fresh' : 'failed', ...base, ms: row.ms, outputs: row.outputs,
      ...(error === undefined ? { how: found === true ? 'reused' as const : 'ran' as const } : { error: placed(node, error) }),
      ...(row.warnings === undefined || row.warnings.length === 0 ? {} : { warnings: row.warnings }),
      ...spent([...usages, found === true ? undefined : row.usage]),
    };
    if (error === undefined) { lane.results.set(node, row.outputs); this.#made.add(row.key); }
    else if (request.failFast) stop.abort(new TelarError('cancelled', 'another step failed'));
    const kept = { ...record, components: { ...record.components, ...readComponents(row) }, row: row.id };
    const gate = this.#addRow(node, row).then((own) => {
      if (own !== undefined) journal.amend(node, lane, { ...status, warnings: [...status.warnings ?? [], 'it gave a different result for the same key before; both are kept'] }, { ...kept, row: own });
    }, (failure: unknown) => {
      journal.amend(node, lane, { state: 'failed', ...base, ms: row.ms, error: placed(node, TelarError.from(failure).toJSON()) }, record);
    });
    journal.settle(node, lane, status, kept, gate);
  }

  /**
   * Keeps a row. One that contradicts an earlier row of its identity stands back (C5), unless that one lacks an output which
   * somebody reads now: then it becomes the next take, or the step would run again for ever.
   * This run's readers were given the later result all the same, so its record names a row of its own, which no look-up finds.
   * @returns identity of that row, if the step gave something else before
   */
  async #addRow(node: GraphNode, row: Row): Promise<string | undefined> {
    const { plan, host: { store, sha256 } } = this.#running;
    const { row: kept, evidence } = await store.addRow(row);
    if (!evidence) return undefined;
    const lacks = plan.wanted(node).some((name) => kept.outputs[name]?.ref === undefined);
    const own = lacks ? { ...row, take: row.take + 1 } : { ...row, key: otherKey(row.key, row.outputs, sha256) };
    const id = rowId(sha256, own);
    await store.addRow({ ...own, id });
    return id;
  }
}
