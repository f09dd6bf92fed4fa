/** `telar skills`: what skills there are, which fit a question and why, whether they keep the format, and the older form converted. Runs nothing. */
import { TelarError } from '../../../contracts/errors.ts';
import { findSkill, qualified, type Skill } from '../../../nodes/skill/library.ts';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { openLibrary, type OpenedLibrary } from '../../skills/volumes.node.ts';
import type { Arguments } from './arguments.node.ts';
import { exit, tellProblems } from './skills-words.node.ts';
import { clean, colour, count, terminal } from './terminal.node.ts';

const VERBS = ['list', 'show', 'search', 'validate', 'convert'] as const;
type Verb = (typeof VERBS)[number];

export async function run(args: Arguments): Promise<number> {
  const [verb = '', ...rest] = args.positionals;
  if (!(VERBS as readonly string[]).includes(verb)) throw new TelarError('usage', `\`telar skills\` takes ${VERBS.join(', ')}; \`${verb}\` is none of them.`);
  for (const [option, of] of [['top', 'search'], ['profile', 'validate'], ['output', 'convert']] as const) {
    if (args.flags[option] !== undefined && verb !== of) throw new TelarError('usage', `--${option} belongs to \`telar skills ${of}\`.`);
  }
  switch (verb as Verb) {
    case 'list': return list(open(args), rest, args);
    case 'show': return show(open(args), rest, args);
    case 'search': return search(open(args), rest, args);
    case 'validate': return (await import('./skills-validate.node.ts')).validate(rest, () => open(args), args);
    case 'convert': return (await import('./skills-convert.node.ts')).convert(rest, args);
  }
}

function open(args: Arguments): OpenedLibrary {
  const cwd = process.cwd();
  return openLibrary(args.list('skills'), cwd, findWorkspace(cwd, args.text('workspace')).root);
}

/** A skill in short, as `--json` tells it. */
const brief = (skill: Skill) => ({ name: skill.id, volume: skill.volume, qualified: qualified(skill), file: skill.file, form: skill.form, description: skill.description, graphs: skill.graphs });

function list(library: OpenedLibrary, rest: readonly string[], args: Arguments): number {
  if (rest.length > 0) throw new TelarError('usage', '`telar skills list` takes no further word; `telar skills search` looks for words.');
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'skills', act: 'list', volumes: library.volumes, skills: library.skills.map(brief), problems: library.problems })}\n`);
  else {
    tellProblems(library.problems);
    for (const volume of library.volumes) {
      terminal.out(`${colour.bold(clean(volume.name))}  ${count(volume.skills, 'skill')}\n`);
      const own = library.skills.filter((skill) => skill.volume === volume.name);
      const width = Math.min(32, Math.max(...own.map(({ id }) => id.length)));
      for (const skill of own) terminal.out(`  ${clean(skill.id).padEnd(width)}  ${skill.graphs.length > 0 ? `${colour.green('runs')} ` : ''}${skill.form === 'older' ? `${colour.grey('older form')} ` : ''}${shortly(skill.description)}\n`);
    }
    if (library.volumes.length === 0) terminal.out('There is no folder of skills. Make `skills/NAME/SKILL.md`, or say where they are: --skills DIR.\n');
  }
  return exit(library.problems);
}

function show(library: OpenedLibrary, rest: readonly string[], args: Arguments): number {
  const [name, more] = rest;
  if (name === undefined || more !== undefined) throw new TelarError('usage', 'Say one skill: `telar skills show NAME`.');
  const skill = findSkill(library, name);
  const runs = skill.graphs.map((graph) => `telar run ${/^[\w./-]+$/.test(graph) ? graph : `'${graph.replaceAll("'", "'\\''")}'`}`);
  const { metadata, license, compatibility, allowedTools, keywords, body, headings, other } = skill;
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'skills', act: 'show', skill: { ...brief(skill), title: skill.name, keywords, headings, metadata, other, ...(license === undefined ? {} : { license }), ...(compatibility === undefined ? {} : { compatibility }), ...(allowedTools === undefined ? {} : { allowedTools }), body, run: runs } })}\n`);
    return 0;
  }
  terminal.out(`${colour.bold(clean(qualified(skill)))}  ${clean(skill.file)}${skill.form === 'older' ? '  (older form; `telar skills convert` makes it one of the open format)' : ''}\n${clean(skill.description)}\n`);
  const facts: readonly (readonly [string, string | undefined])[] = [['license', license], ['compatibility', compatibility], ['allowed-tools', allowedTools], ['keywords', keywords.join(', ') || undefined], ...Object.entries({ ...other, ...metadata }).filter(([key]) => key !== 'keywords')];
  for (const [key, value] of facts) if (value !== undefined) terminal.out(`  ${colour.grey(clean(key))} ${clean(value)}\n`);
  for (const one of runs) terminal.out(`${colour.green('It has a graph and can be run:')} ${clean(one)}\n`);
  terminal.out(`\n${body.split('\n').map((line) => clean(line.replaceAll('\t', '    '))).join('\n')}\n`);
  return 0;
}

async function search(library: OpenedLibrary, rest: readonly string[], args: Arguments): Promise<number> {
  const top = Number(args.text('top') ?? 5);
  if (!Number.isSafeInteger(top) || top < 1 || top > 1000) throw new TelarError('usage', '--top is a whole number from 1 to 1000.');
  const query = rest.join(' ').trim();
  if (query === '') throw new TelarError('usage', 'Say what to look for: `telar skills search "a chart of sales"`.');
  const { createSearch, reasonOf } = await import('../../../nodes/skill/search.ts');
  const { hits, how, total } = createSearch(library.skills).search(query, top);
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'skills', act: 'search', query, how, total, hits: hits.map(({ skill, score, matched }) => ({ ...brief(skill), score, matched })), problems: library.problems })}\n`);
    return 0;
  }
  tellProblems(library.problems);
  if (how === 'none') terminal.out(`Nothing of ${count(library.skills.length, 'skill')} has a word of this. \`telar skills list\` shows what there is.\n`);
  if (how === 'near') terminal.out(colour.yellow('No skill has these words as they are; these have words that are near.\n'));
  for (const hit of hits) terminal.out(`${hit.score.toFixed(2).padStart(8)}  ${colour.bold(clean(qualified(hit.skill)))}  ${shortly(hit.skill.description)}\n          ${colour.grey(clean(reasonOf(hit)))}\n`);
  if (total > hits.length) terminal.out(`${count(total - hits.length, 'further skill')} with fewer or weaker matches; --top N shows more.\n`);
  return 0;
}

/** The beginning of a description, on one line. */
function shortly(text: string): string {
  const line = clean(text);
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
