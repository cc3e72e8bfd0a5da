import { hasOption } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import type { Io } from "./io.ts";
import { parseCommandLine } from "./parse.ts";
import { packageVersion } from "./version.ts";

/**
 * The command line: reads it, runs one command, prints what it throws, and answers the exit code. Never exits and
 * touches nothing of the process but what `io` brings.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // Until the command line is understood, whoever wrote --json is taken to mean it.
  let isJson = argv.includes("--json");
  try {
    const request = await parseCommandLine(argv, COMMANDS, packageVersion());
    if (request.kind === "text") {
      io.stdout.write(request.text);
      return 0;
    }
    isJson = hasOption(request.options, "--json");
    const { runCommand } = await request.command.load();
    return await runCommand({ io, arguments: request.arguments, options: request.options });
  } catch (error) {
    const { printError } = await import("./print-error.ts");
    return printError(error, { isJson, version: packageVersion() }, io);
  }
}
