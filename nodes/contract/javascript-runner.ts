/**
 * Runs jobs on JavaScript: writes the program (harness, doubles, a fresh copy of the code for each job, the checks as closures) and reads its result, which
 * counts only with the nonce that the harness was given and the code under test cannot know: it is made of the contract's whole text and the code's.
 */
import { parseExpression } from '../javascript/parse.ts';
import { receiversOf, usesStorage } from './fixtures.ts';
import { HARNESS, MARK } from './javascript-harness.ts';
import { doublesFor, prepareModule, type Prepared } from './javascript-module.ts';
import { runJobs, type Job, type JobResult, type Runner, type RunnerParts, type Version } from './jobs.ts';
import type { Act, Check, CodeContract, Given, Subject } from './types.ts';

/** Deep enough that `../../events.js` stays inside. */
const HOME = 'telar/under/test';
/** Turns of loops and calls after which a mutant is taken for endless. */
const TURNS = 200_000;

/** Makes the runner of one implementation. */
export function createJavaScriptRunner(parts: RunnerParts, extra: readonly string[] = []): Runner {
  const { contract, code, tools } = parts;
  const nonce = tools.sha256(`${contract.text}\0${code}\0telar`).slice(0, 32);
  const names = contract.exports.map(({ name }) => name).filter((name) => parseExpression(name).program !== undefined);
  const prepared = new Map<string, Prepared | { readonly syntax: string }>();
  const prepare = (version: Version): Prepared | { readonly syntax: string } => {
    let known = prepared.get(version.own === true ? code : version.code);
    if (known === undefined) {
      try {
        known = prepareModule(version.own === true ? code : version.code, names, version.metered === true);
      } catch (error) {
        known = { syntax: `SyntaxError: ${(error as Error).message}` };
      }
      prepared.set(version.own === true ? code : version.code, known);
    }
    return known;
  };
  return {
    run: async (versions, jobs, time) => {
      const texts = versions.map(prepare);
      const sound = jobs.filter(({ version }) => 'code' in texts[version]!);
      const results = await runJobs(sound, time, parts, (some) => programOf(some, versions, texts as readonly Prepared[], { contract, names, nonce, extra, file: parts.file }));
      const given = new Map(sound.map((job, index) => [job, results[index]!]));
      return jobs.map((job): JobResult => {
        const text = texts[job.version]!;
        return given.get(job) ?? { lines: job.lines.map(() => ({ ok: false, error: 'syntax' in text ? text.syntax : 'not run', ms: 0 })), ms: 0, loaded: 'syntax' in text ? text.syntax : 'not run' };
      });
    },
  };
}

interface Facts { readonly contract: CodeContract; readonly names: readonly string[]; readonly nonce: string; readonly extra: readonly string[]; readonly file: string }

function programOf(jobs: readonly Job[], versions: readonly Version[], texts: readonly Prepared[], { contract, names, nonce, extra, file }: Facts): ReturnType<Parameters<typeof runJobs>[3]> {
  const modules: Record<string, string> = {};
  const meter = `${HOME}/meter-${nonce}.js`;
  if (jobs.some(({ version }) => versions[version]!.metered)) modules[meter] = METER;
  const written = jobs.map((job, index) => {
    const path = `${HOME}/code-${index}.js`;
    // In a box: a module that exports `then` would be awaited, and give what nobody who imports it gets.
    modules[`${HOME}/load-${index}.js`] = `import * as all from './code-${index}.js'; export {all};`;
    const { code } = texts[job.version]!;
    const metered = versions[job.version]!.metered === true;
    modules[path] = metered ? `import {hit as telar$hit, tick as telar$tick} from './meter-${nonce}.js'; ${code}` : code;
    return jobText(job, `${HOME}/load-${index}.js`, names, contract, metered ? `await import(${JSON.stringify(`./${meter}`)})` : undefined);
  });
  // Versions may take other members of the same module.
  const imports = [...new Set(jobs.map(({ version }) => texts[version]!))].flatMap((text) => text.imports);
  const merged = [...Map.groupBy(imports, ({ module }) => module)].map(([module, all]) => ({ module, members: all.flatMap(({ members }) => members) }));
  Object.assign(modules, doublesFor(merged, `${HOME}/code.js`, extra));
  const receivers = receiversOf(contract);
  const code = `${HARNESS}
lock(${JSON.stringify(receivers)}, ${String(usesStorage(contract))});
${written.join('\n')}
${JSON.stringify(MARK + nonce)} + stringify(results)
`;
  const program = { engine: 'javascript', code, file, line: 1, id: 'contract', wanted: [], binds: [], modules, folder: '' };
  return {
    program,
    read: (value) => (typeof value === 'string' && value.startsWith(MARK + nonce) ? JSON.parse(value.slice(MARK.length + nonce.length)) as JobResult[] : undefined),
  };
}

