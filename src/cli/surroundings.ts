import { UsageError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Transport } from "../http/transport.ts";
import { isLogLevel, LOG_LEVELS, openLog } from "../report/log.ts";
import type { LogLevel } from "../report/log.ts";
import { startProgress } from "../report/progress.ts";
import type { Surroundings } from "../run/api.ts";
import { inTheRealWorld } from "../run/surroundings.ts";
import type { Wishes } from "../run/surroundings.ts";
import type { CommandContext, ParsedOptions } from "./command.ts";
import { hasOption, textOption } from "./command.ts";
import type { Io } from "./io.ts";
import { stopOnSignals } from "./signals.ts";

/** Runs an operation with connections, progress or log, and signals; takes all of it down again afterwards. */
export async function withSurroundings<Result>(
  context: Pick<CommandContext, "io" | "options">,
  pardot: Wishes["pardot"],
  stop: { readonly graceMs: number; readonly afterwards: string },
  operate: (surroundings: Surroundings) => Promise<Result>,
): Promise<Result> {
  const { io, options } = context;
  const { clock, random } = io;
  const level = logLevel(options);
  let calls = 0;
  const report = await openReport(level, options, io, () => calls);
  const stopping = stopOnSignals(io, stop);
  try {
    return await inTheRealWorld({ signal: stopping.signal, onEvent: report.onEvent, pardot }, (surroundings) => {
      const transport: Transport = (request, signal) => {
        // Token requests carry no token and are no calls.
        if (request.headers["authorization"]?.startsWith("Bearer ") === true) calls += 1;
        return surroundings.transport(request, signal);
      };
      return operate({ ...surroundings, clock, random, transport });
    });
  } finally {
    report.stop();
    stopping.release();
  }
}

/** The level of `--log-level`; null when it was not given. Throws `UsageError` for an unknown one. */
function logLevel(options: ParsedOptions): LogLevel | null {
  const text = textOption(options, "--log-level");
  if (text === null || isLogLevel(text)) return text;
  throw new UsageError(`read the command line: --log-level is ${text}`, {
    code: "usage.log-level",
    hint: `give one of ${LOG_LEVELS.join(", ")}`,
  });
}

async function openReport(
  level: LogLevel | null,
  options: ParsedOptions,
  io: Io,
  calls: () => number,
): Promise<{ readonly onEvent: OnEvent; readonly stop: () => void }> {
  if (level !== null) {
    return { onEvent: await openLog(level, io.stderr, () => io.clock.now()), stop: () => {} };
  }
  if (hasOption(options, "--no-progress")) return { onEvent: () => {}, stop: () => {} };
  return startProgress(io.stderr, io.clock, calls);
}
