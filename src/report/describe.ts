import type { RunEvent } from "../events.ts";
import { isoInstant } from "../time/instant.ts";
import { pluralize, elapsed, folded } from "../text.ts";

/** `1 object waits for the next run: Tag`, `2 objects wait for the next run: Tag, List`. */
export function waits(objects: readonly string[]): string {
  return `${pluralize(objects.length, "object")} wait${objects.length === 1 ? "s" : ""} for the next run: ${objects.join(", ")}`;
}

/** An event as one line for people; null for events too frequent to be read line by line. */
export function describeEvent(event: RunEvent): string | null {
  const text = sentenceOf(event);
  return text === null ? null : folded(text);
}

function sentenceOf(event: RunEvent): string | null {
  switch (event.type) {
    case "run-started":
      return `run ${event.runId}: ${event.objects.join(", ")}`;
    case "run-resumed":
      return `resuming ${pluralize(event.windows, "window")} and ${pluralize(event.files, "file")} of an earlier run`;
    case "connected":
      return `connected: API version ${event.version}, ${isoInstant(event.now)} by ${event.clock === "pardot" ? "Pardot's" : "this machine's"} clock`;
    case "object-planned":
      return `${event.object}: ${pluralize(event.windows, "window")} from ${isoInstant(event.from)} to ${isoInstant(event.to)}, ${event.reason}`;
    case "object-started":
      return `${event.object}: started`;
    case "export-created":
      return `${event.object}: export ${event.exportId} requested`;
    case "export-adopted":
      return `${event.object}: resuming export ${event.exportId} from an earlier run`;
    case "object-finished":
      return `${event.object}: done, ${pluralize(event.rows, "row")} in ${pluralize(event.files, "file")}`;
    case "object-failed":
      return `${event.object}: failed (${event.code}): ${event.message}`;
    case "postponed":
      return `${waits(event.objects)}: ${event.message}`;
    case "window-finished":
      return `${event.object}: window done, ${pluralize(event.rows, "row")}`;
    case "committed":
      return `committed ${pluralize(event.rows, "row")} in ${pluralize(event.files, "file")}: ${event.manifest}`;
    case "loaded":
      return `${event.object}: loaded, ${event.table} holds ${pluralize(event.rows, "row")}`;
    case "retrying":
      return `retrying ${event.kind} in ${elapsed(event.pauseMs)} (attempt ${event.attempt}): ${event.reason}`;
    case "warning":
      return `warning${event.object === null ? "" : `, ${event.object}`}: ${event.message}`;
    case "object-postponed":
    case "export-polled":
    case "page-read":
    case "called":
    case "file-landed":
    case "file-verified":
    case "token-refreshed":
    case "leftovers-kept":
    case "calls-counted":
      break;
  }
  return null;
}
