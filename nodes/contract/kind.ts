/**
 * `contract`: a contract as a value, with its computed status. The fence holds the YAML itself, or `file: store.contract.yaml`; then the
 * code and the lock beside that file tell the status, too. Contracts name one another by `metadata.id`, and so are wired.
 *
 * Nothing is run here: an `implementation` node tests code under a contract.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import { preparePython } from '../python/analyse.ts';
import { isMapping, parseYamlBody, unknownKeys, type YamlBody } from '../yaml-body.ts';
import { digestsOf } from './digest.ts';
import { contractLockPath, parseContractLock, type ContractLock } from './lock.ts';
import { readContract } from './read.ts';
import { readRange, readVersion, satisfies } from './semver.ts';
import { statusOf, type StatusReport } from './status.ts';
import { truthOf } from './truth.ts';
import type { CodeContract, TruthLine } from './types.ts';

/** Media type of a contract's value. */
export const CONTRACT = 'application/vnd.telar.contract+json';
/** Keys of the form that names a file. */
export const CONTRACT_BODY_KEYS: readonly string[] = ['file'];

/** The value of a `contract` node. */
export interface ContractValue extends StatusReport {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly language?: string;
  readonly exports: readonly string[];
  /** Lines by truth status. */
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: readonly Pick<TruthLine, 'id' | 'test' | 'text' | 'status' | 'meaning' | 'waived'>[];
  /** The contract's own text. */
  readonly yaml: string;
  readonly source?: string;
  /** Texts of the contracts that it needs, by id, as far as they are in the notebook. */
  readonly needs: Readonly<Record<string, string>>;
}

export const contract = defineNode({
  name: 'contract', contract: 'core/contract.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  prepare: preparePython,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const named = fileForm(yaml);
    // The value holds the text and places in it, so layout and comments count.
    const base = { reads: [], binds: [], imports: [], normal: cell.body };
    if (named !== undefined) return { ...base, problems: named.problems, ...(named.file === undefined ? {} : { files: [named.file] }) };
    const { contract: read, problems } = readContract(cell.body);
    const place = placesOf(cell.body);
    return {
      ...base,
      problems: problems.map(({ code, severity, message, line, column, data }): BodyProblem => ({ code, severity, message, at: { from: place(line, column), to: place(line, column) }, ...(data === undefined ? {} : { data }) })),
      // Others name it by its id; what it needs may stand elsewhere.
      ...(read === undefined || read.id === '' ? {} : { binds: [{ name: read.id, what: 'value', output: true, ranges: [] }] }),
      reads: (read?.dependencies.internal ?? []).map(({ id }) => ({ name: id, ranges: [], optional: true })),
    };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const named = fileForm(parseYamlBody(step.cell.body));
    const read = named?.file === undefined ? { contract: readContract(step.cell.body).contract } : fromFile(named.file, context);
    if (read.contract === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
    const value = context.store(valueOf(read.contract, named?.file, step, context), { form: 'record', mediaType: CONTRACT });
    return { outputs: { value, ...(named === undefined && read.contract.id !== step.cell.id ? { [read.contract.id]: value } : {}) }, reads: [] };
  },
});

/** The form that names a file; `undefined` for a body that is a contract itself. */
function fileForm(yaml: YamlBody): { readonly file?: string; readonly problems: readonly BodyProblem[] } | undefined {
  const { value } = yaml;
  if (!isMapping(value) || !('file' in value) || 'metadata' in value) return undefined;
  const problems = unknownKeys(yaml, [], value, CONTRACT_BODY_KEYS, 'a contract that names its file');
  if (typeof value.file === 'string' && value.file.trim() !== '') return { file: value.file.trim(), problems };
  return { problems: [...problems, { code: 'bad-value', severity: 'error', message: '`file` must be the path of a contract beside the notebook, like `store.contract.yaml`.', at: yaml.at(['file']) }] };
}

function fromFile(file: string, context: StepContext): { readonly contract: CodeContract } {
  const { contract: read, problems } = readContract(textOf(file, context), file);
  const fault = problems.find(({ severity }) => severity === 'error');
  if (fault !== undefined) throw new TelarError('bad-file', `${file}:${fault.line}:${fault.column}: ${fault.message}`, { file });
  if (read === undefined) throw new TelarError('bad-file', `${file} is no contract.`, { file });
  return { contract: read };
}

function valueOf(read: CodeContract, file: string | undefined, step: Step, context: StepContext): ContractValue {
  const sha256 = (text: string): string => context.blobs.put(new TextEncoder().encode(text));
  const truth = truthOf(read, sha256);
  const lock = file === undefined ? undefined : lockOf(contractLockPath(file), context);
  const status = statusOf(read, digestsOf(read, codeOf(read, file, context), sha256), lock);
  return {
    id: read.id, version: read.version, name: read.name, description: read.description, ...(read.language === undefined ? {} : { language: read.language }),
    ...status, exports: read.exports.map(({ name }) => name), counts: truth.counts,
    lines: truth.lines.map(({ id, test, text, status: worth, meaning, waived }) => ({ id, test, text, status: worth, meaning, ...(waived === undefined ? {} : { waived }) })),
    yaml: read.text, ...(file === undefined ? {} : { source: file }), needs: needsOf(read, step, context),
  };
}

/** The contracts that it needs, from the wires. @throws TelarError `bad-value` where a version does not fit */
function needsOf(read: CodeContract, step: Step, context: StepContext): Record<string, string> {
  const needs: Record<string, string> = {};
  for (const { id, range } of read.dependencies.internal) {
    const given = step.inputs[id];
    const value = given !== undefined && 'ref' in given && given.ref.mediaType === CONTRACT ? context.load(given.ref) as ContractValue : undefined;
    if (value === undefined) continue;
    const [version, wanted] = [readVersion(value.version), range === undefined ? undefined : readRange(range)];
    if (version !== undefined && wanted !== undefined && !satisfies(version, wanted)) throw new TelarError('bad-value', `${read.id} needs ${id} in ${range}, and it is ${value.version} here. Raise one of them, or widen the range.`, { id, line: step.line });
    needs[id] = value.yaml;
  }
  return needs;
}

/** Code beside the contract, or beside the notebook. What may not be read is no code. */
function codeOf({ file: code }: CodeContract, file: string | undefined, context: StepContext): string | undefined {
  if (code === undefined) return undefined;
  const folder = file?.includes('/') === true ? file.slice(0, file.lastIndexOf('/') + 1) : '';
  for (const path of new Set([`${folder}${code}`, code])) {
    const text = textIfThere(path, context);
    if (text !== undefined) return text;
  }
  return undefined;
}

function lockOf(path: string, context: StepContext): ContractLock | undefined {
  const text = textIfThere(path, context);
  return text === undefined ? undefined : parseContractLock(text, path);
}

function textIfThere(path: string, context: StepContext): string | undefined {
  try {
    return textOf(path, context);
  } catch (error) {
    if (error instanceof TelarError && (error.code === 'missing-file' || error.code === 'refused')) return undefined;
    throw error;
  }
}

function textOf(path: string, context: StepContext): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(context.readFile(path));
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('bad-file', `${path} is not UTF-8; save it as UTF-8.`, { file: path }, { cause: error });
  }
}

/** Offsets of lines and columns in a body. */
function placesOf(body: string): (line: number, column: number) => number {
  const starts = [0, ...[...body.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)];
  return (line, column) => Math.min((starts[line - 1] ?? body.length) + column - 1, body.length);
}
