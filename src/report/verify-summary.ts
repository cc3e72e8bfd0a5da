import type { VerifiedTable, VerifyResult } from "../operations/api.ts";
import { formatNumber, pluralize } from "../text.ts";
import { bold, textTable, toned, wrappedLines } from "./text-table.ts";
import type { Look, Text } from "./text-table.ts";

/** Problems that are shown to people; `--json` has all. */
const PROBLEMS_SHOWN = 50;

/** The result of `verify` for people: what was verified and compared, and what to do about each problem. */
export function verifySummary(result: VerifyResult, look: Look): string {
  const { problems, filesRead, warehouse } = result;
  const found = problems.length === 0 ? null : pluralize(problems.length, "problem");
  const tone = found === null ? "good" : "bad";
  const shown = problems
    .slice(0, PROBLEMS_SHOWN)
    .flatMap(({ key, problem, hint }): Text[] => [
      toned("bad", `  ${key}: ${problem}`),
      toned("quiet", `    hint: ${hint}`),
    ]);
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    wrappedLines(
      [
        ...(filesRead ? [toned(tone, `${verified(result)}: ${found ?? "all as committed"}`)] : []),
        ...(warehouse === null
          ? []
          : [`compared with ${warehouse.name}${warehouse.tables.length === 0 ? ": nothing to compare" : ""}`]),
        ...(filesRead ? [] : [toned(tone, found ?? "no problems")]),
        ...shown,
        ...(more > 0 ? [`  and ${formatNumber(more)} more (--json has all)`] : []),
      ],
      look,
    ),
    proofs(result, look),
  ].join("");
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

/** What is proven of each object: its files, and how they are loaded. */
function proofs({ objects, filesRead, warehouse }: VerifyResult, { style }: Look): string {
  const tables = new Map((warehouse?.tables ?? []).map((table) => [table.object, table]));
  const names = filesRead ? objects.map(({ object }) => object) : [...tables.keys()];
  if (names.length === 0) return "";
  const rows = names.map((name): Text[] => {
    const files = objects.find(({ object }) => object === name);
    const table = tables.get(name);
    const { files: count = 0, rows: landed = 0, problems = 0 } = files ?? {};
    const damaged = problems === 0 ? "0" : toned("bad", formatNumber(problems));
    return [
      name,
      ...(filesRead ? [formatNumber(count), formatNumber(landed), damaged] : []),
      ...(warehouse === null ? [] : [table === undefined ? "not compared" : loading(table)]),
    ];
  });
  const heads = [
    "OBJECT",
    ...(filesRead ? ["FILES", "ROWS", "PROBLEMS"] : []),
    ...(warehouse === null ? [] : ["IN THE WAREHOUSE"]),
  ];
  const numbers = filesRead ? [1, 2, 3] : [];
  return textTable([bold(heads), ...rows], numbers, style);
}

/** `9 loaded exactly once`, `8 loaded exactly once, 1 missing`, or what else was compared. */
function loading({ compared, loadedOnce, missing, loadedAgain, differs, others }: VerifiedTable): Text {
  const counts = [
    [missing, "missing"],
    [loadedAgain, "loaded again"],
    [differs, "incomplete or different"],
    [others, others === 1 ? "other problem" : "other problems"],
  ] as const;
  const faults = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${formatNumber(count)} ${what}`]));
  const proven = loadedOnce === null ? compared : `${formatNumber(loadedOnce)} loaded exactly once`;
  const text = [proven, ...faults].join(", ");
  return faults.length === 0 ? { text, tone: loadedOnce === null ? "quiet" : "good" } : { text, tone: "bad" };
}
