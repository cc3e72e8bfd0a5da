import type { CommandSpec, OptionSpec } from "./command.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { GUIDES } from "./guide.ts";
import { OWN_OPTIONS } from "./help.ts";
import { pageNames } from "./manual.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A command with what may follow it. */
interface Completed {
  readonly name: string;
  readonly brief: string;
  readonly options: readonly OptionSpec[];
  readonly words: readonly string[];
}

const SHARED: readonly OptionSpec[] = [...COMMON_OPTIONS, ...OWN_OPTIONS];

/** The script that teaches a shell the commands, their options, objects and pages. `objects`: names and groups. */
export function completionScript(shell: Shell, commands: readonly CommandSpec[], objects: readonly string[]): string {
  const wordsAfter: Readonly<Record<string, readonly string[]>> = {
    help: [...commands.map(({ name }) => name), ...pageNames()],
    completion: SHELLS,
  };
  const completed = commands.map((command) => ({
    name: command.name,
    brief: plain(GUIDES[command.name]?.brief ?? command.summary),
    options: command.options,
    words: command.objects === null ? (wordsAfter[command.name] ?? []) : objects,
  }));
  return `${{ bash, zsh, fish }[shell](completed)}\n`;
}

function bash(commands: readonly Completed[]): string {
  const all = [...SHARED, ...commands.flatMap(({ options }) => options)].filter(({ value }) => value !== null);
  const flags = (isFile: boolean): string =>
    [...new Set(all.filter((option) => takesFile(option) === isFile).map(({ flag }) => flag))].join("|");
  const names = commands.map(({ name }) => name);
  const words = (command: Completed): string =>
    [...command.words, ...[...command.options, ...SHARED].map(({ flag }) => flag)].join(" ");
  return [
    '# For ~/.bashrc: eval "$(pardot-etl completion bash)"',
    "_pardot_etl() {",
    "  local current=${COMP_WORDS[COMP_CWORD]} command= word words=",
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case $word in ${names.join("|")}) command=$word; break ;; esac`,
    "  done",
    "  case ${COMP_WORDS[COMP_CWORD-1]} in",
    `    ${flags(true)}) COMPREPLY=($(compgen -f -- "$current")); return ;;`,
    `    ${flags(false)}) COMPREPLY=(); return ;;`,
    "  esac",
    "  case $command in",
    ...commands.map((command) => `    ${command.name}) words='${words(command)}' ;;`),
    `    *) words='${[...names, ...SHARED.map(({ flag }) => flag)].join(" ")}' ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -F _pardot_etl pardot-etl",
  ].join("\n");
}

function zsh(commands: readonly Completed[]): string {
  const argument = (option: OptionSpec): string => {
    const value = option.value === null ? "" : `:${option.value}:${takesFile(option) ? "_files" : ""}`;
    const repeats = option.isRepeatable === true ? "*" : "";
    return `'${repeats}${option.flag}[${plain(option.meaning)}]${value}'`;
  };
  const shared = SHARED.map(argument).join(" ");
  return [
    "#compdef pardot-etl",
    '# For ~/.zshrc, after compinit: eval "$(pardot-etl completion zsh)"',
    "_pardot_etl() {",
    "  local state line",
    "  typeset -A opt_args",
    `  local -a commands=(${commands.map(({ name, brief }) => `'${name}:${brief}'`).join(" ")})`,
    `  local -a shared=(${shared})`,
    `  _arguments -C $shared '1:command:->command' '*::argument:->argument'`,
    "  case $state in",
    "    command) _describe command commands ;;",
    "    argument)",
    "      case $line[1] in",
    ...commands.map(({ name, options, words }) => {
      const own = options.map(argument).join(" ");
      const rest = words.length === 0 ? "" : ` '*:argument:(${words.join(" ")})'`;
      return `        ${name}) _arguments $shared ${own}${rest} ;;`;
    }),
    "      esac ;;",
    "  esac",
    "}",
    "compdef _pardot_etl pardot-etl",
  ].join("\n");
}

function fish(commands: readonly Completed[]): string {
  const option = (spec: OptionSpec, condition: string): string => {
    const value = spec.value === null ? "" : takesFile(spec) ? " -r -F" : " -x";
    const short = spec.short === undefined ? "" : ` -s ${spec.short.slice(1)}`;
    return `complete -c pardot-etl${condition}${short} -l ${spec.flag.slice(2)}${value} -d '${plain(spec.meaning)}'`;
  };
  return [
    "# For ~/.config/fish/config.fish: pardot-etl completion fish | source",
    "complete -c pardot-etl -f",
    ...SHARED.map((spec) => option(spec, "")),
    ...commands.flatMap(({ name, brief, options, words }) => {
      const after = ` -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c pardot-etl -n __fish_use_subcommand -a ${name} -d '${brief}'`,
        ...options.map((spec) => option(spec, after)),
        ...(words.length === 0 ? [] : [`complete -c pardot-etl${after} -a '${words.join(" ")}'`]),
      ];
    }),
  ].join("\n");
}

function takesFile({ value }: OptionSpec): boolean {
  return value === "FILE";
}

/** The first clause of a text, without what any of the shells would read as its own. */
function plain(text: string): string {
  const clause = text.split(/[;:(]/)[0] ?? "";
  return clause
    .replaceAll("'", "’")
    .replaceAll(/["`[\]$\\]/g, "")
    .trim();
}
