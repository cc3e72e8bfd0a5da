import { describe, expect, test } from "vitest";
import type { RunEvent } from "../events.ts";
import { shareOf, rateOf } from "./progress-lines.ts";
import { advance, NOTHING } from "./progress-state.ts";
import type { ObjectProgress, ProgressState } from "./progress-state.ts";
import { timeLeft } from "./time-left.ts";

const object = "VisitorActivity";
const STARTED: RunEvent = { type: "run-started", runId: "r1", businessUnit: "0Uv", objects: [object, "Tag"] };
const planned = (windows: number, process: "bulk" | "segmented" | "email", name = object): RunEvent => ({
  type: "object-planned",
  object: name,
  process,
  windows,
  from: 0,
  to: 1,
  reason: "why",
});
const started: RunEvent = { type: "object-started", object };
const landed = (rows: number, window = "w"): RunEvent => ({
  type: "file-landed",
  object,
  window,
  key: "k",
  rows,
  bytes: 1_000_000,
  outcome: "written",
});
const finished: RunEvent = { type: "window-finished", object, window: "w", rows: 1 };
const created: RunEvent = { type: "export-created", object, exportId: "77", window: "w" };
const polled = (state: string, files = 0, window = "w"): RunEvent => ({
  type: "export-polled",
  object,
  window,
  exportId: "77",
  state,
  pauseMs: 1,
  files,
});
const page = (records: number): RunEvent => ({
  type: "page-read",
  call: 1,
  kind: "tag query",
  object,
  window: "w",
  status: 200,
  failure: null,
  durationMs: 1,
  records,
});
const counted = (records: number): RunEvent => ({ type: "records-counted", object, window: "w", records });
const bulk = [planned(2, "bulk"), started];
const query = [planned(2, "segmented"), started];

/** An event a second. */
function after(...events: readonly RunEvent[]): ProgressState {
  return [STARTED, ...events].reduce((state, event, index) => advance(state, event, index * 1000), NOTHING);
}

function progressAfter(...events: readonly RunEvent[]): ObjectProgress {
  const progress = after(...events).objects.get(object);
  if (progress === undefined) throw new Error("the run has the object");
  return progress;
}

describe("the words of an object are true of the moment", () => {
  test.each<readonly [string, readonly RunEvent[]]>([
    ["waiting", []],
    ["waiting", [page(1)]],
    ["waiting for Pardot's queue", bulk],
    ["waiting for Pardot's queue", [...bulk, created]],
    ["waiting for Pardot's queue", [...bulk, created, polled("Waiting")]],
    ["exporting", [...bulk, created, polled("Processing")]],
    ["downloading 1/3", [...bulk, created, polled("Complete", 3)]],
    ["downloading 2/3", [...bulk, polled("Complete", 3), landed(9)]],
    ["downloading 3/3", [...bulk, polled("Complete", 3), landed(9), polled("Waiting", 0, "v"), landed(9)]],
    ["waiting for Pardot's queue", [...bulk, polled("Complete", 1), landed(9), finished]],
    ["read", [...bulk, polled("Complete", 1), landed(9), finished, finished]],
    ["reading", query],
    ["reading", [...query, landed(9)]],
    ["reading", [...query, landed(9), finished]],
    ["read", [...query, landed(9), finished, finished]],
    ["read, nothing new", [...query, finished, finished]],
    ["read, nothing new", [planned(0, "segmented"), started]],
    ["committed", [...query, finished, finished, { type: "object-finished", object, rows: 1, files: 1 }]],
    ["loading 1 file into T", [{ type: "loading", object, table: "T", files: 1 }]],
    ["loaded, 7 rows in T", [{ type: "loaded", object, table: "T", rows: 7 }]],
    ["failed: no", [...bulk, { type: "object-failed", object, code: "x", message: "no" }, landed(9), finished]],
    ["postponed to the next run", [{ type: "object-postponed", object, status: "postponed", code: "x" }, finished]],
    ["waiting for another object", [{ type: "object-postponed", object, status: "waiting", code: "x" }]],
    ["reading 1/2 files", [{ type: "file-verified", object, files: 2, done: 1 }]],
    ["read 2 files", [{ type: "file-verified", object, files: 2, done: 2 }]],
    ["comparing T", [{ type: "table-comparing", object, table: "T" }]],
    ["compared with T", [{ type: "table-compared", object, table: "T", failure: null }]],
    ["not compared: no", [{ type: "table-compared", object, table: "T", failure: "no" }]],
  ])("%s", (words, events) => {
    expect(progressAfter(...events).words).toBe(words);
  });
});

