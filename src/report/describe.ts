import type { RunEvent } from "../events.ts";
import { isoInstant } from "../time/instant.ts";
import { pluralize, elapsed, folded } from "../text.ts";
import type { LogLevel } from "./exit-codes.ts";

/** The level of an event, and its sentence for people; null for events too frequent to be read line by line. */
type Shown<Event> = readonly [LogLevel, ((event: Event) => string) | null];
type EventOf<Type> = Extract<RunEvent, { readonly type: Type }>;

export const EVENTS: { readonly [Type in RunEvent["type"]]: Shown<EventOf<Type>> } = {
  "run-started": ["info", (event) => `run ${event.runId}: ${event.objects.join(", ")}`],
  "run-died": [
    "warn",
    ({ died, startedAt, message }) =>
      `earlier run ${died}, started ${startedAt.slice(0, 16).replace("T", " ")} UTC, died: ${message}`,
  ],
  "run-resumed": [
    "info",
    ({ windows, files }) =>
      `resuming ${pluralize(windows, "window")} and ${pluralize(files, "file")} of an earlier run`,
  ],
  connected: [
    "info",
    (event) =>
      `connected: API version ${event.version}, ${isoInstant(event.now)} by ${event.clock === "pardot" ? "Pardot's" : "this machine's"} clock`,
  ],
  "object-planned": [
    "info",
    (event) =>
      `${event.object}: ${pluralize(event.windows, "window")} from ${isoInstant(event.from)} to ${isoInstant(event.to)}, ${event.reason}`,
  ],
  "object-started": ["info", (event) => `${event.object}: started`],
  "export-created": ["info", (event) => `${event.object}: export ${event.exportId} requested`],
  "export-adopted": ["info", (event) => `${event.object}: resuming export ${event.exportId} from an earlier run`],
  "object-finished": [
    "info",
    ({ object, rows, files }) => `${object}: done, ${pluralize(rows, "row")} in ${pluralize(files, "file")}`,
  ],
  "object-failed": ["error", (event) => `${event.object}: failed (${event.code}): ${event.message}`],
  postponed: ["warn", (event) => `${waits(event.objects)}: ${event.message}`],
  "window-finished": ["info", (event) => `${event.object}: window done, ${pluralize(event.rows, "row")}`],
  committed: [
    "info",
    ({ rows, files, manifest }) => `committed ${pluralize(rows, "row")} in ${pluralize(files, "file")}: ${manifest}`,
  ],
  loaded: ["info", ({ object, table, rows }) => `${object}: loaded, ${table} holds ${pluralize(rows, "row")}`],
  retrying: [
    "warn",
    (event) => `retrying ${event.kind} in ${elapsed(event.pauseMs)} (attempt ${event.attempt}): ${event.reason}`,
  ],
  warning: ["warn", ({ object, message }) => `warning${object === null ? "" : `, ${object}`}: ${message}`],
  "lease-waiting": [
    "info",
    ({ holder, waitMs }) =>
      `waiting up to ${elapsed(waitMs)} to see whether ${holder === null ? "another run" : `run ${holder}`} is still in progress`,
  ],
  "history-known": ["debug", null],
  "unit-known": ["debug", null],
  "object-postponed": ["debug", null],
  "export-polled": ["debug", null],
  "records-counted": ["debug", null],
  "page-read": ["debug", null],
  called: ["debug", null],
  "file-landed": ["debug", null],
  "file-verified": ["debug", null],
  "table-comparing": ["debug", null],
  "table-compared": ["debug", null],
  loading: ["debug", null],
  "limits-known": ["debug", null],
  "token-refreshed": ["debug", null],
  "leftovers-kept": ["debug", null],
  "calls-counted": ["debug", null],
};

/** `1 object waits for the next run: Tag`, `2 objects wait for the next run: Tag, List`. */
export function waits(objects: readonly string[]): string {
  return `${pluralize(objects.length, "object")} wait${objects.length === 1 ? "s" : ""} for the next run: ${objects.join(", ")}`;
}

export function levelOf(event: RunEvent): LogLevel {
  return EVENTS[event.type][0];
}

/** An event as one line for people; null for events too frequent to be read line by line. */
export function describeEvent(event: RunEvent): string | null {
  const [, sentence] = EVENTS[event.type] as Shown<RunEvent>;
  return sentence === null ? null : folded(sentence(event));
}
