/** Rules of a skill's instructions: that there are some, and that their links lead to files of the skill. */
import { outsideFences } from '../../nodes/skill/read.ts';
import type { SkillSource } from '../../nodes/skill/read.ts';
import type { SkillFolder } from './folder.ts';
import type { RuleFlaw } from './rules.ts';

/** Lines that a reader still takes well, and links that are looked at. */
const MOST_LINES = 500;
const MOST_LINKS = 2_000;

/** Breaches in the Markdown. */
export function bodyFlaws({ text, parts, front }: SkillSource, { entries }: SkillFolder): RuleFlaw[] {
  if (parts.yamlAt === undefined && !front.readable && parts.flaws.some(({ rule }) => rule === 'unclosed')) return [];
  const flaws: RuleFlaw[] = [];
  const body = text.slice(parts.bodyFrom);
  const at = { from: Math.min(parts.bodyFrom, text.length), to: text.length };
  if (body.trim() === '') flaws.push({ rule: 'body-empty', message: 'There are no instructions below the front matter. Write what to do.', at });
  const lines = outsideFences(body);
  const count = body.trim().split('\n').length;
  if (count > MOST_LINES) flaws.push({ rule: 'body-long', message: `The instructions have ${count} lines; ${MOST_LINES} are read well. Move details into files beside SKILL.md, and link to them.`, at });

  const files = new Set(entries.map(({ path }) => path));
  const folders = new Set([...files].flatMap((path) => path.split('/').slice(0, -1).map((_, depth, parents) => parents.slice(0, depth + 1).join('/'))));
  let offset = parts.bodyFrom;
  const originals = body.split('\n');
  let looked = 0;
  for (const [index, line] of lines.entries()) {
    for (const { target, from, to } of linksIn(line)) {
      if ((looked += 1) > MOST_LINKS) return flaws;
      const place = { from: offset + from, to: offset + to };
      const path = within(target);
      if (path === undefined) flaws.push({ rule: 'link-outside', message: `The link \`${target}\` leads out of the skill's folder. Put the file into the folder, and link to it there.`, at: place });
      else if (path !== '' && !files.has(path) && !folders.has(path)) flaws.push({ rule: 'link-missing', message: `There is no file \`${path}\` in the skill. Correct the link, or add the file.`, at: place });
    }
    offset += originals[index]!.length + 1;
  }
  return flaws;
}

interface Link { readonly target: string; readonly from: number; readonly to: number }

/** Links of a line that lead to files: `[text](target)`, `![text](target)`, `[name]: target`. Code spans are left out. */
function linksIn(line: string): Link[] {
  const plain = line.replace(/``[^\n]*?``|`[^`]*`/g, (code) => ' '.repeat(code.length));
  const found = [...plain.matchAll(/\]\(\s*(?:<([^<>]*)>|([^\s()<>]+))/g), ...plain.matchAll(/^ {0,3}\[[^\]]{1,200}\]:\s*(?:<([^<>]*)>|(\S+))/g)];
  return found.flatMap((match) => {
    const target = match[1] ?? match[2] ?? '';
    if (/^(?:[a-z][a-z0-9+.-]*:(?!\\)|#|\/\/)/i.test(target) && !/^[a-z]:[\\/]/i.test(target) && !/^file:/i.test(target)) return [];
    const from = match.index + match[0].lastIndexOf(target);
    return [{ target, from, to: from + target.length }];
  });
}

/** A target as a path in the folder; `undefined` when it leads out. */
function within(target: string): string | undefined {
  let path = target.replace(/[#?].*$/, '');
  try { path = decodeURIComponent(path); } catch { /* A stray `%` is one of the name. */ }
  path = path.replaceAll('\\', '/');
  if (/^(?:\/|~|[a-z]:|file:)/i.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
