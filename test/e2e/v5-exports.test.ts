import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { RunResult } from "../../src/operations/api.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { callCli } from "../kit/cli.ts";
import { Comparison, textOf, v5Rows } from "../kit/v5-truth.ts";
import { filesBelow, landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G1, G2 and G3 for exports of API v5, which an override of the catalog switches on.

const opened = scenesUntil(afterEach);

const LISTS = "ListEmail: {v5: {process: bulk, wire: {sender_options: null, reply_to_options: null}}}";
const OBJECTS = ["Prospect", "ListMembership", "ProspectAccount", "LifecycleHistory", "User", "Opportunity", "List"];

async function start(
  objects: readonly string[],
  { knobs, ...options }: SimulatorOptions = {},
  env: Environment = {},
): Promise<Scene> {
  const at = await opened(
    { ...options, knobs: { v5ReadLagSeconds: 0, v5CsvDates: "offset", customFields: 2, ...knobs } },
    { PARDOT_API_VERSION: "5", PARDOT_ETL_V5_LAG: "1m", PARDOT_ETL_OBJECTS: objects.join(","), ...env },
  );
  const lines = objects.map((name) => (name === "ListEmail" ? LISTS : `${name}: {v5: {process: bulk}}`));
  await writeFile(join(at.root, "pardot-etl.yaml"), `catalog:\n  ${lines.join("\n  ")}\n`);
  return at;
}

function objectIn({ manifest }: RunResult, name: string): ManifestObject {
  const object = manifest.objects.find((one) => one.object === name);
  if (object === undefined) throw new Error(`the manifest has no ${name}`);
  return object;
}

/** Runs, and compares each object with the account. */
async function expectTruth(
  at: Scene,
  comparison: Comparison,
  objects: readonly string[],
): Promise<Awaited<ReturnType<Scene["run"]>>> {
  const result = await at.run();
  expect(result.error).toBeNull();
  const { catalog } = await at.config();
  for (const object of catalog.filter(({ name }) => objects.includes(name))) {
    const done = objectIn(result, object.name);
    expect([object.name, done.process, done.time_zone ?? result.manifest.time_zone]).toEqual([
      object.name,
      "bulk",
      "UTC",
    ]);
    await comparison.expectTruth(object, done);
  }
  return result;
}

function exportedFiles(result: RunResult, name: string): number {
  return objectIn(result, name).files.filter(({ export_id: id }) => id !== null).length;
}

function warningsOf({ manifest }: RunResult): [string | null, string][] {
  return manifest.warnings.map(({ object, code }) => [object, code]);
}

describe.each<readonly [timezone: string, knobs: NonNullable<SimulatorOptions["knobs"]>]>([
  ["America/New_York", { v5ExportState: "status" }],
  ["Australia/Lord_Howe", { v5Procedures: "camel", v5ExportCreatedStatus: 200, csvBoolean: "1/0" }],
  // Summer time would show an hour twice, which times without an offset cannot tell apart.
  ["Asia/Kolkata", { v5CsvDates: "local" }],
])("exports of v5 in %s with %j", (timezone, knobs) => {
  it("G1 land what the account holds, on the full load and after each of two days", async () => {
    const all = [...OBJECTS, "ListEmail", "DynamicContent", "LifecycleStage"];
    const at = await start(all, { timezone, knobs });
    const comparison = new Comparison(at);
    const first = await expectTruth(at, comparison, all);
    for (const name of all) expect([name, exportedFiles(first, name) > 0]).toEqual([name, true]);
    for (let day = 1; day <= 2; day += 1) {
      at.simulator.advance(1);
      const { manifest } = await expectTruth(at, comparison, all);
      expect(manifest.api_calls.by_kind["export create"]).toBeGreaterThan(0);
    }
  });
});

describe("an export of v5", () => {
  const CREATE = { path: "/api/v5/exports", method: "POST" } as const;

  it("G3 that a stopped run left is adopted by the next one, and its files land once", async () => {
    const at = await start(["ListMembership"]);
    const stop = new AbortController();
    const onEvent = ({ type }: { readonly type: string }): void => {
      if (type === "export-created") stop.abort(new CancelledError("stopped", { code: "run.cancelled" }));
    };
    expect((await at.run({ signal: stop.signal, onEvent })).exitCode).toBe(130);
    const { events } = await expectTruth(at, new Comparison(at), ["ListMembership"]);
    expect(events.filter(({ type }) => type === "export-adopted")).toHaveLength(1);
    // Later ones may come again by the overlap of a day.
    const dayAgo = new Date(at.simulator.now().getTime() - 25 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
    const landed = await landedRecords(at.data, "ListMembership");
    const ids = landed.filter((record) => String(record["updated_at"]) < dayAgo).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(100);
    expect(new Set(ids).size).toBe(ids.length);
    // v3/v4 is another generation of the API: its exports are others.
    expect(at.simulator.stats().requests.filter(({ path }) => path.includes("/version/"))).toEqual([]);
    const windows = events.filter(({ type }) => type === "window-finished").length;
    expect(at.simulator.stats().exports).toHaveLength(windows);
  });

  it("G3 that Pardot has lost is requested once more", async () => {
    const at = await start(["LifecycleHistory"]);
    at.simulator.faults([{ ...CREATE, failExport: true }]);
    const result = await expectTruth(at, new Comparison(at), ["LifecycleHistory"]);
    expect(warningsOf(result)).toContainEqual(["LifecycleHistory", "export.recreated"]);
  });

  it("G1 that is refused for a field leaves the window to the query, with a warning, until the query has named the field", async () => {
    const at = await start(["LandingPage"]);
    const comparison = new Comparison(at);
    const result = await expectTruth(at, comparison, ["LandingPage"]);
    expect(warningsOf(result)).toEqual([
      ["LandingPage", "export.procedure-refused"],
      ["LandingPage", "fields.refused"],
    ]);
    expect(result.manifest.warnings[0]?.message).toContain(
      "a field of an export by created_at, and does not name it (code 180)",
    );
    expect(exportedFiles(result, "LandingPage")).toBe(0);
    // By now the query has named the field, so exports by the other date work.
    at.simulator.advance(1);
    const second = await expectTruth(at, comparison, ["LandingPage"]);
    expect(exportedFiles(second, "LandingPage")).toBe(1);
  });

  it("G3 is not requested for a window that the query has begun before exports were switched on", async () => {
    const at = await start(["LifecycleHistory"], { rows: { LifecycleHistory: 3500 } });
    const override = await readFile(join(at.root, "pardot-etl.yaml"), "utf8");
    await rm(join(at.root, "pardot-etl.yaml"));
    expect((await at.run({ env: { PARDOT_DAILY_CALL_BUDGET: "3" } })).exitCode).toBe(4);
    await writeFile(join(at.root, "pardot-etl.yaml"), override);
    at.simulator.advance(1);
    const second = await at.run();
    expect(second.error).toBeNull();
    expect(warningsOf(second)).toEqual([]);
    const landed = new Set((await landedRecords(at.data, "LifecycleHistory")).map(({ id }) => id));
    const end = String(objectIn(second, "LifecycleHistory").windows.at(-1)?.to.replace("T", " "));
    const old = [...v5Rows(at.simulator, "LifecycleHistory")].filter(([, row]) => textOf(row, "createdAt") < end);
    expect(old.length).toBeGreaterThan(3000);
    expect(old.filter(([id]) => !landed.has(id))).toEqual([]);
    // The window that was open, and an export of the day after it.
    expect(second.manifest.api_calls.by_kind).toMatchObject({ "lifecycle-histories query": 2, "export create": 1 });
  });

  it("whose refusal names the field is requested again without it", async () => {
    const at = await start(["ListMembership"], { rows: { ListMembership: 50 } });
    const message = ": fields. It contains an invalid or unknown field: optedOut.";
    at.simulator.faults([{ ...CREATE, code: 51, status: 400, message }]);
    const result = await at.run();
    expect(result.error).toBeNull();
    expect(warningsOf(result)).toEqual([["ListMembership", "fields.refused"]]);
    const landed = await landedRecords(at.data, "ListMembership");
    expect(landed).toHaveLength(50);
    expect(new Set(landed.map((record) => record["opted_out"]))).toEqual(new Set([null]));
    for (const { fields } of at.simulator.stats().exports) expect(fields).not.toContain("optedOut");
  });

  it.each(["local", "offset"] as const)(
    "G1 in groups of fields is joined, with %s times as UTC",
    async (v5CsvDates) => {
      const at = await start(["ListMembership"], { timezone: "Asia/Kolkata", knobs: { v5CsvDates } });
      const override = "catalog: {ListMembership: {v5: {process: bulk, export: {fieldsMax: 3}}}}";
      await writeFile(join(at.root, "pardot-etl.yaml"), override);
      const result = await expectTruth(at, new Comparison(at), ["ListMembership"]);
      expect(exportedFiles(result, "ListMembership")).toBeGreaterThan(0);
      expect(warningsOf(result)).toEqual([]);
    },
  );

  it("G1 of an object that has none leaves it to the query, with a warning", async () => {
    const at = await start(["Visitor", "VisitorActivity"]);
    const result = await expectTruth(at, new Comparison(at), ["Visitor", "VisitorActivity"]);
    expect(warningsOf(result)).toEqual(
      expect.arrayContaining([
        ["Visitor", "export.procedure-refused"],
        ["VisitorActivity", "export.procedure-refused"],
      ]),
    );
    expect(result.manifest.api_calls.by_kind["export create"]).toBe(2);
  });

  it.each(["no-key", "no-header", "other-object", "semicolons"] as const)(
    "G2 whose file has wrong content (%s) lands nothing and fails with exit 6",
    async (file) => {
      const at = await start(["LifecycleHistory"]);
      at.simulator.faults([{ path: "/results/", file, count: 100 }]);
      const result = await at.run();
      expect(result.exitCode).toBe(6);
      expect(await landedRecords(at.data, "LifecycleHistory")).toEqual([]);
    },
  );

  it("never has one column, and asks for the recycle bin where the query does", async () => {
    const at = await start(["User", "ListMembership"]);
    await expectTruth(at, new Comparison(at), ["User", "ListMembership"]);
    const { exports } = at.simulator.stats();
    expect(exports.length).toBeGreaterThan(1);
    for (const { fields } of exports) expect(fields.length).toBeGreaterThan(1);
    const bins = exports.map(({ object, arguments: given }) => `${object} ${String(given["deleted"])}`);
    expect(new Set(bins)).toEqual(new Set(["User all", "ListMembership undefined"]));
  });

  it("costs the calls that the plan expects", async () => {
    const at = await start(["LifecycleHistory"], { rows: { LifecycleHistory: 50 } });
    expect((await at.run()).error).toBeNull();
    at.simulator.advance(1);
    const { stdout } = await callCli(["plan", "--json"], at.env, { cwd: at.root });
    const plan = JSON.parse(stdout) as object;
    const { manifest, error } = await at.run();
    expect(error).toBeNull();
    expect(plan).toMatchObject({
      expected_calls: manifest.api_calls.total,
      objects: [{ process: "bulk", unknown_calls: expect.stringContaining("further result files") as string }],
    });
  });

  it("cannot read an object without exports, without a watermark, or with lists: exit 2 before any call", async () => {
    const at = await start(["Tag", "Campaign"], {}, { PARDOT_ETL_OBJECTS: "core" });
    const lines = ["Tag", "VisitorPageView", "Campaign", "ListEmail"].map((name) => `  ${name}: {v5: {process: bulk}}`);
    await writeFile(join(at.root, "pardot-etl.yaml"), `catalog:\n${lines.join("\n")}\n`);
    const none = "an export, which API v5 does not have for this object";
    await expect(at.run()).rejects.toMatchObject({
      exitCode: 2,
      problems: [
        { path: "catalog.Campaign.v5.export (pardot-etl.yaml)", expected: none },
        { path: "catalog.Tag.v5.export (pardot-etl.yaml)", expected: none },
        { path: "catalog.VisitorPageView.v5.export (pardot-etl.yaml)", expected: none },
        {
          path: "catalog.ListEmail.v5.process (pardot-etl.yaml)",
          expected: expect.stringContaining("sender_options") as string,
        },
      ],
    });
    expect(at.simulator.stats().calls).toBe(0);
    expect(await filesBelow(at.data)).toEqual([]);
  });
});
