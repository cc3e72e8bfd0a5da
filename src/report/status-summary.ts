import type { StatusObject, StatusResult, StatusRun } from "../operations/api.ts";
import { textLines, textTable } from "./text-table.ts";
import { pluralize, formatNumber, humaneDuration, wrapped } from "../text.ts";

/** Width that fits any terminal. */
const COLUMNS = 80;

/** The start of a whole history, older than any account. */
const BEGINNING = "1900-01-01T00:00:00Z";

/**
 * Summary of a destination: whether it is healthy and why, then runs, objects and open windows. `now`: by this
 * machine's clock.
 */
export function statusSummary(status: StatusResult, runsMax: number, now: number): string {
  const runs = status.runs.slice(-runsMax).toReversed();
  return textLines([
    ...heading(status),
    ...(runs.length === 0 ? [] : ["", ...runTable(runs, now), ...runs.flatMap(whyLines)]),
    ...warningLines(status),
    ...(status.objects.length === 0 ? [] : ["", ...objectTable(status.objects), ...status.objects.flatMap(remarks)]),
    ...exportLines(status),
  ]);
}

function heading({ healthy, problems, lastSuccess, businessUnit, destination, quota }: StatusResult): string[] {
  const success =
    lastSuccess === null
      ? "none yet"
      : `${minute(lastSuccess.at)} (${humaneDuration(lastSuccess.ageSeconds * 1000)} ago), run ${lastSuccess.runId}`;
  return [
    ...(healthy ? ["healthy"] : ["NOT HEALTHY"]),
    ...problems.flatMap((problem) => wrapped(problem, COLUMNS, "    ", "  - ")),
    `last success   ${success}`,
    `business unit  ${businessUnit ?? "none yet: no run so far"}`,
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

function runTable(runs: readonly StatusRun[], now: number): string[] {
  const rows = runs.map((run) => [
    run.runId,
    humaneDuration(now - Date.parse(run.startedAt)),
    run.status,
    run.exitCode === null ? "-" : String(run.exitCode),
    formatNumber(run.rows),
    formatNumber(run.files),
    formatNumber(run.calls),
    run.finishedAt === null ? "-" : humaneDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)),
  ]);
  return lines(
    textTable([["RUN", "AGE", "RESULT", "EXIT", "ROWS", "FILES", "CALLS", "TOOK"], ...rows], [1, 3, 4, 5, 6, 7]),
  );
}

/** Why a run is not complete; only the newest run has a hint, because later runs may have dealt with the older ones. */
function whyLines({ runId, code, reason, hint }: StatusRun, place: number): readonly string[] {
  if (reason === null) return [];
  return [
    ...wrapped(`${runId}: ${reason} (${String(code)})`, COLUMNS, "  "),
    ...(place > 0 || hint === null ? [] : wrapped(`hint: ${hint}`, COLUMNS, "  ")),
  ];
}

function warningLines({ warnings }: StatusResult): string[] {
  const all = warnings.flatMap(({ code, objects, message, count }) => {
    const whom = objects.length === 0 ? "" : `${objects.join(", ")}: `;
    const more = count === 1 ? "" : `, and ${pluralize(count - 1, "more warning")} of this code`;
    return wrapped(`${whom}${message} (${code}${more})`, COLUMNS, "    ", "  - ");
  });
  return all.length === 0 ? [] : ["", "Warnings of the last ended run", ...all];
}

function objectTable(objects: readonly StatusObject[]): string[] {
  const zones = [...new Set(objects.flatMap(({ zone }) => zone ?? []))];
  const rows = objects.map((object) => [
    object.object,
    object.watermark?.slice(0, 16) ?? "-",
    minute(object.coverage.at(-1)?.to ?? null),
    formatNumber(object.openWindows.length),
    formatNumber(object.rows),
  ]);
  return [
    ...lines(textTable([["OBJECT", "WATERMARK", "COVERED TO", "OPEN", "ROWS"], ...rows], [3, 4])),
    ...(zones.length === 0 ? [] : [`WATERMARK is local time of ${zones.join(", ")}; Z is UTC.`]),
  ];
}

function remarks({ object, coverage, gaps, openWindows, notLoaded, expired }: StatusObject): string[] {
  const [first, last] = [openWindows[0], openWindows.at(-1)];
  const landed = openWindows.reduce((sum, { filesLanded }) => sum + filesLanded, 0);
  const from = coverage[0]?.from ?? BEGINNING;
  return [
    ...(from === BEGINNING ? [] : [`${object}: covered from ${minute(from)} on, not from the beginning`]),
    ...gaps.map((gap) => `${object}: gap from ${minute(gap.from)} to ${minute(gap.to)}`),
    ...(first === undefined || last === undefined
      ? []
      : [
          `${object}: ${pluralize(openWindows.length, "window")} left for the next run, ${minute(first.from)} to ${minute(last.to)}, ${pluralize(landed, "file")} landed`,
        ]),
    ...(notLoaded === 0 ? [] : [`${object}: ${pluralize(notLoaded, "committed file")} not loaded into the warehouse`]),
    ...(expired === 0 ? [] : [`${object}: ${pluralize(expired, "file")} expired, older than PARDOT_ETL_RETENTION`]),
  ].flatMap((line) => wrapped(line, COLUMNS, "  "));
}

function exportLines({ exports }: StatusResult): string[] {
  return exports.flatMap(({ object, exportId, state, requestedAt, ageSeconds }) => {
    const age = `requested ${minute(requestedAt)}, ${humaneDuration(ageSeconds * 1000)} ago`;
    const what = state === "expired" ? "expired at Pardot; the next run requests another" : "in progress at Pardot";
    return wrapped(`${object}: export ${exportId} ${what}, ${age}`, COLUMNS, "  ");
  });
}

/** `2026-03-20 09:30Z`; `the beginning` for the start of a whole history. */
function minute(instant: string | null): string {
  if (instant === null) return "-";
  return instant === BEGINNING ? "the beginning" : `${instant.slice(0, 16).replace("T", " ")}Z`;
}

function lines(table: string): string[] {
  return table.trimEnd().split("\n");
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "?" : `${Math.round((part / whole) * 1000) / 10} %`;
}
