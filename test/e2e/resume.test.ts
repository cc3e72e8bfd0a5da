import { afterEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import { expectExactly, expectTruth, landedRecords, scenesUntil, truth, wholeManifests } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Holds G3: after a stop or a limit the next run repeats nothing landed, and plans nothing open.

const start = scenesUntil(afterEach);

/** Keys of all files in manifests, which are all landed files, each once. */
async function namedFiles(at: Scene): Promise<string[]> {
  const manifests = await wholeManifests(at.data);
  return manifests.flatMap(({ objects }) => objects.flatMap(({ files }) => files.map(({ key }) => key)));
}

/** Records that may land twice because of the overlap of a day. */
async function recent(at: Scene, object: string): Promise<number> {
  const dayAgo = new Date(at.simulator.now().getTime() - 25 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  return truth(at.simulator, object).filter((row) => (row["updated_at"] ?? "") >= dayAgo).length;
}

describe("a stopped history of several windows", () => {
  it.each([
    ["Prospect", 1],
    ["VisitorActivity", 1],
    ["Visitor", 1],
  ])("G3 reads each window of %s once when stopped after window %i", async (object, after) => {
    const at = await start({ rows: { [object]: 900 }, knobs: { filesPerExport: 1 } });
    const env = { PARDOT_ETL_OBJECTS: object, PARDOT_MAX_WAITING_EXPORTS: "1" };
    const stop = new AbortController();
    let finished = 0;
    const first = await at.run({
      env,
      signal: stop.signal,
      onEvent: ({ type }) => {
        if (type === "window-finished") finished += 1;
        if (finished === after) stop.abort(new CancelledError("stopped", { code: "run.cancelled" }));
      },
    });
    expect(first.exitCode).toBe(130);
    const left = first.manifest.objects[0]?.open_windows.length ?? 0;
    expect(left).toBeGreaterThan(0);

    const second = await at.run({ env });
    expect(second.error).toBeNull();
    // The open windows, and the day of overlap after them if time has moved.
    const windows = second.manifest.objects[0]?.windows ?? [];
    expect([left, left + 1]).toContain(windows.length);
    expect(windows.filter(({ from }) => Date.parse(from) < at.simulator.now().getTime() - 2 * 86_400_000)).toHaveLength(
      left,
    );
    await expectExactly(at, object);
    const landed = await landedRecords(at.data, object);
    const rows = truth(at.simulator, object);
    expect(landed.length).toBeLessThanOrEqual(rows.length + (await recent(at, object)));
    const named = await namedFiles(at);
    expect(new Set(named).size).toBe(named.length);
  });
});

describe("an object of many pages under a small budget", () => {
  it.each(["Tag", "Campaign", "EmailClick"])(
    "G3 commits the landed part of %s each day, up to an id, and continues from there",
    async (object) => {
      const at = await start({ rows: { [object]: 1900 } });
      const env = { PARDOT_ETL_OBJECTS: object, PARDOT_DAILY_CALL_BUDGET: "5" };
      let calls = 0;
      let days = 0;
      for (let exitCode = 4; exitCode === 4; days += 1) {
        expect(days).toBeLessThan(9);
        const result = await at.run({ env });
        ({ exitCode } = result);
        calls += result.manifest.api_calls.total;
        const entry = result.manifest.objects[0];
        expect(entry?.files.length).toBeGreaterThan(0);
        if (days < 2) expect(entry?.windows).toMatchObject([{ through_id: expect.stringMatching(/^\d+$/) as string }]);
        if (exitCode === 4) at.simulator.advance(1);
      }
      expect((await at.run({ env: { PARDOT_ETL_OBJECTS: object } })).exitCode).toBe(0);
      await expectTruth(at, object);
      expect(calls).toBeLessThanOrEqual(10 + 1 + 3 * days);
      const named = await namedFiles(at);
      expect(new Set(named).size).toBe(named.length);
    },
  );
});
