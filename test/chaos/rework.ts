import { catalog } from "../../src/catalog/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { applyChange, EMPTY_STATE, objectState } from "../../src/state/state.ts";
import type { Change, OpenWindow, PlannedWindow, State } from "../../src/state/state.ts";
import type { Findings } from "./checks.ts";
import { recordsOf, textOf } from "./landed.ts";
import type { Destination } from "./landed.ts";

/** How far a new range reaches back before the newest record. */
const OVERLAP_MS = 86_400_000;
/** Local times are read as if they were UTC. */
const SLACK_MS = 14 * 3_600_000;
/** Adjacent ranges are up to a second apart. */
const SECONDS_MS = 10_000;

interface Entry {
  readonly snapshot?: State;
  readonly changes?: readonly Change[];
}

/** G3: no window is planned over an open one, except for the overlap at the seam. `entries`: the journal from its start. */
export function checkPlanned(entries: readonly string[]): Findings {
  const findings: Findings = [];
  let state = EMPTY_STATE;
  for (const text of entries) {
    const { snapshot, changes = [] } = JSON.parse(text) as Entry;
    if (snapshot !== undefined) state = snapshot;
    for (const change of changes) {
      if (change.type === "planned") findings.push(...plannedOver(objectState(state, change.object).windows, change));
      state = applyChange(state, change);
    }
  }
  return findings;
}

function plannedOver(
  open: readonly OpenWindow[],
  { object, windows }: { readonly object: string; readonly windows: readonly PlannedWindow[] },
): Findings {
  return windows.flatMap((planned) =>
    open
      .filter(
        ({ field, from, to }) =>
          field === planned.field && field !== null && !(from === planned.from && to === planned.to),
      )
      .filter(({ from, to }) => Math.min(to, planned.to) - Math.max(from, planned.from) > OVERLAP_MS + SECONDS_MS)
      .map((window) => `G3 ${object}: ${show(planned)} was planned over ${show(window)}, which is open`),
  );
}

function show({ from, to }: Pick<OpenWindow, "from" | "to">): string {
  return `[${new Date(from).toISOString()}, ${new Date(to).toISOString()})`;
}

/**
 * G3 if no run was killed: a committed record is landed again only in the overlap, that is within a day before the newest
 * record committed by then, or in the first day of a window. `manifests` in the order of writing.
 */
export function checkRework(
  destination: Destination,
  manifests: readonly Manifest[],
  objects: readonly string[],
): Findings {
  return objects.flatMap((object) => {
    const watermark = catalog.find(({ name }) => name === object)?.watermark ?? null;
    if (watermark === null) return [];
    // A history by another field has the data of its reading: records updated after its planning are read once more.
    const histories = manifests
      .flatMap(({ objects: entries }) => entries.filter((entry) => entry.object === object))
      .flatMap(({ windows, open_windows: open }) => [...windows, ...open])
      .filter(({ field }) => field !== watermark)
      .map(({ to }) => Date.parse(to) - OVERLAP_MS - SLACK_MS);
    const updatedSince = Math.max(...histories, Number.NEGATIVE_INFINITY);
    const isUpdated = (instant: number): boolean => histories.length > 0 && instant >= updatedSince;
    const landed = new Set<string>();
    const keys = new Set<string>();
    let newest = Number.NEGATIVE_INFINITY;
    let again = 0;
    let first = "";
    for (const manifest of manifests) {
      const start = newest - OVERLAP_MS - SLACK_MS;
      const files = manifest.objects.filter((each) => each.object === object).flatMap((each) => each.files);
      for (const { key } of files.filter((file) => !keys.has(file.key))) {
        keys.add(key);
        const overlapEnd = windowStart(key) + OVERLAP_MS + SLACK_MS;
        for (const record of recordsOf(destination.bytes(key) ?? new Uint8Array()) ?? []) {
          const text = textOf(record);
          const at = record[watermark] ?? null;
          const instant = at === null ? Number.NaN : Date.parse(`${at.replace(" ", "T")}Z`);
          if (landed.has(text) && instant < start && instant > overlapEnd && !isUpdated(instant)) {
            again += 1;
            first ||= `${text} in ${key}`;
          }
          landed.add(text);
          if (instant > newest) newest = instant;
        }
      }
    }
    return again === 0 ? [] : [`G3 ${object}: ${again} committed records were landed again, first ${first}`];
  });
}

/** Start of a file's window, from its name. */
function windowStart(key: string): number {
  const [, date = "", time = ""] = /_(\d{8})T(\d{6})Z_/.exec(key) ?? [];
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)];
  return Date.parse(`${year}-${month}-${day}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`);
}
