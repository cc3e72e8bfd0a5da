import { loadConfig } from "../../config/load.ts";
import { planSummary } from "../../report/plan-summary.ts";
import type { RunOptions } from "../../operations/api.ts";
import { plan } from "../../operations/plan/plan.ts";
import type { CommandContext, ParsedOptions } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { loadFor } from "../input.ts";
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

/** The range that the options name, as a run takes it. */
export function rangeOptions(options: ParsedOptions): RunOptions {
  const since = textOption(options, "--since");
  const until = textOption(options, "--until");
  return {
    full: hasOption(options, "--full"),
    acceptGap: hasOption(options, "--accept-gap"),
    ...(since === null ? {} : { since }),
    ...(until === null ? {} : { until }),
  };
}
