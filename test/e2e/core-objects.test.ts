import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import { expectExactly, expectTruth, landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import type { Cells } from "../kit/records.ts";

// Holds G1 and G4 for the fourteen core objects.

const CORE = catalog.filter(({ core }) => core).map(({ name }) => name);
const RECORDS = CORE.filter((name) => name !== "Email");

const opened = scenesUntil(afterEach);

async function start(...[options, env]: Parameters<typeof opened>): Promise<Scene> {
  return opened(options, { PARDOT_ETL_OBJECTS: "core", ...env });
}

/** The list emails of the landed activities, each with its smallest email id. */
async function pairsOfActivities(at: Scene): Promise<Map<string, number>> {
  const pairs = new Map<string, number>();
  for (const { list_email_id: list, email_id: email } of await landedRecords(at.data, "VisitorActivity")) {
    if (list === null || list === undefined || email === null || email === undefined) continue;
    pairs.set(list, Math.min(pairs.get(list) ?? Infinity, Number(email)));
  }
  return pairs;
}

async function expectEmails(at: Scene): Promise<void> {
  const landed = await landedRecords(at.data, "Email");
  const lists = landed.map((record) => record["list_email_id"] ?? "");
  expect(new Set(lists).size).toBe(lists.length);
  const pairs = await pairsOfActivities(at);
  expect(new Set(lists)).toEqual(new Set(pairs.keys()));
  const rows = new Map(truth(at.simulator, "Email").map((row: Cells) => [row["email_id"], row]));
  for (const record of landed) expect(record).toMatchObject({ ...rows.get(record["email_id"] ?? "") });
}

describe.each(["UTC", "America/New_York", "Australia/Lord_Howe"])(
  "the core objects of an account in %s",
  (timezone) => {
    it("G1 land completely on the full load, and after each of two simulated days", async () => {
      const at = await start({ scale: "tiny", timezone });
      const first = await at.run();
      expect(first.error).toBeNull();
      expect(first.manifest.objects.map(({ object }) => object)).toEqual(CORE);
      for (const name of RECORDS) await expectExactly(at, name);
      await expectEmails(at);
      let calls = first.manifest.api_calls.total;
      for (let day = 0; day < 2; day += 1) {
        at.simulator.advance(1);
        const next = await at.run();
        expect(next.error).toBeNull();
        calls += next.manifest.api_calls.total;
        for (const name of RECORDS) await expectTruth(at, name);
      }
      await expectEmails(at);
      const stats = at.simulator.stats();
      expect(calls).toBe(stats.calls);
      expect(stats.maxInFlight).toBeLessThanOrEqual(4);
    });
  },
);

describe("emails", () => {
  it("cost one call each by the smallest email id, and none on the second run", async () => {
    const at = await start();
    const first = await at.run();
    const reads = (): number => at.simulator.stats().byKind["email read"] ?? 0;
    const pairs = await pairsOfActivities(at);
    expect(pairs.size).toBeGreaterThan(0);
    expect(reads()).toBe(pairs.size);
    expect(first.manifest.objects.find(({ object }) => object === "Email")?.status).toBe("complete");
    const landed = await landedRecords(at.data, "Email");
    for (const { list_email_id: list, email_id: email } of landed) expect(Number(email)).toBe(pairs.get(list ?? ""));
    const before = reads();
    await at.run();
    expect(reads()).toBe(before);
  });
});

describe("calls", () => {
  it("stay within the number that the rows require, plus two per object and 5 %", async () => {
    const at = await start({ scale: "small" });
    const { manifest } = await at.run();
    let least = 0;
    for (const object of manifest.objects) {
      const rows = object.files.reduce((sum, file) => sum + file.rows, 0);
      if (object.process === "bulk") least += object.windows.length * 2 + object.files.length;
      else if (object.process === "email") least += rows;
      else least += Math.max(1, Math.ceil(rows / 200));
    }
    expect(manifest.api_calls.total).toBeLessThanOrEqual(least * 1.05 + 2 * manifest.objects.length);
  });
});
