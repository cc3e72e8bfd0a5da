import { capitalized, wrapped } from "../text.ts";
import type { CommandSpec, OptionSpec } from "./command.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { FIRST_STEPS, GROUPS, GUIDES } from "./guide.ts";
import type { Guide } from "./guide.ts";
import { pageNames } from "./manual.ts";

/** Fits a terminal that was never resized. */
const COLUMNS = 80;

/** Those that the parser adds to the options of every command. */
export const OWN_OPTIONS: readonly OptionSpec[] = [
  { flag: "--help", short: "-h", value: null, meaning: "show help: of pardot-etl, or of a command" },
  { flag: "--version", short: "-V", value: null, meaning: "show the version" },
];

/** The help of the program: every command and the options that all have. Loads nothing but the tables. */
export function programHelp(commands: readonly CommandSpec[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const listed = new Set(GROUPS.flatMap((group) => group.commands));
  const others = { title: "Other", commands: commands.map(({ name }) => name).filter((name) => !listed.has(name)) };
  const groups = [...GROUPS, others].flatMap(({ title, commands: names }) => {
    const known = names.flatMap((name) => commands.filter((command) => command.name === name));
    const rows = known.map(({ name, summary }) => [name, GUIDES[name]?.brief ?? summary] as const);
    return rows.length === 0 ? [] : [section(title, list(rows, width))];
  });
  return [
    paragraph("Extracts Salesforce Account Engagement (Pardot) objects, incrementally, into files for a warehouse."),
    "Usage: pardot-etl <command> [object…] [options]\n",
    ...groups,
    section("Options of every command", list([...COMMON_OPTIONS, ...OWN_OPTIONS].map(optionRow))),
    section("Examples", exampleLines(FIRST_STEPS)),
    section("Learn more", [
      ...indented(
        `\`pardot-etl help run\` explains a command, and \`pardot-etl help quickstart\` prints a page of the manual. The pages are ${pageNames().join(", ")}.`,
      ),
    ]),
  ].join("\n");
}

/** The help of a command. */
export function commandHelp(command: CommandSpec, commands: readonly CommandSpec[]): string {
  const { name, summary, options } = command;
  const guide = GUIDES[name];
  const argument = argumentOf(command);
  const usage = [name, argument?.name ?? "", options.length === 0 ? "" : "[options]"].filter((part) => part !== "");
  const shared = [...COMMON_OPTIONS, ...OWN_OPTIONS].flatMap(({ short, flag }) =>
    flag === "--version" ? [] : [short === undefined ? flag : `${short}, ${flag}`],
  );
  const pages = (guide?.pages ?? []).map((page) => {
    const isCommand = commands.some((other) => other.name === page);
    return `\`pardot-etl help ${page}${isCommand ? ".md" : ""}\``;
  });
  return [
    paragraph(`${capitalized(summary)}.${guide?.note === undefined ? "" : ` ${guide.note}`}`),
    `Usage: pardot-etl ${usage.join(" ")}\n`,
    ...(argument === null ? [] : [section("Arguments", list([[bare(argument.name), argument.meaning]]))]),
    ...(options.length === 0 ? [] : [section("Options", list(options.map(optionRow)))]),
    ...(guide === undefined ? [] : [section("Examples", exampleLines(guide.examples))]),
    section("Learn more", [
      ...indented(`\`pardot-etl --help\` explains the options of every command: ${shared.join(", ")}.`),
      ...(pages.length === 0 ? [] : indented(`The manual: ${pages.join(", ")}.`)),
    ]),
  ].join("\n");
}

/** What follows the name of a command; null for nothing. */
export function argumentOf({
  objects,
  argument,
}: CommandSpec): { readonly name: string; readonly meaning: string } | null {
  return objects === null ? (argument ?? null) : { name: "[object…]", meaning: objects };
}

/** `-q, --quiet`, `--since T`. */
function optionRow({ flag, short, value, meaning, default: byDefault }: OptionSpec): readonly [string, string] {
  const names = short === undefined ? flag : `${short}, ${flag}`;
  const text = byDefault === undefined ? meaning : `${meaning} [default: ${byDefault}]`;
  return [value === null ? names : `${names} ${value}`, text];
}

function section(title: string, lines: readonly string[]): string {
  return `${title}:\n${lines.join("\n")}\n`;
}

/** Two columns; the second is wrapped. `least`: width of the first. */
function list(rows: readonly (readonly [string, string])[], least = 0): string[] {
  const width = Math.max(least, ...rows.map(([name]) => name.length));
  return rows.flatMap(([name, meaning]) => {
    const lead = `  ${name.padEnd(width)}  `;
    return wrapped(meaning, COLUMNS, " ".repeat(lead.length), lead);
  });
}

function exampleLines(examples: Guide["examples"]): string[] {
  return list(examples.map(([words, meaning]) => [`pardot-etl ${words}`, meaning]));
}

function indented(text: string): readonly string[] {
  return wrapped(text, COLUMNS, "  ", "  ");
}

function paragraph(text: string): string {
  return `${wrapped(text, COLUMNS).join("\n")}\n`;
}

/** Without the brackets of usage. */
function bare(name: string): string {
  return name.replaceAll(/[[\]<>…]/g, "");
}

/**
 * Help and version in their usual forms, for which neither the parser nor the program need be loaded; null for every
 * other command line.
 */
export function plainText(argv: readonly string[], commands: readonly CommandSpec[], version: string): string | null {
  const [first = "", second, ...more] = argv;
  if (more.length > 0) return null;
  const isHelp = (word: string | undefined): boolean => word === "-h" || word === "--help";
  if (second === undefined) {
    if (isHelp(first) || first === "help") return programHelp(commands);
    return first === "--version" || first === "-V" ? `${version}\n` : null;
  }
  const name = first === "help" ? second : isHelp(second) ? first : null;
  const command = commands.find((candidate) => candidate.name === name);
  return command === undefined ? null : commandHelp(command, commands);
}
