import { entries } from "../../catalog/index.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";
import { COMMANDS } from "./index.ts";

/** Prints the script that completes words in a shell. */
export function runCommand({ io, arguments: [given] }: CommandContext): number {
  const shell = SHELLS.find((name) => name === given);
  if (shell === undefined) {
    throw new UsageError(`print the completion script for ${given}: this shell is not supported`, {
      code: "usage.shell",
      hint: `Give one of ${SHELLS.join(", ")}.`,
    });
  }
  const objects = ["core", "deletes", "all", ...entries.map(({ name }) => name)];
  io.stdout.write(completionScript(shell, COMMANDS, objects));
  return 0;
}
