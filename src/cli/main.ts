import { hasOption } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { UsageError } from "../errors.ts";
import { programHelp } from "./help.ts";
import { guarded } from "./io.ts";
import type { Io } from "./io.ts";
import { parseCommandLine } from "./parse.ts";
import { packageVersion } from "./version.ts";

/** Runs one command, prints any error, and returns the exit code. Never exits; uses only `io` of the process. */
export async function main(argv: readonly string[], world: Io): Promise<number> {
  const io = guarded(world);
  // Also for a command line that cannot be parsed.
  let isJson = argv.includes("--json");
  try {
    const request = await parseCommandLine(argv, COMMANDS, packageVersion());
    if (request.kind === "text") {
      io.stdout.write(request.text);
      return 0;
    }
    isJson = hasOption(request.options, "--json");
    const { runCommand } = await request.command.load();
    const shown = request.command.readsEnvironment === false ? guarded({ ...world, env: {} }) : io;
    return await runCommand({ io: shown, arguments: request.arguments, options: request.options });
  } catch (error) {
    const { printError } = await import("./print-error.ts");
    // Help is the answer to a missing command, and exit 2 the answer to a script that has lost its command.
    const isWithoutCommand = error instanceof UsageError && error.code === "usage.no-command";
    if (!isJson && isWithoutCommand) io.stdout.write(`${programHelp(COMMANDS)}\n`);
    const code = printError(error, { isJson }, io);
    if (isRun(argv)) await endRun(error, io);
    return code;
  }
}

/** Whether the command is `run`, even if the command line cannot be parsed. */
function isRun(argv: readonly string[]): boolean {
  const command = argv.find((word) => COMMANDS.some(({ name }) => name === word));
  return command === "run" && !argv.includes("--dry-run");
}

/** Writes the last log line of a run that failed before it could write it itself. */
async function endRun(error: unknown, io: Io): Promise<void> {
  const { openReport } = await import("./report.ts");
  const { RunRecorder } = await import("../operations/run/outcome.ts");
  const report = await openReport({}, io);
  report.end(new RunRecorder(io.clock).failed(error));
  report.stop();
}
