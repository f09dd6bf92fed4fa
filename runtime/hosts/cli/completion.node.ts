/**
 * `telar completion`: a script for bash, zsh or fish, made from the table of commands. Commands, options and choices are written into it;
 * notebooks are files; the ids of a notebook's nodes are asked of `telar graph`, which runs nothing.
 */
import { basename } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import { COMMON, type Arguments, type Command, type Option } from './arguments.node.ts';
import { terminal } from './terminal.node.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

/** @param commands the table, handed over since it is the table that names this file */
export async function run(args: Arguments, commands: readonly Command[]): Promise<number> {
  const shell = args.positionals[0] ?? basename(process.env.SHELL ?? '');
  const script = SCRIPTS[shell];
  if (script === undefined) {
    const near = nearest(shell, Object.keys(SCRIPTS));
    throw new TelarError('usage', `${shell === '' ? 'Name a shell' : `There is no completion for \`${shell}\``}: bash, zsh or fish.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  terminal.out(script(commands));
  return 0;
}

const optionsOf = (command: Command): readonly Option[] => [...command.options, ...COMMON];
const wordsOf = (command: Command): string => optionsOf(command).map((option) => `--${option.name}`).join(' ');
/** Options whose value is a list of node ids. */
const takesIds = (option: Option): boolean => option.value?.startsWith('ID') === true;
/** Commands that take a node after the notebook. */
const idCommands = (commands: readonly Command[]): string[] => commands.filter((command) => command.takes.split(' ')[1]?.startsWith('ID')).map((command) => command.name);
const flags = (option: Option): readonly string[] => [`--${option.name}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
const ASK = `telar graph "$1" --format json 2>/dev/null | grep -o '{"id":"[^"]*"' | sed 's/^{"id":"//; s/"$//'`;

function bash(commands: readonly Command[]): string {
  const choices = commands.flatMap((command) => command.options.filter((option) => option.choices !== undefined).map((option) => ({ command: command.name, option })));
  const idOptions = [...new Set(commands.flatMap((command) => command.options.filter(takesIds).map((option) => `--${option.name}`)))];
  return `# telar: completion for bash. Put this into ~/.bashrc:  eval "$(telar completion bash)"
_telar_ids() { ${ASK}; }
_telar_notebook() { local word; for word in "\${COMP_WORDS[@]:2}"; do [[ $word == *.telar.md ]] && { printf '%s' "\${word//\\\\/}"; return; }; done; }
_telar() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} head='' words=''
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then COMPREPLY=( $(compgen -W '${commands.map((one) => one.name).join(' ')} help' -- "$word") ); return; fi
  case "$command $before" in
${choices.map(({ command, option }) => `    ${flags(option).map((flag) => `"${command} ${flag}"`).join('|')}) COMPREPLY=( $(compgen -W '${option.choices?.join(' ')}' -- "$word") ); return;;`).join('\n')}
    *" -o"|*" --output") COMPREPLY=( $(compgen -f -- "$word") ); return;;
    *" --workspace") COMPREPLY=( $(compgen -d -- "$word") ); return;;
    ${idOptions.map((name) => `*" ${name}"`).join('|')})
      [[ $word == *,* ]] && head=\${word%,*},
      COMPREPLY=( $(compgen -P "$head" -W "$(_telar_ids "$(_telar_notebook)")" -- "\${word##*,}") ); return;;
    ${idCommands(commands).map((name) => `"${name} "*.telar.md`).join('|')}) COMPREPLY=( $(compgen -W "$(_telar_ids "$(_telar_notebook)")" -- "$word") ); return;;
    "completion "*) COMPREPLY=( $(compgen -W 'bash zsh fish' -- "$word") ); return;;
    "help "*) COMPREPLY=( $(compgen -W '${commands.map((one) => one.name).join(' ')}' -- "$word") ); return;;
  esac
  case "$command" in
