import type { Destination } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { runSummary } from "../../report/summary.ts";
import { run } from "../../run/run.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { describeError, printError } from "../print-error.ts";
import { withSurroundings } from "../surroundings.ts";
import { packageVersion } from "../version.ts";
import { runCommand as planCommand } from "./plan.ts";
import { rangeOptions } from "./range-options.ts";

/** Exit codes whose `--json` result holds `error`, as the contract fixes it. */
const CODES_WITH_ERROR: ReadonlySet<number> = new Set([2, 3, 7, 8]);

/** One incremental run. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  if (hasOption(options, "--dry-run")) return planCommand(context);
  const config = await loadFor(context, loadConfig, context.arguments);
  const stop = { graceMs: config.etl.stopGraceMs, afterwards: "what can be finished by then is committed" };
  const result = await withSurroundings(context, config.pardot, stop, (surroundings) =>
    run(config, rangeOptions(options), surroundings),
  );
  if (hasOption(options, "--json")) {
    // The manifest as it stands in the destination; a reader of errors finds its own key beside it.
    const error = CODES_WITH_ERROR.has(result.exitCode) ? { error: describeError(result.error) } : {};
    io.stdout.write(`${JSON.stringify({ ...error, ...result.manifest }, null, 2)}\n`);
  } else {
    io.stdout.write(runSummary(result, destinationText(config.etl.destination)));
  }
  if (result.error !== null) printError(result.error, { isJson: false, version: packageVersion() }, io);
  return result.exitCode;
}

/** `s3://bucket/prefix` or the folder. */
export function destinationText(destination: Destination): string {
  if (destination.kind === "folder") return destination.path;
  return ["s3:/", destination.bucket, destination.prefix].filter((part) => part !== "").join("/");
}
