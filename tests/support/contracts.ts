/** What tests of contracts stand on: the sandbox's engines as tools, the sample contract, and what a person adds to it. */
import { readFileSync } from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContract } from '../../nodes/contract/read.ts';
import { proseHash } from '../../nodes/contract/truth.ts';
import type { CodeContract, TestReport, TestTools } from '../../nodes/contract/types.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { createPython } from '../../runtime/executors/python/python.node.ts';
import type { Executor } from '../../runtime/ports.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { memoryBlobs } from './memory-blobs.ts';

const root = join(import.meta.dirname, '../..');

export const sample = (name: string): string => readFileSync(join(root, 'samples/contracts', name), 'utf8');

/** Engines of the sandbox, in a folder of their own. `programs` counts what they were given. */
export function contractTools(): { readonly tools: TestTools; programs(): number; close(): Promise<void> } {
  const home = mkdtempSync(join(tmpdir(), 'telar-contracts-'));
  mkdirSync(join(home, 'root'));
  const blobs = memoryBlobs();
  const engines = new Map<string, Executor>();
  let programs = 0;
  const engine = (name: string): Executor => {
    const known = engines.get(name);
    if (known !== undefined) return known;
    const made = name === 'python' ? createPython({ root: join(home, 'root'), cache: join(root, 'node_modules/.cache/telar-python'), scratch: join(home, 'scratch') }) : createJavaScript();
    engines.set(name, made);
    return made;
  };
  return {
    programs: () => programs,
    tools: {
      sha256: (text) => sha256(text), load: (ref) => loadValue(ref, blobs),
      execute: (program, inputs, limits) => {
        programs += 1;
        return engine(program.engine).execute(program, inputs, { blobs, limits: { time: 20_000, memory: 1e9, output: 64e6, ...limits }, signal: new AbortController().signal, emit: () => undefined });
      },
    },
    close: async () => {
      await Promise.all([...engines.values()].map((one) => one.close()));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const PROSE = 'getState keeps working from memory';

/** What a person adds to the seed's contract: the idiom accepted, and the one prose line frozen. */
export const ACCEPTED = `
idioms: ['App does not break']
frozen:
  - line: ${PROSE}
    sha256: '${proseHash(PROSE, (text) => sha256(text))}'
    check: ["setState('arke.type', 'water') === false", "getState('arke.type') === 'water'"]
    by: Ana
`;

/** A contract that must be readable. */
export function contractOf(text: string): CodeContract {
  const { contract, problems } = readContract(text, 'it.contract.yaml');
  if (contract === undefined || problems.some(({ severity }) => severity === 'error')) throw new Error(JSON.stringify(problems));
  return contract;
}

/** A small contract in JavaScript over these exports and tests (YAML, not indented). */
export const smallContract = (exports: readonly string[], tests: string, more = ''): string => `metadata: {id: SMALL-001, version: 1.0.0, name: Small, description: For a test., language: JavaScript}
interface: {exports: {${exports.map((name) => `${name}: {type: function, parameters: {input: {type: any}}}`).join(', ')}}}
dependencies: {internal: [], external: {}}
constraints: {}
acceptance_tests:
${tests.split('\n').map((line) => `  ${line}`).join('\n')}
${more}`;

/** Each line with how it came out, in one text. */
export const verdicts = ({ lines }: TestReport): string => lines.map(({ id, ok }) => `${id} ${ok === true ? 'green' : ok === false ? 'red' : 'open'}`).join(', ');
