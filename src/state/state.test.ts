import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { warningsByCode } from "./run-record.ts";
import { applyChange, EMPTY_STATE, mergeSpans, objectState, windowId } from "./state.ts";
import type { Change, LandedFile, PlannedWindow, State } from "./state.ts";

// Holds G2: the state refuses to commit what is not finished.

const window: PlannedWindow = { field: "updated_at", from: 0, to: 1000, askFrom: 0 };
const id = windowId("Tag", window);
const file = (key: string, maxWatermark: string | null = null): LandedFile => ({
  key,
  rows: 3,
  bytes: 30,
  sha256: "ab",
  minWatermark: maxWatermark,
  maxWatermark,
  exportId: null,
  columns: ["id"],
});
const planned: Change = { type: "planned", object: "Tag", runId: "r1", zone: "UTC", windows: [window] };
const after = (...changes: Change[]): State => changes.reduce(applyChange, EMPTY_STATE);

describe("state", () => {
  it("plans the same window once", () => {
    expect(objectState(after(planned, planned), "Tag").windows).toHaveLength(1);
  });

  it("keeps the cursor and files of a window in progress", () => {
    const state = after(planned, { type: "landed", object: "Tag", window: id, file: file("a"), cursor: "17" });
    expect(objectState(state, "Tag").windows[0]).toMatchObject({ cursor: "17", done: false, files: [{ key: "a" }] });
  });

  it("counts a file once, however often its landing is recorded", () => {
    const landed: Change = { type: "landed", object: "Tag", window: id, file: file("a"), cursor: "17" };
    expect(objectState(after(planned, landed, landed), "Tag").windows[0]?.files).toHaveLength(1);
  });

  it("moves a finished window from the open ones to the coverage, with its watermark and files", () => {
    const state = after(
      planned,
      { type: "landed", object: "Tag", window: id, file: file("a", "2026-01-02 00:00:00"), cursor: "1" },
      { type: "landed", object: "Tag", window: id, file: file("b", "2026-01-01 00:00:00"), cursor: "2" },
      { type: "window-done", object: "Tag", window: id },
      { type: "committed", object: "Tag", manifest: "m", windows: [id], load: true },
    );
    expect(objectState(state, "Tag")).toMatchObject({
      windows: [],
      coverage: [{ from: 0, to: 1000 }],
      watermark: "2026-01-02 00:00:00",
      filesCommitted: 2,
      rowsCommitted: 6,
      notLoaded: [{ key: "a" }, { key: "b" }],
    });
    const loaded = applyChange(state, { type: "loaded", object: "Tag", keys: ["a"] });
    expect(objectState(loaded, "Tag").notLoaded).toMatchObject([{ key: "b" }]);
  });

  it("ignores watermarks that are not valid times, from files of earlier versions too", () => {
    const marks = ["2026-01-02 00:00:00", "N/A", "zzzz", "0000-00-00 00:00:00", null];
    const landed = marks.map((mark, i): Change => {
      return { type: "landed", object: "Tag", window: id, file: file(`f${i}`, mark), cursor: null };
    });
    const commit: Change = { type: "committed", object: "Tag", manifest: "m", windows: [id], load: false };
    const done: Change = { type: "window-done", object: "Tag", window: id };
    expect(objectState(after(planned, ...landed, done, commit), "Tag").watermark).toBe("2026-01-02 00:00:00");
    expect(objectState(after(planned, ...landed.slice(1), done, commit), "Tag").watermark).toBeNull();
  });

  it("refuses to commit a window that is not finished", () => {
    const commit: Change = { type: "committed", object: "Tag", manifest: "m", windows: [id], load: false };
    expect(() => after(planned, commit)).toThrow("only finished windows are committed");
  });

  it("keeps an open window without the files that a manifest names, its cursor, and the names of export files", () => {
    const landed = (key: string, exportId: string | null): Change => ({
      type: "landed",
      object: "Tag",
      window: id,
      file: {
        key,
        rows: 3,
        bytes: 1,
        sha256: "x",
        minWatermark: null,
        maxWatermark: "2026-01-02 00:00:00",
        exportId,
        columns: [],
      },
      cursor: "77",
    });
    const part = { key: "part", files: 1, rows: 3, maxWatermark: "2026-01-03 00:00:00" };
    const moved: Change = { type: "files-moved", object: "Tag", window: id, part };
    const committed: Change = { type: "committed", object: "Tag", manifest: "m", windows: [], open: [id], load: true };
    const state = after(planned, landed("a", null), moved, landed("b", "9"), committed);
    const own = objectState(state, "Tag");
    expect(own.windows).toMatchObject([{ id, cursor: "77", files: [], named: ["b"], done: false }]);
    expect(own.windows[0]).not.toHaveProperty("parts");
    expect(own).toMatchObject({ coverage: [], filesCommitted: 2, rowsCommitted: 6, watermark: "2026-01-03 00:00:00" });
    const done: Change = { type: "window-done", object: "Tag", window: id };
    const whole = [done, { ...committed, windows: [id], open: [] }].reduce(applyChange, state);
    expect(objectState(whole, "Tag")).toMatchObject({ windows: [], filesCommitted: 2 });
    expect(objectState(whole, "Tag").coverage).toHaveLength(1);
  });

  it("keeps the fields of a window's exports as they were laid out, until the last of them is lost", () => {
    const groups = [
      ["id", "a"],
      ["id", "b"],
    ];
    const created = (group: number, exportId: string, laidOut = groups): Change => ({
      type: "export-created",
      object: "Tag",
      window: id,
      group,
      exportId,
      at: 5,
      groups: laidOut,
    });
    const lost = (exportId: string): Change => ({
      type: "export-lost",
      object: "Tag",
      window: id,
      exportId,
      reason: "expired",
    });
    const both = after(planned, created(1, "8"), created(0, "7", [["id"]]));
    const windowOf = (state: State) => objectState(state, "Tag").windows[0];
    expect(windowOf(both)?.groups).toEqual(groups);
    const again = [created(0, "9", [["id"]])].reduce(applyChange, applyChange(both, lost("7")));
    expect(windowOf(again)).toMatchObject({
      groups,
      exports: [
        { group: 1, exportId: "8" },
        { group: 0, exportId: "9" },
      ],
    });
    expect(windowOf([lost("8"), lost("9")].reduce(applyChange, again))).toMatchObject({ groups: [], exports: [] });
  });

  it("forgets a lost export, so that it is requested again", () => {
    const created: Change = { type: "export-created", object: "Tag", window: id, exportId: "9", at: 5 };
    expect(objectState(after(planned, created), "Tag").windows[0]?.exports).toEqual([
      { group: 0, exportId: "9", askedAt: 5 },
    ]);
    const lost: Change = { type: "export-lost", object: "Tag", window: id, exportId: "9", reason: "expired" };
    expect(objectState(after(planned, created, lost), "Tag").windows[0]?.exports).toEqual([]);
  });

  it("counts the calls of one account day, and starts again on the next", () => {
    const reserve = (day: string, calls: number): Change => ({ type: "calls-reserved", day, calls });
    const state = after(reserve("2026-01-01", 20), reserve("2026-01-01", 20), {
      type: "calls-returned",
      day: "2026-01-01",
      calls: 5,
    });
    expect(state.ledger).toEqual({ day: "2026-01-01", reserved: 35, previous: null });
    const next = applyChange(state, reserve("2026-01-02", 20));
    expect(next.ledger).toEqual({ day: "2026-01-02", reserved: 20, previous: { day: "2026-01-01", reserved: 35 } });
    expect(applyChange(next, { type: "calls-returned", day: "2026-01-01", calls: 7 }).ledger.reserved).toBe(20);
  });

  it("remembers the last runs and how each ended", () => {
    const started: Change = { type: "run-started", businessUnit: "0Uv", runId: "r1", at: "t0" };
    expect(after(started).runs).toMatchObject([{ runId: "r1", status: "running" }]);
    const finished: Change = {
      type: "run-finished",
      runId: "r1",
      startedAt: "t0",
      finishedAt: "t1",
      status: "complete",
      rows: 1,
      files: 1,
      calls: 4,
    };
    expect(after(started, finished).runs).toEqual([
      { runId: "r1", startedAt: "t0", finishedAt: "t1", status: "complete", rows: 1, files: 1, calls: 4 },
    ]);
  });
});

