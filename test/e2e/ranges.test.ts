import { afterEach, describe, expect, it } from "vitest";
import { plan } from "../../src/operations/plan/plan.ts";
import { status } from "../../src/operations/status/status.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Holds G1 and G2 for requested ranges: a gap stays in the state until it is read or accepted.

const ONLY_TAGS = { PARDOT_ETL_OBJECTS: "Tag", PARDOT_ETL_WAREHOUSE: "none" };
const SINCE = "2025-06-01";

const opened = scenesUntil(afterEach);

async function start(): Promise<Scene> {
  return opened({ scale: "tiny", rows: { Tag: 400 } });
}

async function gapsOf(at: Scene): Promise<readonly { from: string; to: string }[]> {
  const config = await at.config(ONLY_TAGS);
  const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: null };
  const result = await withRuntime(wishes, (surroundings) => status(config, surroundings));
  return result.objects.find(({ object }) => object === "Tag")?.gaps ?? [];
}

const idsOf = (records: readonly Readonly<Record<string, string | null>>[]): Set<string | null> =>
  new Set(records.map((record) => record["id"] ?? null));

describe("a requested range", () => {
  it("is read and nothing else; status shows the gap and the next plain run fills it", async () => {
    const at = await start();
    const first = await at.run({ options: { since: SINCE }, env: ONLY_TAGS });
    expect(first.error).toBeNull();
    expect(first.manifest.warnings).toContainEqual(expect.objectContaining({ code: "run.gap", object: "Tag" }));
    const all = truth(at.simulator, "Tag");
    const late = all.filter((row) => (row["updated_at"] ?? "") >= SINCE);
    expect(late.length).toBeGreaterThan(0);
    expect(late.length).toBeLessThan(all.length);
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(late));
    expect(await gapsOf(at)).toEqual([{ from: "1900-01-01T00:00:00Z", to: "2025-06-01T00:00:00Z" }]);

    const second = await at.run({ env: ONLY_TAGS });
    expect(second.error).toBeNull();
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(all));
    expect(await gapsOf(at)).toEqual([]);
  });

  it("leaves its gap permanently with --accept-gap", async () => {
    const at = await start();
    await at.run({ options: { since: SINCE, acceptGap: true }, env: ONLY_TAGS });
    expect(await gapsOf(at)).toEqual([]);
    const before = idsOf(await landedRecords(at.data, "Tag"));
    await at.run({ env: ONLY_TAGS });
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(before);
  });

  it("ends at --until, and the next plain run continues from there", async () => {
    const at = await start();
    const { events } = await at.run({ options: { until: SINCE }, env: ONLY_TAGS });
    const planned = events.find((event) => event.type === "object-planned");
    expect(planned?.to).toBe(Date.parse(`${SINCE}T00:00:00Z`));
    const all = truth(at.simulator, "Tag");
    const early = all.filter((row) => (row["updated_at"] ?? "") < SINCE);
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(early));
    await at.run({ env: ONLY_TAGS });
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(all));
  });

  it.each([
    ["36h", "2026-03-18T21:30:00Z"],
    ["yesterday", "2026-03-19T04:00:00Z"],
  ])(
    "from %s counts from Pardot's time, in the API user's zone, whatever this machine's clock shows",
    async (since, from) => {
      const at = await opened({ scale: "tiny", timezone: "America/New_York", now: "2026-03-20T09:30:00Z" });
      const clock = fakeClock(Date.parse("2026-05-02T01:00:00Z"));
      const { manifest, error } = await at.run({ options: { since }, env: ONLY_TAGS, clock });
      expect(error).toBeNull();
      expect(manifest.objects[0]?.windows).toEqual([expect.objectContaining({ from })]);
      const config = await at.config(ONLY_TAGS);
      const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: config.pardot };
      const planned = await withRuntime(wishes, (runtime) => plan(config, { since }, runtime));
      expect(planned.objects[0]?.reason).toBe(`--since ${from}`);
    },
  );

  it("is refused if it starts after Pardot's now, and leaves no trace in the state", async () => {
    const at = await start();
    const late = at.run({ options: { since: "2099-01-01" }, env: ONLY_TAGS });
    await expect(late).rejects.toMatchObject({ code: "usage.range", exitCode: 2 });
    const { error, manifest } = await at.run({ env: ONLY_TAGS });
    expect(error).toBeNull();
    expect(manifest.objects[0]?.windows).toHaveLength(1);
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(truth(at.simulator, "Tag")));
  });

  it("that ends before the history is empty, and does not stop later runs", async () => {
    const at = await start();
    const before = await at.run({ options: { until: "1890-01-01" }, env: ONLY_TAGS });
    expect(before.error).toBeNull();
    expect(before.manifest.objects[0]).toMatchObject({ windows: [], open_windows: [] });
    await at.run({ env: ONLY_TAGS });
    expect(idsOf(await landedRecords(at.data, "Tag"))).toEqual(idsOf(truth(at.simulator, "Tag")));
  });

  it("reads everything again with --full", async () => {
    const at = await start();
    await at.run({ env: ONLY_TAGS });
    const again = await at.run({ options: { full: true }, env: ONLY_TAGS });
    const rows = again.manifest.objects.flatMap(({ files }) => files).reduce((sum, file) => sum + file.rows, 0);
    expect(rows).toBe(truth(at.simulator, "Tag").length);
  });
});
