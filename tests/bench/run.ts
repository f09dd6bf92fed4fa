/** `npm run bench [NAME…]`: runs the benchmarks and prints a table of ratios; keeps the figures as JSON in `tests/bench/results/`. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { isMet, type Figure } from './bench.ts';

const here = new URL('.', import.meta.url);
const wanted = process.argv.slice(2);
const names = readdirSync(here).filter((name) => name.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((one) => name.startsWith(one))));
const figures: Figure[] = [];
const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(2));

console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.versions.node}\n`);
console.log('| budget | what | Telar | peer | ratio | reach | met |\n|---|---|---:|---:|---:|---|---|');
for (const name of names) {
  const { figures: measure } = await import(new URL(name, here).href) as { figures(): Promise<readonly Figure[]> };
  for (const figure of await measure()) {
    const { id, what, ours, unit, peer, reach, note } = figure;
    figures.push(figure);
    const reached = [reach.most === undefined ? '' : `≤ ${reach.most} ${unit}`, reach.ratio === undefined ? '' : `≤ ${reach.ratio} × peer`].filter((text) => text !== '').join(', ');
    console.log(`| ${id} | ${what}${note === undefined ? '' : ` (${note})`} | ${show(ours)} ${unit} | ${peer === undefined ? '–' : `${show(peer.value)} ${unit}, ${peer.name}`} | ${
      peer === undefined ? '–' : show(ours / peer.value)} | ${reached} | ${reached === '' ? '–' : isMet(figure) ? 'yes' : 'NO'} |`);
  }
}
mkdirSync(new URL('results/', here), { recursive: true });
writeFileSync(new URL('results/latest.json', here), `${JSON.stringify({ node: process.versions.node, processor: cpus()[0]?.model, figures }, null, 1)}\n`);
