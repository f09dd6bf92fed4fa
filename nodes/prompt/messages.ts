/**
 * A filled template as messages. `{{role "system"}}` begins one, `{{history chat}}` puts in a conversation, `{{media url=photo}}` a picture.
 *
 * Where these stand is marked in the text by a character that is doubled wherever a value has it, so no value can begin a message of
 * its own. The road not taken: dotprompt's markers, which are plain text that a value may hold.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, MessagePart } from '../../contracts/models.ts';
import { renderTemplate, type Dialect, type Writing } from '../template/template.ts';
import { callHelper, isTable } from '../template/helpers.ts';
import { mediaOf } from './media.ts';
import { writeValue } from './write.ts';

const ROLES = ['system', 'user', 'model'] as const;
type Role = Message['role'];
/** More than this no model takes, and a loop in a template could make of little. Media are counted in characters of base64. */
const MOST_MESSAGES = 10_000;
const MOST_TEXT = 20_000_000;
const MOST_MEDIA = 100_000_000;

/** The helpers of a prompt, for analysis. */
export const promptDialect: Dialect = {
  helpers: new Set(['role', 'media', 'history', 'json']),
  fault: (name, params, options) => {
    const keys = options.map(({ key }) => key);
    if (name === 'role') {
      const [role] = params;
      const known = params.length === 1 && keys.length === 0 && role?.type === 'StringLiteral' && (ROLES as readonly unknown[]).includes(role.value);
      return known ? undefined : '“role” is written with its name: {{role "system"}}, {{role "user"}} or {{role "model"}}';
    }
    if (name === 'media') return params.length === 0 && keys.includes('url') && keys.every((key) => key === 'url' || key === 'contentType') ? undefined : '“media” is written {{media url=photo}}, with a data: URL or bytes';
    return params.length === 1 && keys.every((key) => name === 'json' && key === 'indent') ? undefined : `“${name}” needs exactly one value after its name`;
  },
};

type Mark = { readonly role: Role } | { readonly part: MessagePart } | { readonly history: readonly Message[] };

const SIGN = '\uE000';
const inert = (text: string): string => text.replaceAll(SIGN, `${SIGN}0`);
const MARKED = /\uE000(?:0|1(\d+);)/g;

/**
 * Fills a prompt.
 * @param line of the template's first line in the notebook
 * @throws TelarError `syntax`, `bad-input` for a history or media that is none, `value-type` for what has no text
 */
export function promptMessages(template: string, values: Readonly<Record<string, unknown>>, line: number): { readonly messages: readonly Message[]; readonly warnings: readonly string[] } {
  const marks: Mark[] = [];
  const warnings: string[] = [];
  let [count, media] = [0, 0];
  const mark = (one: Mark): string => {
    if ('part' in one) media += 'media' in one.part ? one.part.media.base64.length : 0;
    else count += 'history' in one ? one.history.length : 1;
    if (count > MOST_MESSAGES) throw tooMuch(`more than ${MOST_MESSAGES} messages`);
    if (media > MOST_MEDIA) throw tooMuch(`media of more than ${Math.floor(MOST_MEDIA * 0.75)} bytes`);
    return `${SIGN}1${marks.push(one) - 1};`;
  };
  const history = ([given]: readonly unknown[]): string => mark({ history: historyOf(given) });
  const writing: Writing = {
    content: inert,
    print: (value) => inert(writeValue(value, (warning) => { warnings.push(warning); })),
    helpers: {
      role: ([role]) => mark({ role: role as Role }),
      media: (_, { url, contentType }) => mark({ part: mediaOf(url, contentType) }),
      history,
      json: ([value], { indent }) => inert(typeof indent === 'number' ? JSON.stringify(JSON.parse(String(callHelper('json', [value], {}))), null, Math.min(8, Math.max(0, indent))) : String(callHelper('json', [value], {}))),
    },
    bare: { history },
  };
  const text = renderTemplate(template, values, line, { ...promptDialect, writing });
  if (text.length > MOST_TEXT) throw tooMuch(`${text.length} characters; at most ${MOST_TEXT} can be sent`);
  return { messages: gathered(text, marks), warnings: [...new Set(warnings)] };
}

const tooMuch = (what: string): TelarError => new TelarError('bad-input', `The prompt has ${what}. Let it take less: a summary, or the newest.`);

function gathered(text: string, marks: readonly Mark[]): Message[] {
  const messages: Message[] = [];
  const isPlain = marks.every((one) => 'part' in one);
  let role: Role = 'user';
  let parts: MessagePart[] = [];
  let written = '';
  const flush = (): void => { if (written !== '') parts.push({ text: written }); written = ''; };
  const end = (): void => {
    flush();
    const content = isPlain ? parts : trimmed(parts);
    if (content.some((part) => !('text' in part) || part.text.trim() !== '')) messages.push({ role, content });
    parts = [];
  };
  let from = 0;
  for (const found of text.matchAll(MARKED)) {
    written += text.slice(from, found.index);
    from = found.index + found[0].length;
    const one = found[1] === undefined ? undefined : marks[Number(found[1])];
    if (one === undefined) written += SIGN;
    else if ('part' in one) { flush(); parts.push(one.part); }
    else {
      end();
      if ('history' in one) messages.push(...one.history);
      role = 'role' in one ? one.role : 'user';
    }
  }
  written += text.slice(from);
  end();
  if (!messages.some((message) => message.role === 'user')) throw new TelarError('bad-input', 'The prompt asks nothing: it has no text of the role `user`. Write the question, or look at what its names hold.');
  return messages;
}

/** Without the line ends that stand between a message's text and the `{{role}}` lines around it. */
function trimmed(parts: readonly MessagePart[]): MessagePart[] {
  return parts.flatMap((part, i): MessagePart[] => {
    if (!('text' in part)) return [part];
    const begun = i === 0 ? part.text.replace(/^(?:[ \t]*\r?\n)+/, '') : part.text;
    const text = i === parts.length - 1 ? begun.trimEnd() : begun;
    return text === '' ? [] : [{ text }];
  });
}

/** A conversation from a wire: a list (or table) of `{role, content}`. */
function historyOf(given: unknown): readonly Message[] {
  if (given === null || given === undefined) return [];
  const list: readonly unknown[] | undefined = isTable(given) ? Array.from({ length: Math.min(given.rows, MOST_MESSAGES + 1) }, (_, i) => given.row(i)) : Array.isArray(given) ? given : undefined;
  if (list === undefined) throw new TelarError('bad-input', '`history` takes a list of `{role, content}`, and this is none.');
  if (list.length > MOST_MESSAGES) throw new TelarError('bad-input', `The history has ${list.length} messages; at most ${MOST_MESSAGES} can be sent. Give it the newest.`);
  return list.map((one, i): Message => {
    const { role, content } = (one instanceof Map ? Object.fromEntries(one) : one ?? {}) as { role?: unknown; content?: unknown };
    const known = role === 'assistant' ? 'model' : ROLES.find((name) => name === role);
    if (known === undefined || typeof content !== 'string') throw new TelarError('bad-input', `Message ${i + 1} of the history must be \`{role, content}\` with a role of ${ROLES.join(', ')} and a text.`);
    return { role: known, content: [{ text: content }] };
  });
}
