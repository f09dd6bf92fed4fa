/**
 * Errors of a realm, told in the notebook's lines.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Module } from './module.ts';

/** What QuickJS tells of a thrown thing, when it was an Error; any other thrown value stands for itself. */
interface Thrown { readonly name?: unknown; readonly message?: unknown; readonly stack?: unknown }

/** The name under which a module is evaluated: unique, and found again in stacks. */
export const labelOf = (module: Module): string => `${module.file}#${module.id}`;

/**
 * A thrown thing as the error of a step.
 * @param thrown as `dump` gives it
 * @param modules all that were evaluated, so that each frame finds its notebook line
 */
export function realmError(thrown: unknown, modules: readonly Module[], memory: number): TelarError {
  const { name, message, stack } = (typeof thrown === 'object' && thrown !== null && 'message' in thrown ? thrown : { message: `The body threw ${JSON.stringify(thrown) ?? String(thrown)}` }) as Thrown;
  const text = String(message);
  if (name === 'InternalError' && /out of memory/.test(text)) {
    return new TelarError('memory', `The step needed more than its memory limit of ${Math.round(memory / 1e6)} MB. Raise it with memory= on the fence, or work on less at once.`, { limit: memory });
  }
  const lines = String(stack ?? '').split('\n');
  const frames = lines.flatMap((frame) => framed(frame, modules)).slice(0, 20);
  const line = frames.find((frame) => frame.line !== undefined)?.line;
  const deep = text === 'stack overflow';
  // A module that does not compile has one frame without parentheses; a SyntaxError of JSON.parse or eval comes from inside a function.
  const syntax = name === 'SyntaxError' && !deep && /^\s*at [^(<]*:\d+:\d+$/.test(lines[0]!);
  const said = deep ? 'The body recursed too deeply (stack overflow). Use a loop, or check that the recursion ends.'
    : typeof name === 'string' && name !== '' ? (text === '' ? name : `${name}: ${text}`) : text;
  return new TelarError(syntax ? 'syntax' : 'exception', said, {
    ...(line === undefined ? {} : { line }), ...(frames.length === 0 ? {} : { traceback: frames.map((frame) => frame.text).join('\n') }),
  });
}

function framed(frame: string, modules: readonly Module[]): { text: string; line?: number }[] {
  const place = /^\s*at (?:(.*?) \()?(.*?):(\d+):\d+\)?$/.exec(frame);
  if (place === null || place[2] === 'telar' || place[2]!.startsWith('<')) return [];
  const module = modules.find((candidate) => labelOf(candidate) === place[2]);
  if (module === undefined) return [{ text: `at ${place[1] ?? '<top level>'} (${place[2]}:${place[3]})` }];
  const line = module.line + Number(place[3]) - 1;
  const name = place[1] === undefined || place[1] === '<anonymous>' ? '<top level>' : place[1];
  return [{ text: `at ${name} (${module.file}:${line})`, line }];
}
