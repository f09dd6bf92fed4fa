/**
 * What a skill says of itself: its name, the sentence by which it is found, and its pages. Everything from the notebook is text
 * here: it is put on one line, and cannot close a fence, a cell or the front matter.
 */
import { TelarError } from '../../contracts/errors.ts';
import { mermaid } from '../graph/mermaid.ts';
import type { Graph } from '../graph/graph.ts';
import { formatSkill } from '../skills/convert.ts';
import { CARRIED } from './skill-host.ts';
import { inputSchema, outputsOf, type JsonSchema } from './outputs.ts';

const NOTEBOOK = /\.telar\.md$/i;
/** Fewest and most characters of a description. */
const FEWEST = 130;
const MOST = 250;
/** Words of others that no skill may bear. */
const RESERVED = /claude|anthropic/;

/** A skill's name: of the notebook's file, else of its title. @throws TelarError `refused` */
export function skillName(file: string, title: string | undefined): string {
  for (const from of [(file.split('/').at(-1) as string).replace(NOTEBOOK, ''), title ?? '']) {
    let name = ascii(from).toLowerCase().replace(/[^a-z0-9]+/g, '-');
    while (RESERVED.test(name)) name = name.replace(RESERVED, '');
    name = name.replace(/-+/g, '-').replace(/^-/, '').slice(0, 64).replace(/-$/, '');
    if (name !== '') return name;
  }
  throw new TelarError('refused', `A skill needs a name of the letters a to z and digits, and neither \`${file}\` nor its title has one. Rename the file, or give it a title.`, { file });
}

/** Letters without their marks; what has no ASCII form becomes a blank. */
function ascii(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[\u2018\u2019]/g, "'").replace(/[\u201c\u201d]/g, '"').replace(/[\u2013\u2014]/g, '-').replace(/\u00df/g, 'ss').replace(/[^\x20-\x7e]+/g, ' ');
}

