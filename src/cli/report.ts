import { redact } from "../config/redact.ts";
import { UsageError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { isLogLevel, LOG_LEVELS } from "../report/exit-codes.ts";
import type { LogLevel } from "../report/exit-codes.ts";
import { openJsonLog, openLineLog } from "../report/log.ts";
import type { LogOptions } from "../report/log.ts";
import { startProgress } from "../report/progress.ts";
import type { ParsedOptions } from "./command.ts";
import { hasOption, textOption } from "./command.ts";
import { secretsOf } from "./io.ts";
import type { Io } from "./io.ts";

/** What a command says on stderr while it works. */
export interface Report {
  readonly onEvent: OnEvent;
  /** To be told of each API call: the display counts them. */
  called(): void;
  /** Lets go of the terminal. */
  stop(): void;
  /** Writes the last line of a run, whatever the level. */
  end(outcome: RunOutcome): void;
}

/**
 * JSON lines where there is no terminal; on one a display, or lines for people when a level is asked for. Throws
 * `UsageError` for an unknown level. `forPeople`: lines they can read even where there is no terminal.
 */
export async function openReport(
  options: ParsedOptions,
  io: Pick<Io, "stderr" | "env" | "secrets" | "clock">,
  forPeople: boolean = io.stderr.isTerminal,
): Promise<Report> {
  const level = logLevel(options);
  const isQuiet = hasOption(options, "--no-progress");
  const write = (line: string): void => io.stderr.write(redact(line, secretsOf(io)));
  const wishes: LogOptions = { level: level ?? (isQuiet ? "warn" : "info"), write, now: () => io.clock.now() };
  const log = forPeople ? openLineLog(wishes) : await openJsonLog(wishes);
  let calls = 0;
  const hasDisplay = io.stderr.isTerminal && level === null && !isQuiet;
  const display = hasDisplay ? startProgress(io.stderr, io.clock, () => calls) : null;
  return {
    onEvent: (display ?? log).onEvent,
    called: () => {
      calls += 1;
    },
    stop: () => display?.stop(),
    end: (outcome) => {
      display?.stop();
      log.end(outcome);
    },
  };
}

/** The level of `--log-level`; null when it was not given. */
function logLevel(options: ParsedOptions): LogLevel | null {
  const text = textOption(options, "--log-level");
  if (text === null || isLogLevel(text)) return text;
  throw new UsageError(`read the command line: --log-level is ${text}`, {
    code: "usage.log-level",
    hint: `give one of ${LOG_LEVELS.join(", ")}`,
  });
}