const METER = `let hits = new Set(); let turns = 0;
export const hit = (at) => { hits.add(at); };
export const tick = () => { if (++turns > ${TURNS}) throw new RangeError('its loops turn more than ${TURNS} times'); };
export const meter = { reset: () => { hits = new Set(); turns = 0; }, hits: () => [...hits] };
`;

function jobText(job: Job, path: string, names: readonly string[], contract: CodeContract, meter: string | undefined): string {
  const scope = names.length === 0 ? '()' : `({${names.join(', ')}})`;
  const closure = (code: string): string => (/\bawait\b/.test(code) ? `{run: async ${scope} => (${code}\n), promise: true}` : `{run: ${scope} => (${code}\n)}`);
  const promises = new Set(contract.exports.filter(({ returns }) => /promise/i.test(JSON.stringify(returns ?? ''))).map(({ name }) => name));
  const subject = (of: Subject): string => ('code' in of ? closure(of.code)
    : `{run: ${scope} => ${of.export}(${of.args}\n), name: ${JSON.stringify(of.export)}, said: ${JSON.stringify(`${of.export}(${of.args})`)}, promise: ${String(promises.has(of.export))}}`);
  const check = (one: Check): string => {
    switch (one.is) {
      case 'true': return one.sides === undefined ? `{is: 'true', whole: ${closure(one.code)}}` : `{is: 'true', sides: {operator: ${JSON.stringify(one.sides.operator)}, left: ${closure(one.sides.left)}, right: ${closure(one.sides.right)}}}`;
      case 'returns': return `{is: 'returns', subject: ${subject(one.subject)}, value: ${closure(one.value)}}`;
      case 'throws': return `{is: 'throws', subject: ${subject(one.subject)}, error: ${JSON.stringify(one.error)}}`;
      case 'within': return `{is: 'within', subject: ${subject(one.subject)}, ms: ${one.ms}}`;
      case 'object': return `{is: 'object', subject: ${subject(one.subject)}, pairs: [${one.pairs.map(({ key, value }) => `{key: ${JSON.stringify(key)}, value: ${closure(value)}}`).join(', ')}]}`;
      case 'contains': return `{is: 'contains', ${'storage' in one.subject ? '' : `subject: ${subject(one.subject)}, `}key: ${JSON.stringify(one.key)}}`;
      case 'receives': return `{is: 'receives', receiver: ${JSON.stringify(one.receiver)}, method: ${JSON.stringify(one.method)}, args: [${one.args.map(closure).join(', ')}]}`;
      case 'sound': return `{is: 'sound', calls: [${one.calls.map(subject).join(', ')}]}`;
    }
  };
  const act = (one: Act): string => (one.do === 'run' ? closure(one.code) : `{fault: ${JSON.stringify({ target: one.target, method: one.method, error: one.error })}}`);
  return `await job({load: () => import(${JSON.stringify(`./${path}`)}), names: ${JSON.stringify(names)}, given: ${givenText(job.given)},
acts: [${job.acts.map(act).join(', ')}], lines: [${job.lines.map((checks) => `[${checks.map(check).join(', ')}]`).join(',\n')}]${meter === undefined ? '' : `, meter: (${meter}).meter`}${probeText(job, scope)}});`;
}

function givenText({ localStorage = {}, globals = {} }: Given): string {
  const texts = Object.entries(localStorage).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]);
  return `{localStorage: ${JSON.stringify(texts)}, globals: ${JSON.stringify(Object.entries(globals))}}`;
}

function probeText({ probe }: Job, scope: string): string {
  if (probe === undefined) return '';
  if (probe.ask === 'time') {
    return `, probe: async (scope) => { const taken = []; const calls = [${probe.calls.map((call) => `async ${scope} => { await (${call}\n); }`).join(', ')}];
      for (let at = 0; at < ${probe.repeat}; at++) for (const call of calls) { const from = now(); await call(scope); taken.push(now() - from); }
      return taken; }`;
  }
  const values = `[${probe.names.join(', ')}]`;
  return `, probe: async (scope) => { const inputs = ${JSON.stringify(probe.inputs)}; const verdicts = [];
    for (const input of inputs) { try { await (async (${scope.slice(1, -1)}${scope === '()' ? '' : ', '}${values}) => { ${probe.when === '' ? '' : `await (${probe.when}\n);`} const holds = (${probe.holds}\n); if (holds !== true) throw new Error('it is ' + told(holds)); })(scope, input); verdicts.push(null); } catch (error) { verdicts.push(errorText(error)); } }
    return verdicts; }`;
}
