import { isQueried } from "../../src/catalog/catalog.ts";
import type { CatalogObject, QueryV5 } from "../../src/catalog/catalog.ts";
import { entries } from "../../src/catalog/index.ts";
import { selectWays } from "../../src/catalog/versions.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { watermarkField } from "../../src/land/result-header.ts";
import type { Dice } from "./dice.ts";
import { V5_LAG_MS } from "./landed.ts";
import type { Attempt, Plan } from "./plan.ts";

/** How API v5 answers in a schedule. */
export interface PlanV5 {
  /** `5`: the core objects are read through v5 as well. */
  readonly version: "auto" | "5";
  /** Records per page of every object of v5, so that few records are many pages. */
  readonly pageLimit: number;
  /** Objects by how they are read, as in `READINGS`. */
  readonly readings: readonly Reading[];
}

/** The objects of v5 by how they are read; a schedule takes some of the readings, and an object of each. */
const OBJECTS = {
  "by id": ["Visit", "VisitorPageView", "LifecycleHistory"],
  "by id, with deleted ones": ["LifecycleStage", "User", "LandingPage"],
  "by id, in full": ["Folder", "File", "FormHandlerField"],
  "by id, in full, with deleted ones": ["CustomRedirect", "FormHandler", "LayoutTemplate", "TrackerDomain"],
  "by token in the order of a date": ["FormField", "FolderContent"],
  "by token in the order of a date, with deleted ones": ["ListEmail", "EngagementStudioProgram", "DynamicContent"],
  "by token in no order": ["ExternalActivity"],
  "by token in no order, in full": ["TaggedObject", "Import", "BulkAction"],
  "by token in no order, in full, with deleted ones": ["EmailTemplate"],
  "parent by parent": ["DynamicContentVariation"],
} as const;

export type Reading = keyof typeof OBJECTS | "core objects through v5";
export const READINGS: readonly Reading[] = [
  ...(Object.keys(OBJECTS) as (keyof typeof OBJECTS)[]),
  "core objects through v5",
];

/** Names in the simulator, where they are others. */
const SIMULATED: Readonly<Record<string, string>> = { TaggedObject: "TagObject" };

/** A plan with some objects of v5, in an account that makes them difficult. */
export function withV5(plan: Plan, dice: Dice): Plan {
  // A record without its creation may be of the last minute, which no range by creation reaches.
  const isDated = plan.account.knobs?.zeroDateEvery === undefined;
  const version = dice.chance(0.25) && (isDated || !plan.objects.includes("TagObject")) ? "5" : "auto";
  const found = (Object.keys(OBJECTS) as (keyof typeof OBJECTS)[])
    .filter(() => dice.chance(0.3))
    .map((reading) => ({ reading, name: dice.pick<string>(OBJECTS[reading]) }))
    .filter(({ name }) => isDated || !isByCreation(name));
  const own = found.map(({ name }) => name);
  const objects = [...plan.objects, ...own];
  const core: readonly Reading[] = version === "5" ? ["core objects through v5"] : [];
  const readings = [...found.map(({ reading }) => reading), ...core];
  const ways = selectWays(entries, version).filter(({ name, way }) => way.api === "v5" && objects.includes(name));
  const pageLimit = dice.chance(0.04) ? 1000 : dice.pick([40, 40, 60, 100, 200]);
  const rows = Object.fromEntries(own.map((object) => [SIMULATED[object] ?? object, rowsOf(object, pageLimit, dice)]));
  const allRows = { ...rows, ...plan.account.rows };
  const { dailyLimit } = plan.account;
  const pages = Object.values(allRows).reduce((sum, count) => sum + Math.ceil(count / Math.min(pageLimit, 25)), 0);
  return {
    ...plan,
    objects,
    v5: { version, pageLimit, readings },
    account: {
      ...plan.account,
      rows: allRows,
      // What has no order lands whole or not at all, so one day's calls have to suffice for it.
      ...(dailyLimit === undefined ? {} : { dailyLimit: Math.max(dailyLimit, objects.length * 11 + 3 * pages) }),
      knobs: { ...plan.account.knobs, ...knobsOf({ ...plan.account, rows: allRows }, ways, pageLimit, dice) },
    },
    env: {
      ...plan.env,
      PARDOT_API_VERSION: version,
      PARDOT_ETL_OBJECTS: objects.join(","),
      PARDOT_ETL_V5_LAG: `${V5_LAG_MS / 60_000}m`,
    },
    phases: plan.phases.map((phase) => ({
      ...phase,
      attempts: phase.attempts.map((attempt) => attemptOf(attempt, plan.isGentle, dice)),
    })),
  };
}

