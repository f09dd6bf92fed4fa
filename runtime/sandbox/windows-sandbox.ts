/**
 * A wall for Windows Sandbox: the text of a `.wsb` file, which starts a machine of its own with these folders and nothing else.
 * What is hidden cannot be said there, so a wall that hides something inside a folder has no such text.
 */
import type { Wall } from './profile.ts';

/** Where a folder of this machine lies in the other: `C:\telar\0`, in the order of the wall. */
export const insidePath = (index: number): string => `C:\\telar\\${index}`;

/**
 * The file's text.
 * @param command run when the machine is up, with the paths that `insidePath` gives
 * @throws RangeError when the wall hides something
 */
export function windowsSandboxFile(wall: Wall, command: readonly string[]): string {
  if ((wall.hides ?? []).length > 0) throw new RangeError('Windows Sandbox cannot hide a folder inside one that it shows; show the folders beside it instead');
  const folders = [...wall.reads.map((path) => ({ path, readOnly: true })), ...wall.writes.map((path) => ({ path, readOnly: false }))];
  const mapped = folders.map(({ path, readOnly }, index) => [
    '    <MappedFolder>', `      <HostFolder>${escaped(path)}</HostFolder>`, `      <SandboxFolder>${escaped(insidePath(index))}</SandboxFolder>`, `      <ReadOnly>${readOnly}</ReadOnly>`, '    </MappedFolder>',
  ].join('\n'));
  const set = Object.entries(wall.environment).map(([name, value]) => `set ${argument(`${name}=${value}`)}`);
  const off = ['VGpu', 'Networking', 'AudioInput', 'VideoInput', 'PrinterRedirection', 'ClipboardRedirection'].map((name) => `  <${name}>Disable</${name}>`);
  return [
    '<Configuration>', ...off, '  <ProtectedClient>Enable</ProtectedClient>', '  <MappedFolders>', ...mapped, '  </MappedFolders>',
    '  <LogonCommand>', `    <Command>${escaped(`cmd.exe /d /v:off /c ${[...set, command.map(argument).join(' ')].join(' && ')}`)}</Command>`, '  </LogonCommand>', '</Configuration>', '',
  ].join('\n');
}

/** One argument of cmd.exe. @throws RangeError for what it would take for its own */
function argument(text: string): string {
  if (/["%\r\n\0]/.test(text)) throw new RangeError(`\`${text}\` cannot be handed to cmd.exe`);
  return /^[\w.:\\/=-]+$/.test(text) ? text : `"${text}"`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (one) => ENTITIES[one]!);
