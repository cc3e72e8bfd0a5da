import type { VerifyResult } from "../operations/api.ts";
import { counted, grouped, oneLine } from "../text.ts";

/** Problems that are shown to people; `--json` has all. */
const PROBLEMS_SHOWN = 50;

/** What verifying has shown, for people: what was proven, what was compared, and what to do about what is wrong. */
export function verifySummary(result: VerifyResult): string {
  const { problems, filesRead, warehouse } = result;
  const found = problems.length === 0 ? null : counted(problems.length, "problem");
  const lines = [
    ...(filesRead ? [`${verified(result)}: ${found ?? "all as committed"}`] : []),
    ...(warehouse === null ? [] : warehouseLines(warehouse)),
    ...(filesRead ? [] : [found ?? "no problems"]),
    ...problems
      .slice(0, PROBLEMS_SHOWN)
      .flatMap(({ key, problem, hint }) => [`  ${key}: ${problem}`, `    hint: ${hint}`]),
    ...(problems.length > PROBLEMS_SHOWN
      ? [`  and ${grouped(problems.length - PROBLEMS_SHOWN)} more (--json has all)`]
      : []),
  ];
  return lines.map((line) => `${oneLine(line)}\n`).join("");
}

function verified({ files, rows, bytes, runs, destination, expired, superseded, accepted }: VerifyResult): string {
  const proven = `verified ${counted(files, "file")}, ${counted(rows, "row")} and ${counted(bytes, "byte")} of ${counted(runs, "run")} in ${destination}`;
  const others = [
    ...(expired === 0 ? [] : [`${grouped(expired)} expired (PARDOT_ETL_RETENTION)`]),
    ...(superseded === 0 ? [] : [`${grouped(superseded)} superseded by --full`]),
    ...(accepted === 0 ? [] : [`${grouped(accepted)} written off (--accept)`]),
  ];
  return others.length === 0 ? proven : `${proven} (not counted: ${others.join(", ")})`;
}

function warehouseLines({ name, compared }: NonNullable<VerifyResult["warehouse"]>): string[] {
  if (compared.length === 0) return [`nothing to compare in ${name}`];
  return [`compared with ${name}:`, ...compared.map((clause) => `  ${clause}`)];
}