it("keeps the warnings of the newest ended run only, by code, cut to a bounded length", () => {
  const warn = (code: string, object: string | null, message: string) => ({ code, object, message });
  const all = [warn("a.b", "Tag", "x".repeat(900)), warn("a.b", "Visitor", "second"), warn("c.d", null, "whole run")];
  const grouped = warningsByCode([...all, warn("a.b", "Tag", "third")]);
  expect(grouped).toEqual([
    { code: "a.b", objects: ["Tag", "Visitor"], message: `${"x".repeat(499)}…`, count: 3 },
    { code: "c.d", objects: [], message: "whole run", count: 1 },
  ]);
  const record = { startedAt: "t0", finishedAt: "t1", status: "complete", rows: 1, files: 1, calls: 4 } as const;
  const ended = (runId: string, warnings: { warnings?: typeof grouped } = {}): Change => ({
    ...record,
    ...warnings,
    type: "run-finished",
    runId,
  });
  const started = (runId: string): Change => ({ type: "run-started", businessUnit: "0Uv", runId, at: "t0" });
  const first = after(started("r1"), ended("r1", { warnings: grouped }), started("r2"));
  expect(first.runs[0]?.warnings).toEqual(grouped);
  expect(applyChange(first, ended("r2")).runs.map(({ warnings }) => warnings)).toEqual([undefined, undefined]);
});

describe("coverage", () => {
  it("merges to the same instants, with no touching spans left, whatever the order", () => {
    const interval = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 10 }))
      .map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), (intervals) => {
        const merged = mergeSpans(intervals);
        for (let at = 0; at < 75; at += 1) {
          const within = (list: readonly { from: number; to: number }[]): boolean =>
            list.some(({ from, to }) => from <= at && at < to);
          expect(within(merged)).toBe(within(intervals));
        }
        for (const [i, next] of merged.slice(1).entries()) expect(next.from).toBeGreaterThan(merged[i]?.to ?? Infinity);
      }),
    );
  });
});
