import { HISTORY_DAYS } from "../../operations/report/manifests.ts";
import type { PastRun, RunReport } from "../../operations/report/api.ts";
import { median } from "../../operations/usual-rows.ts";
import { formatNumber } from "../../text.ts";
import { localDay } from "../../time/zone.ts";
import { columns as bars } from "./charts.ts";
import type { Markup } from "./markup.ts";
import { DRAWING, markup, number, paragraph, section, table } from "./markup.ts";

interface Day {
  /** `2026-03-20`. */
  readonly day: string;
  readonly runs: readonly PastRun[];
}

/** Rows per object and day, the newest day first. */
export function daysSection({ history, isHistoryCut, status }: RunReport): Markup {
  const zone = status.quota.timeZone;
  const days = daysOf(history, zone);
  const title = "Rows per object and day";
  if (days.length === 0) return section("rows", title, paragraph("No run with a manifest is on record yet."));
  const names = new Set(history.toReversed().flatMap(({ objects }) => [...objects.keys()]));
  const [newest, ...older] = days.map(({ day }) => number(day.slice(5)));
  const columns = ["Object", newest ?? "", number("Usual"), DRAWING, ...older];
  const all = days.map(({ runs }) => runs.reduce((sum, run) => sum + run.rows, 0));
  const rows = [
    ...[...names].map((name) =>
      dayRow(
        name,
        days.map(({ runs }) => rowsOn(runs, name)),
      ),
    ),
    dayRow("All objects", all),
  ];
  const caption = `Rows committed by the runs of each day (${zone}), the newest day first. Usual is the median of the earlier days. A dash: not read that day.`;
  return section(
    "rows",
    title,
    table("rows-table", caption, columns, rows),
    paragraph(
      "A record that changes again, or lies in the overlap of two ranges, is counted on each day that reads it. The drawing has the oldest day on the left and is not to scale: its heights grow with the square root, and very tall bars are cut.",
    ),
    isHistoryCut
      ? paragraph("There were more runs in these days than are read here: the oldest ones are left out.")
      : null,
  );
}

/** `counts`: the newest day first. */
function dayRow(name: string, counts: readonly (number | null)[]): readonly (Markup | string)[] {
  const earlier = counts.slice(1).flatMap((count) => count ?? []);
  const usual = median(earlier);
  const padding = Array.from({ length: HISTORY_DAYS - counts.length }, () => null);
  const [newest, ...older] = counts.map((count) => cell(count, usual));
  return [
    name,
    newest ?? "",
    earlier.length === 0 ? "-" : formatNumber(usual),
    bars([...padding, ...counts.toReversed()]),
    ...older,
  ];
}

/** The days on which runs began, newest first. */
function daysOf(history: readonly PastRun[], zone: string): readonly Day[] {
  const days = Map.groupBy(history, ({ startedAt }) => localDay(Date.parse(startedAt), zone));
  return Array.from(days, ([day, runs]) => ({ day, runs }))
    .toSorted((a, b) => (a.day < b.day ? 1 : -1))
    .slice(0, HISTORY_DAYS);
}

/** Null: no run of the day has read the object. */
function rowsOn(runs: readonly PastRun[], object: string): number | null {
  const own = runs.flatMap(({ objects }) => objects.get(object) ?? []);
  const read = own.filter(({ status, rows }) => status === "complete" || rows > 0);
  return read.length === 0 ? null : read.reduce((sum, { rows }) => sum + rows, 0);
}

function cell(count: number | null, usual: number): Markup {
  if (count === null) return markup`<span class="none">-</span>`;
  const kind = count === 0 && usual > 0 ? "zero" : "count";
  return markup`<span class="${kind}">${formatNumber(count)}</span>`;
}
