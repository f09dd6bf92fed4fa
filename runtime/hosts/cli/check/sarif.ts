/** SARIF 2.1.0 (OASIS): one run with its rules and results, as code scanning services take it. */
import type { Checked, Finding } from './finding.ts';
import { lessonOf } from './lessons.ts';

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;

/** @param sha256 names a finding, so that a service knows it again when lines above it move */
export function sarifText({ findings, version }: Checked, sha256: (text: string) => string): string {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const seen = new Map<string, number>();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'Telar', version, semanticVersion: version, rules: codes.map(ruleOf) } },
      columnKind: 'utf16CodeUnits',
      originalUriBaseIds: { SRCROOT: { description: { text: 'The folder in which the check was made.' } } },
      results: findings.map((finding) => {
        const { severity, code, message, file, line, column, node } = finding;
        const same = [code, file, node ?? '', message].join('\n');
        const count = (seen.get(same) ?? 0) + 1;
        seen.set(same, count);
        return {
          ruleId: code, ruleIndex: codes.indexOf(code), level: LEVELS[severity], message: { text: message },
          locations: [{
            physicalLocation: { artifactLocation: { uri: uriOf(file), ...(isAbsolute(file) ? {} : { uriBaseId: 'SRCROOT' }) }, region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) } },
            ...(node === undefined ? {} : { logicalLocations: [{ name: node, kind: 'member' }] }),
          }],
          partialFingerprints: { 'telarFinding/v1': sha256(`${same}\n${count}`) },
        };
      }),
    }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleOf(id: string): object {
  const { title, why, mend } = lessonOf(id);
  return { id, name: title, shortDescription: { text: `${title}.` }, fullDescription: { text: why }, help: { text: `${why} ${mend}`, markdown: `${why}\n\n**How to mend it.** ${mend}` }, defaultConfiguration: { level: 'error' } };
}

const isAbsolute = (file: string): boolean => /^(?:\/|[A-Za-z]:[\\/])/.test(file);

/** A path as a URI: each part encoded, an absolute one with its scheme. */
function uriOf(file: Finding['file']): string {
  const path = file.replaceAll('\\', '/').split('/').map((part) => encodeURIComponent(part)).join('/');
  return isAbsolute(file) ? `file://${path.startsWith('/') ? '' : '/'}${path.replace(/^([A-Za-z])%3A/, '$1:')}` : path;
}
