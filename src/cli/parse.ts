import type { Command, CommanderError, Option } from "commander";
import { closestMatch } from "../config/suggest.ts";
import { UsageError } from "../errors.ts";
import type { CommandSpec, OptionSpec, ParsedOptions } from "./command.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { commandHelp, programHelp } from "./help.ts";
import { plainText } from "./help.ts";

/** A parsed command line. */
export type Request =
  | {
      readonly kind: "command";
      readonly command: CommandSpec;
      readonly arguments: readonly string[];
      readonly options: ParsedOptions;
    }
  /** Help or version, complete. */
  | { readonly kind: "text"; readonly text: string };

/**
 * Parses a command line by the table of commands. Throws `UsageError` for unknown commands and options; runs and prints
 * nothing.
 */
export async function parseCommandLine(
  argv: readonly string[],
  commands: readonly CommandSpec[],
  version: string,
): Promise<Request> {
  const plain = plainText(argv, commands, version);
  if (plain !== null) return { kind: "text", text: plain };
  const commander = await import("commander");
  let text = "";
  let request: Request | null = null;
  const prepare = (command: Command, options: readonly OptionSpec[]): void => {
    command
      .exitOverride()
      .configureOutput({ writeOut: (out) => (text += out), writeErr: () => {} })
      .helpOption("-h, --help");
    for (const spec of options) {
      const names = spec.short === undefined ? spec.flag : `${spec.short}, ${spec.flag}`;
      const option = new commander.Option(spec.value === null ? names : `${names} <${spec.value}>`);
      if (spec.isRepeatable === true) option.argParser<readonly string[]>((item, items) => [...(items ?? []), item]);
      command.addOption(option);
    }
  };
  const program = new commander.Command("pardot-etl");
  prepare(program, COMMON_OPTIONS);
  program.version(version, "-V, --version").helpCommand(false);
  program.helpInformation = () => programHelp(commands);
  for (const spec of commands) {
    const command = program.command(spec.name);
    command.helpInformation = () => commandHelp(spec, commands);
    prepare(command, spec.options);
    if (spec.objects !== null) command.argument("[object...]");
    if (spec.argument !== undefined) command.argument(spec.argument.name);
    command.action(() => {
      const options = givenOptions([...program.options, ...command.options], command.optsWithGlobals());
      request = { kind: "command", command: spec, arguments: command.args, options };
    });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof commander.CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, argv, commands);
    // Help of a command that there is not would be that of the program.
    const [name = ""] = program.args;
    const isHelp = error.code === "commander.help" || error.code === "commander.helpDisplayed";
    if (isHelp && name !== "" && !name.startsWith("-") && !commands.some((spec) => spec.name === name)) {
      throw usageError({ code: "commander.unknownCommand", message: `unknown command '${name}'` }, argv, commands);
    }
  }
  return request ?? { kind: "text", text };
}

/** By flag instead of the parser's own names; only what was given. */
function givenOptions(options: readonly Option[], given: Readonly<Record<string, unknown>>): ParsedOptions {
  const entries = options.map((option) => {
    const value = given[option.attributeName()];
    return [option.long ?? "", option.negate ? value === false : value] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as ParsedOptions;
}

function usageError(
  error: Pick<CommanderError, "code" | "message">,
  argv: readonly string[],
  commands: readonly CommandSpec[],
): UsageError {
  if (error.code === "commander.help") {
    return new UsageError("read the command line: no command given", {
      code: "usage.no-command",
      hint: `Choose one of ${commands.map((command) => command.name).join(", ")}; \`pardot-etl --help\` describes them.`,
    });
  }
  // The parser's text is `error: unknown option '--ful'`, perhaps with a suggestion on a second line; ours knows swaps.
  const fault = error.message.replace(/^error: /, "").split("\n")[0] ?? "";
  const wrong = /^unknown (?:command|option) '([^']*)'/.exec(fault)?.[1] ?? null;
  const command = commands.find((candidate) => argv.includes(candidate.name));
  const flags = [...COMMON_OPTIONS, ...(command?.options ?? [])].map((option) => option.flag);
  const names: readonly string[] = wrong?.startsWith("-") === true ? flags : commands.map(({ name }) => name);
  const guess = wrong === null ? null : closestMatch(wrong, names);
  const help = `See \`pardot-etl ${command === undefined ? "" : `${command.name} `}--help\``;
  const isExclusion = wrong !== null && /^-\w{2}/.test(wrong) && command !== undefined && command.objects !== null;
  const exclusion = isExclusion ? `; exclude objects in a list, such as core,${wrong}` : "";
  return new UsageError(`read the command line: ${fault}`, {
    code: "usage.invalid",
    hint: guess === null ? `${help}${exclusion}.` : `${help}; did you mean ${guess}?`,
  });
}
