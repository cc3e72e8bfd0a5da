import type { StatusObject, StatusResult, StatusRun } from "../operations/api.ts";
import type { Style, Tone } from "./style.ts";
import { PLAIN } from "./style.ts";
import { BEGINNING, bold, minute, textLines, textTable, toned } from "./text-table.ts";
import type { Text } from "./text-table.ts";
import { pluralize, formatNumber, humaneDuration, wrapped } from "../text.ts";

/** Wall-clock days. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** Width that fits any terminal. */
const COLUMNS = 79;

/**
 * Summary of a destination: whether it is healthy and why, then runs, objects and open windows. `now`: by this
 * machine's clock.
 */
export function statusSummary(status: StatusResult, runsMax: number, now: number, style: Style = PLAIN): string {
  const runs = status.runs.slice(-runsMax).toReversed();
  const shown = (lines: readonly Text[]): string => textLines(lines, style);
  return [
    shown(heading(status)),
    ...(runs.length === 0 ? [] : ["\n", runTable(runs, now, style), shown(runs.flatMap(whyLines))]),
    shown(warningLines(status)),
    ...(status.objects.length === 0
      ? []
      : ["\n", objectTable(status, style), shown(zoneLines(status.objects)), shown(status.objects.flatMap(remarks))]),
    shown(exportLines(status)),
  ].join("");
}

function heading({
  healthy,
  problems,
  lastSuccess,
  businessUnit,
  businessUnitName: name,
  destination,
  quota,
}: StatusResult): Text[] {
  const success =
    lastSuccess === null
      ? "none yet"
      : `${utc(lastSuccess.at)} (${humaneDuration(lastSuccess.ageSeconds * 1000)} ago), run ${lastSuccess.runId}`;
  return [
    healthy ? toned("good", "HEALTHY") : toned("bad", "NOT HEALTHY"),
    ...problems.flatMap((problem) => wrapped(problem, COLUMNS, "    ", "  - ")),
    `last success   ${success}`,
    ...wrapped(
      `${name === null ? "" : `${name}, `}${businessUnit ?? "none yet: no run so far"}`,
      COLUMNS,
      "               ",
      "business unit  ",
    ),
    `destination    ${destination}`,
    ...wrapped(calls(quota), COLUMNS, "               ", "calls today    "),
  ];
}

function calls({ day, timeZone, calls: own, budget, share, used, max }: StatusResult["quota"]): string {
  const ofBudget = budget === null ? "" : ` of a budget of ${formatNumber(budget)} (${percent(own, budget)})`;
  const account =
    used === null || max === null
      ? ""
      : `; by all integrations ${formatNumber(used)} of the account's ${formatNumber(max)} (${percent(used, max)}) when last seen, runs stop at ${percent(share, 1)}`;
  return `${formatNumber(own)}${ofBudget} on ${day} (${timeZone})${account}`;
}

const RESULTS: Readonly<Record<StatusRun["status"], Tone>> = {
  running: "active",
  complete: "good",
  partial: "doubtful",
  failed: "bad",
  died: "bad",
};

function runTable(runs: readonly StatusRun[], now: number, style: Style): string {
  const rows = runs.map((run): Text[] => [
    run.runId,
    when(run.startedAt, now),
    { text: run.status, tone: RESULTS[run.status] },
    formatNumber(run.rows),
    formatNumber(run.calls),
    run.finishedAt === null ? "-" : humaneDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)),
  ]);
  return textTable([bold(["RUN", "STARTED (UTC)", "RESULT", "ROWS", "CALLS", "TOOK"]), ...rows], [3, 4, 5], style);
}

/** `today 09:30`, `yesterday 09:30`, `2026-03-18 09:30`, in UTC. */
function when(instant: string, now: number): string {
  const day = instant.slice(0, 10);
  const daysAgo = Math.round((Date.parse(new Date(now).toISOString().slice(0, 10)) - Date.parse(day)) / DAY_MS);
  return `${["today", "yesterday"][daysAgo] ?? day} ${instant.slice(11, 16)}`;
}

