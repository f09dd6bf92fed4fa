/**
 * Nasty texts: arbitrary notebooks built of the pieces that break parsers, and the way a property is checked here: kept seeds
 * (`seeds.json`) first, then new ones.
 */
import * as fc from 'fast-check';
import seeds from './seeds.json' with { type: 'json' };

/** Pieces of a notebook that are whole, broken, or in the way of others. */
const pieces = [
  '```', '````', '~~~', '~~~~~', '   ```', '    ```', '\t```', '```python {#a}', '```sql {#b .sql in.x=a}', '~~~text {#c .text label="a ` b"}',
  '``` {#d .check}', '```yaml {#A1 .input}', '```python {#a disabled mute}', '```js {#e key="open', '```js {#f in.x?=a.out timeout=20s', '```python title {#g}',
  '  ```python {#h}', '```python {#}', '```python {a=1}', '`````python {#i}', '- item', '  - deep', '1. one', '-', '> quote', '>', '> ```', '- ```', '  x', '\tx = 1',
  '     wide', '<div>', '</div>', '<!--', '-->', '<a b="c">', '<pre>', '</pre>', '<?', '***', '---', '===', '# head', 'prose', 'prose ``` more', '', ' ', '\t',
  'telar: 1', 'telar: 2', 'title: x', 'outputs: [a, b]', 'outputs: a', ': :', '&a *a', '<<<<<<< ours', '||||||| base', '=======', '>>>>>>> theirs', '\0', '\uFEFF', '\uD800', 'é😀', '{{ a }}',
];
const ends = ['\n', '\n', '\n', '\r\n', '\r'];

/** Any text of such pieces, with any mix of line ends. */
export const nastyText: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom('', '', '', '\uFEFF', '---\ntelar: 1\n---\n', '---\r\ntitle: "a"   # why\r\noutputs: [ a,b ]\r\n---  \r\n'),
  fc.array(fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) }), fc.constantFrom(...ends)), { maxLength: 30 }),
  fc.constantFrom('', '', 'end', '```'),
).map(([front, lines, last]) => front + lines.map(([piece, end]) => piece + end).join('') + last);

/** A body: lines that a fence could choke on; LF line ends, a final one unless empty. */
export const body: fc.Arbitrary<string> = fc.array(
  fc.oneof(fc.constantFrom('', ' ', '\t', '\tx', '  \ty', '```', '`````', '  ~~~', '    ```', '``` x', 'x = a', '---', '{#a}', '\0', 'é😀'), fc.string({ maxLength: 12 })), { maxLength: 8 },
).map((lines) => lines.map((line) => `${line.replace(/[\r\n]/g, '')}\n`).join(''));

/** A value of a key. */
export const value: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', ' ', '20s', 'true', 'two words', 'a"b', "a'b", 'a\\b', '\\', '\\u0041', '`', '```', '}', '{x}', 'a=b', '#a', 'a\nb', '\r\n', '\t', '\0', 'é😀'), fc.string({ maxLength: 10 }),
);

/** A key. */
export const key: fc.Arbitrary<string> = fc.oneof(fc.constantFrom('timeout', 'label', 'mute', 'in.x', 'in.y', '__proto__', 'constructor', 'a-b'), fc.stringMatching(/^[a-z][a-z0-9_.]{0,6}$/));

/** A file that is right: cells `n0`, `n1`, … with prose between them, one kind of line end. */
export const notebook: fc.Arbitrary<string> = fc.record({
  front: fc.constantFrom('', '---\ntelar: 1\ntitle: t # why\noutputs: [n0, "n1"]\n---\n', '\uFEFF'),
  cells: fc.array(fc.record({
    indent: fc.constantFrom('', '', ' ', '   '), run: fc.constantFrom('```', '````', '~~~'), language: fc.constantFrom('python', 'sql', 'yaml', 'js', 'vega-lite'),
    keys: fc.constantFrom('', ' timeout=20s', ' label="two words"  mute', ' in.x=n0 in.y?="n1.out"', '  disabled'), close: fc.constantFrom('', ' ', '`'),
    body: fc.constantFrom('', 'x = 1\n', 'a\n\nb\n', '\ty\n', '  z\n'), prose: fc.constantFrom('\n', '\nSome prose.\n\n', 'close\n', '\n- item\n\n', '\n> quote\n', '\n```text\nexample\n```\n\n', '\n# Head\n'),
  }), { maxLength: 5 }),
  eol: fc.constantFrom('\n', '\n', '\r\n', '\r'),
}).map(({ front, cells, eol }) => (front + cells.map((cell, index) => {
  const close = cell.close === '`' ? cell.run[0]! : cell.close;
  const inner = cell.body.split('\n').map((line) => (line === '' ? '' : cell.indent + line)).join('\n');
  return `${cell.indent}${cell.run}${cell.language} {#n${index}${cell.keys}}\n${inner}${cell.indent}${cell.run}${close}\n${cell.prose}`;
}).join('')).replaceAll('\n', eol));

/** Checks a property with the kept seeds of its name, then with new ones. */
export function check<T extends [unknown, ...unknown[]]>(name: keyof typeof seeds, property: fc.IPropertyWithHooks<T>): void {
  for (const seed of seeds[name]) fc.assert(property, { seed, numRuns: 300 });
  fc.assert(property, { numRuns: Number(process.env.TELAR_FUZZ_RUNS ?? 300) });
}