test("a finished object counts as read while its file is loaded, and as loaded afterwards", () => {
  const read = [...query, finished, finished];
  const loading: RunEvent = { type: "loading", object, table: "T", files: 3 };
  expect(progressAfter(...read, loading)).toMatchObject({ phase: "active", isRead: true, isLoaded: false });
  const loaded: RunEvent = { type: "loaded", object, table: "T", rows: 7 };
  expect(progressAfter(...read, loading, loaded)).toMatchObject({ phase: "done", isRead: true, isLoaded: true });
});

test("an object that failed while it was loaded shows that, although it was committed", () => {
  const committed: RunEvent = { type: "object-finished", object, rows: 1, files: 1 };
  const failed: RunEvent = { type: "object-failed", object, code: "x", message: "no disk" };
  expect(progressAfter(committed, failed)).toMatchObject({ phase: "failed", words: "failed: no disk" });
});

describe("the finished share", () => {
  test("is that of records where Pardot counts them, and unknown where it does not", () => {
    expect(shareOf(progressAfter(...query, page(50)))).toBeNull();
    expect(shareOf(progressAfter(...query, counted(200), page(50)))).toBe(0.25);
    expect(shareOf(progressAfter(...query, counted(20), page(50)))).toBe(1);
  });

  test("of exports is that of their windows and of the files of a complete one", () => {
    expect(shareOf(progressAfter(...bulk))).toBe(0);
    expect(shareOf(progressAfter(...bulk, polled("Complete", 4), landed(1), landed(1)))).toBe(0.25);
    expect(shareOf(progressAfter(...bulk, polled("Complete", 1), landed(1), finished))).toBe(0.5);
  });
});

test("a rate counts the time in which records arrive, not the time in Pardot's queue", () => {
  // Begun at 2 s; the first file is on its way from 3 s to 5 s.
  const progress = progressAfter(...bulk, polled("Complete", 1), landed(500), finished);
  expect(rateOf(progress, 60_000)).toBe(250);
  expect(rateOf(progressAfter(...query), 2000)).toBeNull();
});

describe("the time left", () => {
  const left = (state: ProgressState, now: number): string | null => timeLeft([...state.objects.values()], now);

  test("is unknown while an object has not begun, or its records are not counted", () => {
    expect(left(after(...query, counted(200), page(100)), 10_000)).toBeNull();
    const alone = (...events: readonly RunEvent[]): ProgressState =>
      after({ ...STARTED, objects: [object] }, ...events);
    expect(left(alone(planned(1, "segmented"), started, page(100)), 10_000)).toBeNull();
    expect(left(alone(planned(1, "segmented"), started, counted(200), page(100)), 13_000)).toBe(
      "about 10 s left to read",
    );
  });

  test("of exports follows from the windows that are done, and emails come after it", () => {
    const run = after(planned(4, "bulk"), planned(1, "email", "Tag"), started, finished, finished);
    expect(left(run, 23_000)).toBe("about 20 s left to read, then emails");
  });

  test("is unknown again when everything is read", () => {
    const tag = { type: "object-finished", object: "Tag", rows: 1, files: 1 } as const;
    expect(left(after(...query, finished, finished, tag), 9000)).toBeNull();
  });
});
