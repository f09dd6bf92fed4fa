/**
 * A comment that teaches: findings by code, each group with what is wrong, why it matters, and how to mend it. It begins with a fixed
 * mark by which a bot finds its last comment and writes over it.
 */
import type { Checked, Finding } from './finding.ts';
import { lessonOf } from './lessons.ts';

/** First line of every comment. */
export const MARK = '<!-- telar-check -->';
/** A comment on GitHub holds 65,536 characters. */
const MOST = 60_000;
/** Findings of one code that are told one by one. */
const MOST_OF_ONE = 20;

/** @param link the address of a line of a file, where there is one */
export function markdownText({ findings, files }: Checked, link?: (file: string, line: number) => string | undefined): string {
  const looked = `${files} ${files === 1 ? 'file' : 'files'} looked at; nothing was run.`;
  if (findings.length === 0) return `${MARK}\n### Telar: no problems\n\n${looked}\n`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counts = [errors === 0 ? '' : `${errors} ${errors === 1 ? 'error' : 'errors'}`, findings.length === errors ? '' : `${findings.length - errors} ${findings.length - errors === 1 ? 'remark' : 'remarks'}`].filter((part) => part !== '');
  let text = `${MARK}\n### Telar: ${counts.join(', ')}\n\n${looked}\n`;
  const groups = [...Map.groupBy(findings, ({ code }) => code)];
  for (const [at, [code, group]] of groups.entries()) {
    const next = groupText(code, group, link);
    if (text.length + next.length > MOST) {
      text += `\nAnd ${groups.slice(at).reduce((sum, [, one]) => sum + one.length, 0)} more; \`telar check\` tells all of them.\n`;
      break;
    }
    text += next;
  }
  return text;
}

function groupText(code: string, group: readonly Finding[], link?: (file: string, line: number) => string | undefined): string {
  const { title, why, mend } = lessonOf(code);
  const lines = group.slice(0, MOST_OF_ONE).map((finding) => `- ${placeOf(finding, link)} ${finding.severity === 'error' ? '' : `(${finding.severity === 'info' ? 'note' : 'remark'}) `}${plain(finding.message, 1000)}`);
  const more = group.length > MOST_OF_ONE ? `- … and ${group.length - MOST_OF_ONE} more of this kind\n` : '';
  return `\n#### ${title} (\`${code}\`)\n\n${lines.join('\n')}\n${more}\n**Why it matters.** ${why}\n\n**How to mend it.** ${mend}\n`;
}

function placeOf({ file, line, column }: Finding, link?: (file: string, line: number) => string | undefined): string {
  const said = `${codeSpan(`${file}:${line}:${column}`)}`;
  const address = link?.(file, line);
  return address === undefined ? said : `[${said}](${address})`;
}

/** A text as a code span, whatever backticks it has. */
function codeSpan(text: string): string {
  const clean = text.replace(/[\r\n]+/g, ' ');
  const fence = '`'.repeat(Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return clean.includes('`') ? `${fence} ${clean} ${fence}` : `${fence}${clean}${fence}`;
}

/**
 * A message, which holds words of the document: it draws no image, makes no link, calls nobody and ends no list. Balanced code spans of
 * ours stay; what is in them is shown as it is.
 */
function plain(message: string, most: number): string {
  const cut = message.length > most ? `${message.slice(0, most - 1)}…` : message;
  const parts = cut.replace(/[\r\n\u2028\u2029]+/g, ' ').split('`');
  // An odd number of marks closes nothing: then all of it is text.
  const spans = parts.length % 2 === 1 ? parts : [parts.join("'")];
  return spans.map((part, at) => (at % 2 === 1 ? (part === '' ? '' : `\`${part}\``) : part.replace(/[\\*_{}[\]<>#|~!]/g, '\\$&').replace(/@(?=\w)/g, '@\u200b').replace(/\b(https?|ftp):\/\//gi, '$1:\u200b//').replace(/\bwww\./gi, '$&\u200b'))).join('');
}
