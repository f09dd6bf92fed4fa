/** The notebook of the golden bundle, and of the tests of the command line: a table, a helper, a file that is read, a notebook in a notebook, a pickled object. */
import { fence, js, py, sql, yaml } from '../support/cli.ts';

export const weather: Readonly<Record<string, string>> = {
  'weather.telar.md': `---
telar: 1
outputs: [told]
---
# Warm days

${yaml('least', 'input', 'type: number\ndefault: 20')}${yaml('days', 'data', 'file: data/days.csv')}${sql('warm', 'select day, degrees from days where degrees >= {{ least }} order by day')}${
  py('places', "import helper\nfrom pathlib import Path\n\nplaces = helper.names(Path('data/places.txt').read_text())\nplaces")}${
  py('kept', 'import os\n\nclass Box:\n    def __init__(self, names):\n        self.names = names\n\nbox = Box(list(places))\n[len(box.names), sorted(os.listdir("data"))]')}${
  py('opened', 'import re\n\npattern = re.compile("^[A-M]")\npattern')}${py('early', '[name for name in places if opened.match(name)]')}${
  yaml('counted', 'graph', 'use: inner/count.telar.md', 'in.rows=warm')}${
  js('loud', 'place.toUpperCase()', 'each=place in.place=places')}${js('label', '`${counted.total.n} warm days at ${early.join(" and ")}, not ${loud[1]}`')}${fence('text', '#told .text', '{{ label }}, from {{ least }} degrees')}${
  yaml('sane', 'check', '- table: warm\n  columns: {degrees: {not_null: true}}')}`,
  'inner/count.telar.md': `---
telar: 1
outputs: [total]
---
${yaml('rows', 'input', 'type: table')}${sql('tally', 'select count(*)::integer as n from rows')}${js('total', '[...tally][0]')}`,
  'helper.py': 'def names(text):\n    return [line.strip() for line in text.splitlines() if line.strip()]\n',
  'data/days.csv': 'day,degrees\n2026-07-01,19.5\n2026-07-02,24.25\n2026-07-03,28.0\n2026-07-04,20.0\n',
  'data/places.txt': 'Bergen\nTromsø\nMolde\n',
};
