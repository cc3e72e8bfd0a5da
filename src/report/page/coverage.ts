import type { RunReport } from "../../operations/report/api.ts";
import type { StatusObject } from "../../operations/api.ts";
import { humaneDuration, pluralize } from "../../text.ts";
import { withoutOpen } from "../../plan/gaps.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Span } from "../../time/instant.ts";
import { timeline } from "./charts.ts";
import type { Stretch } from "./charts.ts";
import { bytesText, minute, NOT_RECORDED } from "./format.ts";
import type { Markup } from "./markup.ts";
import { DRAWING, markup, paragraph, section, table } from "./markup.ts";

/** Pardot began in 2007: an earlier date of a record is a mistake, and would leave no room for the rest. */
const FIRST_MIN = Date.UTC(2007, 0, 1);
/** Stretches of one kind that are drawn for an object: the longest. */
const STRETCHES_MAX = 40;
/** Gaps that are named; more are counted. */
const GAPS_NAMED = 3;
const MINUTE_MS = 60_000;

/** What committed manifests cover, from the first record to now. */
export function coverageSection({ status, firstRecords, pardotNow }: RunReport): Markup {
  const title = "Coverage from the first record to now";
  const { objects } = status;
  if (objects.length === 0) return section("coverage", title, paragraph("Nothing has been planned or committed yet."));
  const axis = { from: axisStart(objects, firstRecords, pardotNow), to: pardotNow };
  const rows = objects.map((object) => {
    const first = firstRecords.get(object.object);
    const to = minute(object.coverage.at(-1)?.to ?? null);
    const drawn = timeline(axis, stretchesOf(object));
    return [object.object, first === undefined ? "not known" : minute(first), to, drawn, remarks(object)];
  });
  const columns = ["Object", "First record", "Covered to", DRAWING, "Gaps and open windows"];
  const caption = markup`State now. The drawing goes from ${isoInstant(axis.from).slice(0, 10)} to
    ${isoInstant(axis.to).slice(0, 10)}: <span class="key covered">covered</span>, <span class="key gap">gap</span>,
    <span class="key open">open window</span>.`;
  return section(
    "coverage",
    title,
    table("coverage-table", caption, columns, rows),
    paragraph(
      "Covered to is the end of what was read, not the last change of a record. The first record is the earliest date in the files of the first runs, in the zone of the object's timestamps.",
    ),
  );
}

function axisStart(objects: readonly StatusObject[], first: ReadonlyMap<string, string>, now: number): number {
  const edges = objects.flatMap(({ coverage, gaps, openWindows }) =>
    [...coverage, ...gaps, ...openWindows].flatMap(({ from, to }) => [Date.parse(from), Date.parse(to)]),
  );
  const records = [...first.values()].map((text) => Date.parse(`${text.replace(" ", "T")}Z`));
  const known = [...edges, ...records].filter((time) => time >= FIRST_MIN && time < now);
  return known.reduce((least, time) => Math.min(least, time), now - 24 * 60 * MINUTE_MS);
}

/** Of an open window the part that no earlier run has covered. */
function stretchesOf({ coverage, gaps, openWindows }: StatusObject): readonly Stretch[] {
  const covered = coverage.map(spanOf);
  const of = (kind: Stretch["kind"], spans: readonly Span[]): Stretch[] =>
    spans
      .toSorted((a, b) => b.to - b.from - (a.to - a.from))
      .slice(0, STRETCHES_MAX)
      .map((span) => ({ kind, ...span }));
  const open = openWindows.flatMap((window) => withoutOpen(spanOf(window), covered, 0));
  return [...of("covered", covered), ...of("gap", gaps.map(spanOf)), ...of("open", open)];
}

function spanOf({ from, to }: { readonly from: string; readonly to: string }): Span {
  return { from: Date.parse(from), to: Date.parse(to) };
}

function remarks({ coverage, gaps, openWindows }: StatusObject): Markup | string {
  const named = gaps
    .slice(0, GAPS_NAMED)
    .map(({ from, to }) => markup`<li>gap from ${minute(from)} to ${minute(to)}</li>`);
  const more = gaps.length - named.length;
  const [first, last] = [openWindows[0], openWindows.at(-1)];
  const start = coverage[0]?.from;
  const items = [
    ...(start === undefined || start.startsWith("1900-01-01") ? [] : [markup`<li>starts at ${minute(start)}</li>`]),
    ...named,
    ...(more > 0 ? [markup`<li>${pluralize(more, "more gap")}</li>`] : []),
    ...(first === undefined || last === undefined
      ? []
      : [
          markup`<li>${pluralize(openWindows.length, "open window")}, ${minute(first.from)} to ${minute(last.to)}</li>`,
        ]),
  ];
  return items.length === 0
    ? "none"
    : markup`<ul>
        ${items}
      </ul>`;
}

/** The exports of the run, and those in progress, on the time from the first request to the end. */
export function exportsSection(report: RunReport): Markup {
  const { exports, moreExports, status, laterRuns } = report;
  const title = "Exports";
  const open = laterRuns > 0 ? [] : status.exports;
  if (exports.length + open.length === 0) {
    const none = "This run committed no exports, and none is in progress.";
    return section("exports", title, paragraph(report.manifest === null ? NOT_RECORDED : none));
  }
  const axis = exportsAxis(report, open);
  const committed = exports.map(({ object, exportId, requestedAt, rows, bytes, files }) => {
    const at = requestedAt === null ? null : Date.parse(requestedAt);
    return [
      exportId,
      object,
      minute(requestedAt),
      timeline(axis, at === null ? [] : [{ kind: "point" as const, from: at, to: at }]),
      `${pluralize(rows, "row")} in ${pluralize(files, "file")}, ${bytesText(bytes)}`,
    ];
  });
  const progress = open.map(({ object, exportId, requestedAt, state, ageSeconds }) => [
    exportId,
    object,
    minute(requestedAt),
    timeline(axis, [
      { kind: state === "expired" ? ("gap" as const) : ("open" as const), from: Date.parse(requestedAt), to: axis.to },
    ]),
    state === "expired"
      ? "expired at Pardot; the next run requests another"
      : `in progress at Pardot for ${humaneDuration(ageSeconds * 1000)}`,
  ]);
  const columns = ["Export", "Object", "Requested", DRAWING, "Result"];
  const caption = markup`The drawing goes from ${isoInstant(axis.from).slice(0, 16).replace("T", " ")}Z to
    ${isoInstant(axis.to).slice(0, 16).replace("T", " ")}Z:
    <span class="key point">requested, and committed by this run</span>,
    <span class="key open">in progress now</span>.`;
  return section(
    "exports",
    title,
    table("exports-table", caption, columns, [...committed, ...progress]),
    moreExports > 0 ? paragraph(`${pluralize(moreExports, "more export")}, all in the manifest.`) : null,
  );
}

/** By Pardot's clock: from the first request, or the start of the run, to its end, or to now if exports are in progress. */
function exportsAxis({ exports, run, manifest, pardotNow }: RunReport, open: RunReport["status"]["exports"]): Span {
  const requests = [...exports, ...open].flatMap(({ requestedAt }) =>
    requestedAt === null ? [] : [Date.parse(requestedAt)],
  );
  const began = manifest === null ? [] : [Date.parse(manifest.now)];
  const took = run.finishedAt === null ? 0 : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  const from = Math.min(...requests, ...began);
  const ended = open.length > 0 ? pardotNow : (began[0] ?? from) + took;
  return { from, to: Math.max(ended, from + MINUTE_MS, ...requests) };
}
