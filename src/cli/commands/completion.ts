import { entries } from "../../catalog/index.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";
import { COMMANDS } from "./index.ts";

/** Prints the script that completes words in a shell. */
// oxlint-disable-next-line typescript/require-await -- as every command
export async function runCommand({ io, arguments: [given] }: CommandContext): Promise<number> {
  const shell = SHELLS.find((name) => name === given);
  if (shell === undefined) {
    throw new UsageError(`complete words in the shell ${given}: there is no script for it`, {
      code: "usage.shell",
      hint: `Give one of ${SHELLS.join(", ")}.`,
    });
  }
  const objects = ["core", "deletes", "all", ...entries.map(({ name }) => name)];
  io.stdout.write(completionScript(shell, COMMANDS, objects));
  return 0;
}
