/**
 * Truth status: what each `then` line of a contract is worth (K1). In this order, first match wins: an expression that calls an export, a step, an
 * accepted idiom, a frozen check, pending. Pending is never green.
 *
 * Not here: running (`run.ts`), and what a model thinks of a line, which is shown and never counts.
 */
import type { Problem } from '../../contracts/errors.ts';
import { idiomOf } from './idioms.ts';
import { expressionOf, statementsOf } from './language.ts';
import { createSamples } from './samples.ts';
import { faultOf, known, stepOf, type Understood, type Vocabulary } from './steps.ts';
import type { Act, CodeContract, ContractTest, Frozen, Language, Line, Subject, TestTruth, Truth, TruthLine, TruthStatus } from './types.ts';

/** SHA-256 of a prose line without regard to white space at its ends and between its words: what a frozen check is bound to. */
export const proseHash = (text: string, sha256: (text: string) => string): string => sha256(plain(text));

const plain = (text: string): string => text.trim().replace(/\s+/g, ' ');

/** Whether a line is judged by running code. */
export const executable = (line: Pick<TruthLine, 'status'>): boolean => line.status !== 'pending' && line.status !== 'notebook';

/** The truth status of every line. Of a contract in Python, `preparePython` must have been awaited. */
export function truthOf(contract: CodeContract, sha256: (text: string) => string): Truth {
  const judge = createJudge(contract, sha256);
  const tests = contract.tests.map((test) => judge.test(test));
  const lines = tests.flatMap((test) => test.lines);
  const counts: Record<TruthStatus, number> = { expression: 0, step: 0, idiom: 0, frozen: 0, pending: 0, notebook: 0 };
  for (const { status } of lines) counts[status] += 1;
  return { tests, lines, counts, problems: judge.problems() };
}

interface Judge { test(test: ContractTest): TestTruth; problems(): readonly Problem[] }

