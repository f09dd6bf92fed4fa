/** The scanner against CommonMark: each case says which fences of a text are top-level, by their info strings. */
import { describe, expect, test } from 'vitest';
import { scanFences } from '../../runtime/document/fences.ts';
import { parseDocument } from '../../runtime/document/parse.ts';

const fences = (text: string): string[] => scanFences(text).fences.map(({ info }) => text.slice(info.from, info.to));
const bodyOf = (text: string): string => parseDocument(text, 'a').cells[0]!.body;

describe('which fences are top-level', () => {
  test.each<[string, string, string[]]>([
    ['backticks and tildes', '```a\n```\n~~~b\n~~~\n', ['a', 'b']],
    ['two signs are no fence', '``a\n``\n~~b\n', []],
    ['the other sign does not close', '```a\n~~~\n```\n```b\n```\n', ['a', 'b']],
    ['a shorter run does not close', '````a\n```b\n```\n````\n~~~c\n~~~\n', ['a', 'c']],
    ['a longer run closes', '```a\n`````\n```b\n', ['a', 'b']],
    ['a closing run takes no info', '```a\n``` b\n```\n```c\n', ['a', 'c']],
    ['a closing run may be indented by three', '```a\n   ```  \n```b\n', ['a', 'b']],
    ['a closing run indented by four does not close', '```a\n    ```\n```\n```b\n', ['a', 'b']],
    ['an opening run may be indented by three', '   ```a\n   ```\n', ['a']],
    ['indented by four it is code', '    ```a\n    ```\n```b\n```\n', ['b']],
    ['a tab is four columns', '\t```a\n```b\n', ['b']],
    ['backtick info holds no backtick', '``` a`b\nx\n```c\n', ['c']],
    ['tilde info may', '~~~ a`b~~~\n~~~\n', ['a`b~~~']],
    ['a fence interrupts a paragraph', 'prose\n```a\n```\nprose\n', ['a']],
    ['an unclosed fence takes the rest', '```a\n~~~b\n', ['a']],
    ['within a quote', '> ```a\n> ```\n```b\n```\n', ['b']],
    ['a quote ends its fence', '> ```a\nprose\n```b\n```\n', ['b']],
    ['a fence is no lazy line of a quote', '> prose\n```a\n```\n', ['a']],
    ['within an item', '- item\n\n  ```a\n  ```\n', []],
    ['within an item, after blank lines', '- item\n\n\n\n  ```a\n  ```\n', []],
    ['less than the content of the item', '- item\n ```a\n ```\n', ['a']],
    ['within an ordered item', '10. item\n\n    ```a\n    ```\n', []],
    ['beside an ordered item', '10. item\n\n   ```a\n   ```\n', ['a']],
    ['right in an item', '- ```a\n  ```\n```b\n```\n', ['b']],
    ['an item ends its fence', '- ```a\n\nprose\n```b\n```\n', ['b']],
    ['a lazy line keeps an item open', '- prose\nlazy\n  ```a\n  ```\n', []],
    ['a line that is not lazy ends it', '- # head\nnot lazy\n  ```a\n  ```\n', ['a']],
    ['a rule is no item', '- - -\n  ```a\n  ```\n', ['a']],
    ['a rule ends a list', '- item\n***\n  ```a\n  ```\n', ['a']],
    ['an item that is empty, then blank, is over', '-\n\n  ```a\n  ```\n', ['a']],
    ['an item that is empty goes on in the next line', '-\n  ```a\n  ```\n', []],
    ['an empty item does not interrupt a paragraph', 'prose\n-x\n*\n  ```a\n  ```\n', ['a']],
    ['two does not interrupt a paragraph', 'prose\n2. x\n   ```a\n   ```\n', ['a']],
    ['one does', 'prose\n1. x\n   ```a\n   ```\n', []],
    ['ten digits are no item', '1234567890. x\n\n   ```a\n   ```\n', ['a']],
    ['five spaces after a sign: the content begins after one', '-     code\n\n  ```a\n  ```\n', []],
    ['a tab after a sign', '-\titem\n\n  ```a\n  ```\n', ['a']],
    ['a tab after a sign, content at four', '-\titem\n\n\t```a\n\t```\n', []],
    ['nested items', '- a\n  - b\n\n    ```x\n    ```\n  ```y\n  ```\n```z\n', ['z']],
    ['an item in a quote', '> - x\n>\n>   ```a\n>   ```\n\n  ```b\n  ```\n', ['b']],
    ['a quote in an item', '- > x\n\n  ```a\n  ```\n', []],
    ['an underline makes a heading', 'x\n---\n1) y\n   ```a\n', []],
    ['within a comment', '<!--\n\n```a\n```\n-->\n```b\n```\n', ['b']],
    ['a comment on one line', '<!-- x -->\n```a\n```\n', ['a']],
    ['within pre, over blank lines', '<pre>\n\n```a\n```\n</pre>\n```b\n', ['b']],
    ['within a div, until a blank line', '<div>\n```a\n```\n\n```b\n```\n</div>\n', ['b']],
    ['a closing tag opens a block, too', '</div>\n```a\n```\n\n```b\n', ['b']],
    ['any whole tag alone on its line', '<x-y a=\'1\' b = "2" c d=e />  \n```a\n\n```b\n', ['b']],
    ['but not with more on the line', '<x-y> text\n```a\n```\n', ['a']],
    ['nor in a paragraph', 'prose\n<x-y>\n```a\n```\n', ['a']],
    ['a div may interrupt a paragraph', 'prose\n<div>\n```a\n\n```b\n', ['b']],
    ['a tag that is not whole', '<x-y a="1>\n```a\n```\n', ['a']],
    ['no tag at all', '<3\n```a\n```\n<>\n', ['a']],
    ['declaration, instruction, CDATA', '<!X\n```a\n>\n<?\n```b\n?>\n<![CDATA[\n```c\n]]>\n```d\n', ['d']],
    ['HTML in an item ends with it', '- <!--\n\nx\n```a\n```\n', ['a']],
    ['indented code cannot interrupt a paragraph', 'prose\n    ```a\n```b\n```\n', ['b']],
    ['lone CR and CRLF end lines', '```a\r```\r\n```b\r\n```\r', ['a', 'b']],
    ['no final line end', 'x\n```a', ['a']],
  ])('D7 %s', (_, text, wanted) => expect(fences(text)).toEqual(wanted));
});

