import { afterEach, describe, expect, it } from "vitest";
import { isPerEmail, isQueried } from "../../src/catalog/catalog.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { entries } from "../../src/catalog/index.ts";
import { selectWays } from "../../src/catalog/versions.ts";
import type { ApiVersion } from "../../src/catalog/versions.ts";
import type { Manifest, ManifestObject } from "../../src/manifest/manifest.ts";
import { Comparison, differences, v5Rows } from "../kit/v5-truth.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G1 and G4 for the objects of API v5: what lands is what the account holds, value by value.

const opened = scenesUntil(afterEach);

async function start(timezone: string, env: Environment): Promise<Scene> {
  return opened({ timezone, knobs: { v5ReadLagSeconds: 0 } }, { PARDOT_ETL_V5_LAG: "1m", ...env });
}

function offered(version: ApiVersion): ReadonlyMap<string, CatalogObject> {
  return new Map(selectWays(entries, version).map((object) => [object.name, object]));
}

function rowsOf({ files }: ManifestObject): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

/** The log of exports has no rows in the truth: what was read are the exports of this account. */
const UNCOMPARED = new Set(["Export"]);

function comparable(manifest: Manifest, version: ApiVersion): [CatalogObject, ManifestObject][] {
  const objects = offered(version);
  return manifest.objects.flatMap((done): [CatalogObject, ManifestObject][] => {
    const object = objects.get(done.object);
    const isOther = object === undefined || object.way.api === "v4" || isPerEmail(object);
    return isOther || UNCOMPARED.has(object.name) ? [] : [[object, done]];
  });
}

/** As many calls as there are pages, at least one, and little more. */
function expectFewCalls(manifest: Manifest, version: ApiVersion): void {
  const objects = offered(version);
  const least = new Map<string, { pages: number; objects: number }>();
  for (const done of manifest.objects) {
    const object = objects.get(done.object);
    if (object?.way.api !== "v5") continue;
    const operation =
      object.way.process === "email" ? object.way.email.operation : isQueried(object) ? "query" : "read";
    const kind = `${object.way.urlName} ${operation}`;
    const pages = isPerEmail(object) ? rowsOf(done) : Math.max(1, Math.ceil(rowsOf(done) / 1000));
    const known = least.get(kind) ?? { pages: 0, objects: 0 };
    least.set(kind, { pages: known.pages + pages, objects: known.objects + 1 });
  }
  for (const [kind, { pages, objects: count }] of least) {
    expect(manifest.api_calls.by_kind[kind] ?? 0, kind).toBeLessThanOrEqual(pages * 1.05 + 2 * count);
  }
}

/** The activities name the list emails. */
const V5_ONLY = [
  "VisitorActivity",
  ...entries.filter(({ auto, v5 }) => auto === "v5" && v5 !== null).map(({ name }) => name),
].join(",");

describe.each([
  ["UTC", "all"],
  ["America/New_York", V5_ONLY],
  ["Australia/Lord_Howe", V5_ONLY],
])("the objects of an account in %s", (timezone, objects) => {
  it("G1 G4 land through v5 as they are, on the full load and after each of three days", async () => {
    const at = await start(timezone, { PARDOT_ETL_OBJECTS: objects });
    const comparison = new Comparison(at);
    let calls = 0;
    for (let day = 0; day <= 3; day += 1) {
      if (day > 0) at.simulator.advance(1);
      const { error, manifest } = await at.run();
      expect(error).toBeNull();
      const compared = comparable(manifest, "auto");
      expect(compared).toHaveLength(25);
      for (const [object, done] of compared) {
        expect(done.time_zone ?? manifest.time_zone, object.name).toBe("UTC");
        await comparison.expectTruth(object, done);
      }
      expectFewCalls(manifest, "auto");
      calls += manifest.api_calls.total;
    }
    const stats = at.simulator.stats();
    expect(calls).toBe(stats.calls);
    expect(stats.maxInFlight).toBeLessThanOrEqual(4);
    expect(deletedOf(at)).toBeGreaterThan(0);
    // The log of exports shows ours.
    const exports = stats.exports.map(({ id }) => String(id));
    for (const { id } of await landedRecords(at.data, "Export")) expect(exports).toContain(id);
  });
});

function deletedOf({ simulator }: Scene): number {
  return v5Rows(simulator, "CustomRedirect", "deleted").size;
}

