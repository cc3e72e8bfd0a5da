import { loadConfig } from "../../config/load.ts";
import { probe } from "../../operations/probe/probe.ts";
import { probeSummary } from "../../report/probe-summary.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";

/** Tests on the account what the vendor's documentation leaves open, with at most 60 calls. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const config = await loadFor(context, loadConfig);
  const stop = { graceMs: 0, afterwards: "a probe changes nothing and lands nothing" };
  const result = await runOperation(context, config.pardot, stop, (runtime) => probe(config, runtime));
  if (hasOption(options, "--json")) {
    const { failure, ...rest } = result;
    io.stdout.write(toJson(failure === null ? rest : { error: failure, ...rest }));
  } else {
    io.stdout.write(probeSummary(result));
    // Not in the report: it may name the business unit.
    if (result.failure !== null) io.stderr.write(`pardot-etl: ${result.failure.message}\n`);
  }
  return result.exitCode;
}
