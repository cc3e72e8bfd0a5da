import type { CommandSpec } from "./command.ts";
import { commandHelp, programHelp } from "./help.ts";

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
