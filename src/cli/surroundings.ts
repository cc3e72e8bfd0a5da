import type { Config } from "../config/config.ts";
import { UsageError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { openConnections } from "../http/transport.ts";
import type { Transport } from "../http/transport.ts";
import { isLogLevel, LOG_LEVELS, openLog } from "../report/log.ts";
import type { LogLevel } from "../report/log.ts";
import { startProgress } from "../report/progress.ts";
import type { Surroundings } from "../run/api.ts";
import type { CommandContext, ParsedOptions } from "./command.ts";
import { hasOption, textOption } from "./command.ts";
import type { Io } from "./io.ts";
import { stopOnSignals } from "./signals.ts";

/** Runs an operation with connections, progress or log, and signals; takes all of it down again afterwards. */
export async function withSurroundings<Result>(
  context: Pick<CommandContext, "io" | "options">,
  config: Pick<Config["pardot"], "maxConcurrency" | "requestTimeoutMs">,
  stop: { readonly graceMs: number; readonly afterwards: string },
  operate: (surroundings: Surroundings) => Promise<Result>,
): Promise<Result> {
  const { io, options } = context;
  const level = logLevel(options);
  const connections = openConnections({
    connections: config.maxConcurrency,
    requestTimeoutMs: config.requestTimeoutMs,
  });
  let calls = 0;
  const transport: Transport = (request, signal) => {
    // Token requests carry no token and are no calls.
    if (request.headers["authorization"]?.startsWith("Bearer ") === true) calls += 1;
    return connections.transport(request, signal);
  };
  const report = await openReport(level, options, io, () => calls);
  const stopping = stopOnSignals(io, stop);
  try {
    const { clock, random } = io;
    return await operate({ signal: stopping.signal, onEvent: report.onEvent, clock, random, transport });
  } finally {
    report.stop();
    stopping.release();
    await connections.close();
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