/** The configuration file: smaller pages than the vendor's. Null: there is none. */
export function configOf({ objects, v5, inRanges }: Plan): object | null {
  if (v5 === undefined && inRanges === undefined) return null;
  const limited = selectWays(entries, v5?.version ?? "auto").filter(
    (object) => objects.includes(object.name) && queryOf(object) !== null,
  );
  const catalog: Record<string, object> = {};
  if (v5 !== undefined) {
    for (const { name } of limited) catalog[name] = { v5: { query: { limit: v5.pageLimit } } };
  }
  if (inRanges !== undefined) {
    const query = { limit: inRanges.pageLimit };
    const isV5 = catalog[inRanges.object] !== undefined;
    catalog[inRanges.object] = isV5 ? { v5: { query } } : { v4: { query } };
  }
  return { catalog };
}

/** Around the number of a page, and some pages. Parents are read one by one, and the texts of variations are long. */
function rowsOf(object: string, pageLimit: number, dice: Dice): number {
  // Without parents in the account, variations have none, and cannot be read parent by parent.
  if (object === "DynamicContent") return 1 + dice.below(12);
  const pages = pageLimit > 100 || object === "DynamicContentVariation" ? 1.5 : dice.pick([2, 3, 4]);
  const some = dice.pick([0, 1, pageLimit - 1, pageLimit, pageLimit + 1]);
  return dice.chance(0.4) ? some : Math.floor(pages * pageLimit) + dice.below(4);
}

function isByCreation(name: string): boolean {
  return entries.some((entry) => entry.name === name && entry.watermark === "created_at");
}

function attemptOf(attempt: Attempt, isGentle: boolean, dice: Dice): Attempt {
  return { ...attempt, v5: isGentle ? dice.pick([0, 0.02]) : dice.pick([0, 0.05, 0.15, 0.4]) };
}

function knobsOf(
  { ties = 0, rows = {}, knobs = {} }: SimulatorOptions,
  objects: readonly CatalogObject[],
  pageLimit: number,
  dice: Dice,
): NonNullable<SimulatorOptions["knobs"]> {
  // More records of one second than a sequence returns are an error, and so are records without a date to cut them by.
  // List emails that were never sent share a second.
  const small = Math.max(ties, rows["ListEmail"] ?? 0) + dice.pick([5, pageLimit, 2 * pageLimit]);
  const isCuttable = knobs.zeroDateEvery === undefined || objects.every((object) => queryOf(object)?.split == null);
  const names = (share: number, fieldOf: (object: CatalogObject) => string | null): string =>
    objects
      .filter(() => dice.chance(share))
      .flatMap((object) => {
        const field = fieldOf(object);
        return field === null ? [] : [`${SIMULATED[object.name] ?? object.name}.${field}`];
      })
      .join(",");
  return {
    v5ReadLagSeconds: 0,
    v5TokenRecords: isCuttable && dice.chance(0.6) ? small : 100_000,
    v5TokenPosition: dice.pick(["key", "offset"]),
    v5Status66: dice.pick([429, 400]),
    v5AccountBody: dice.pick(["record", "values"]),
    v5MissingFields: dice.chance(0.5) ? names(0.5, (object) => spareField(object, dice)) : "",
    v5RedactedFields: dice.chance(0.2) ? names(0.5, (object) => spareField(object, dice)) : "",
    v5IgnoredFilters: dice.chance(0.3) ? names(0.7, filterThatMayBeIgnored) : "",
    // The children of hidden parents cannot be read.
    ...(knobs.hiddenEvery === undefined && dice.chance(0.7)
      ? { v5RequiredFilters: "DynamicContentVariation.dynamicContentId" }
      : {}),
  };
}

function queryOf(object: CatalogObject): QueryV5 | null {
  const query = isQueried(object) ? object.way.query : null;
  return query?.api === "v5" ? query : null;
}

/** A field that reading does not need. */
function spareField(object: CatalogObject, dice: Dice): string | null {
  const needed = new Set([object.key, "id", queryOf(object)?.order, queryOf(object)?.split, "is_deleted"]);
  // Nor is a field hidden by which rows are found, or the name of a campaign in the truth.
  const wires = new Set([watermarkField(object), queryOf(object)?.parent?.filter, "campaignId"]);
  const spare = object.columns.flatMap(({ name, type, wire }) => {
    const isNeeded = needed.has(name) || wires.has(wire ?? null) || type === "json" || type === "datetime";
    return isNeeded || wire == null || wire.includes(".") || wire.includes("[") ? [] : [wire];
  });
  return spare.length === 0 ? null : dice.pick(spare);
}

/** Where pages come by id. In any other order a sequence could not begin anew in the middle. */
function filterThatMayBeIgnored(object: CatalogObject): string | null {
  return queryOf(object)?.order === "id" ? watermarkField(object) : null;
}
