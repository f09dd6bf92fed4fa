/**
 * The implementation prompt: what a model is told so that it writes the code of a contract (the seed's prompt, with its rules). It does not describe
 * the problem, it delivers the contract. What failed is told in the words of the tests, never in those of a person or a model.
 *
 * The system text is the same for every contract of a language, and the conversation only grows, so that a provider reuses what it has seen.
 */
import type { Message } from '../../contracts/models.ts';

/** What the prompt takes of a contract. */
export interface Assignment {
  readonly id: string;
  readonly language: 'javascript' | 'python';
  /** The contract's file, as it stands. */
  readonly text: string;
  readonly maxLines?: number;
  /** Names that the code has to export, in order. */
  readonly exports: readonly string[];
  /** Contracts that it may call, by id: the names that they export. */
  readonly internal: Readonly<Record<string, readonly string[]>>;
}

/** The first line that did not hold, with what was seen. */
export interface Failure { readonly test: string; readonly line: string; readonly expected?: string; readonly actual?: string; readonly error?: string }

const message = (role: Message['role'], text: string): Message => ({ role, content: [{ text }] });
const STYLE = {
  javascript: { name: 'JavaScript (one ES module, no Node, no browser but what the contract names)', fence: 'javascript', comment: '//', doc: 'JSDoc on every exported function', exported: 'with `export`' },
  python: { name: 'Python (one module, standard library only)', fence: 'python', comment: '#', doc: 'A docstring on every exported function', exported: 'at the top level' },
} as const;

/** Most characters of one failure that are told. */
const MOST_TOLD = 2_000;

/** The messages of a first attempt. */
export function implementationPrompt({ id, language, text, maxLines, exports, internal }: Assignment): readonly Message[] {
  const style = STYLE[language];
  const uses = Object.entries(internal).map(([name, names]) => `${name} gives the object(s) ${names.join(', ')}`);
  const rules = [
    ...(maxLines === undefined ? [] : [`Maximum ${maxLines} lines.`]),
    'Zero external dependencies.',
    `Implement EXACTLY what is defined in interface.exports${exports.length === 0 ? '' : ` (${exports.join(', ')})`}, ${style.exported}, and nothing else.`,
    `Include the acceptance tests as \`${style.comment} TEST:\` comments at the end.`,
    `${style.doc}.`,
    ...(uses.length === 0 ? [] : [`Of other cells you may use these global names: ${uses.join('; ')}.`]),
  ];
  return [
    message('system', [
      `You write ${style.name} from contracts in YAML.`,
      'The contract is the truth. If the contract and your implementation contradict each other, change the implementation.',
      `Answer with one fenced block \`\`\`${style.fence} that holds the whole file, and nothing else.`,
      'If the contract itself has an error, so that no code can satisfy it, answer instead with one fenced block ```yaml that holds `contract_issue: {line: <line of the contract>, reason: <why>}`.',
    ].join('\n')),
    message('user', `Implement cell ${id}.\n\nCONTRACT:\n\`\`\`yaml\n${text.trimEnd()}\n\`\`\`\n\nABSOLUTE RULES:\n${rules.map((rule, index) => `${index + 1}. ${rule}`).join('\n')}\n`),
  ];
}

/** What is said after an answer that did not pass: the conversation goes on. */
export function repairPrompt(before: readonly Message[], answer: string, failure: Failure): readonly Message[] {
  const told = (text: string): string => (text.length > MOST_TOLD ? `${text.slice(0, MOST_TOLD)}…` : text);
  const seen = [
    ...(failure.expected === undefined ? [] : [`expected: ${told(failure.expected)}`]),
    ...(failure.actual === undefined ? [] : [`actual: ${told(failure.actual)}`]),
    ...(failure.error === undefined ? [] : [`error: ${told(failure.error)}`]),
  ];
  return [...before, message('model', answer), message('user', `This does not hold:\n${failure.test}: ${told(failure.line)}\n${seen.join('\n')}\nAnswer with the whole corrected file, by the same rules.`)];
}
