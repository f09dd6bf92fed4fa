/** GitHub annotations: a workflow command a finding, which the runner turns into a mark at the line. */
import { lessonOf } from './lessons.ts';
import type { Checked, Finding } from './finding.ts';

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/** One line for each finding. */
export function githubText({ findings }: Checked): string {
  return findings.map((finding) => `${commandOf(finding)}\n`).join('');
}

function commandOf({ severity, file, line, column, code, message }: Finding): string {
  const properties = { file: file.replaceAll('\\', '/'), line, col: column, title: `${lessonOf(code).title} (${code})` };
  return `::${COMMANDS[severity]} ${Object.entries(properties).map(([name, value]) => `${name}=${property(String(value))}`).join(',')}::${data(message)}`;
}

/** What the runner unescapes in a message. Anything else that ends a line would begin another command. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