/** Why a run is not complete; only the newest run has a hint, because later runs may have dealt with the older ones. */
function whyLines({ runId, exitCode, code, reason, hint }: StatusRun, place: number): readonly Text[] {
  if (reason === null) return [];
  return [
    ...wrapped(`${runId}: ${reason} (${String(code)}${exitCode === null ? "" : `, exit ${exitCode}`})`, COLUMNS, "  "),
    ...(place > 0 || hint === null ? [] : wrapped(`hint: ${hint}`, COLUMNS, "  ").map((line) => toned("quiet", line))),
  ];
}

function warningLines({ warnings }: StatusResult): Text[] {
  const all = warnings.flatMap(({ code, objects, message, count }) => {
    const whom = objects.length === 0 ? "" : `${objects.join(", ")}: `;
    const more = count === 1 ? "" : `, and ${pluralize(count - 1, "more warning")} of this code`;
    return wrapped(`${whom}${message} (${code}${more})`, COLUMNS, "    ", "  - ");
  });
  const title = toned("doubtful", "Warnings of the last ended run");
  return all.length === 0 ? [] : ["", title, ...all];
}

function objectTable({ objects, pardotNow }: StatusResult, style: Style): string {
  const rows = objects.map((object): Text[] => {
    const until = object.coverage.at(-1)?.to ?? null;
    return [
      object.object,
      object.watermark?.slice(0, 16) ?? "-",
      until === null ? "-" : until.slice(0, 16).replace("T", " "),
      until === null ? "-" : humaneDuration(Math.max(0, Date.parse(pardotNow) - Date.parse(until))),
      formatNumber(object.rows),
    ];
  });
  return textTable([bold(["OBJECT", "WATERMARK", "READ TO (UTC)", "AGE", "ROWS READ"]), ...rows], [3, 4], style);
}

function zoneLines(objects: readonly StatusObject[]): readonly Text[] {
  const zones = [...new Set(objects.flatMap(({ zone }) => zone ?? []))];
  return zones.length === 0
    ? []
    : wrapped(`WATERMARK is local time of ${zones.join(", ")}.`, COLUMNS).map((line) => toned("quiet", line));
}

function remarks({ object, coverage, gaps, openWindows, notLoaded, expired }: StatusObject): string[] {
  const [first, last] = [openWindows[0], openWindows.at(-1)];
  const landed = openWindows.reduce((sum, { filesLanded }) => sum + filesLanded, 0);
  const from = coverage[0] === undefined ? BEGINNING : utc(coverage[0].from);
  return [
    ...(from === BEGINNING ? [] : [`${object}: covered from ${from} on, not from the beginning`]),
    ...gaps.map((gap) => `${object}: gap from ${utc(gap.from)} to ${utc(gap.to)}`),
    ...(first === undefined || last === undefined
      ? []
      : [
          `${object}: ${pluralize(openWindows.length, "window")} left for the next run, ${utc(first.from)} to ${utc(last.to)}, ${pluralize(landed, "file")} landed`,
        ]),
    ...(notLoaded === 0 ? [] : [`${object}: ${pluralize(notLoaded, "committed file")} not loaded into the warehouse`]),
    ...(expired === 0 ? [] : [`${object}: ${pluralize(expired, "file")} expired, older than PARDOT_ETL_RETENTION`]),
  ].flatMap((line) => wrapped(line, COLUMNS, "  "));
}

function exportLines({ exports }: StatusResult): string[] {
  return exports.flatMap(({ object, exportId, state, requestedAt, ageSeconds }) => {
    const age = `requested ${utc(requestedAt)}, ${humaneDuration(ageSeconds * 1000)} ago`;
    const what = state === "expired" ? "expired at Pardot; the next run requests another" : "in progress at Pardot";
    return wrapped(`${object}: export ${exportId} ${what}, ${age}`, COLUMNS, "  ");
  });
}

/** `2026-03-20 09:30Z`; `the beginning` for the start of a whole history. */
function utc(instant: string): string {
  const text = minute(instant);
  return text === BEGINNING ? text : `${text}Z`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "?" : `${Math.round((part / whole) * 1000) / 10} %`;
}
