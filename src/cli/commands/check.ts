import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { DESTINATION } from "../../config/sections.ts";
import { PardotEtlError } from "../../errors.ts";
import { checkLineText, checkSummary } from "../../report/check-summary.ts";
import type { CheckLine, CheckResult } from "../../operations/api.ts";
import { check, checkWithoutSecrets } from "../../operations/check/check.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { lookOf, writeShown } from "../io.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";

/** Tests everything a run needs, one line each. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const isJson = hasOption(options, "--json");
  const result = await tryEverything(context, (line) => {
    if (!isJson) writeShown(io.stdout, checkLineText(line, lookOf(io.stdout)));
  });
  if (isJson) {
    const failed = result.lines.find((line) => line.status === "failed");
    const code = `check.${failed?.name.replaceAll(" ", "-") ?? ""}`;
    const error = failed === undefined ? {} : { error: { code, message: failed.message, hint: failed.hint } };
    io.stdout.write(toJson({ ...error, ...result }));
  } else {
    writeShown(io.stdout, checkSummary(result, lookOf(io.stdout)));
  }
  return result.exitCode;
}

async function tryEverything(context: CommandContext, onLine: (line: CheckLine) => void): Promise<CheckResult> {
  const stop = { graceMs: 0, afterwards: "a check lands no data" };
  let config: Config;
  try {
    config = await loadFor(context, loadConfig);
  } catch (error) {
    if (!(error instanceof PardotEtlError) || !error.code.startsWith("secrets.")) throw error;
    const destination = await loadFor(context, (input) => loadConfig(input, DESTINATION));
    return runOperation(context, null, stop, (runtime) => checkWithoutSecrets(destination, error, runtime, onLine));
  }
  return runOperation(context, config.pardot, stop, (runtime) => check(config, runtime, onLine));
}
