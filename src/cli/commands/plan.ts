import { loadConfig } from "../../config/load.ts";
import { planSummary } from "../../report/summary.ts";
import { plan } from "../../operations/plan/plan.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { toJson } from "../json.ts";
import { withSurroundings } from "../surroundings.ts";
import { rangeOptions } from "./range-options.ts";

/** Shows what `run` would do, with a few calls, which are counted. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const config = await loadFor(context, loadConfig, context.arguments);
  const stop = { graceMs: 0, afterwards: "a plan reads and lands nothing of the data" };
  const result = await withSurroundings(context, config.pardot, stop, (surroundings) =>
    plan(config, rangeOptions(options), surroundings),
  );
  const isJson = hasOption(options, "--json");
  const failed = result.objects.find((object) => object.error !== null)?.error ?? null;
  if (isJson) {
    const error = failed === null ? {} : { error: { code: failed.code, message: failed.message, hint: failed.hint } };
    io.stdout.write(toJson({ ...error, ...result }));
  } else {
    io.stdout.write(planSummary(result));
  }
  return failed?.exitCode ?? 0;
}