describe('bodies', () => {
  test.each<[string, string, string]>([
    ['as it is', '```x {#a}\n  b\n\n\tc\n```\n', '  b\n\n\tc\n'],
    ['empty', '```x {#a}\n```\n', ''],
    ['one blank line', '```x {#a}\n\n```\n', '\n'],
    ['indentation of the fence is taken from each line, as far as it is there', '  ```x {#a}\n    b\n c\nd\n  ```\n', '  b\nc\nd\n'],
    ['a tab gives what is left of it', '  ```x {#a}\n\tb\n \tc\n  \td\n  ```\n', '  b\n  c\n\td\n'],
    ['line ends become LF', '```x {#a}\r\nb\rc\nd\r\n```\r\n', 'b\nc\nd\n'],
    ['a final LF is given', '```x {#a}\nb', 'b\n'],
    ['a fence in a longer fence', '````x {#a}\n```y {#b}\n```\n````\n', '```y {#b}\n```\n'],
    ['a byte order mark stays out', '\uFEFF```x {#a}\nb\n```\n', 'b\n'],
  ])('D7 %s', (_, text, wanted) => expect(bodyOf(text)).toBe(wanted));
});

describe('what could cost more than its length', () => {
  const n = 1_000_000;
  test.each<[string, string]>([
    ['one long line', 'a'.repeat(n)], ['backticks', '`'.repeat(n)], ['quotes', '>'.repeat(n)], ['items', '- '.repeat(n / 2) + 'x'], ['stars', '* '.repeat(n / 2) + 'x'], ['spaces', ' '.repeat(n)],
    ['a tag', `<a ${'b '.repeat(n / 2)}`], ['quoted values', `<a ${'b="c" '.repeat(n / 6)}`], ['keys', `\`\`\`x {#a ${'k=1 '.repeat(n / 4)}}`], ['braces', `\`\`\`x {#a ${'{'.repeat(n)}`],
    ['blank lines in deep lists', `${'- '.repeat(2000)}x\n${'\n'.repeat(n)}y`], ['markers', '<<<<<<< a\n=======\n'.repeat(n / 20)], ['conflicts', '<<<<<<< a\n=======\n>>>>>>> b\n'.repeat(n / 100)],
    ['fences with one id', '```x {#a}\n```\n'.repeat(n / 100)],
  ])('D1 %s: parsed, and the text is kept', (_, text) => {
    const document = parseDocument(text, 'a');
    expect(document.text.length).toBe(text.length);
  });
});

test('T3 a key that says yes or no is written with its value, and the message says how', () => {
  const { problems } = parseDocument('```python {#a isolated}\n1\n```\n```python {#b other}\n1\n```\n', 'a.telar.md');
  expect(problems.map(({ message }) => message)).toEqual([
    '`isolated` is not of the form key=value; write `isolated=true`.', '`other` is not of the form key=value; write it so, or take it away.',
  ]);
});
