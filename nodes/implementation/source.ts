/**
 * Code under a contract as a body: `export` is what a module says, and a body's top-level names are outputs already, so the word is
 * blanked, character for character, and every place stays where it is.
 */
import { parseBody } from '../javascript/parse.ts';

/** JavaScript without its `export`s; as it is where it does not parse. */
export function withoutExports(code: string): string {
  const { program } = parseBody(code);
  if (program === undefined) return code;
  let text = code;
  const blank = (from: number, to: number): void => { text = text.slice(0, from) + text.slice(from, to).replace(/[^\r\n]/g, ' ') + text.slice(to); };
  for (const statement of program.body) {
    if (statement.type === 'ExportNamedDeclaration') {
      if (statement.declaration) blank(statement.start, statement.declaration.start);
      // `export { a } from './b.js'` brings names that are nowhere bound here; it stays, and is told.
      else if (!statement.source) blank(statement.start, statement.end);
    } else if (statement.type === 'ExportDefaultDeclaration' && (statement.declaration.type === 'FunctionDeclaration' || statement.declaration.type === 'ClassDeclaration') && statement.declaration.id) {
      blank(statement.start, statement.declaration.start);
    }
  }
  return text;
}
