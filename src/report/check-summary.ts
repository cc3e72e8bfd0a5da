import type { Look } from "./text-table.ts";
import type { CheckLine, CheckResult } from "../operations/api.ts";
import { pluralize, oneLine, wrapped } from "../text.ts";

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
