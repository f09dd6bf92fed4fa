/**
 * Languages: which kind a fence has when its line names none. Not the catalogue of kinds: a class (`.check`) may name any kind,
 * and whether there is such a kind is for the graph to say.
 */

/** The kind that a language means by itself; any other language needs a class. */
export const languageKinds: Readonly<Record<string, string>> = Object.freeze({
  __proto__: null, python: 'python', sql: 'sql', javascript: 'javascript', js: 'javascript', 'vega-lite': 'chart',
} as unknown as Record<string, string>);

/** What an id may look like: it must be a name in Python, SQL, JavaScript and a template alike. */
export const isId = (text: string): boolean => /^[a-z][a-z0-9_]*$/.test(text);
