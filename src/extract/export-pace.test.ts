import { describe, expect, it } from "vitest";
import { exportScene, planned, requested } from "../../test/kit/fakes/export-scene.ts";
import type { ExportScene } from "../../test/kit/fakes/export-scene.ts";
import type { RunEvent } from "../events.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import { windowId } from "../state/state.ts";
import type { ExportTime } from "../state/state.ts";
import { inOrder } from "./bulk.ts";
import { runExports } from "./export-queue.ts";

function polled(events: readonly RunEvent[]): number {
  return events.filter(({ type }) => type === "export-polled").length;
}

/** A promise that a test resolves. */
function openPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("pace of the export queue", () => {
  it.each([
    [100, 1, 1],
    [2000, 5, 15],
    [20_000, 5, 20],
    [5 * 60_000, 5, 28],
    [3_600_000, 5, 200],
  ])("polls exports of %i ms, %i of them in a first run, at most %i times", async (ms, exports, most) => {
    const t = await exportScene(exports, ms);
    await runExports(t.jobs, t.extraction);
    expect(t.landed).toHaveLength(exports);
    expect(polled(t.events)).toBeLessThanOrEqual(most);
  });

  it("passes on what an export took, for the next run to poll by, and not for an adopted one", async () => {
    const t = await exportScene(2, 20_000);
    await requested(t, t.clock.now());
    const took: (ExportTime | null)[] = [];
    const jobs = t.jobs.map((job) => ({
      ...job,
      land: async (_: ExportStatus, own: ExportTime | null) => void took.push(own),
    }));
    await runExports(jobs, t.extraction);
    expect(took).toEqual([null, { ms: expect.any(Number) as number, spanMs: 1 }]);
    expect(Math.abs((took[1]?.ms ?? 0) - 20_000)).toBeLessThan(10_000);
  });

  it("polls five exports of 20 s like those of the last run at most seven times", async () => {
    const t = await exportScene(5, 20_000);
    const window = windowId("Thing", planned(0));
    const exportTime = { ms: 20_000, spanMs: 1 };
    await t.journal.record([{ type: "window-done", object: "Thing", window, exportTime }]);
    await runExports(t.jobs, t.extraction);
    expect(polled(t.events)).toBeLessThanOrEqual(7);
  });

  it("polls and requests further exports while the files of others land for long", async () => {
    const t = await exportScene(8, 1000);
    const end = openPromise();
    let landings = 0;
    const jobs = t.jobs.map((job) => ({
      ...job,
      land: async () => {
        landings += 1;
        await end.promise;
      },
    }));
    t.extraction.pardot.readExport = (
      (read) =>
      async (...given: Parameters<typeof read>) => {
        const status = await read(...given);
        if (given[0].id === "8" && status.state === "Complete") end.resolve();
        return status;
      }
    )(t.extraction.pardot.readExport.bind(t.extraction.pardot));
    await runExports(jobs, t.extraction);
    expect(landings).toBe(8);
  });

  it("polls the first export while the next ones are requested", async () => {
    const t = await exportScene(3, 0);
    const first = openPromise();
    const jobs = t.jobs.map((job, n) => ({
      ...job,
      request: async () => {
        if (n > 0) await first.promise;
        return job.request();
      },
      land: async () => first.resolve(),
    }));
    await runExports(jobs, t.extraction);
    expect(t.server.created).toHaveLength(3);
  });
});

describe("order of the exports", () => {
  const DAY = 86_400_000;
  const job = (scene: ExportScene, n: number, object: string, more = {}) => {
    const [first] = scene.jobs;
    if (first === undefined) throw new Error("no job");
    return { ...first, object, windowId: windowId(object, planned(n)), spanMs: DAY, ...more };
  };
  const plan = async (scene: ExportScene, object: string, ms: number | null) => {
    const windows = [planned(0), planned(1), planned(2)];
    const window = windowId(object, planned(2));
    const known = ms === null ? {} : { exportTime: { ms, spanMs: DAY } };
    await scene.journal.record([
      { type: "planned", object, runId: "r", zone: "UTC", windows },
      { type: "window-done", object, window, ...known },
    ]);
  };

  it("is those that others wait for, then those of a whole history, then the longest by the last run", async () => {
    const scene = await exportScene(1);
    for (const [object, ms] of [
      ["Short", 5000],
      ["Long", 9000],
      ["New", null],
      ["Awaited", 10],
    ] as const) {
      await plan(scene, object, ms);
    }
    const jobs = ["Short", "Long", "New", "Awaited"].flatMap((object) =>
      [0, 1].map((n) => job(scene, n, object, { isAwaited: object === "Awaited" })),
    );
    const order = inOrder(jobs, scene.extraction).map(({ windowId: id }) => id);
    const expected = ["Awaited", "New", "Long", "Short"].flatMap((object) =>
      [0, 1].map((n) => windowId(object, planned(n))),
    );
    expect(order).toEqual(expected);
  });

  it("begins with the exports of an earlier run, in the order in which Pardot processes them", async () => {
    const scene = await exportScene(1);
    for (const object of ["A", "B"]) await plan(scene, object, 5000);
    const jobs = ["A", "B"].flatMap((object) => [0, 1].map((n) => job(scene, n, object)));
    for (const [object, n, exportId] of [
      ["B", 1, "99"],
      ["A", 1, "100"],
    ] as const) {
      const window = windowId(object, planned(n));
      await scene.journal.record([{ type: "export-created", object, window, exportId, at: 0 }]);
    }
    const order = inOrder(jobs, scene.extraction).map(({ windowId: id }) => id);
    expect(order).toEqual([
      windowId("B", planned(1)),
      windowId("A", planned(1)),
      windowId("A", planned(0)),
      windowId("B", planned(0)),
    ]);
  });
});