${commands.map((command) => `    ${command.name}) words='${wordsOf(command)}';;`).join('\n')}
  esac
  if [[ $word == -* ]]; then COMPREPLY=( $(compgen -W "$words" -- "$word") ); return; fi
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=( $(compgen -f -X '!*.telar.md' -- "$word") $(compgen -d -- "$word") )
}
complete -F _telar telar
`;
}

function zsh(commands: readonly Command[]): string {
  const withIds = idCommands(commands);
  const quote = (text: string): string => text.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&');
  const spec = (option: Option): string => {
    const value = option.value === undefined ? '' : `:${option.value.toLowerCase().replace(/[^a-z]/g, '')}:${option.choices !== undefined ? `(${option.choices.join(' ')})` : takesIds(option) ? '_telar_id_list' : option.name === 'output' ? '_files' : option.name === 'workspace' ? '_files -/' : ' '}`;
    const star = option.many === true ? '*' : '';
    return flags(option).map((flag) => `'${star}${flag}[${quote(option.help)}]${value}'`).join(' ');
  };
  const positional = (command: Command): string => {
    if (command.name === 'completion') return `'1:shell:(bash zsh fish)'`;
    if (command.takes === '') return '';
    if (withIds.includes(command.name)) return `'1:notebook:_telar_files' '2:node:_telar_ids'`;
    return command.takes.includes('...') ? `'*:notebook:_telar_files'` : `'1:notebook:_telar_files'`;
  };
  return `#compdef telar
# telar: completion for zsh. Put this into ~/.zshrc after compinit:  eval "$(telar completion zsh)"
_telar_files() { _files -g '*.telar.md(-.)'; }
_telar_notebook() { local word; for word in \${(Q)words}; do [[ $word == *.telar.md ]] && { print -r -- $word; return; }; done; }
_telar_ask() { ${ASK}; }
_telar_ids() { local -a ids; ids=(\${(f)"$(_telar_ask "$(_telar_notebook)")"}); compadd -a ids; }
_telar_id_list() { local -a ids; ids=(\${(f)"$(_telar_ask "$(_telar_notebook)")"}); _values -s , node $ids; }
_telar() {
  local -a commands; commands=(
${commands.map((command) => `    '${command.name}:${quote(command.summary)}'`).join('\n')}
    'help:Help on a command'
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]; words=("\${(@)words[2,-1]}"); (( CURRENT-- ))
  case $command in
${commands.map((command) => `    ${command.name}) _arguments ${[positional(command), ...optionsOf(command).map(spec)].filter((text) => text !== '').join(' ')};;`).join('\n')}
  esac
}
compdef _telar telar
`;
}

function fish(commands: readonly Command[]): string {
  const withIds = idCommands(commands);
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap((command) => {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    return [
      `complete -c telar -n __fish_use_subcommand -f -a ${command.name} -d ${quote(command.summary)}`,
      ...optionsOf(command).map((option) => {
        const values = option.choices !== undefined ? ` -f -a '${option.choices.join(' ')}'` : takesIds(option) ? " -f -a '(__telar_ids)'" : '';
        return `complete -c telar ${when} -l ${option.name}${option.short === undefined ? '' : ` -s ${option.short}`}${option.value === undefined ? '' : ' -r'}${values} -d ${quote(option.help)}`;
      }),
      command.name === 'completion' ? `complete -c telar ${when} -f -a 'bash zsh fish'`
        : command.takes === '' ? `complete -c telar ${when} -f`
          : `complete -c telar ${when} -f -a '(__fish_complete_suffix .telar.md)'`,
      ...(withIds.includes(command.name) ? [`complete -c telar ${when} -f -a '(__telar_ids)'`] : []),
    ];
  });
  return `# telar: completion for fish. Put this into ~/.config/fish/config.fish:  telar completion fish | source
function __telar_ids
  set -l file (string match -- '*.telar.md' (commandline -opc))[1]
  test -n "$file"; and telar graph "$file" --format json 2>/dev/null | string match -ra '\\{"id":"[^"]*"' | string replace -r '^\\{"id":"(.*)"$' '$1'
end
${lines.join('\n')}
`;
}
