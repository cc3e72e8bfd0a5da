import { describe, expect, it } from "vitest";
import { exportScene, never, planned, request, requested } from "../../test/kit/fakes/export-scene.ts";
import { AuthError, DataError, RemoteError } from "../errors.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import { objectState, windowId } from "../state/state.ts";
import { runExports } from "./export-queue.ts";

// Holds G3 and G9: an export whose id is known is adopted, and one that is lost or stuck is given up.

describe("export queue", () => {
  it("lands every export, oldest first, with at most four of ours waiting and only the oldest polled", async () => {
    const t = await exportScene(11);
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([]);
    expect(t.landed).toEqual(t.server.created.map(({ id }) => id));
    expect(t.server.waitingMax()).toBeLessThanOrEqual(4);
    expect(t.server.reads.map(Number)).toEqual(t.server.reads.map(Number).toSorted((a, b) => a - b));
  });

  it("polls each export about once after it has learned how long they take", async () => {
    const t = await exportScene(30, 120_000);
    await runExports(t.jobs, t.extraction);
    expect(t.server.reads.length).toBeLessThan(30 * 4);
  });

  it("records an export's id before it waits for it", async () => {
    const t = await exportScene(1);
    const { clock } = t;
    const before = clock.sleep.bind(clock);
    t.extraction.clock.sleep = async (ms, signal) => {
      expect(objectState(t.journal.state, "Thing").windows[0]?.exports).toMatchObject([{ exportId: "1" }]);
      await before(ms, signal);
    };
    await runExports(t.jobs, t.extraction);
    expect(t.landed).toEqual(["1"]);
  });

  it("adopts an export that an earlier run requested", async () => {
    const t = await exportScene(1, 0);
    await t.server.pardot.createExport(request, never);
    const window = windowId("Thing", planned(0));
    await t.journal.record([{ type: "export-created", object: "Thing", window, exportId: "1", at: t.clock.now() }]);
    await runExports(t.jobs, t.extraction);
    expect(t.server.created).toHaveLength(1);
    expect(t.landed).toEqual(["1"]);
    expect(t.events).toContainEqual({
      type: "export-adopted",
      object: "Thing",
      window: expect.stringMatching(/^Thing\/.+\/\d+\/\d+$/) as string,
      exportId: "1",
    });
  });

  it("does not wait long for exports that an earlier run requested hours ago", async () => {
    const t = await exportScene(4, 0);
    for (const n of [0, 1, 2, 3]) {
      const { id: exportId } = await t.server.pardot.createExport(request, never);
      const window = windowId("Thing", planned(n));
      await t.journal.record([{ type: "export-created", object: "Thing", window, exportId, at: t.clock.now() }]);
    }
    await t.clock.sleep(8 * 3_600_000);
    const rerunAt = t.clock.now();
    await runExports(t.jobs, t.extraction);
    expect(t.landed).toHaveLength(4);
    expect(t.clock.now() - rerunAt).toBeLessThan(15_000);
  });

  it.each([
    ["expired", { isExpired: true }],
    ["failed", { state: "Failed", stateText: "Failed" }],
    ["unknown", new RemoteError("no", { code: "pardot.refused", pardotCode: 109 })],
  ] as const)("requests a new export for one that is %s, and reports it", async (_, override) => {
    const t = await exportScene(2);
    t.server.overrides.set("1", override);
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([]);
    expect(t.landed.toSorted()).toEqual(["2", "3"]);
    expect(t.events).toContainEqual(expect.objectContaining({ type: "warning", code: "export.recreated" }));
  });

  it("fails a window after three failed exports, and leaves it open", async () => {
    const t = await exportScene(1);
    for (const id of ["1", "2", "3", "4"]) t.server.overrides.set(id, { state: "Failed", stateText: "Failed" });
    await runExports(t.jobs, t.extraction);
    expect(t.server.created).toHaveLength(3);
    expect(t.failures).toEqual([expect.objectContaining({ code: "export.failed" })]);
    expect(objectState(t.journal.state, "Thing").windows[0]).toMatchObject({ exports: [], done: false });
  });

  it("requests a new export when the files of a complete one are gone", async () => {
    const t = await exportScene(1);
    let times = 0;
    const [job] = t.jobs;
    if (job === undefined) throw new Error("no job");
    const land = async (status: ExportStatus): Promise<void> => {
      times += 1;
      if (times === 1) throw new RemoteError("gone", { code: "pardot.refused", pardotCode: 178 });
      await job.land(status, null);
    };
    await runExports([{ ...job, land }], t.extraction);
    expect(t.landed).toEqual(["2"]);
    expect(t.failures).toEqual([]);
  });

  it("fails the object after the time-out and keeps the export for the next run", async () => {
    const t = await exportScene(1, 7 * 3_600_000);
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([expect.objectContaining({ code: "export.timed-out" })]);
    expect(objectState(t.journal.state, "Thing").windows[0]?.exports).toMatchObject([{ exportId: "1" }]);
  });

  it("requests nothing more for an object that has failed", async () => {
    const t = await exportScene(9);
    t.server.overrides.set("1", new RemoteError("no", { code: "pardot.refused", pardotCode: 46 }));
    await runExports(t.jobs, t.extraction);
    expect(t.server.created.length).toBeLessThanOrEqual(4);
    expect(t.failures).toHaveLength(1);
  });

  it.each([
    [5, 2],
    [4, 1],
    [1, 1],
  ])("with %i requests in flight lands at most %i exports at a time", async (maxConcurrency, most) => {
    const t = await exportScene(8, 0);
    Object.assign(t.extraction.config.pardot, { maxConcurrency });
    await runExports(t.jobs, t.extraction);
    expect(t.landing.most).toBe(most);
    expect(t.landed).toHaveLength(8);
  });

  it.each([
    ["another user may read it only", new AuthError("no ability", { code: "pardot.permission-missing" })],
    ["its address answers with a page", new RemoteError("HTTP 404", { code: "pardot.html-page" })],
    ["its files are of another window", new DataError("outside", { code: "data.csv-window" })],
    ["its files are of another object", new DataError("foreign", { code: "data.csv-header" })],
  ])("gives up an adopted export when %s, and requests its window once more", async (_, error) => {
    const t = await exportScene(1, 0);
    await requested(t, t.clock.now());
    t.server.overrides.set("1", error);
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([]);
    expect(t.landed).toEqual(["2"]);
  });

  it("keeps an adopted export when Pardot is only down", async () => {
    const t = await exportScene(1, 0);
    await requested(t, t.clock.now());
    t.server.overrides.set("1", new RemoteError("HTTP 503", { code: "pardot.failed", retryable: true }));
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toHaveLength(1);
    expect(objectState(t.journal.state, "Thing").windows[0]?.exports).toMatchObject([{ exportId: "1" }]);
  });

  it("drops an adopted export after seven days without polling it", async () => {
    const t = await exportScene(1, 0);
    await t.clock.sleep(8 * 86_400_000);
    await requested(t, t.clock.now() - 7 * 86_400_000);
    await runExports(t.jobs, t.extraction);
    expect(t.server.reads).not.toContain("1");
    expect(t.landed).toEqual(["2"]);
  });

  it("does not let an export in an unknown state block those after it, and requests it again after it was passed over", async () => {
    const t = await exportScene(3);
    Object.assign(t.extraction.config.pardot, { maxWaitingExports: 1 });
    const startedAt = t.clock.now();
    t.server.overrides.set("1", { state: "Unknown", stateText: "Canceled" });
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([]);
    expect(t.landed).toHaveLength(3);
    expect(t.clock.now() - startedAt).toBeLessThan(10 * 60_000);
  });

  it("forgets an export that is in an unknown state until the time-out", async () => {
    const t = await exportScene(1);
    t.server.overrides.set("1", { state: "Unknown", stateText: "Canceled" });
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([expect.objectContaining({ code: "export.timed-out" })]);
    expect(objectState(t.journal.state, "Thing").windows[0]?.exports).toEqual([]);
  });

  it("refuses an id that another export already has", async () => {
    const t = await exportScene(2);
    t.jobs = t.jobs.map((job) => ({
      ...job,
      request: async () => {
        const { id: _, ...status } = await t.server.pardot.createExport(request, never);
        return { status: { ...status, id: "55" }, groups: [["id"]] };
      },
    }));
    t.server.overrides.set("55", { state: "Complete", stateText: "Complete" });
    await runExports(t.jobs, t.extraction);
    expect(t.failures).toEqual([expect.objectContaining({ code: "pardot.export-id-used" })]);
    expect(t.landed.length).toBeLessThanOrEqual(1);
  });

  it("polls a complete export without a result file once more", async () => {
    const t = await exportScene(1, 0);
    const files: number[] = [];
    const [job] = t.jobs;
    if (job === undefined) throw new Error("no job");
    let looks = 0;
    t.server.pardot.readExport = async ({ id }) => {
      looks += 1;
      const resultRefs = looks === 1 ? [] : ["https://pi.pardot.com/file/1"];
      return { id, state: "Complete", stateText: "Complete", isExpired: false, createdAt: null, resultRefs };
    };
    await runExports([{ ...job, land: async ({ resultRefs }) => void files.push(resultRefs.length) }], t.extraction);
    expect(files).toEqual([1]);
  });
});
