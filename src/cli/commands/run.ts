import type { Config } from "../../config/config.ts";
import { loadConfig, loadNotify } from "../../config/load.ts";
import { run } from "../../notify/notified-run.ts";
import { notify } from "../../notify/notify.ts";
import { destinationText } from "../../report/destination.ts";
import { RunWatch } from "../../report/ending.ts";
import type { RunEnding } from "../../report/ending.ts";
import { runSummary } from "../../report/summary.ts";
import type { RunResult } from "../../operations/api.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { secretsOf } from "../io.ts";
import { describeError, printError } from "../print-error.ts";
import { openReport } from "../report.ts";
import type { Report } from "../report.ts";
import { withSurroundings } from "../surroundings.ts";
import { packageVersion } from "../version.ts";
import { runCommand as planCommand } from "./plan.ts";
import { rangeOptions } from "./range-options.ts";

/** Exit codes whose `--json` result holds `error`, as the contract fixes it. */
const CODES_WITH_ERROR: ReadonlySet<number> = new Set([2, 3, 7, 8]);

/**
 * One incremental run. However it ends, its result or error is printed, whoever is configured is told, and the last line
 * of the log says what the exit code means.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  if (hasOption(options, "--dry-run")) return planCommand(context);
  const report = await openReport(options, io);
  const watch = new RunWatch(io.clock);
  io.lastWords((code) => report.end(watch.cut(code)));
  const watched: Report = {
    ...report,
    onEvent: (event) => {
      watch.onEvent(event);
      report.onEvent(event);
    },
  };
  const ending = await runToItsEnd(context, watched, watch);
  io.lastWords(null);
  report.end(ending);
  return ending.exitCode;
}

async function runToItsEnd(context: CommandContext, report: Report, watch: RunWatch): Promise<RunEnding> {
  const { io, options } = context;
  const isJson = hasOption(options, "--json");
  try {
    const config = await configure(context, report, watch);
    const stop = { graceMs: config.etl.stopGraceMs, afterwards: "what can be finished by then is committed" };
    const result = await withSurroundings(
      context,
      config.pardot,
      stop,
      (surroundings) => run(config, rangeOptions(options), surroundings),
      report,
    );
    printResult(result, config, context);
    return watch.finished(result, config);
  } catch (error) {
    report.stop();
    printError(error, { isJson, version: packageVersion() }, io);
    return watch.failed(error);
  }
}

/** The configuration; where it is faulty, whoever can be told is told. */
async function configure(context: CommandContext, report: Report, watch: RunWatch): Promise<Config> {
  const { io } = context;
  try {
    const config = await loadFor(context, loadConfig, context.arguments);
    watch.isOf(config.pardot.businessUnitId);
    return config;
  } catch (error) {
    const { businessUnitId, notify: config } = await loadFor(context, loadNotify, context.arguments);
    watch.isOf(businessUnitId);
    const ending = watch.failed(error);
    const stop = { graceMs: 0, afterwards: "nothing was begun" };
    const secrets = secretsOf(io);
    await withSurroundings(
      context,
      null,
      stop,
      ({ transport, clock, signal, onEvent }) => notify(ending, { config, transport, clock, signal, onEvent, secrets }),
      report,
    );
    throw error;
  }
}

function printResult(result: RunResult, config: Config, { io, options }: CommandContext): void {
  if (hasOption(options, "--json")) {
    // The manifest as it stands in the destination; a reader of errors finds its own key beside it.
    const error = CODES_WITH_ERROR.has(result.exitCode) ? { error: describeError(result.error) } : {};
    io.stdout.write(`${JSON.stringify({ ...error, ...result.manifest }, null, 2)}\n`);
  } else {
    io.stdout.write(runSummary(result, destinationText(config.etl.destination)));
  }
  if (result.error !== null) printError(result.error, { isJson: false, version: packageVersion() }, io);
}
