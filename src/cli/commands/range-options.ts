import type { RunOptions } from "../../operations/api.ts";
import type { OptionSpec, ParsedOptions } from "../command.ts";
import { hasOption } from "../command.ts";

/** Options for another range than that of a plain run. */
export const RANGE_OPTIONS: readonly OptionSpec[] = [
  { flag: "--full", value: null, meaning: "from the start of the history, whatever was read before" },
  {
    flag: "--since",
    value: "T",
    meaning:
      "from this time on: 2026-01-31 or 2026-01-31 12:00:00 in the API user's zone, or 2026-01-31T12:00:00Z; the next plain run fills the gap it leaves",
  },
  { flag: "--until", value: "T", meaning: "up to this time, exclusive", default: "now, by Pardot's clock" },
  { flag: "--accept-gap", value: null, meaning: "with --since: give up the gap it leaves" },
];

/** The requested range, as the run takes it. */
export function rangeOptions(options: ParsedOptions): RunOptions {
  const since = options["--since"];
  const until = options["--until"];
  return {
    full: hasOption(options, "--full"),
    acceptGap: hasOption(options, "--accept-gap"),
    ...(typeof since === "string" ? { since } : {}),
    ...(typeof until === "string" ? { until } : {}),
  };
}
