import type { OptionTexts } from "../config/layers.ts";
import type { ConfigInput } from "../config/load.ts";
import { parseDuration } from "../config/parsers.ts";
import { UsageError } from "../errors.ts";
import type { RunOptions } from "../operations/api.ts";
import type { Secret } from "../secrets/secret.ts";
import type { CommandContext, ParsedOptions } from "./command.ts";
import { hasOption, textOption } from "./command.ts";
import { stopOnSignals } from "./signals.ts";

/** Loads a command's configuration. A signal while secrets are fetched ends it, before the command has begun. */
export async function loadFor<Loaded>(
  context: CommandContext,
  loader: (input: ConfigInput) => Promise<Loaded>,
  objects: readonly string[] = [],
): Promise<Loaded> {
  const stopping = stopOnSignals(context.io, { graceMs: 0, afterwards: "nothing has begun" });
  try {
    return await loader({ ...configInput(context, objects), signal: stopping.signal });
  } finally {
    stopping.release();
  }
}

/** The configuration's input from the command line. Names given as arguments replace `PARDOT_ETL_OBJECTS`. */
export function configInput(context: CommandContext, objects: readonly string[] = []): ConfigInput {
  const { io, options } = context;
  const businessUnit = textOption(options, "--business-unit");
  const given: OptionTexts = {
    ...(businessUnit === null ? {} : { PARDOT_BUSINESS_UNIT_ID: { option: "--business-unit", text: businessUnit } }),
    ...(objects.length === 0 ? {} : { PARDOT_ETL_OBJECTS: { option: "object (argument)", text: objects.join(",") } }),
  };
  const { env, cwd, clock, random, secrets } = io;
  const onSecret = (secret: Secret): void => void secrets.add(secret);
  return { env, cwd, configFile: textOption(options, "--config"), options: given, clock, random, onSecret };
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

/** A duration given as an option, in milliseconds; null when it was not given. Throws `UsageError`. */
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
