import type { ManifestObject } from "../manifest/manifest.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { humaneDuration, pluralize } from "../text.ts";
import { laterText } from "../time/instant.ts";

/** How old the data is: what this run has read to, what is older, and when the last complete run was. */
export function freshnessLines(outcome: RunOutcome): readonly string[] {
  const { result, history, isWhole, exitCode, startedAt, durationMs } = outcome;
  const objects = result?.manifest.objects ?? [];
  const fresh = objects.filter(({ status }) => status === "complete");
  const stale = objects.filter(({ status }) => status !== "complete").map(({ object }) => object);
  const to = readTo(fresh);
  const which = stale.length === 0 && isWhole ? "all data" : pluralize(fresh.length, "object");
  const last = history?.lastSuccessAt ?? null;
  const age = last === null ? 0 : startedAt + durationMs - Date.parse(last);
  return [
    ...(to === null ? [] : [`${which} read up to ${minute(to)}`]),
    ...olderLines(stale, history?.readTo ?? {}),
    ...((isWhole && exitCode === 0) || history === null
      ? []
      : last === null
        ? ["no complete run of all objects yet"]
        : [`last complete run of all objects: ${minute(last)}, ${humaneDuration(age)} ago`]),
  ];
}

/** The time up to which all of these objects were read; null if none was. */
function readTo(objects: readonly ManifestObject[]): string | null {
  const ends = objects.flatMap(({ windows }) => windows.map(({ to }) => to).reduce(laterText, null) ?? []);
  return ends.toSorted()[0] ?? null;
}

/** Objects of the same age on one line. */
function olderLines(objects: readonly string[], known: Readonly<Record<string, string>>): readonly string[] {
  const ages = Map.groupBy(objects, (object) => (Object.hasOwn(known, object) ? (known[object] ?? null) : null));
  return Array.from(ages, ([to, names]) => {
    const rest = names.length === 1 ? "the other object" : `the other ${names.length} objects`;
    // Those are named below, with their reasons.
    const who = ages.size === 1 ? rest : names.join(", ");
    return to === null ? `never read to an end: ${who}` : `read only up to ${minute(to)}: ${who}`;
  });
}

/** `2026-03-20 06:00 UTC`. */
export function minute(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}
