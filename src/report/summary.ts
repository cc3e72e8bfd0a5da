import { textLines, textTable } from "./text-table.ts";
import type { CheckLine, CheckResult, PlanResult, VerifyResult } from "../operations/api.ts";
import { pluralize, formatNumber, oneLine } from "../text.ts";

/** The result of `plan` for people. */
export function planSummary(plan: PlanResult): string {
  const rows = plan.objects.map((object) => [
    object.object,
    object.process,
    formatNumber(object.windows.length),
    object.windows[0]?.from ?? "-",
    object.windows.at(-1)?.to ?? "-",
    object.records === null ? "?" : formatNumber(object.records),
    object.unknownCalls === null ? formatNumber(object.expectedCalls) : `${formatNumber(object.expectedCalls)} + ?`,
    object.reason,
  ]);
  const errors = plan.objects.flatMap(({ object, error }) =>
    error === null ? [] : hinted(`${object} cannot run: ${error.message}`, error.hint),
  );
  return [
    textTable([["OBJECT", "PROCESS", "WINDOWS", "FROM", "TO", "RECORDS", "CALLS", "WHY"], ...rows]),
    textLines([...errors, ...costs(plan)]),
  ].join("");
}

function costs(plan: PlanResult): string[] {
  const { expectedCalls, quota, callBudget: budget, ownCallsToday: own } = plan;
  const share =
    quota === null
      ? "the API does not report the day's quota"
      : `${percent(expectedCalls, quota.max)} of the day's ${formatNumber(quota.max)}, of which ${formatNumber(quota.used)} are used`;
  const ofBudget =
    budget === null ? "" : `; ${percent(expectedCalls, budget)} of the budget of ${formatNumber(budget)}`;
  const reasons = new Map<string, string[]>();
  for (const { object, unknownCalls: reason } of plan.objects) {
    if (reason !== null) reasons.set(reason, [...(reasons.get(reason) ?? []), object]);
  }
  const unknown = Array.from(reasons, ([reason, objects]) => `in addition, for ${objects.join(", ")}: ${reason}`);
  const hasExports = plan.objects.some(({ process, windows }) => process === "bulk" && windows.length > 0);
  const guessed = hasExports && plan.exportsSeen === 0;
  return [
    `expected: about ${pluralize(expectedCalls, "call")}; ${share}${ofBudget}`,
    ...unknown,
    ...(guessed ? ["until a run has committed exports, their duration and number of files is a guess"] : []),
    ...(budget !== null && expectedCalls > budget - own
      ? ["that exceeds the rest of today's budget: the run will stop there, and the next one continues"]
      : []),
    `this tool's calls today: ${formatNumber(own)}, including ${formatNumber(plan.callsSpent)} for this plan`,
  ];
}

/** One line of `check`, followed by what to do. */
export function checkLineText({ status, name, message, hint }: CheckLine): string {
  const line = `${status.padEnd(7)}  ${name.padEnd(13)}  ${oneLine(message)}\n`;
  return hint === null ? line : `${line}         hint: ${oneLine(hint)}\n`;
}

/** `7 ok, 1 warning: ready to run`, `6 ok, 1 failed: not ready`. */
export function checkSummary({ lines, exitCode }: CheckResult): string {
  const counts = (["ok", "warning", "failed", "skipped"] as const).flatMap((status) => {
    const count = lines.filter((line) => line.status === status).length;
    return count === 0 ? [] : [status === "warning" ? pluralize(count, status) : `${count} ${status}`];
  });
  return `${counts.join(", ")}: ${exitCode === 0 ? "ready to run" : "not ready to run"}\n`;
}

/** Problems that are shown to people; `--json` has all. */
const PROBLEMS_SHOWN = 50;

/** The result of `verify` for people: what was verified and compared, and what to do about each problem. */
export function verifySummary(result: VerifyResult): string {
  const { problems, filesRead, warehouse } = result;
  const found = problems.length === 0 ? null : pluralize(problems.length, "problem");
  const lines = [
    ...(filesRead ? [`${verified(result)}: ${found ?? "all as committed"}`] : []),
    ...(warehouse === null ? [] : warehouseLines(warehouse)),
    ...(filesRead ? [] : [found ?? "no problems"]),
    ...problems
      .slice(0, PROBLEMS_SHOWN)
      .flatMap(({ key, problem, hint }) => [`  ${key}: ${problem}`, `    hint: ${hint}`]),
    ...(problems.length > PROBLEMS_SHOWN
      ? [`  and ${formatNumber(problems.length - PROBLEMS_SHOWN)} more (--json has all)`]
      : []),
  ];
  return textLines(lines);
}

function verified({ files, rows, bytes, runs, destination, expired, superseded, accepted }: VerifyResult): string {
  const proven = `verified ${pluralize(files, "file")}, ${pluralize(rows, "row")} and ${pluralize(bytes, "byte")} of ${pluralize(runs, "run")} in ${destination}`;
  const others = [
    ...(expired === 0 ? [] : [`${formatNumber(expired)} expired (PARDOT_ETL_RETENTION)`]),
    ...(superseded === 0 ? [] : [`${formatNumber(superseded)} superseded by --full`]),
    ...(accepted === 0 ? [] : [`${formatNumber(accepted)} written off (--accept)`]),
  ];
  return others.length === 0 ? proven : `${proven} (not counted: ${others.join(", ")})`;
}

function warehouseLines({ name, compared }: NonNullable<VerifyResult["warehouse"]>): string[] {
  if (compared.length === 0) return [`nothing to compare in ${name}`];
  return [`compared with ${name}:`, ...compared.map((clause) => `  ${clause}`)];
}

function hinted(line: string, hint: string | null | undefined): readonly string[] {
  return hint === null || hint === undefined ? [line] : [line, `  hint: ${hint}`];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "?" : `${((part / whole) * 100).toFixed(1)} %`;
}
