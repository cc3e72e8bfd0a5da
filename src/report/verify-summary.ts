import type { VerifyResult } from "../run/api.ts";
import { oneLine } from "../visible.ts";
import { grouped } from "./describe.ts";

/** Problems that are shown to people; `--json` has all. */
const PROBLEMS_SHOWN = 50;

/** What verifying has shown, for people. */
export function verifySummary(result: VerifyResult): string {
  const { runs, files, rows, bytes, expired, problems } = result;
  const gone = expired === 0 ? "" : `, ${grouped(expired)} of the files expired`;
  const what = `${grouped(files)} files, ${grouped(rows)} rows and ${grouped(bytes)} bytes of ${grouped(runs)} runs in ${result.destination}`;
  if (problems.length === 0) return `verified ${what}${gone}: all ${expired === 0 ? "" : "others "}as committed\n`;
  const lines = problems.slice(0, PROBLEMS_SHOWN).map(({ key, problem }) => oneLine(`  ${key}: ${problem}`));
  const more =
    problems.length > PROBLEMS_SHOWN
      ? [`  and ${grouped(problems.length - PROBLEMS_SHOWN)} more (--json has all)`]
      : [];
  return [`verified ${what}${gone}: ${grouped(problems.length)} problems`, ...lines, ...more, ""].join("\n");
}
