import { loadConfig } from "../../config/load.ts";
import { COMMITTED } from "../../config/sections.ts";
import { verifySummary } from "../../report/summary.ts";
import { verify } from "../../operations/verify/verify.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { durationOption, loadFor } from "../input.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";

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
  const result = await runOperation(context, null, stop, (runtime) => verify(config, wanted, runtime));
  io.stdout.write(hasOption(options, "--json") ? toJson(result) : verifySummary(result));
  return result.exitCode;
}
