/**
 * What a person sees of a run: a line for each node when it is done, with time, what was reused and why; while steps run, one
 * line below that moves (only on a terminal). Output of steps stands between, marked with its node.
 */
import type { NodeStatus, Operation } from '../../../contracts/protocol.ts';
import { usageWords } from '../../prompts/usage.ts';
import { colour, duration, terminal } from './terminal.node.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Prints operations as they come. */
export class Report {
  readonly #quiet: boolean;
  readonly #width: number;
  readonly #shown: (file: string) => string;
  readonly #running = new Map<string, { since: number; progress?: string }>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #frame = 0;
  #drawn = false;
  #partial = new Map<string, string>();

  /**
   * @param names of all nodes, for the width of the first column
   * @param shown a notebook's path as the person reads it
   */
  constructor(names: readonly string[], quiet: boolean, shown: (file: string) => string) {
    this.#shown = shown;
    this.#quiet = quiet;
    this.#width = Math.min(28, Math.max(6, ...names.map((name) => name.length)));
  }

  operation(operation: Operation): void {
    if (operation.type === 'node') this.#node(operation.node, operation.status);
    else if (operation.type === 'stream') this.#stream(operation.node, operation.stream, operation.text);
  }

  /** Takes the moving line away. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const node of this.#partial.keys()) this.#flush(node);
    this.#erase();
  }

  #node(node: string, status: NodeStatus): void {
    if (status.state === 'queued') return;
    if (status.state === 'running') {
      this.#running.set(node, { since: Date.now() });
      if (terminal.isLive && !this.#quiet) this.#timer ??= setInterval(() => { this.#draw(); }, 100);
      return;
    }
    this.#running.delete(node);
    this.#flush(node);
    if (this.#running.size === 0) { clearInterval(this.#timer); this.#timer = undefined; }
    const failed = status.state === 'failed' || status.state === 'cancelled';
    if (this.#quiet && !failed) return;
    this.#line(`${this.#mark(status)} ${node.padEnd(this.#width)} ${this.#tell(status)}`);
    for (const warning of status.warnings ?? []) this.#line(`  ${''.padEnd(this.#width)} ${colour.yellow(warning)}`);
  }

  #mark({ state, how }: NodeStatus): string {
    if (state === 'fresh') return how === 'reused' ? colour.green('○') : colour.green('●');
    if (state === 'failed') return colour.red('✗');
    return state === 'disabled' ? colour.grey('–') : colour.yellow('–');
  }

  #tell(status: NodeStatus): string {
    const { state, how, ms = 0, reason, error, outputs, usage } = status;
    const type = outputs?.value?.summary.type;
    if (state === 'fresh') {
      const what = how === 'reused' ? 'reused' : how === 'verified' ? `same ${duration(ms)}` : `ran ${duration(ms)}`;
      return `${what.padEnd(11)} ${(type ?? '').padEnd(22)} ${colour.grey([...(usage === undefined ? [] : [usageWords(usage)]), ...(reason === undefined ? [] : [reason])].join('; '))}`;
    }
    if (state === 'failed') {
      const file = typeof error?.data?.notebook === 'string' ? `${this.#shown(error.data.notebook)} ` : '';
      const place = error?.line === undefined ? file.replace(/ $/, ': ') : `${file}line ${error.line}: `;
      const traceback = typeof error?.data?.traceback === 'string' ? `\n${indent(error.data.traceback.trimEnd())}` : '';
      return `${colour.red((error?.code === 'divergent' ? 'differs' : 'failed').padEnd(11))} ${place}${error?.message ?? ''}${colour.grey(traceback)}`;
    }
    return `${state.padEnd(11)} ${colour.grey(reason ?? '')}`;
  }

  #stream(node: string, stream: string, text: string): void {
    if (stream === 'progress') {
      const running = this.#running.get(node);
      if (running !== undefined) running.progress = text;
      return;
    }
    if (this.#quiet && stream === 'stdout') return;
    const lines = `${this.#partial.get(node) ?? ''}${text}`.split('\n');
    this.#partial.set(node, lines.pop() ?? '');
    for (const line of lines) this.#print(node, line);
  }

  #flush(node: string): void {
    const rest = this.#partial.get(node);
    this.#partial.delete(node);
    if (rest !== undefined && rest !== '') this.#print(node, rest);
  }

  #print(node: string, line: string): void { this.#line(`  ${colour.grey(`${node} │`)} ${line}`); }

  #line(text: string): void {
    this.#erase();
    terminal.out(`${text}\n`);
  }

  #draw(): void {
    this.#erase();
    const now = Date.now();
    const parts = [...this.#running].map(([node, { since, progress }]) => `${node} ${duration(now - since)}${progress === undefined ? '' : ` ${Math.round(Number(progress) * 100)} %`}`);
    const text = `${SPINNER[this.#frame++ % SPINNER.length]} ${parts.join('  ')}`;
    terminal.out(text.slice(0, Math.max(10, terminal.width - 1)));
    this.#drawn = true;
  }

  #erase(): void {
    if (!this.#drawn) return;
    terminal.out('\r\u001b[2K');
    this.#drawn = false;
  }
}

const indent = (text: string): string => text.split('\n').map((line) => `      ${line}`).join('\n');