function createJudge(contract: CodeContract, sha256: (text: string) => string): Judge {
  const { language } = contract;
  const used = new Set<Frozen>();
  const problems: Problem[] = [];
  const tell = (message: string, { line, column }: { line: number; column: number }): void => {
    problems.push({ code: 'bad-value', severity: 'warning', message, line, column, ...(contract.source === undefined ? {} : { file: contract.source }) });
  };
  const samples = language === undefined ? undefined : createSamples(contract, language);
  const accepted = new Set(contract.idioms.flatMap(({ text, ...place }) => {
    const idiom = idiomOf(text);
    if (idiom === undefined) tell(`\`${text}\` is no idiom that is known here, so accepting it does nothing; freeze the line instead.`, place);
    return idiom === undefined ? [] : [idiom.name];
  }));

  function vocabulary(test: ContractTest, of: Language): Vocabulary {
    const receivers = contract.tests.flatMap(({ then }) => then.flatMap(({ text }) => /^([A-Za-z_$][\w$]*) receives /.exec(text)?.[1] ?? []));
    return {
      language: of, exports: new Set(contract.exports.map(({ name }) => name)), argumentsFor: samples!(test),
      around: new Set(['localStorage', ...receivers, ...Object.keys({ ...contract.given.globals, ...test.given.globals })]),
    };
  }

  function formal(text: string, words: Vocabulary): (Understood & { readonly status: 'expression' | 'step' }) | undefined {
    const expression = expressionOf(text, words.language);
    if (expression?.calls.some(({ name }) => words.exports.has(name)) === true && known(expression, words)) {
      return { status: 'expression', meaning: `${text.trim()} is true`, check: { is: 'true', code: expression.code, ...(expression.sides === undefined ? {} : { sides: expression.sides }) } };
    }
    const step = stepOf(text, words);
    return step && { status: 'step', ...step };
  }

  function actsOf(line: Line, words: Vocabulary): readonly Act[] | undefined {
    const fault = faultOf(line.text, words);
    if (fault !== undefined) return [fault];
    const statements = statementsOf(line.text, words.language);
    const does = statements?.every((one) => known(one, words) && (one.calls.some(({ name }) => words.exports.has(name)) || /\(/.test(one.code))) ?? false;
    return does ? statements!.map(({ code }) => ({ do: 'run', code })) : undefined;
  }

  function judgeLine(line: Line, index: number, test: ContractTest, words: Vocabulary | undefined, stuck: string | undefined): TruthLine {
    const id = `${test.id}.${index + 1}`;
    const same = (text: string | undefined): boolean => text !== undefined && (text === id || plain(text) === plain(line.text));
    const opinion = contract.judged.find((one) => same(one.line));
    const base = { id, test: test.id, ...line, ...(opinion === undefined ? {} : { judged: `${opinion.by}: ${opinion.opinion}` }) };
    const pending = (meaning: string, idiom?: string): TruthLine => {
      const waiver = contract.waivers.find((one) => same(one.line));
      return { ...base, status: 'pending', meaning, checks: [], ...(idiom === undefined ? {} : { idiom }), ...(waiver === undefined ? {} : { waived: waiver.reason }) };
    };
    const hash = proseHash(line.text, sha256);
    const bound = contract.frozen.find((one) => one.sha256 === hash && (one.test === undefined || one.test === test.id));
    if (bound !== undefined) used.add(bound);
    if (words === undefined) return pending(`code in ${contract.languages.join(', ') || 'no language'} is not tested here`);
    if (stuck !== undefined) return pending(stuck);
    const said = formal(line.text, words);
    if (said !== undefined) return { ...base, status: said.status, meaning: said.meaning, checks: [said.check] };
    const idiom = idiomOf(line.text);
    if (idiom !== undefined && accepted.has(idiom.name)) {
      const calls = contract.exports.filter(({ type }) => type === 'function').map(({ name }): Subject => ({ export: name, args: words.argumentsFor(name) }));
      return { ...base, status: 'idiom', meaning: idiom.meaning, checks: [idiom.check(calls)] };
    }
    if (bound !== undefined) {
      const checks = bound.check.map((text) => formal(text, words));
      if (checks.every((check) => check !== undefined)) return { ...base, status: 'frozen', meaning: checks.map(({ meaning }) => meaning).join('; then '), checks: checks.map(({ check }) => check) };
      const text = bound.check[checks.indexOf(undefined)]!;
      tell(`The frozen check \`${text}\` is neither an expression that calls an export nor a step.`, bound.at);
      return pending(`its frozen check cannot be read: ${text}`);
    }
    return idiom === undefined ? pending('prose: freeze a formal check of it, or waive it with a reason')
      : pending(`an idiom, not accepted yet; it would mean: ${idiom.meaning}`, idiom.name);
  }

  return {
    test: (test) => {
      if (test.notebook !== undefined) {
        const lines = Object.entries(test.expect ?? {}).map(([node, value], index): TruthLine => ({
          id: `${test.id}.${index + 1}`, test: test.id, text: `${node}: ${JSON.stringify(value)}`, line: test.line, column: test.column, status: 'notebook', meaning: `the node ${node} comes to this`, checks: [],
        }));
        return { test, lines };
      }
      const words = language === undefined ? undefined : vocabulary(test, language);
      const acts = words === undefined ? [] : test.when.map((line) => actsOf(line, words));
      const at = acts.indexOf(undefined);
      const whyNot = at < 0 ? undefined : `its \`when\` cannot be done: ${test.when[at]!.text}`;
      const lines = test.then.map((line, index) => judgeLine(line, index, test, words, whyNot));
      return { test, lines, ...(words === undefined || whyNot !== undefined ? {} : { when: acts.flat() as Act[] }), ...(whyNot === undefined ? {} : { whyNot }) };
    },
    problems: () => [
      ...problems,
      ...contract.frozen.filter((one) => !used.has(one)).map((one): Problem => ({
        code: 'bad-value', severity: 'warning', ...one.at, ...(contract.source === undefined ? {} : { file: contract.source }),
        message: `No line has the hash of this frozen check: “${one.line}” was changed, so the check says nothing of it any more. Look at it again, and bind it to ${proseHash(one.line, sha256)} if it still holds.`,
      })),
    ],
  };
}
