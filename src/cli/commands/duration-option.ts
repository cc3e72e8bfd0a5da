import { parseDuration } from "../../config/duration.ts";
import { UsageError } from "../../errors.ts";
import type { ParsedOptions } from "../command.ts";
import { textOption } from "../command.ts";

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
