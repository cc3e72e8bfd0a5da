import { secretsIn, secretsOfProcess } from "../config/redact.ts";
import type { Config } from "../config/config.ts";
import type { RunOptions, RunResult } from "../operations/api.ts";
import { resultOf, RunRecorder } from "../operations/run/outcome.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { run as runAlone } from "../operations/run/run.ts";
import type { Runtime } from "../operations/runtime.ts";
import { ownEnvironment } from "../platform/environment.ts";
import { startGrace } from "../platform/grace.ts";
import { notify } from "./notify.ts";
import { addressOf } from "./link.ts";
import type { Link } from "./link.ts";
import { leaveReport } from "./report.ts";

/**
 * Time for notifications of a stopped run beyond its grace. The command line ends the process five seconds after the
 * grace, and a container is killed thirty seconds after the stop request.
 */
const AFTER_GRACE_MS = 4000;

/**
 * One incremental run (operations/run/run.ts), followed by the page about it (`config.etl.report`) and the notifications
 * that `config.notify` configures, however the run ended. A notification that fails is a warning event and is listed in the result; it changes nothing else.
 * Throws if the run could not start.
 */
export async function run(config: Config, options: RunOptions, runtime: Runtime): Promise<RunResult> {
  return resultOf(await runAndNotify(config, options, runtime));
}

/** The same for the command line, which records from its own start on, and never throws. */
export async function runAndNotify(
  config: Config,
  options: RunOptions,
  runtime: Runtime,
  recorder: RunRecorder = new RunRecorder(runtime.clock),
): Promise<RunOutcome> {
  const { transport, clock, signal } = runtime;
  recorder.setBusinessUnit(config.pardot.businessUnitId);
  const deadline = startGrace(signal, config.etl.stopGraceMs + AFTER_GRACE_MS, clock);
  try {
    const outcome = await runAlone(config, options, runtime, recorder);
    const secrets = [...secretsIn(config), ...secretsOfProcess()];
    const page = await leaveReport(
      outcome,
      config,
      { ...recorder.listening(runtime), signal: deadline.abort },
      secrets,
    );
    const notified = await notify(outcome, {
      config: config.notify,
      link: linkOf(outcome, page, config),
      transport,
      clock,
      signal: deadline.abort,
      onEvent: recorder.listening(runtime).onEvent,
      secrets,
    });
    return recorder.notified(outcome, notified);
  } finally {
    deadline.end();
  }
}

/** To the page if there is one, else to the manifest. */
function linkOf({ result }: RunOutcome, page: string | null, config: Config): Link | null {
  const key = page ?? result?.manifestKey ?? null;
  const url = key === null ? null : addressOf(config.etl.destination, key, ownEnvironment());
  return url === null ? null : { what: page === null ? "manifest" : "report page", url };
}
