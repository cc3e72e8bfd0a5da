import { secretsIn, secretsOfProcess } from "../config/blot.ts";
import type { Config } from "../config/config.ts";
import type { RunEnding } from "../report/ending.ts";
import { RunWatch } from "../report/ending.ts";
import type { Notified, RunOptions, RunResult, Surroundings } from "../operations/api.ts";
import { startGrace } from "../operations/grace.ts";
import { run as runAlone } from "../operations/run/run.ts";
import { notify } from "./notify.ts";

/**
 * What a stopped run may take beyond its grace to tell people. The command line ends the process five seconds after the
 * grace, and a container is killed thirty seconds after it was asked to stop.
 */
const AFTER_GRACE_MS = 4000;

/**
 * One incremental run (run/run.ts), and afterwards, however it ended, a word to whoever `config.notify` names. A
 * notification that fails is a warning event and stands in the result; it changes nothing else.
 */
export async function run(config: Config, options: RunOptions, surroundings: Surroundings): Promise<RunResult> {
  const { transport, clock, signal } = surroundings;
  const watch = new RunWatch(clock);
  watch.isOf(config.pardot.businessUnitId);
  const onEvent: Surroundings["onEvent"] = (event) => {
    watch.onEvent(event);
    surroundings.onEvent(event);
  };
  const deadline = startGrace(signal, config.etl.stopGraceMs + AFTER_GRACE_MS, clock);
  const tell = async (ending: RunEnding): Promise<readonly Notified[]> =>
    notify(ending, {
      config: config.notify,
      transport,
      clock,
      signal: deadline.signal,
      onEvent: surroundings.onEvent,
      secrets: [...secretsIn(config), ...secretsOfProcess()],
    });
  try {
    const result = await runAlone(config, options, { ...surroundings, onEvent }).catch(async (error: unknown) => {
      await tell(watch.failed(error));
      throw error;
    });
    return { ...result, notified: await tell(watch.finished(result, config)) };
  } finally {
    deadline.end();
  }
}
