/** What a model's answer holds: code, a remark that the contract is wrong, or neither. It is read as data; nothing of it is run here. */
import { parse } from 'yaml';

/** An answer that was read. */
export type ReadAnswer =
  | { readonly code: string }
  | { readonly issue: ContractIssue }
  | { readonly nothing: string };

/** A model says that no code can satisfy the contract. */
export interface ContractIssue { readonly line?: number; readonly reason: string }

/** Most characters of code that are looked at. */
const MOST_CODE = 512 * 1024;
const MOST_REASON = 1_000;

/** @param language words that may stand after the fence of the code */
export function readAnswer(text: string, language: 'javascript' | 'python'): ReadAnswer {
  const blocks = fences(text);
  for (const { word, body } of blocks) {
    const issue = word === 'yaml' || word === 'yml' || word === '' ? issueIn(body) : undefined;
    if (issue !== undefined) return { issue };
  }
  const bare = blocks.length === 0 ? issueIn(text) : undefined;
  if (bare !== undefined) return { issue: bare };
  const words = language === 'python' ? ['python', 'py', 'python3'] : ['javascript', 'js', 'mjs', 'ecmascript'];
  const said = blocks.filter(({ word }) => words.includes(word));
  // The longest: a model may show an example beside the file.
  const code = [...(said.length > 0 ? said : blocks.filter(({ word }) => word === ''))].sort((a, b) => b.body.length - a.body.length)[0]?.body ?? (blocks.length === 0 && looksLikeCode(text, language) ? text : undefined);
  if (code === undefined || code.trim() === '') return { nothing: 'the answer has no fenced block with code' };
  if (code.length > MOST_CODE) return { nothing: `the answer's code has ${code.length} characters, and ${MOST_CODE} are the most` };
  return { code: code.endsWith('\n') ? code : `${code}\n` };
}

/** Fenced blocks; the last may lack its end, as when an answer was cut short: then it is no whole file, and is left out. */
function fences(text: string): readonly { readonly word: string; readonly body: string }[] {
  const found: { word: string; body: string }[] = [];
  let open: { mark: string; word: string; lines: string[] } | undefined;
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/.exec(line);
    if (open === undefined) {
      if (fence !== null) open = { mark: fence[1]!, word: fence[2]!.toLowerCase(), lines: [] };
    } else if (fence !== null && fence[2] === '' && fence[1]!.startsWith(open.mark)) {
      found.push({ word: open.word, body: open.lines.join('\n') });
      open = undefined;
    } else open.lines.push(line);
  }
  return found;
}

function issueIn(text: string): ContractIssue | undefined {
  if (!/^\s*\{?\s*["']?contract_issue\b/m.test(text) || text.length > 16 * 1024) return undefined;
  try {
    const issue = (parse(text, { maxAliasCount: 0 }) as { contract_issue?: unknown } | null)?.contract_issue;
    const { line, reason } = (typeof issue === 'string' ? { reason: issue } : issue ?? {}) as { line?: unknown; reason?: unknown };
    if (typeof reason !== 'string' || reason.trim() === '') return undefined;
    return { reason: reason.trim().slice(0, MOST_REASON), ...(Number.isInteger(line) && (line as number) > 0 ? { line: line as number } : {}) };
  } catch {
    return undefined;
  }
}

/** An answer without any fence is taken for code only where it begins as code does. */
function looksLikeCode(text: string, language: 'javascript' | 'python'): boolean {
  const first = text.trimStart();
  return language === 'python' ? /^(?:"""|#|def |import |from |class |[A-Za-z_]\w* *=)/.test(first) : /^(?:\/\*|\/\/|export |const |let |var |function |import )/.test(first);
}
