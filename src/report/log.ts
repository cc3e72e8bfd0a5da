import type { OnEvent, RunEvent } from "../events.ts";
import { isoInstant } from "../time/instant.ts";
import { describeEvent, levelOf } from "./describe.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { outcomeFields } from "./outcome-fields.ts";
import { exitCode, LOG_LEVELS } from "./exit-codes.ts";
import type { LogLevel } from "./exit-codes.ts";
import { oneLine } from "../text.ts";

export interface LogOptions {
  /** Events from this level on are written. */
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A run, line by line. */
export interface Log {
  readonly onEvent: OnEvent;
  /** Writes the last line, whatever the level. */
  end(outcome: RunOutcome): void;
}

/** Lines for machines: one JSON object each, described in docs/logs.md. */
export async function openJsonLog(options: LogOptions): Promise<Log> {
  // Loaded here because a run on a terminal writes no such log.
  const { pino } = await import("pino");
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(options.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.write },
  );
  // All lines of a run that has begun name it.
  let run = {};
  return {
    onEvent: (event) => {
      if (event.type === "run-started") run = { run_id: event.runId, business_unit: event.businessUnit };
      const level = levelOf(event);
      if (!logger.isLevelEnabled(level)) return;
      const { type, ...fields } = event;
      logger[level](
        { event: type.replaceAll("-", "_"), ...run, ...snakeFields(fields) },
        describeEvent(event) ?? type.replaceAll("-", " "),
      );
    },
    end: (outcome) => {
      logger.level = "debug";
      logger[exitCode(outcome.exitCode).level]({ event: "run_ended", ...outcomeFields(outcome) }, lastLine(outcome));
    },
  };
}

/** Lines for people, with the time of day in UTC. */
export function openLineLog(options: LogOptions): Log {
  const write = (level: LogLevel, text: string): void => {
    const time = new Date(options.now()).toISOString().slice(11, 19);
    options.write(`${time}Z ${level.padEnd(5)} ${text}\n`);
  };
  return {
    onEvent: (event) => {
      const level = levelOf(event);
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(options.level)) return;
      write(level, describeEvent(event) ?? plainText(event));
    },
    end: (outcome) => write(exitCode(outcome.exitCode).level, lastLine(outcome)),
  };
}

/** `exit 4: limit reached, run again later`. */
export function lastLine({ exitCode: code }: RunOutcome): string {
  return `exit ${code}: ${exitCode(code).meaning}`;
}

/** `exportId` for machines: `export_id`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Fields that hold a point in time. */
const INSTANTS: ReadonlySet<string> = new Set(["from", "to", "now"]);

function snakeFields(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      snakeCase(name),
      INSTANTS.has(name) && typeof value === "number" ? isoInstant(value) : value,
    ]),
  );
}

/** `page read object=Tag records=200`: for events that are too frequent to have their own sentence. */
function plainText(event: RunEvent): string {
  const { type, ...fields } = event;
  const pairs = Object.entries(snakeFields(fields)).map(([name, value]) => `${name}=${String(value)}`);
  return oneLine([type.replaceAll("-", " "), ...pairs].join(" "));
}
