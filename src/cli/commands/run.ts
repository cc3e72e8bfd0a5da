import type { Config } from "../../config/config.ts";
import { loadConfig, loadNotify } from "../../config/load.ts";
import { notify } from "../../notify/notify.ts";
import { runAndNotify } from "../../notify/run.ts";
import { destinationText, RunRecorder } from "../../operations/run/outcome.ts";
import type { RunOutcome } from "../../operations/run/outcome.ts";
import { runSummary } from "../../report/run-summary.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { loadFor, rangeOptions } from "../input.ts";
import { lookOf, secretsOf, writeShown } from "../io.ts";
import { describeError, printError } from "../print-error.ts";
import { openReport } from "../report.ts";
import type { Report } from "../report.ts";
import { runOperation } from "../operation.ts";

/** Exit codes whose `--json` result has `error` (docs/commands.md). */
const CODES_WITH_ERROR: ReadonlySet<number> = new Set([2, 3, 7, 8]);

/**
 * One incremental run. However it ends, its result or error is printed, the configured notifications are sent, and the
 * last line of the log explains the exit code.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  if (hasOption(options, "--dry-run")) return (await import("./plan.ts")).runCommand(context);
  const report = await openReport(options, io);
  const recorder = new RunRecorder(io.clock);
  io.onEarlyExit((code) => report.end(recorder.cutShort(code)));
  const outcome = await runToItsEnd(context, report, recorder);
  io.onEarlyExit(null);
  // After a display the summary, or the error, is the last text that a person sees.
  if (!report.hasDisplay) report.end(outcome);
  return outcome.exitCode;
}

async function runToItsEnd(context: CommandContext, report: Report, recorder: RunRecorder): Promise<RunOutcome> {
  const { options } = context;
  try {
    const config = await configure(context, report, recorder);
    const stop = { graceMs: config.etl.stopGraceMs, afterwards: "work that finishes by then is committed" };
    const outcome = await runOperation(
      context,
      config.pardot,
      stop,
      async (runtime) => {
        const ended = await runAndNotify(config, rangeOptions(options), runtime, recorder);
        if (ended.result !== null && isOnScreen(context)) report.stop("remove");
        return ended;
      },
      report,
    );
    printOutcome(outcome, config, context, report);
    return outcome;
  } catch (error) {
    report.stop();
    printFailure(error, context);
    return recorder.failed(error);
  }
}

/** Loads the configuration; if it is invalid, sends the notifications that can be sent. */
async function configure(context: CommandContext, report: Report, recorder: RunRecorder): Promise<Config> {
  const { io } = context;
  try {
    const config = await loadFor(context, loadConfig, context.arguments);
    recorder.setBusinessUnit(config.pardot.businessUnitId);
    return config;
  } catch (error) {
    const { businessUnitId, notify: config } = await loadFor(context, loadNotify, context.arguments);
    recorder.setBusinessUnit(businessUnitId);
    const outcome = recorder.failed(error);
    const stop = { graceMs: 0, afterwards: "nothing has begun" };
    const secrets = secretsOf(io);
    await runOperation(
      context,
      null,
      stop,
      ({ transport, clock, signal, onEvent }) =>
        notify(outcome, { config, transport, clock, signal, ...recorder.listening({ onEvent }), secrets }),
      report,
    );
    throw error;
  }
}

/** Whether the summary appears on the terminal, and so takes the place of a display. */
function isOnScreen({ io, options }: CommandContext): boolean {
  return io.stdout.isTerminal && io.stderr.isTerminal && !hasOption(options, "--json");
}

function printOutcome(
  { result, cause, durationMs }: RunOutcome,
  config: Config,
  context: CommandContext,
  { hasDisplay }: Report,
): void {
  const { io, options } = context;
  if (result === null) {
    printFailure(cause, context);
    return;
  }
  if (hasOption(options, "--json")) {
    // The manifest as it was written, plus the error under a separate key.
    const error = CODES_WITH_ERROR.has(result.exitCode) ? { error: describeError(result.error) } : {};
    io.stdout.write(`${JSON.stringify({ ...error, ...result.manifest }, null, 2)}\n`);
  } else if (!hasOption(options, "--quiet") || result.exitCode !== 0) {
    const destination = destinationText(config.etl.destination);
    const warningsShown = hasDisplay && isOnScreen(context);
    writeShown(io.stdout, runSummary(result, { destination, durationMs, warningsShown, look: lookOf(io.stdout) }));
    // The summary has the error; without a terminal, the log has it too.
    if (isOnScreen(context)) return;
  }
  if (result.error !== null) printError(result.error, { isJson: false }, io);
}

/** Prints why a run has no result; with --json as JSON. */
function printFailure(error: unknown, { io, options }: CommandContext): void {
  printError(error, { isJson: hasOption(options, "--json") }, io);
}
