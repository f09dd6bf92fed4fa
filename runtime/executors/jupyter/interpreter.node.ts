/**
 * Interpreter: the program of a kernel, and what of it can change a result, told from files alone so that a key can be made before anything has run.
 *
 * In the key are the bytes of the program (so every build of Python differs), the version of a virtual environment and whether it is closed, and the names of the installed
 * distributions with their versions, which pip and apt write as names of folders. Asking the interpreter itself was not taken: a key must be the same before
 * and after the first start. Not seen: packages on paths of `PYTHONPATH` or `.pth` files, and those behind a launcher (`conda run …`), whose own bytes are all that is hashed.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';

/** What is known of a kernel's program. */
export interface Interpreter {
  /** SHA-256 of its bytes. */
  readonly program: string;
  /** `3.11`, where the file system says it. */
  readonly version?: string;
  /** SHA-256 over the installed distributions, and what the environment's configuration lets it see. */
  readonly packages: string;
}

const PYTHON = /^python(?:\d+(?:\.\d+)?)?(?:\.exe)?$/i;

/**
 * The absolute path of a spec's program. Like Jupyter, a bare `python` is the one of the environment that the spec was installed in, any other name is looked up on PATH.
 * @param folder of the kernel.json
 */
export function programOf(name: string, folder: string, path: string = process.env.PATH ?? ''): string | undefined {
  if (isAbsolute(name)) return runs(name) ? name : undefined;
  if (name.includes('/') || name.includes('\\')) return undefined; // it would depend on who starts it from where
  const prefix = join(folder, '..', '..', '..', '..');
  const places = [...(PYTHON.test(name) ? [join(prefix, 'bin'), join(prefix, 'Scripts'), prefix] : []), ...path.split(delimiter).filter(isAbsolute)];
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];
  for (const place of places) for (const ending of endings) if (runs(join(place, name + ending))) return join(place, name + ending);
  return undefined;
}

const known = new Map<string, { readonly stamp: string; readonly interpreter: Interpreter }>();

/** What the program is now; looked at again only when its files have changed. */
export function interpreterOf(program: string): Interpreter {
  const config = configOf(program);
  const folders = packageFolders(program);
  const stamp = [program, config, ...folders].map((path) => stampOf(path)).join(' ');
  const before = known.get(program);
  if (before?.stamp === stamp) return before.interpreter;
  const text = textOf(config);
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1] ?? /^python(\d+\.\d+)/i.exec(basename(real(program)))?.[1];
  // Its other lines say where it lies, and who made it how.
  const packages = createHash('sha256').update(`${version} ${isClosed(text)}\n`);
  for (const folder of folders) for (const name of list(folder)) if (/\.(?:dist|egg)-info$/.test(name)) packages.update(`${name}\n`);
  const interpreter: Interpreter = { program: hashOf(program), ...(version === undefined ? {} : { version }), packages: packages.digest('hex') };
  known.set(program, { stamp, interpreter });
  return interpreter;
}

/** The folder of the program's environment, and where it stands on another, that one. */
export function prefixesOf(program: string): string[] {
  const own = prefixOf(dirname(program));
  const config = textOf(configOf(program));
  if (config === '') return [...new Set([own, prefixOf(dirname(real(program)))])];
  const home = /^home\s*=\s*(.+)$/m.exec(config)?.[1];
  return !isClosed(config) && home !== undefined ? [own, prefixOf(home.trim())] : [own];
}

/** The environment of a folder of programs; on Windows `python.exe` lies in the environment itself, but for virtual ones. */
const prefixOf = (folder: string): string => (process.platform === 'win32' && basename(folder).toLowerCase() !== 'scripts' ? folder : dirname(folder));

const configOf = (program: string): string => join(prefixOf(dirname(program)), 'pyvenv.cfg');

/** Whether a virtual environment has only its own packages. */
const isClosed = (config: string): boolean => config !== '' && !/^include-system-site-packages\s*=\s*true/mi.test(config);

/** Where its distributions are, each folder once: some systems have those in C under `lib64`, which in an environment is a link. */
function packageFolders(program: string): string[] {
  const libraries = prefixesOf(program).flatMap((prefix) => [prefix, ...(prefix === '/usr' ? ['/usr/local'] : [])])
    .flatMap((prefix) => (process.platform === 'win32' ? [join(prefix, 'Lib')] : ['lib', 'lib64'].flatMap((lib) => below(join(prefix, lib), /^python3(?:\.\d+)?$/))));
  const persons = isClosed(textOf(configOf(program))) ? [] : personal();
  const folders = [...libraries, ...persons].flatMap((folder) => [join(folder, 'site-packages'), join(folder, 'dist-packages')]);
  return [...new Set(folders.filter((folder) => stampOf(folder) !== '').map((folder) => real(folder)))];
}

/** Where a person's own distributions are (PEP 370). */
function personal(): string[] {
  if (process.platform === 'win32') return below(join(process.env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Python'), /^Python3\d+$/i);
  const unix = below(join(homedir(), '.local', 'lib'), /^python3\.\d+$/);
  return process.platform === 'darwin' ? [...unix, ...below(join(homedir(), 'Library', 'Python'), /^3\.\d+$/).map((folder) => join(folder, 'lib', 'python'))] : unix;
}

const below = (folder: string, form: RegExp): string[] => list(folder).filter((name) => form.test(name)).map((name) => join(folder, name));

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function hashOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
