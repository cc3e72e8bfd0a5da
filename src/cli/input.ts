import type { GivenOptions } from "../config/layers.ts";
import type { ConfigInput } from "../config/load.ts";
import type { Secret } from "../secrets/secret.ts";
import type { CommandContext } from "./command.ts";
import { textOption } from "./command.ts";
import { stopOnSignals } from "./signals.ts";

/**
 * Loads a command's configuration, whole or the part that `loader` loads. A signal ends it while secrets are fetched;
 * nothing has begun by then.
 */
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

/** What a command line says of the configuration. Names given as arguments stand in for `PARDOT_ETL_OBJECTS`. */
export function configInput(context: CommandContext, objects: readonly string[] = []): ConfigInput {
  const { io, options } = context;
  const businessUnit = textOption(options, "--business-unit");
  const given: GivenOptions = {
    ...(businessUnit === null ? {} : { PARDOT_BUSINESS_UNIT_ID: { option: "--business-unit", text: businessUnit } }),
    ...(objects.length === 0 ? {} : { PARDOT_ETL_OBJECTS: { option: "object (argument)", text: objects.join(",") } }),
  };
  const { env, cwd, clock, random, secrets } = io;
  const onSecret = (secret: Secret): void => void secrets.add(secret);
  return { env, cwd, configFile: textOption(options, "--config"), options: given, clock, random, onSecret };
}
