/**
 * Ollama's Modelfile, read as a profile and written from one. What one side has and the other lacks is told, never dropped without a word:
 * adapters, licences, messages and most of Ollama's samplers have no counterpart here; prices, secrets and notes have none there.
 */
import type { Problem } from '../../contracts/errors.ts';
import type { ModelParameters, ModelProfile } from '../../contracts/models.ts';
import { TelarError } from '../../contracts/errors.ts';
import { PARAMETERS } from '../../nodes/model-parameters.ts';

const LARGEST = 1024 * 1024;

/** A profile without a name, what of the Modelfile it lacks, and what is wrong. */
export interface ReadModelfile { readonly profile?: Omit<ModelProfile, 'name'>; readonly told: readonly string[]; readonly problems: readonly Problem[] }

/** Parameters by Ollama's name. */
const NAMES: Readonly<Record<string, keyof ModelParameters>> = { temperature: 'temperature', top_k: 'top_k', top_p: 'top_p', num_predict: 'max_tokens', seed: 'seed', stop: 'stop', num_ctx: 'context', num_thread: 'threads' };
/** A template that only hands the prompt on: `template: raw`. */
const RAW = '{{ .Prompt }}';

interface Said { readonly word: string; readonly value: string; readonly line: number }

/** Cuts a Modelfile into what it says. A value is the rest of its line, a text in quotes, or one between `"""` over any lines. */
function instructionsOf(source: string, tell: (line: number, message: string) => void): readonly Said[] {
  const lines = source.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const all: Said[] = [];
  for (let i = 0; i < lines.length; i++) {
    const text = lines[i]!;
    if (text.trim() === '' || text.trimStart().startsWith('#')) continue;
    const found = /^\s*([A-Za-z]+)(?:\s+(\S[^]*))?$/.exec(text);
    if (found === null) { tell(i + 1, `\`${text.trim().slice(0, 60)}\` is no instruction; a line begins with FROM, PARAMETER, SYSTEM, TEMPLATE, MESSAGE, ADAPTER or LICENSE.`); continue; }
    const line = i + 1;
    let value = found[2] ?? '';
    const open = value.indexOf('"""');
    if (open >= 0 && value.indexOf('"""', open + 3) < 0) {
      const rest: string[] = [];
      for (i += 1; i < lines.length && !lines[i]!.includes('"""'); i++) rest.push(lines[i]!);
      if (i >= lines.length) { tell(line, 'The text that begins with `"""` has no end; put `"""` after it.'); break; }
      value = [value, ...rest, lines[i]!.slice(0, lines[i]!.indexOf('"""') + 3)].join('\n');
    }
    all.push({ word: found[1]!.toUpperCase(), value: value.trim(), line });
  }
  return all;
}

