import type { PlannedObject, PlanResult } from "../operations/api.ts";
import { elapsed, formatNumber, pluralize } from "../text.ts";
import { bold, minute, textTable, toned, wrappedLines } from "./text-table.ts";
import type { Look, Text } from "./text-table.ts";

/** The result of `plan` for people: what a run would read from when on, and what that costs. */
export function planSummary(plan: PlanResult, look: Look): string {
  const ends = new Set(plan.objects.flatMap(({ windows }) => windows.at(-1)?.to ?? []));
  const [common] = ends;
  const hasOwnEnds = ends.size > 1;
  const rows = plan.objects.map((object): Text[] => [
    object.object,
    object.process,
    formatNumber(object.windows.length),
    object.records === null ? "?" : formatNumber(object.records),
    object.unknownCalls === null ? formatNumber(object.expectedCalls) : `${formatNumber(object.expectedCalls)} + ?`,
    object.windows[0] === undefined ? "-" : minute(object.windows[0].from),
    ...(hasOwnEnds ? [minute(object.windows.at(-1)?.to ?? null)] : []),
  ]);
  const heads = ["OBJECT", "PROCESS", "WINDOWS", "RECORDS", "CALLS", "FROM (UTC)", ...(hasOwnEnds ? ["TO (UTC)"] : [])];
  const errors = plan.objects.flatMap(({ object, error }): Text[] =>
    error === null
      ? []
      : [
          toned("bad", `${object} cannot run: ${error.message}`),
          ...(error.hint === null ? [] : [toned("quiet", `  hint: ${error.hint}`)]),
        ],
  );
  const until = common === undefined || hasOwnEnds ? [] : [`A run would read up to ${minute(common)} UTC.`];
  return [
    wrappedLines(until, look),
    textTable([bold(heads), ...rows], [2, 3, 4], look.style),
    wrappedLines([...reasons(plan.objects), ...errors, ...costs(plan)], look),
  ].join("");
}

/** Why the ranges start where they do, each reason once. A table's time is in the column FROM, less the overlap. */
function reasons(objects: readonly PlannedObject[]): readonly Text[] {
  const found = new Map<string, string[]>();
  for (const { object, table, reason, error } of objects) {
    if (error !== null) continue;
    const short = reason.replaceAll(` of ${table}`, " of the table").replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, "");
    found.set(short, [...(found.get(short) ?? []), object]);
  }
  return Array.from(found, ([reason, names]) => toned("quiet", `start of ${names.join(", ")}: ${reason}`));
}

function costs(plan: PlanResult): readonly Text[] {
  const { expectedCalls, expectedDurationMs: duration, quota, callBudget: budget, ownCallsToday: own } = plan;
  const unknown = new Map<string, string[]>();
  for (const { object, unknownCalls: reason } of plan.objects) {
    if (reason !== null) unknown.set(reason, [...(unknown.get(reason) ?? []), object]);
  }
  const share =
    quota === null
      ? "; the API does not report the day's quota"
      : `, ${percent(expectedCalls, quota.max)} of the day's ${formatNumber(quota.max)} (used so far by all integrations: ${formatNumber(quota.used)})`;
  const ofBudget =
    budget === null ? "" : `, ${percent(expectedCalls, budget)} of the budget of ${formatNumber(budget)}`;
  const hasExports = plan.objects.some(({ process, windows }) => process === "bulk" && windows.length > 0);
  const guessed = hasExports && plan.exportsSeen === 0;
  const isLeast = unknown.size > 0;
  return [
    `expected: ${isLeast ? "at least" : "about"} ${pluralize(expectedCalls, "call")}${ofBudget}${share}`,
    ...Array.from(unknown, ([reason, objects]) => `in addition, for ${objects.join(", ")}: ${reason}`),
    ...(guessed ? ["until a run has committed exports, their duration and number of files is a guess"] : []),
    ...(duration === null
      ? []
      : [`duration: about ${elapsed(Math.max(1000, duration))}, by the calls and the time of the last complete run`]),
    ...(budget !== null && expectedCalls > budget - own
      ? [
          toned(
            "doubtful",
            "that exceeds the rest of today's budget: the run will stop there, and the next one continues",
          ),
        ]
      : []),
    `this tool's calls today: ${formatNumber(own)}, including ${formatNumber(plan.callsSpent)} for this plan`,
  ];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "?" : `${((part / whole) * 100).toFixed(1)} %`;
}
