/** Helper modules: which files beside a notebook belong to a body. */
import { expect, test } from 'vitest';
import { moduleClosure } from '../../runtime/modules.ts';
import { describer } from '../support/graphs.ts';
import { memoryFiles } from '../support/memory-files.ts';

async function closure(language: string, body: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const analysis = await describer.analyse({ id: 'a', kind: language, language, body, params: {} });
  return Object.keys(await moduleClosure(memoryFiles(files), 'nb', analysis, describer)).sort();
}

test('P1 relative imports of a Python helper start at its package', async () => {
  const files = {
    'nb/lib/__init__.py': 'from .core import f', 'nb/lib/core.py': 'from . import low\nfrom .deep.part import g\ndef f(): return 1', 'nb/lib/low.py': '',
    'nb/lib/deep/part.py': 'from ..side import h\ndef g(): return 2', 'nb/lib/side.py': 'def h(): return 3', 'nb/core.py': 'raise Exception("another core")', 'nb/side.py': '',
  };
  expect(await closure('python', 'import lib\nlib.f()', files)).toEqual(['lib', 'lib.core', 'lib.deep', 'lib.deep.part', 'lib.low', 'lib.side']);
});

test('P1 relative imports of a JavaScript helper start at its folder', async () => {
  const files = { 'nb/lib/a.js': 'import "./b.js"; import "../c.mjs"; import "../../out.js"', 'nb/lib/b.js': '', 'nb/c.mjs': '', 'nb/b.js': '', 'out.js': '' };
  expect(await closure('javascript', 'import "./lib/a.js"; 1', files)).toEqual(['c.mjs', 'lib/a.js', 'lib/b.js']);
});
