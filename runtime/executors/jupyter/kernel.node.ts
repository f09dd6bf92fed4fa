/**
 * Kernel: one process that speaks Jupyter's protocol, from its start to its end. It knows messages and no steps (`step.node.ts` does), and any language.
 *
 * A kernel is believed in nothing: what is not signed with its key, or is no message, ends it. It lives while its process does and its heartbeat answers. What goes wrong
 * is one typed error with the last lines of its stderr: `lost` (it died, or stopped answering), `unavailable` (it never spoke, or speaks what we do not), `forged`.
 */
import type { ChildProcess } from 'node:child_process';
import { type ErrorCode, TelarError } from '../../../contracts/errors.ts';
import { type Channels, type ChannelName, openChannels } from './channels.node.ts';
import { type KernelHome, removeHome } from './home.node.ts';
import { type KernelCommand, signalGroup, startKernel } from './launch.node.ts';
import { type BadMessage, type Message, Session } from './message.node.ts';

/** Milliseconds: how long a start may take, from a soft stop to the kill, and how long a heartbeat may be silent. */
export interface Patience { readonly start: number; readonly grace: number; readonly heartbeat: number }

/** What an execution tells while it runs. */
export interface ExecutionEvents {
  stream(name: 'stdout' | 'stderr', text: string): void;
  display(data: Readonly<Record<string, unknown>>): void;
  /** A question on the stdin channel. */
  ask(prompt: string): Promise<string>;
}

/** How a kernel is started. */
export interface KernelStart {
  readonly name: string;
  readonly command: KernelCommand;
  readonly home: KernelHome;
  readonly interruptMode: 'signal' | 'message';
  readonly patience: Patience;
  /** Ends the start. */
  readonly signal: AbortSignal;
}

interface Execution { readonly id: string; readonly events: ExecutionEvents; readonly done: (reply: Readonly<Record<string, unknown>>) => void; readonly fail: (error: TelarError) => void; begun: boolean; idle: boolean; reply?: Readonly<Record<string, unknown>> }

const TICK = 1_000;
const KNOCK = 200;
/** After the reply, how long the end of the output may take. */
const IDLE_PATIENCE = 5_000;
const TAIL = 2_000;

/** See the module's head. Made by `launchKernel`. */
export class Kernel {
  readonly home: KernelHome;
  /** `kernel_info_reply`, once it has come. */
  info: Readonly<Record<string, unknown>> = {};
  /** Fulfilled when the process is gone, the sockets are closed and the folders removed. */
  readonly exited: Promise<void>;
  usable = true;
  readonly #start: KernelStart;
  readonly #child: ChildProcess;
  #channels: Channels | undefined;
  #running: Execution | undefined;
  #stderr = '';
  #why: TelarError | undefined;
  #greeted = { reply: false, iopub: false };
  #knock: () => void = () => {};
  #heard = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** Grows with every message. */
  messages = 0;

