/** The parser of handlebars alone: its compiler makes code from text, which a page without `unsafe-eval` forbids. */
declare module 'handlebars/dist/cjs/handlebars/compiler/base.js' {
  /** @throws Error with a message of several lines, of which the first names the line */
  export function parse(text: string): unknown;
}
