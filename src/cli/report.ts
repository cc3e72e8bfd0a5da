import { redact } from "../config/redact.ts";
import { UsageError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { LOG_LEVELS } from "../report/exit-codes.ts";
import type { LogLevel } from "../report/exit-codes.ts";
import { openJsonLog, openLineLog } from "../report/log.ts";
import type { LogOptions } from "../report/log.ts";
import { startProgress } from "../report/progress.ts";
import { signsFor, styleFor } from "../report/style.ts";
import type { ParsedOptions } from "./command.ts";
import { hasOption, textOption } from "./command.ts";
import { secretsOf } from "./io.ts";
import type { Io } from "./io.ts";

/** A command's output on stderr while it works. */
export interface Report {
  readonly onEvent: OnEvent;
  /** Called for each API call, which the display counts. */
  called(): void;
  /** Whether a display is drawn. */
  readonly hasDisplay: boolean;
  /** Writes text for people, above the display if there is one. */
  write(text: string): void;
  /** Closes the display, which stays on the screen or is removed. */
  stop(last?: "keep" | "remove"): void;
  /** Writes the last line of a run, whatever the level; with `--quiet` only if the run does not end with exit 0. */
  end(outcome: RunOutcome): void;
}

/** Who reads what a command writes without a terminal: programs (`run`), a person (the demo), or mostly a person. */
export type Readers = "programs" | "person" | "mostly a person";

/**
 * On a terminal a display, or lines for people with `--log-level`. Without a terminal JSON lines, for the demo lines for
 * people, and for other commands than `run` without `--log-level` warnings and errors for people. Throws `UsageError` for
 * an unknown level.
 */
export async function openReport(
  options: ParsedOptions,
  io: Pick<Io, "stderr" | "env" | "secrets" | "clock">,
  readers: Readers = "programs",
): Promise<Report> {
  const level = logLevel(options);
  const isQuiet = hasOption(options, "--quiet");
  const isPlain = isQuiet || hasOption(options, "--no-progress");
  const isForResult = readers === "mostly a person" && !io.stderr.isTerminal;
  const forPeople = io.stderr.isTerminal || readers === "person" || (isForResult && level === null);
  const defaultLevel = isQuiet ? "error" : isPlain || isForResult ? "warn" : "info";
  const write = (line: string): void => io.stderr.write(redact(line, secretsOf(io)));
  const logOptions: LogOptions = { level: level ?? defaultLevel, write, now: () => io.clock.now() };
  const log = forPeople ? openLineLog(logOptions) : await openJsonLog(logOptions);
  let calls = 0;
  // A dumb terminal cannot move its cursor.
  const hasDisplay = io.stderr.isTerminal && io.env["TERM"] !== "dumb" && level === null && !isPlain;
  const signs = { style: styleFor(io.stderr), signs: signsFor(io.env) };
  const display = hasDisplay ? startProgress(io.stderr, io.clock, { calls: () => calls, ...signs }) : null;
  return {
    onEvent: (display ?? log).onEvent,
    called: () => {
      calls += 1;
    },
    hasDisplay,
    write: (text) => (display === null ? io.stderr.write(text) : display.write(text)),
    stop: (last) => display?.stop(last),
    end: (outcome) => {
      display?.stop();
      if (!isQuiet || outcome.exitCode !== 0) log.end(outcome);
    },
  };
}

/** The level of `--log-level`; null when it was not given. */
function logLevel(options: ParsedOptions): LogLevel | null {
  const text = textOption(options, "--log-level");
  if (text === null) return null;
  const level = LOG_LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw new UsageError(`read the command line: --log-level is ${text}`, {
    code: "usage.log-level",
    hint: `Give one of ${LOG_LEVELS.join(", ")}.`,
  });
}