  constructor(start: KernelStart) {
    this.#start = start;
    this.home = start.home;
    this.#child = startKernel(start.command);
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.#stderr = (this.#stderr + text).slice(-TAIL); });
    this.exited = new Promise((done) => {
      this.#child.once('error', (error) => { this.#stderr += error.message; });
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => { this.#ended(code, signal); done(); };
      this.#child.once('exit', (code, signal) => setTimeout(ended, 20, code, signal)); // its last words may still be on their way
      this.#child.once('error', () => { if (this.#child.pid === undefined) ended(null, null); });
    });
  }

  get pid(): number | undefined { return this.#child.pid; }

  /** Waits until it answers. @throws TelarError */
  async greet(): Promise<void> {
    const { home, patience, signal } = this.#start;
    const end = performance.now() + patience.start;
    const session = new Session(home.key);
    const channels = await openChannels(home.addresses, session, {
      message: (channel, message) => {
        try {
          this.#message(channel, message);
        } catch (error) { // what it tells could not be kept: a full disk
          this.#end(TelarError.from(error));
        }
      },
      bad: (channel, error) => this.#bad(channel, error),
      beat: () => { this.#heard = performance.now(); },
    });
    if (!this.usable) {
      channels.close();
      throw this.#why ?? this.#lost('it ended at once');
    }
    this.#channels = channels;
    while (!(this.#greeted.reply && this.#greeted.iopub)) {
      if (signal.aborted) this.#end(new TelarError('cancelled', 'The step was cancelled.'));
      else if (performance.now() > end) this.#end(this.#error('unavailable', `did not answer within ${patience.start / 1000} s`, 'Start it by hand to see why, or install it again.'));
      if (this.#why !== undefined) throw this.#why;
      // A subscription may come too late for the first answer: it is asked until both channels have spoken.
      channels.send('shell', 'kernel_info_request', {});
      await new Promise<void>((done) => { this.#knock = done; setTimeout(done, KNOCK); });
    }
    this.#checkInfo();
    this.#heard = performance.now();
    this.#watch();
  }

  /**
   * Runs code and waits for its reply and the end of its output.
   * @throws TelarError `lost`, `forged`, or what it was killed for; its `data.begun` says whether the kernel had begun
   */
  execute(code: string, events: ExecutionEvents): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((done, fail) => {
      if (!this.usable || this.#channels === undefined) return fail(this.#why ?? this.#lost('it is gone'));
      const id = this.#channels.send('shell', 'execute_request', { code, silent: true, store_history: false, user_expressions: {}, allow_stdin: true, stop_on_error: true });
      this.#running = { id, events, done, fail, begun: false, idle: false };
    });
  }

  /** Asks the running code to stop. */
  interrupt(): void {
    if (this.#start.interruptMode === 'message') this.#channels?.send('control', 'interrupt_request', {});
    else signalGroup(this.#child, 'SIGINT');
  }

  /** Ends the process group at once; what runs fails with `error`. */
  kill(error?: TelarError): void { this.#end(error ?? this.#lost('it was ended')); }

  /** Ends it and waits until nothing is left. */
  async close(): Promise<void> {
    this.#end(new TelarError('cancelled', 'The step was cancelled.'));
    await this.exited;
  }

  #message(channel: ChannelName, { header, parent, content }: Message): void {
    this.messages += 1;
    this.#heard = performance.now();
    if (channel === 'shell' && header.msg_type === 'kernel_info_reply') {
      this.info = content;
      this.#greeted.reply = true;
      this.#knock();
    }
    if (channel === 'iopub') {
      this.#greeted.iopub = true;
      this.#knock();
    }
    const running = this.#running;
    if (running === undefined || parent.msg_id !== running.id) return; // of another client, or of an execution that is over
    const { events } = running;
    if (channel === 'shell' && header.msg_type === 'execute_reply') {
      running.reply = content;
      setTimeout(() => this.#settle(running, true), IDLE_PATIENCE).unref();
    } else if (channel === 'stdin' && header.msg_type === 'input_request') {
      void events.ask(String(content.prompt ?? '')).catch(() => '{}').then((value) => { if (this.usable) this.#channels?.send('stdin', 'input_reply', { value }, header); });
    } else if (channel === 'iopub') {
      if (header.msg_type === 'status') {
        if (content.execution_state === 'busy') running.begun = true;
        if (content.execution_state === 'idle') running.idle = true;
      } else if (header.msg_type === 'stream') events.stream(content.name === 'stderr' ? 'stderr' : 'stdout', String(content.text ?? ''));
      else if ((header.msg_type === 'display_data' || header.msg_type === 'execute_result') && typeof content.data === 'object' && content.data !== null) events.display(content.data as Record<string, unknown>);
    }
    this.#settle(running, false);
  }

  #settle(running: Execution, late: boolean): void {
    if (this.#running !== running || running.reply === undefined || !(running.idle || late)) return;
    this.#running = undefined;
    running.done(running.reply);
  }

  #bad(channel: ChannelName, { message, forged }: BadMessage): void {
    this.#end(this.#error(forged ? 'forged' : 'unavailable', `sent what cannot be believed on its ${channel} channel: ${message}`, forged ? 'Somebody else may be at its sockets; it was ended.' : 'Install it again.'));
  }

  #checkInfo(): void {
    const { protocol_version: version } = this.info;
    const [major = 0, minor = 0] = typeof version === 'string' ? version.split('.').map(Number) : [];
    if (major !== 5 || minor < 3) {
      this.#end(this.#error('unavailable', `speaks version ${String(version).slice(0, 20)} of Jupyter’s protocol; 5.3 or a later 5 is needed`, 'Bring it up to date.'));
      throw this.#why!;
    }
  }

  #watch(): void {
    const { heartbeat } = this.#start.patience;
    const tick = Math.min(TICK, heartbeat / 5);
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - last > tick * 3) this.#heard = now; // we slept ourselves
      last = now;
      if (now - this.#heard > heartbeat) this.#end(this.#lost(`its heartbeat was silent for ${Math.round(heartbeat / 1000)} s`));
      else this.#channels?.ping();
    }, tick);
    this.#timer.unref();
  }

  #end(error: TelarError): void {
    this.#why ??= error;
    this.usable = false;
    signalGroup(this.#child, 'SIGKILL');
    this.#knock();
    this.#fail();
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.usable = false;
    this.#why ??= this.#reasonOf(code, signal);
    clearInterval(this.#timer);
    signalGroup(this.#child, 'SIGKILL'); // what it started and left
    this.#channels?.close();
    removeHome(this.home);
    this.#knock();
    this.#fail();
  }

  /** One that ends before it has spoken, and not by a signal (as where memory is short), is installed wrongly; no step is to blame. */
  #reasonOf(code: number | null, signal: NodeJS.Signals | null): TelarError {
    if (this.#child.pid === undefined) return this.#error('unavailable', 'could not be started', 'Install it again.');
    if (signal === null && !(this.#greeted.reply && this.#greeted.iopub)) return this.#error('unavailable', `ended at its start (status ${code})`, 'Start it by hand to see why, or install it again.', { early: true });
    return this.#lost(`it ended by itself (${signal ?? `status ${code}`})`);
  }

  #fail(): void {
    const running = this.#running;
    this.#running = undefined;
    const { code, message, data } = this.#why!;
    running?.fail(new TelarError(code, message, { ...data, begun: running.begun }));
  }

  #lost(why: string): TelarError { return this.#error('lost', `is lost: ${why}`, 'Run the step again.'); }

  #error(code: ErrorCode, what: string, advice: string, more: { early?: true } = {}): TelarError {
    const said = this.#stderr.trim().split('\n').slice(-5).join('\n');
    return new TelarError(code, `The kernel “${this.#start.name}” ${what}. ${advice}${said === '' ? '' : `\nIt said:\n${said}`}`, { kernel: this.#start.name, ...more });
  }
}

/** Starts a kernel and waits until it answers. @throws TelarError; nothing of it is left then */
export async function launchKernel(start: KernelStart): Promise<Kernel> {
  const kernel = new Kernel(start);
  try {
    await kernel.greet();
    return kernel;
  } catch (error) {
    await kernel.close();
    throw error;
  }
}
