/** Runs jobs on Python: writes the program, and reads its result with the nonce. Mutants are made in the engine, by Python's own `ast`. */
import { TelarError } from '../../contracts/errors.ts';
import type { Program } from '../../contracts/node.ts';
import { STANDARD } from './constraints.ts';
import { MARK } from './javascript-harness.ts';
import { receiversOf, usesStorage } from './fixtures.ts';
import { runJobs, type Job, type JobResult, type Runner, type RunnerParts, type Version } from './jobs.ts';
import { literalOf } from './language.ts';
import { PYTHON_HARNESS } from './python-harness.ts';
import { PYTHON_MUTANTS } from './python-mutants.ts';

/** Pyodide itself takes some 100 MB. */
const MEMORY = 1_000_000_000;

/** Makes the runner of one implementation. */
export function createPythonRunner(parts: RunnerParts): Runner {
  const { contract, code, tools, file } = parts;
  const nonce = tools.sha256(`${contract.text}\0${code}\0telar`).slice(0, 32);
  const names = contract.exports.map(({ name }) => name);
  const program = (text: string): Program => ({ engine: 'python', code: text, file, line: 1, id: 'contract', wanted: [], binds: [], modules: {}, folder: '' });
  const python = (value: unknown): string => literalOf(value, 'python');
  const make = (versions: readonly Version[]) => (jobs: readonly Job[]): { program: Program; read: (value: unknown) => JobResult[] | undefined } => {
    const texts = versions.map((version) => ({ code: (version.own === true ? code : version.code).replace(/^\uFEFF/, ''), metered: version.metered === true }));
    const written = jobs.map((job) => ({ ...job, given: { globals: job.given.globals ?? {}, localStorage: Object.entries(job.given.localStorage ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]) } }));
    return {
      program: program(`_STANDARD = frozenset(${python([...STANDARD])})
_RECEIVERS = ${python(receiversOf(contract))}
_STORAGE = ${python(usesStorage(contract))}
${PYTHON_HARNESS}
${python(MARK + nonce)} + _write([_job(job, ${python(texts)}, ${python(names)}) for job in ${python(written)}])
`),
      read: (value) => (typeof value === 'string' && value.startsWith(MARK + nonce) ? JSON.parse(value.slice(MARK.length + nonce.length)) as JobResult[] : undefined),
    };
  };
  return {
    run: (versions, jobs, time) => runJobs(jobs, time, parts, make(versions), MEMORY),
    mutants: async (most) => {
      const { outputs } = await tools.execute(program(`_code = ${python(code.replace(/^\uFEFF/, ''))}\n_most = ${most}\n${PYTHON_MUTANTS}`), {}, {});
      const texts = outputs.value?.ref === undefined ? undefined : tools.load(outputs.value.ref);
      if (!Array.isArray(texts)) throw new TelarError('internal', 'The Python engine gave no mutants.');
      return texts.map((text): Version => ({ code: String(text), metered: true }));
    },
  };
}
