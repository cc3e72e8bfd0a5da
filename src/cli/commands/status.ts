import { parseDuration } from "../../config/duration.ts";
import { loadDestination } from "../../config/load.ts";
import { UsageError } from "../../errors.ts";
import { statusSummary } from "../../report/status-summary.ts";
import { status } from "../../run/status.ts";
import type { CommandContext, ParsedOptions } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { configInput } from "../input.ts";
import { toJson } from "../json.ts";
import { withSurroundings } from "../surroundings.ts";

/** So many of the last runs are shown to people; `--json` has all that are kept. */
const RUNS_SHOWN = 10;

/** What the destination remembers; makes no call to Pardot. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const maxAgeMs = durationOption(options, "--max-age");
  const config = await loadDestination(configInput(context));
  const stop = { graceMs: 0, afterwards: "a look changes nothing" };
  const result = await withSurroundings(context, null, stop, (surroundings) =>
    status(config, surroundings, { maxAgeMs }),
  );
  const { exitCode, ...rest } = result;
  io.stdout.write(hasOption(options, "--json") ? toJson(rest) : statusSummary(result, RUNS_SHOWN, io.clock.now()));
  return exitCode;
}

/** A duration given as an option; null when it was not given. Throws UsageError for what is not a duration. */
export function durationOption(options: ParsedOptions, flag: `--${string}`): number | null {
  const text = textOption(options, flag);
  if (text === null) return null;
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new UsageError(`read the command line: ${flag} is ${text}`, {
    code: "usage.duration",
    hint: "Give a duration such as 90s, 5m, 26h or 1d.",
  });
}
