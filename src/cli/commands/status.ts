import { loadConfig } from "../../config/load.ts";
import { DESTINATION } from "../../config/sections.ts";
import { statusSummary } from "../../report/status-summary.ts";
import { styleFor } from "../../report/style.ts";
import { status } from "../../operations/status/status.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { configInput, durationOption } from "../input.ts";
import { writeShown } from "../io.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";

/** Runs shown to people; `--json` has all that are kept. */
const RUNS_SHOWN = 10;

/** Shows the destination's records; makes no call to Pardot. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const maxAgeMs = durationOption(options, "--max-age");
  const config = await loadConfig(configInput(context), DESTINATION);
  const stop = { graceMs: 0, afterwards: "status changes nothing" };
  const result = await runOperation(context, null, stop, (runtime) => status(config, runtime, { maxAgeMs }));
  const { exitCode, pardotNow: _, ...rest } = result;
  if (hasOption(options, "--json")) io.stdout.write(toJson(rest));
  else writeShown(io.stdout, statusSummary(result, RUNS_SHOWN, io.clock.now(), styleFor(io.stdout)));
  return exitCode;
}