/** A value without its quotes. */
function plain(value: string): string {
  if (value.length >= 6 && value.startsWith('"""') && value.endsWith('"""')) return value.slice(3, -3).replace(/^\n/, '').replace(/\n$/, '');
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** Reads a Modelfile. Total: what is wrong is told by line. @param path for messages */
export function readModelfile(source: string, path?: string): ReadModelfile {
  const problems: Problem[] = [];
  const told: string[] = [];
  const tell = (line: number, message: string): void => { problems.push({ code: 'bad-value', severity: 'error', message, line, column: 1, ...(path === undefined ? {} : { file: path }) }); };
  if (source.length > LARGEST) {
    tell(1, `The Modelfile is longer than ${LARGEST} characters.`);
    return { told, problems };
  }
  let base: Pick<ModelProfile, 'provider' | 'model' | 'file'> | undefined;
  let system: string | undefined;
  let isRaw = false;
  const parameters: Record<string, unknown> = {};
  for (const { word, value, line } of instructionsOf(source, tell)) {
    const text = plain(value);
    const short = text.replace(/\s+/g, ' ').slice(0, 60);
    if (text === '') tell(line, `${word} needs a value.`);
    else if (word === 'FROM') base = /^(?:\.{0,2}\/|~|[A-Za-z]:\\)|\.gguf$/i.test(text) ? { provider: 'llama', file: text } : { provider: 'ollama', model: text };
    else if (word === 'SYSTEM') system = text;
    else if (word === 'PARAMETER') parameter(text, line);
    else if (word === 'TEMPLATE' && text.trim() === RAW) isRaw = true;
    else if (word === 'TEMPLATE') told.push(`line ${line}: TEMPLATE: the model’s own template is used`);
    else if (word === 'MESSAGE') told.push(`line ${line}: MESSAGE ${short}: write it into the prompt, as \`{{role "${/^user\b/i.test(text) ? 'user' : 'model'}"}}\``);
    else if (word === 'LICENSE' || word === 'ADAPTER' || word === 'REQUIRES') told.push(`line ${line}: ${word} ${short}: has no counterpart`);
    else tell(line, `${word.slice(0, 40)} is no instruction of a Modelfile; there are FROM, PARAMETER, SYSTEM, TEMPLATE, MESSAGE, ADAPTER and LICENSE.`);
  }
  if (base === undefined && problems.length === 0) tell(1, 'A Modelfile needs a FROM: `FROM llama3.2`, or `FROM ./model.gguf`.');
  if (isRaw && base?.provider === 'ollama') told.push('TEMPLATE: the server’s own template of the model is used');
  if (problems.length > 0 || base === undefined) return { told, problems };
  return { profile: { ...base, ...(system === undefined ? {} : { system }), parameters, template: isRaw && base.provider === 'llama' ? 'raw' : 'chat' }, told, problems };

  function parameter(text: string, line: number): void {
    const [, name = '', rest = ''] = /^(\S+)\s*([^]*)$/.exec(text)!;
    const ours = Object.hasOwn(NAMES, name) ? NAMES[name]! : undefined;
    const value = plain(rest.trim());
    if (ours === undefined) { told.push(`line ${line}: PARAMETER ${name.slice(0, 40)}: has no counterpart`); return; }
    if (ours === 'max_tokens' && Number(value) < 0) { told.push(`line ${line}: PARAMETER ${name} ${value}: no limit is the usual`); return; }
    const read = ours === 'stop' ? [...(parameters.stop as readonly string[] | undefined ?? []), value] : value === '' ? Number.NaN : Number(value);
    if (PARAMETERS[ours][0](read)) parameters[ours] = read;
    else tell(line, `PARAMETER ${name} has to be ${PARAMETERS[ours][1]}, not \`${value.slice(0, 40)}\`.`);
  }
}

/** Writes a profile as a Modelfile. @throws TelarError `usage` for one that Ollama could not ask, or a text that no Modelfile can hold */
export function writeModelfile(profile: ModelProfile): { readonly text: string; readonly told: readonly string[] } {
  const { name, provider, model, file, system, parameters, template, sha256, endpoint, secret, price, about } = profile;
  const base = provider === 'llama' ? file : provider === 'ollama' ? model : undefined;
  if (base === undefined) throw new TelarError('usage', `\`${name}\` asks ${provider}, and a Modelfile is for what Ollama can run: a GGUF file, or a model of its own.`);
  if (/[\r\n]|"""/.test(base)) throw new TelarError('usage', `The name of the model of \`${name}\` holds the end of a line or \`"""\`, which a Modelfile cannot; take it out first.`);
  const lines = [`FROM ${provider === 'llama' && !/^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(base) ? `./${base}` : base}`];
  if (system !== undefined) lines.push('', `SYSTEM ${quoted(system)}`);
  if (template === 'raw') lines.push('', `TEMPLATE ${quoted(RAW)}`);
  const told = Object.entries({ sha256, endpoint, secret, price, about }).filter(([, value]) => value !== undefined).map(([key]) => `${key}: a Modelfile has no place for it`);
  const values = Object.entries(NAMES).flatMap(([theirs, ours]) => [parameters[ours] ?? []].flat().map((value) => `PARAMETER ${theirs} ${typeof value === 'string' ? quoted(value) : value}`));
  if (parameters.keep_alive !== undefined) told.push('keep_alive: a Modelfile has no place for it');
  return { text: `${[...lines, ...(values.length === 0 ? [] : ['', ...values])].join('\n')}\n`, told };
}

function quoted(text: string): string {
  if (/"""|\r/.test(text)) throw new TelarError('usage', 'A text holds `"""` or a carriage return, which a Modelfile cannot; take it out first.');
  const line = `"${text}"`;
  return text.includes('\n') || line.includes('"""') ? `"""\n${text}\n"""` : line;
}
