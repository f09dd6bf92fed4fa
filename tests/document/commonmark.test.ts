/** The fence scanner against a reference parser of CommonMark: the same top-level fences, with the same bodies, for any text. */
import { Parser } from 'commonmark';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyText } from '../../runtime/document/bodies.ts';
import { scanFences } from '../../runtime/document/fences.ts';

/** Top-level fenced blocks as the reference sees them: the line of the opening fence, and the body. */
function reference(text: string): string[] {
  const found: string[] = [];
  for (let node = new Parser().parse(text).firstChild; node !== null; node = node.next) {
    // An indented block has no info string at all in this parser; a fenced one has at least an empty one.
    if (node.type !== 'code_block' || (node as unknown as { _isFenced: boolean })._isFenced !== true) continue;
    found.push(`${node.sourcepos[0][0]}:${node.literal ?? ''}`);
  }
  return found;
}

function ours(text: string): string[] {
  return scanFences(text).fences.map((fence) => `${fence.line}:${bodyText(text, fence.bodyAt, fence.indent)}`);
}

const piece = fc.constantFrom('```', '````', '~~~', '``` py', '~~~ {#a}', '> ', '- ', '1. ', '2) ', '* ', '+\t', '    ', '  ', ' ', '\t', '# h', '---', '===', '***', '<div>', '</div>',
  '<!-- c', '-->', '<pre>', '</pre>', '<?x', '?>', '<a b="c">', 'word', 'a `b` c', '\\', '`', '- - ', '>> ', '-', '1.', '\n', '\n', '\n', '\n\n', '\r\n');

test('D7 fences are those of CommonMark, whatever stands around them', () => {
  fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 24 }).map((pieces) => pieces.join('')), (text) => {
    expect(ours(text)).toEqual(reference(text));
  }), { numRuns: Number(process.env.TELAR_FUZZ ?? 20_000), seed: 20_261_120 });
});