const REFERENCE = offered("auto");

describe.each(["America/New_York", "Australia/Lord_Howe"])("PARDOT_API_VERSION=5 in %s", (timezone) => {
  it("G1 reads the core objects into the same columns, in UTC, and only clicks by v4", async () => {
    const at = await start(timezone, { PARDOT_ETL_OBJECTS: "core,EmailStats", PARDOT_API_VERSION: "5" });
    const comparison = new Comparison(at);
    for (let day = 0; day <= 2; day += 1) {
      if (day > 0) at.simulator.advance(1);
      const { error, manifest } = await at.run();
      expect(error).toBeNull();
      const compared = comparable(manifest, "5");
      expect(compared).toHaveLength(12);
      for (const [object, done] of compared) {
        expect(object.columns.map(({ name }) => name)).toEqual(
          REFERENCE.get(object.name)?.columns.map(({ name }) => name),
        );
        expect(done.time_zone ?? manifest.time_zone, object.name).toBe("UTC");
        await comparison.expectTruth(object, done);
      }
      await expectEmails(at);
      expectFewCalls(manifest, "5");
      expect(Object.keys(manifest.api_calls.by_kind).filter((kind) => V4_KIND.test(kind))).toEqual([
        "emailClick query",
      ]);
    }
    const paths = at.simulator.stats().requests.map(({ path }) => path);
    expect(new Set(paths.filter((path) => path.includes("/version/")))).toEqual(
      new Set(["/api/emailClick/version/4/do/query"]),
    );
  });
});

/** v4 spells objects in camel case, v5 with hyphens and in the plural. */
const V4_KIND =
  /^(?:visitorActivity|prospect|listMembership|visitor|prospectAccount|campaign|form|tag|tagObject|opportunity|emailClick|list|email|export|customField) /;

/** One email for each list email of the activities, and the statistics of each. */
async function expectEmails(at: Scene): Promise<void> {
  const activities = await landedRecords(at.data, "VisitorActivity");
  const lists = new Set(activities.map((record) => record["list_email_id"] ?? null).filter((id) => id !== null));
  const [email, stats] = ["Email", "EmailStats"].map((name) =>
    selectWays(entries, "5").find((one) => one.name === name),
  );
  if (email === undefined || stats === undefined) throw new Error("v5 offers emails and their statistics");
  const emails = await landedRecords(at.data, "Email");
  expect(new Set(emails.map((record) => record["list_email_id"]))).toEqual(lists);
  expect(emails).toHaveLength(lists.size);
  const [rows, counts] = [v5Rows(at.simulator, "Email"), v5Rows(at.simulator, "ListEmailStats", "all")];
  const wrong: string[] = [];
  for (const record of emails) {
    const row = rows.get(record["email_id"] ?? "") ?? {};
    wrong.push(...differences(record, { ...row, listEmailId: record["list_email_id"] }, email, () => null));
  }
  for (const record of await landedRecords(at.data, "EmailStats")) {
    const row = counts.get(record["list_email_id"] ?? "") ?? {};
    wrong.push(...differences(record, row, stats, () => null));
  }
  expect(wrong).toEqual([]);
}

describe("PARDOT_API_VERSION", () => {
  it("4 makes no call of v5, and offers no object of it", async () => {
    const at = await start("UTC", { PARDOT_ETL_OBJECTS: "core", PARDOT_API_VERSION: "4" });
    const { error, manifest } = await at.run();
    expect(error).toBeNull();
    expect(manifest.objects.length).toBe(14);
    expect(at.simulator.stats().requests.filter(({ path }) => path.includes("/v5/"))).toEqual([]);
    await expect(at.run({ env: { PARDOT_ETL_OBJECTS: "VisitorPageView" } })).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ path: "PARDOT_ETL_OBJECTS" }],
    });
  });

  it("of another zone than what has landed is exit 2 without --full", async () => {
    const at = await start("America/New_York", { PARDOT_ETL_OBJECTS: "Tag,List" });
    expect((await at.run()).exitCode).toBe(0);
    const env = { PARDOT_API_VERSION: "5" };
    await expect(at.run({ env })).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ path: "PARDOT_API_VERSION" }, { path: "PARDOT_API_VERSION" }],
    });
    const whole = await at.run({ env, options: { full: true } });
    expect(whole.exitCode).toBe(0);
    expect((await at.run({ env })).exitCode).toBe(0);
  });
});
