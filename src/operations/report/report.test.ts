import { describe, expect, it } from "vitest";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../../test/kit/manifests.ts";
import { openMorning, runtimeOf } from "../../../test/kit/mornings.ts";
import type { Morning } from "../../../test/kit/mornings.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import { accept } from "../../manifest/accepted.ts";
import { manifestKey } from "../../manifest/manifest.ts";
import { NEVER } from "../../platform/clock.ts";
import { rejectsKey } from "../../state/rejects.ts";
import { compactInstant, DAY_MS, isoInstant } from "../../time/instant.ts";
import type { RunReport } from "./api.ts";
import { report } from "./report.ts";

type Kind = RunReport["warehouse"];

function reportOf(morning: Morning, runId: string | null = null, kind: Kind = "none"): Promise<RunReport> {
  return report({ ...morning.config, etl: { ...morning.config.etl, warehouse: { kind } } }, runId, runtimeOf(morning));
}

/** A morning without any run, to which manifests are added. */
async function empty(): Promise<Morning> {
  return { ...(await openMorning("well")), storage: openMemoryStorage() };
}

function idAt(at: number): string {
  return `${compactInstant(at)}-000001`;
}

describe("report", () => {
  it("has the sums of every file, and lists the first ten of an object", async () => {
    const morning = await empty();
    const files = Array.from({ length: 1000 }, (_, n) =>
      namedFile(`Tag/${n}.csv`, { rows: 3, export_id: `${n % 70}` }),
    );
    const objects = [manifestObject("Tag", { files }), manifestObject("List")];
    await writeManifest(morning.storage, manifestOf(idAt(morning.now), { objects }));
    const found = await reportOf(morning);
    expect(found.objects.map(({ rows, files: count, listed }) => [rows, count, listed.length])).toEqual([
      [3000, 1000, 10],
      [0, 0, 0],
    ]);
    expect([found.exports.length, found.moreExports]).toEqual([60, 10]);
    expect(found.manifest?.objects.every((object) => object.files.length === 0)).toBe(true);
  });

  it("reads the runs of two weeks, not those before, and the first ones for the first records", async () => {
    const morning = await empty();
    const days = Array.from({ length: 100 }, (_, n) => morning.now - n * DAY_MS);
    for (const [n, at] of days.entries()) {
      const files = [namedFile(`Tag/${n}.csv`, { min_watermark: isoInstant(at).replace("T", " ").slice(0, 19) })];
      const started = { started_at: isoInstant(at), finished_at: isoInstant(at) };
      await writeManifest(
        morning.storage,
        manifestOf(idAt(at), { ...started, objects: [manifestObject("Tag", { files })] }),
      );
    }
    const read: string[] = [];
    const { storage } = morning;
    const open: typeof storage.open = (key, signal) => {
      read.push(key);
      return storage.open(key, signal);
    };
    const found = await reportOf({ ...morning, storage: { ...storage, open } });
    expect(found.history.length).toBe(15);
    expect(read.length).toBe(18);
    expect(found.firstRecords.get("Tag")?.slice(0, 10)).toBe(isoInstant(days.at(-1) ?? 0).slice(0, 10));
    expect(found.isHistoryCut).toBe(false);
    expect((await reportOf(morning, idAt(days[40] ?? 0))).laterRuns).toBe(40);
  });

  it("knows which files wait to be loaded only where the tool loads, and which were written off", async () => {
    const morning = await openMorning("well");
    const [first] = (await reportOf(morning)).objects;
    const key = first?.listed[0]?.key ?? "";
    const loadOf = async (kind: Kind) => (await reportOf(morning, null, kind)).objects[0]?.listed[0]?.load;
    expect([await loadOf("none"), await loadOf("snowflake"), await loadOf("duckdb")]).toEqual([
      "unknown",
      "unknown",
      "recorded",
    ]);
    await accept(morning.storage, { key, at: "" }, NEVER);
    expect(await loadOf("duckdb")).toBe("written off");
  });

  it("counts the rejects by column, with ids and without values, whatever is in their file", async () => {
    const morning = await empty();
    const id = idAt(morning.now);
    await writeManifest(morning.storage, manifestOf(id, { objects: [manifestObject("Tag", { rejected_rows: 12 })] }));
    const line = (n: number) => JSON.stringify({ object: "Tag", id: `${n}`, column: "name", reason: "r", record: {} });
    const text = [...Array.from({ length: 8 }, (_, n) => line(n)), "{", "null", '{"id":7,"column":["x"]}', ""].join(
      "\n",
    );
    await morning.storage.create(rejectsKey(id, "Tag"), Buffer.from(text), NEVER);
    expect((await reportOf(morning)).objects[0]?.rejects).toEqual([
      { column: "name", count: 8, ids: ["0", "1", "2", "3", "4"] },
      { column: null, count: 3, ids: [] },
    ]);
  });

  it("goes on without the file of the rejects", async () => {
    const morning = await empty();
    const objects = [manifestObject("Tag", { rejected_rows: 12 })];
    await writeManifest(morning.storage, manifestOf(idAt(morning.now), { objects }));
    expect((await reportOf(morning)).objects[0]?.rejects).toEqual([]);
  });

  it("has the reason for a manifest that is damaged, and nothing of its content", async () => {
    const morning = await openMorning("well");
    await morning.storage.remove([manifestKey(morning.runId)], NEVER);
    await morning.storage.create(manifestKey(morning.runId), Buffer.from("{"), NEVER);
    const found = await reportOf(morning);
    expect([found.run.status, found.manifest, found.objects.length]).toEqual(["complete", null, 0]);
    expect(found.manifestProblem).toContain("it is damaged");
  });

  it("calls a run that a later one has not ended yet died, and keeps what it landed", async () => {
    const found = await reportOf(await openMorning("died"));
    expect([found.run.status, found.manifest, found.laterRuns]).toEqual(["died", null, 0]);
    const landed = found.status.objects.flatMap(({ openWindows }) => openWindows.map(({ filesLanded }) => filesLanded));
    expect(landed.filter((files) => files > 0).length).toBe(3);
  });
});
