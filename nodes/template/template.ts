/** Templates: texts with `{{ path }}`, blocks and a few helpers, for `text`, `prompt`, and values in YAML. */
export { analyseTemplate } from './analyse.ts';
export { renderTemplate } from './render.ts';
export type { Dialect, Writing } from './dialect.ts';
