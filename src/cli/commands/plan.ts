import { loadConfig } from "../../config/load.ts";
import { planSummary } from "../../report/plan-summary.ts";
import { plan } from "../../operations/plan/plan.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor, rangeOptions } from "../input.ts";
import { lookOf, writeShown } from "../io.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";

/** Shows what `run` would do, with a few calls, which are counted. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const config = await loadFor(context, loadConfig, context.arguments);
  const stop = { graceMs: 0, afterwards: "a plan neither reads nor lands data" };
  const result = await runOperation(context, config.pardot, stop, (runtime) =>
    plan(config, rangeOptions(options), runtime),
  );
  const failed = result.objects.find((object) => object.error !== null)?.error ?? null;
  if (hasOption(options, "--json")) {
    const error = failed === null ? {} : { error: { code: failed.code, message: failed.message, hint: failed.hint } };
    io.stdout.write(toJson({ ...error, ...result }));
  } else {
    writeShown(io.stdout, planSummary(result, lookOf(io.stdout)));
  }
  return failed?.exitCode ?? 0;
}
