import type { GivenOptions } from "../config/layers.ts";
import type { ConfigInput } from "../config/load.ts";
import type { CommandContext } from "./command.ts";
import { textOption } from "./command.ts";

/** What a command line says of the configuration. Names given as arguments stand in for `PARDOT_ETL_OBJECTS`. */
export function configInput(context: CommandContext, objects: readonly string[] = []): ConfigInput {
  const { io, options } = context;
  const businessUnit = textOption(options, "--business-unit");
  const given: GivenOptions = {
    ...(businessUnit === null ? {} : { PARDOT_BUSINESS_UNIT_ID: { option: "--business-unit", text: businessUnit } }),
    ...(objects.length === 0 ? {} : { PARDOT_ETL_OBJECTS: { option: "object (argument)", text: objects.join(",") } }),
  };
  return { env: io.env, cwd: io.cwd, configFile: textOption(options, "--config"), options: given };
}
