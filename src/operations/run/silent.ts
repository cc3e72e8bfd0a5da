import { warn } from "../../events.ts";
import { objectState } from "../../state/state.ts";
import type { ObjectState, RowsRead } from "../../state/state.ts";
import { SECOND_MS } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import { fromLocal, localDay } from "../../time/zone.ts";
import { formatNumber } from "../../text.ts";
import { SILENT, usualRows } from "../usual-rows.ts";
import type { Run } from "./context.ts";
import { isSound } from "./watermarks.ts";

/** Age of the newest known record from which a run that finds no newer one says something: most of a day. */
const SILENT_MS = 20 * 60 * 60 * SECOND_MS;

/**
 * The rows that each complete object has landed in this run, 0 if none of them is newer than the newest one known before:
 * every range reads a part of the one before again. Left out are objects whose number says nothing: in a range that the
 * operator has chosen, if an earlier run has read a part of it, and without a newer record if the known one is young.
 * `now`: Pardot's.
 */
export function rowsRead({ id, wish, objects, journal, failures, config }: Run, now: Instant): RowsRead {
  const rows: Record<string, number> = {};
  for (const { name } of wish.since === null && wish.until === null ? objects : []) {
    const { windows, ...own } = objectState(journal.state, name);
    const isOwn = windows.length > 0 && windows.every(({ plannedBy, done }) => done && plannedBy === id);
    if (!isOwn || failures.statusOf(name) !== "complete") continue;
    const landed = windows.flatMap(({ files, parts = [] }) => [...files, ...parts]);
    const refused = windows.reduce((sum, { rejects = [] }) => sum + rejects.length, 0);
    const { watermark } = own;
    const isNewer = landed.some(({ maxWatermark }) => (maxWatermark ?? "") > (watermark ?? ""));
    if (watermark === null || isNewer || refused > 0)
      rows[name] = landed.reduce((sum, { rows: n }) => sum + n, refused);
    else if (isOld(watermark, own.zone ?? "UTC", now)) rows[name] = 0;
  }
  return { day: localDay(now, config.pardot.accountTimeZone), rows };
}

function isOld(watermark: LocalText, zone: string, now: Instant): boolean {
  return isSound(watermark, now, zone) && now - fromLocal(watermark, zone, "earlier") >= SILENT_MS;
}

/** Warns of each object that has brought nothing new on this day, although it usually does. */
export function warnOfSilence({ day, rows }: RowsRead, { journal, onEvent }: Pick<Run, "journal" | "onEvent">): void {
  for (const [object, count] of Object.entries(rows)) {
    const own = objectState(journal.state, object);
    const usual = count > 0 ? null : usualOn(day, own);
    if (usual === null) continue;
    const since = own.watermark === null ? "" : ` since ${own.watermark} (${own.zone ?? "UTC"})`;
    const message = `nothing new${since}, usually about ${formatNumber(usual)} rows: check whether work in Pardot has stopped, or whether the API user still sees the records`;
    warn(onEvent, SILENT, message, object);
  }
}

/** Null, too, if an earlier run of the day has brought something. */
function usualOn(day: string, { recentRows = [] }: ObjectState): number | null {
  if (recentRows.some((recent) => recent.day === day && recent.rows > 0)) return null;
  return usualRows(recentRows.filter((recent) => recent.day !== day).map(({ rows }) => rows));
}
