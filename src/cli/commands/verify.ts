import { loadConfig } from "../../config/load.ts";
import { COMMITTED } from "../../config/sections.ts";
import { verifySummary } from "../../report/verify-summary.ts";
import type { VerifyResult } from "../../operations/api.ts";
import type { Runtime } from "../../operations/runtime.ts";
import { verify } from "../../operations/verify/verify.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { durationOption, loadFor } from "../input.ts";
import { lookOf, writeShown } from "../io.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";
import { openReport } from "../report.ts";

/** Verifies the committed files; makes no call to Pardot. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const waitMs = durationOption(options, "--wait") ?? 0;
  const config = await loadFor(context, (input) => loadConfig(input, COMMITTED), context.arguments);
  const wanted = {
    objects: context.arguments.length === 0 ? null : config.etl.objects,
    filesOnly: hasOption(options, "--files-only"),
    warehouseOnly: hasOption(options, "--warehouse-only"),
    waitMs,
    accept: textOption(options, "--accept"),
  };
  const stop = { graceMs: 0, afterwards: "verifying changes nothing" };
  const isJson = hasOption(options, "--json");
  const report = await openReport(options, io, "mostly a person");
  const work = async (runtime: Runtime): Promise<VerifyResult> => {
    const verified = await verify(config, wanted, runtime);
    // The table of the result takes the place of the display.
    if (!isJson && io.stdout.isTerminal) report.stop("remove");
    return verified;
  };
  const result = await runOperation(context, null, stop, work, report);
  if (isJson) io.stdout.write(toJson(result));
  else writeShown(io.stdout, verifySummary(result, lookOf(io.stdout)));
  return result.exitCode;
}
