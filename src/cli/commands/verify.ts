import { loadCommitted } from "../../config/load.ts";
import { verifySummary } from "../../report/verify-summary.ts";
import { verify } from "../../run/verify.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { toJson } from "../json.ts";
import { withSurroundings } from "../surroundings.ts";

/** Proves what was committed; makes no call to Pardot. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const config = await loadFor(context, loadCommitted);
  const stop = { graceMs: 0, afterwards: "verifying changes nothing" };
  const runId = context.arguments[0] ?? null;
  const result = await withSurroundings(context, null, stop, (surroundings) => verify(config, runId, surroundings));
  io.stdout.write(hasOption(options, "--json") ? toJson(result) : verifySummary(result));
  return result.exitCode;
}
