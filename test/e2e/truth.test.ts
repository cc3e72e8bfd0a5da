import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import {
  expectExactly,
  expectTable,
  expectTruth,
  tableRecords,
  landedText,
  OBJECTS,
  scenesUntil,
  truth,
} from "../kit/scene.ts";
import { readStrictly } from "../kit/records.ts";

// Holds G1 (nothing lost), G4 (calls counted, requests in flight) and G6 (same input, same bytes).

const start = scenesUntil(afterEach);

/** Days and a second earlier: the bound is exclusive. */
function lessDays(text: string, days: number): string {
  const ms = days * 86_400_000 + 1000;
  return new Date(Date.parse(`${text.replace(" ", "T")}Z`) - ms).toISOString().slice(0, 19).replace("T", " ");
}

function callsOf(manifest: Manifest): number {
  return manifest.api_calls.total;
}

// All objects in all three, without tables: core-objects.test.ts.
describe.each(["America/New_York", "Australia/Lord_Howe"])("an account in %s", (timezone) => {
  it("G1 lands every record on the full load, and after each simulated day", async () => {
    const at = await start({ scale: "tiny", timezone });
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    const first = await at.run({ env });
    expect(first.error).toBeNull();
    for (const name of OBJECTS) {
      await expectExactly(at, name);
      await expectTable(at, name);
      expect(first.loaded).toContainEqual(
        expect.objectContaining({ object: name, rows: (await tableRecords(at, name)).length }),
      );
    }
    let calls = callsOf(first.manifest);
    for (let day = 0; day < 2; day += 1) {
      at.simulator.advance(1);
      const next = await at.run({ env });
      expect(next.error).toBeNull();
      calls += callsOf(next.manifest);
      for (const name of OBJECTS) {
        await expectTruth(at, name);
        await expectTable(at, name);
      }
    }
    const stats = at.simulator.stats();
    expect(calls).toBe(stats.calls);
    expect(stats.maxInFlight).toBeLessThanOrEqual(4);
  });
});

describe("landed data", () => {
  it("G6 has the same names and bytes for the same window over unchanged data", async () => {
    const names: Map<string, string>[] = [];
    for (let i = 0; i < 2; i += 1) {
      const at = await start({ scale: "tiny", knobs: { clock: "frozen" } });
      const { manifest } = await at.run();
      names.push(new Map(manifest.objects.flatMap(({ files }) => files.map(({ key, sha256 }) => [key, sha256]))));
    }
    expect(names[0]).toEqual(names[1]);
    expect(names[0]?.size).toBeGreaterThan(2);
  });

  it("is named, counted and hashed in the manifest exactly as on disk", async () => {
    const at = await start({ scale: "tiny" });
    const { manifest, manifestKey } = await at.run();
    expect(JSON.parse(await readFile(join(at.data, manifestKey), "utf8"))).toEqual(manifest);
    for (const { object, files } of manifest.objects) {
      const onDisk = await readdir(join(at.data, object));
      expect(files.map(({ key }) => key.slice(object.length + 1)).toSorted()).toEqual(onDisk.toSorted());
      for (const { key, rows, bytes, sha256, max_watermark: max } of files) {
        const body = await readFile(join(at.data, key));
        expect(body.length).toBe(bytes);
        expect(createHash("sha256").update(body).digest("hex")).toBe(sha256);
        const { header, records } = readStrictly(await landedText(at.data, key));
        expect(header).toEqual(catalog.find(({ name }) => name === object)?.columns.map(({ name }) => name));
        expect(records).toHaveLength(rows);
        if (max !== null)
          expect(
            records
              .map((record) => record["updated_at"] ?? "")
              .toSorted()
              .at(-1),
          ).toBe(max);
      }
    }
  });

  it("is named by the documented rules", async () => {
    const at = await start({ scale: "tiny" });
    const { manifest } = await at.run();
    const keys = manifest.objects.flatMap(({ files }) => files.map(({ key }) => key));
    for (const key of keys) {
      expect(key).toMatch(
        /^(?:VisitorActivity\/VisitorActivity_bulk_\d{8}T\d{6}Z_\d{8}T\d{6}Z_\d+-\d+|(Tag|Account)\/\1_api_19000101T000000Z_\d{8}T\d{6}Z_[0-9a-f]{12})\.csv$/,
      );
    }
    const first = keys.filter((key) => key.startsWith("VisitorActivity")).toSorted()[0];
    expect(first).toContain("_bulk_19000101T000000Z_");
  });

  it.each(["gzip", "zstd"] as const)("is the same when compressed with %s", async (compression) => {
    const at = await start({ scale: "tiny" });
    const { error, manifest } = await at.run({ env: { PARDOT_ETL_COMPRESSION: compression } });
    expect(error).toBeNull();
    const suffix = compression === "gzip" ? ".csv.gz" : ".csv.zst";
    for (const { files } of manifest.objects) for (const { key } of files) expect(key.endsWith(suffix)).toBe(true);
    for (const name of OBJECTS) await expectTruth(at, name);
  });

  it("has 1,000 rows of a queried object per file, and the rest in the last", async () => {
    const at = await start({ scale: "tiny", rows: { Tag: 2345 } });
    const { manifest } = await at.run();
    const tags = manifest.objects.find(({ object }) => object === "Tag");
    expect(tags?.files.map(({ rows }) => rows)).toEqual([1000, 1000, 345]);
  });
});

describe("a run's requests", () => {
  it("G1 start at MAX minus a day in the second run, and skip empty years in the first", async () => {
    const at = await start({ scale: "tiny" });
    await at.run();
    const activities = [...truth(at.simulator, "VisitorActivity")];
    const tags = truth(at.simulator, "Tag");
    const greatest = (rows: typeof tags): string =>
      rows
        .map((row) => row["updated_at"] ?? "")
        .toSorted()
        .at(-1) ?? "";
    const oldest = activities.map((row) => String(row["created_at"])).toSorted()[0] ?? "";
    const creations = (): { readonly arguments: Readonly<Record<string, unknown>> }[] => [
      ...at.simulator.stats().exports,
    ];
    expect(creations()[0]?.arguments["created_after"]).toBe(lessDays(oldest, 7));
    const before = creations().length;
    const [mostRecent, mostRecentTag] = [greatest(activities), greatest(tags)];
    at.simulator.advance(1);
    await at.run();
    expect(creations()).toHaveLength(before + 1);
    expect(creations().at(-1)?.arguments["updated_after"]).toBe(lessDays(mostRecent, 1));
    const query = at.simulator.stats().requests.findLast((request) => request.path.includes("/tag/"));
    expect(query?.parameters["updated_after"]).toBe(lessDays(mostRecentTag, 1));
  });
});
