import type { ProbeEntry, ProbeResult } from "../operations/probe/probe.ts";
import { formatNumber, wrapped } from "../text.ts";
import { textLines } from "./text-table.ts";

const COLUMNS = 110;

const GROUPS: readonly (readonly [ProbeEntry["status"], string])[] = [
  ["differs", "Differs from what this tool expects"],
  ["expected", "As expected, or without effect"],
  ["unsettled", "Unsettled"],
  ["not asked", "Not asked"],
];

/** The result of a probe for people. It has names, types, counts and codes only, so that it can be published. */
export function probeSummary({ entries, fragment, calls, callsMax, failure }: ProbeResult): string {
  const groups = GROUPS.map(([status, title]) => ({
    title,
    found: entries.filter((entry) => entry.status === status),
  }));
  const counts = groups.map(({ title, found }) => `${title.toLowerCase()}: ${formatNumber(found.length)}`);
  return textLines([
    `pardot-etl probe: ${formatNumber(calls)} of at most ${formatNumber(callsMax)} calls`,
    ...counts.map((count) => `  ${count}`),
    ...(failure === null ? [] : [`It ended early: ${failure.code}`]),
    ...groups.flatMap(({ title, found }) =>
      found.length === 0 ? [] : ["", `${title}:`, ...found.flatMap(entryLines)],
    ),
    ...(fragment === null
      ? ["", "Nothing to override in the catalog."]
      : ["", "For pardot-etl.yaml:", "", ...fragment.trimEnd().split("\n")]),
  ]);
}

function entryLines({ id, question, how, seen, verdict, means }: ProbeEntry): readonly string[] {
  return [
    `  ${id}${verdict === null ? "" : `: ${verdict}`}`,
    ...wrapped(question, COLUMNS, "      ", "    "),
    ...(seen === null ? [] : wrapped(`how: ${how}`, COLUMNS, "      ", "    ")),
    ...(seen === null ? [] : wrapped(`seen: ${seen}`, COLUMNS, "      ", "    ")),
    ...(means === null ? [] : wrapped(`means: ${means}`, COLUMNS, "      ", "    ")),
  ];
}
