/** `telar new`: a small notebook to start from, with one node of each kind that a first hour needs. Never overwrites. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Arguments } from './arguments.node.ts';
import { terminal } from './terminal.node.ts';

const ENDING = '.telar.md';

export async function run(args: Arguments): Promise<number> {
  const given = args.positionals[0] as string;
  const path = given.endsWith(ENDING) ? given : `${given.replace(/\.(telar|md)$/, '')}${ENDING}`;
  const taken = new TelarError('usage', `${path} is there already and was left as it is. Choose another name.`, { file: path });
  if (existsSync(path)) throw taken;
  const name = basename(path, ENDING);
  if (name === '') throw new TelarError('usage', 'A notebook needs a name before `.telar.md`.', { file: path });
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, starter(name), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken;
    throw new TelarError('read-only', `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}). Choose a folder that you may write in.`, { file: path }, { cause: error });
  }
  if (args.flags.quiet === true) return 0;
  const shown = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  terminal.out(`Wrote ${path}.\n\n  telar run ${shown}                  runs it\n  telar run ${shown} --set least=5    with another input: only what depends on it is done again\n  telar why ${shown} dearest          says why a node runs or is reused\n\nOpen it in any editor; it is Markdown.\n`);
  return 0;
}

/** The text of a new notebook. */
function starter(name: string): string {
  const title = name.replace(/[-_.]+/g, ' ').trim().replace(/^./u, (first) => first.toUpperCase());
  return `---
telar: 1
title: ${JSON.stringify(title)}
outputs: [summary, by_fruit]
---
# ${title}

Everything between the fences is prose. Every fence with an \`#id\` is a node, and a name that one node defines and another reads is
a wire between them. Change something and run it again: only what depends on the change is done.

An input. Another value: \`--set least=5\`.

\`\`\`yaml {#least .input}
type: integer
default: 2
minimum: 0
\`\`\`

Data, written here; a \`data\` node reads them from a file.

\`\`\`python {#sales}
[
    {"fruit": "apple", "pieces": 4, "price": 0.5},
    {"fruit": "pear", "pieces": 3, "price": 0.75},
    {"fruit": "apple", "pieces": 6, "price": 0.5},
    {"fruit": "plum", "pieces": 1, "price": 0.2},
]
\`\`\`

A query. \`sales\` is the table above, and \`{{ least }}\` a bound value.

\`\`\`sql {#by_fruit}
select fruit, sum(pieces) as pieces, round(sum(pieces * price), 2) as money
from sales
group by fruit
having sum(pieces) >= {{ least }}
order by money desc, fruit
\`\`\`

\`\`\`python {#dearest}
max(by_fruit, key=lambda row: row["money"])
\`\`\`

\`\`\`yaml {#sane .check}
- that: len(by_fruit) > 0
  because: something was sold
- table: by_fruit
  columns: {money: {not_null: true, between: [0, 1000]}}
\`\`\`

\`\`\`text {#summary .text}
Of fruit sold at least {{ least }} times, {{ dearest.fruit }} brought the most: {{ dearest.money }}.
\`\`\`
`;
}
