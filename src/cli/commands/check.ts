import { loadConfig } from "../../config/load.ts";
import { checkSummary } from "../../report/summary.ts";
import { check } from "../../run/check.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { configInput } from "../input.ts";
import { toJson } from "../json.ts";
import { withSurroundings } from "../surroundings.ts";

/** Tries everything a run needs, one line each. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const config = await loadConfig(configInput(context));
  const stop = { graceMs: 0, afterwards: "a check leaves nothing behind" };
  const result = await withSurroundings(context, config.pardot, stop, (surroundings) => check(config, surroundings));
  if (hasOption(options, "--json")) {
    const failed = result.lines.find((line) => line.status === "failed");
    const code = `check.${failed?.name.replaceAll(" ", "-") ?? ""}`;
    const error = failed === undefined ? {} : { error: { code, message: failed.message, hint: failed.hint } };
    io.stdout.write(toJson({ ...error, ...result }));
  } else {
    io.stdout.write(checkSummary(result));
  }
  return result.exitCode;
}
