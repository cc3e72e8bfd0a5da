import { hasOption } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { guarded } from "./io.ts";
import type { Io } from "./io.ts";
import { parseCommandLine } from "./parse.ts";
import { packageVersion } from "./version.ts";

/**
 * The command line: reads it, runs one command, prints what it throws, and answers the exit code. Never exits and
 * touches nothing of the process but what `io` brings.
 */
export async function main(argv: readonly string[], world: Io): Promise<number> {
  const io = guarded(world);
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
    const code = printError(error, { isJson, version: packageVersion() }, io);
    if (isRun(argv)) await endRun(error, io);
    return code;
  }
}

/** Whether a run was meant, also by a command line that cannot be read. */
function isRun(argv: readonly string[]): boolean {
  const command = argv.find((word) => COMMANDS.some(({ name }) => name === word));
  return command === "run" && !argv.includes("--dry-run");
}

/** The last line of a run that has not come as far as writing it itself. */
async function endRun(error: unknown, io: Io): Promise<void> {
  const { openReport } = await import("./report.ts");
  const { RunRecorder } = await import("../operations/run/outcome.ts");
  const report = await openReport({}, io);
  report.end(new RunRecorder(io.clock).failed(error));
  report.stop();
}
