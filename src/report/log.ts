import type { OnEvent, RunEvent } from "../events.ts";

/** From the most to the least. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LEVELS: Readonly<Record<RunEvent["type"], LogLevel>> = {
  "object-failed": "error",
  warning: "warn",
  retrying: "warn",
  "page-read": "debug",
  "export-polled": "debug",
  "file-landed": "debug",
  "token-refreshed": "debug",
  "run-started": "info",
  "run-resumed": "info",
  connected: "info",
  "object-planned": "info",
  "object-started": "info",
  "export-created": "info",
  "export-adopted": "info",
  "window-finished": "info",
  "object-finished": "info",
  committed: "info",
  loaded: "info",
};

/** Whether a text names a level. */
export function isLogLevel(text: string): text is LogLevel {
  return LOG_LEVELS.some((level) => level === text);
}

/**
 * Writes events from a level on as JSON lines: `level`, `time` (milliseconds since 1970), `msg` (the event's type) and
 * the event's own fields, which hold no secret.
 */
export async function openLog(
  level: LogLevel,
  output: { write(text: string): void },
  now: () => number,
): Promise<OnEvent> {
  // Loaded here because most runs write no log.
  const { pino } = await import("pino");
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":${now()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => output.write(line) },
  );
  return (event) => {
    const { type, ...fields } = event;
    logger[LEVELS[type]](fields, type);
  };
}
