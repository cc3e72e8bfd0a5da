import type { Config } from "../../config/config.ts";
import { parseRange } from "../../plan/wish.ts";
import type { RunOptions, RunResult } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { conclude } from "./conclude.ts";
import { connect } from "./connect.ts";
import { withRun } from "./context.ts";
import type { Run } from "./context.ts";
import { RunRecorder } from "./outcome.ts";
import type { RunOutcome } from "./outcome.ts";
import { recover } from "./recover.ts";

/**
 * One incremental run. Never throws: a run that cannot start (configuration, credentials, destination, warehouse) has
 * an outcome without a result. Once it has started, a failure belongs to an object and is in the manifest, and
 * everything that is finished is committed.
 */
export async function run(
  config: Config,
  options: RunOptions,
  runtime: Runtime,
  recorder: RunRecorder = new RunRecorder(runtime.clock),
): Promise<RunOutcome> {
  try {
    const wish = parseRange(options, config.pardot.timeZone);
    const result = await withRun(config, wish, recorder.listening(runtime), recorder.warnings, runStages);
    return recorder.finished(result, config);
  } catch (error) {
    return recorder.failed(error);
  }
}

/** The stages of a run, each a file in this folder. `withRun` has opened everything they need, and closes it again. */
async function runStages(current: Run): Promise<RunResult> {
  await recover(current); // ends the runs that died
  const connection = await connect(current); // verifies the credentials, adopts Pardot's time
  const { account, now, range } = connection;
  // A third of the program, loaded once the first call has shown that it is needed.
  const { schedule } = await import("./schedule.ts");
  const { extract } = await import("./extract.ts");
  const { commit } = await import("./commit.ts");
  const { load } = await import("./load.ts");
  await schedule(current, now, range); // decides each object's windows and records them
  await extract(current, account); // exports and queries at the same time, emails after the activities: records become files
  const committed = await commit(current, now); // the manifest, then the state
  const loaded = await load(current, committed.manifest, now); // committed files into the embedded warehouse
  return conclude(current, connection, committed, loaded); // records the end
}