/** One ASCII line that no validator stumbles over. */
function plain(text: string): string {
  return ascii(text).replace(/<[^<>]*>/g, ' ').replace(/[<>`"\\]/g, ' ').replace(/-{3,}/g, '--').replace(/: /g, ' - ').replace(/ #/g, ' No. ').replace(/\s+/g, ' ').trim();
}

/** The sentence by which a skill is found: 130 to 250 characters, when to use it first. */
export function skillDescription(graph: Graph, title: string, said: unknown): string {
  const names = (all: readonly string[]): string => (all.length === 0 ? 'nothing' : all.join(', '));
  const inputs = Object.keys(inputSchema(graph).properties as object);
  const outputs = outputsOf(graph).map(({ name }) => name);
  const own = typeof said === 'string' && plain(said) !== '' ? plain(said) : `Use when you need ${plain(title).replace(/\.$/, '')}`;
  const first = /^use\b/i.test(own) ? own : `Use when you need this: ${own}`;
  const parts = [first.replace(/[.\s]+$/, ''), plain(`Gives ${names(outputs)}${inputs.length === 0 ? '' : ` from ${names(inputs)}`}`), 'Runs a tested Telar graph with pinned results', 'No installation and no network are needed to prove them'];
  let text = '';
  for (const part of parts) {
    const longer = text === '' ? `${part}.` : `${text} ${part}.`;
    if (text !== '' && (longer.length > MOST || text.length >= FEWEST + 60)) continue;
    text = longer;
  }
  if (text.length > MOST) text = `${text.slice(0, MOST - 1).replace(/\s+\S*$/, '').replace(/[\s,;.-]+$/, '')}.`;
  while (text.length < FEWEST) text = `${text} It is kept with its tests.`.slice(0, MOST);
  return text;
}

/** What the pages are made of. */
export interface PageFacts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly graph: Graph;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** Of each output of the pinned run: `table 12 × 3`. */
  readonly types: Readonly<Record<string, string>>;
  readonly license?: string;
}

const line = (text: unknown): string => String(text).replace(/\s+/g, ' ').replace(/[|`<>[\]]/g, (letter) => `&#${letter.charCodeAt(0)};`).trim();

/** `SKILL.md`. */
export function skillPage({ name, title, description, graph, input, output, types, license }: PageFacts): string {
  const others = [...new Set([...graph.nodes()].map((node) => node.description.kind).filter((kind) => !CARRIED.has(kind)))].sort();
  const properties = Object.entries(input.properties as Readonly<Record<string, JsonSchema>>);
  const required = new Set((input.required ?? []) as readonly string[]);
  const example = JSON.stringify(Object.fromEntries(properties.filter(([, schema]) => 'default' in schema).slice(0, 2).map(([id, schema]) => [id, schema.default])));
  const compatibility = `Node 20 or later${others.length === 0 ? '' : `, and telar on the PATH for new results of ${others.join(', ')}`}`;
  return formatSkill({ name, description, ...(license === undefined ? {} : { license }), compatibility, metadata: { generator: 'telar', format: 'telar-skill-1' } }, `# ${line(title)}

A graph of ${[...graph.nodes()].length} nodes, kept with the results of one run of it. \`references/GRAPH.md\` draws it; \`assets/graph.telar.md\` is its notebook.

## Inputs

${properties.length === 0 ? 'None.' : `| input | type | default | what |\n|---|---|---|---|\n${properties.map(([id, schema]) => `| \`${id}\` | ${line([schema.type ?? 'any'].flat().join(' or '))} | ${required.has(id) ? 'must be given' : `\`${line(JSON.stringify(schema.default)).slice(0, 80)}\``} | ${line(schema.title ?? schema.description ?? '').slice(0, 200)} |`).join('\n')}`}

## Outputs

${Object.keys(output.properties as object).length === 0 ? 'None.' : Object.keys(output.properties as object).map((id) => `* \`${id}\`: ${line(types[id] ?? 'a value')}`).join('\n')}

## How to run

\`\`\`sh
node scripts/run.mjs --json${properties.length === 0 ? '' : ` --input '${example.replaceAll("'", "'\\''")}'`}
node scripts/run.mjs --replay --json     # the pinned results, running nothing
node scripts/run.mjs --replay --verify   # proves them: hashes, and every step that can be done here
\`\`\`

\`--input\` takes JSON, \`@FILE\`, or \`-\` for standard input. The result is on standard output, all else on standard error. \`--dry-run\` tells what would be
done, \`--help\` tells the rest. ${others.length === 0 && ![...graph.nodes()].some((node) => node.description.engines.some((engine) => engine !== 'javascript')) ? 'Everything is done by the script itself.' : 'What is pinned is reused; what changed inputs reach and is in Python, SQL or asks a model is handed to `telar` on the PATH.'}

Exit status: 0 ok, 1 a step failed, 2 bad input, 3 a contract or check is red, 4 something is missing here (it is named), 5 the pinned results or files are not what was exported.`);
}

/** `references/GRAPH.md`. */
export function graphPage({ title, graph }: Pick<PageFacts, 'title' | 'graph'>): string {
  const rows = [...graph.nodes()].map((node) => `| \`${node.path}\` | ${node.description.kind} | ${line(node.ports.map(({ name }) => name).join(', '))} | ${line(node.outputs.filter((one) => one !== 'value').join(', '))} |`);
  return `# ${line(title)}: the graph\n\n\`\`\`mermaid\n${mermaid({ graph, mark: () => undefined })}\`\`\`\n\n| node | kind | reads | also gives |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** `evals/evals.json`: the pinned run as a question with its answer. */
export function evalsOf({ name, title }: Pick<PageFacts, 'name' | 'title'>, input: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>): object {
  const given = Object.keys(input).length === 0 ? 'its defaults' : JSON.stringify(input);
  return { skill_name: name, evals: [{ id: 1, prompt: `Run the skill ${name} (${title.replace(/\s+/g, ' ')}) with ${given} and give its outputs.`, input, expected_output: expected, command: 'node scripts/run.mjs --json' }] };
}
