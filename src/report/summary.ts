import { textLines } from "./text-table.ts";
import type { Look } from "./text-table.ts";
import type { CheckLine, CheckResult, VerifyResult } from "../operations/api.ts";
import { pluralize, formatNumber, oneLine, wrapped } from "../text.ts";

/** One line of `check`, followed by what to do. */
export function checkLineText({ status, name, message, hint }: CheckLine, { columns, style }: Look): string {
  const lines = (text: string, lead: string, indent: number): readonly string[] =>
    columns === Infinity ? [`${lead}${text}`] : wrapped(text, columns - 1, " ".repeat(indent), lead);
  const lead = `${status.padEnd(7)}  ${name.padEnd(13)}  `;
  const [first = "", ...rest] = lines(oneLine(message), lead, lead.length);
  const hints =
    hint === null ? [] : lines(`hint: ${oneLine(hint)}`, " ".repeat(9), 9).map((line) => style("quiet", line));
  const marked = `${style(TONES[status], status)}${first.slice(status.length)}`;
  return [marked, ...rest, ...hints].map((line) => `${line}\n`).join("");
}

const TONES = { ok: "good", warning: "doubtful", failed: "bad", skipped: "quiet" } as const;

/** `7 ok, 1 warning: ready to run`, `6 ok, 1 failed: not ready`. */
export function checkSummary({ lines, exitCode }: CheckResult, { style }: Look): string {
  const counts = (["ok", "warning", "failed", "skipped"] as const).flatMap((status) => {
    const count = lines.filter((line) => line.status === status).length;
    return count === 0 ? [] : [status === "warning" ? pluralize(count, status) : `${count} ${status}`];
  });
  const verdict = `${counts.join(", ")}: ${exitCode === 0 ? "ready to run" : "not ready to run"}`;
  return `${style(exitCode === 0 ? "good" : "bad", verdict)}\n`;
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
