import { describe, expect, test } from "vitest";
import { fakeClock, fakeOutput } from "../../test/kit/fakes/io.ts";
import type { RunEvent } from "../events.ts";
import { advance } from "./progress-state.ts";
import type { ProgressState } from "./progress-state.ts";
import { startProgress } from "./progress.ts";

const STARTED: RunEvent = {
  type: "run-started",
  runId: "r1",
  businessUnit: "0Uv",
  objects: ["VisitorActivity", "Tag"],
};
const landed = (object: string, rows: number): RunEvent => ({
  type: "file-landed",
  object,
  window: "w",
  key: "k",
  rows,
  bytes: 1,
  outcome: "written",
});
const planned = (object: string, windows: number): RunEvent => ({
  type: "object-planned",
  object,
  process: "bulk",
  windows,
  from: 0,
  to: 1,
  reason: "why",
});

/** What a terminal shows after all that was written: clears what the display clears. */
function screen(text: string): string[] {
  const lines: string[] = [];
  for (const part of text.split("\u001B[").map((piece, index) => (index === 0 ? piece : `[${piece}`))) {
    const up = /^\[(\d+)A/.exec(part);
    if (up !== null) lines.splice(lines.length - Number(up[1]));
    lines.push(
      ...part
        .replace(/^\[\d*[AJ]/, "")
        .split("\n")
        .slice(0, -1),
    );
  }
  return lines;
}

describe("on a terminal", () => {
  test("shows a line per object with windows, rows and state, and below it calls and time", async () => {
    const output = fakeOutput();
    const clock = fakeClock();
    const progress = startProgress(output, clock, () => 12);
    for (const event of [
      STARTED,
      planned("VisitorActivity", 3),
      planned("Tag", 1),
      {
        type: "export-polled",
        object: "VisitorActivity",
        window: "w",
        exportId: "77",
        state: "Processing",
        pauseMs: 1,
      } as const,
      { type: "window-finished", object: "VisitorActivity", window: "w", rows: 5 } as const,
      landed("VisitorActivity", 1234),
      { type: "object-finished", object: "Tag", rows: 40, files: 1 } as const,
    ]) {
      progress.onEvent(event);
    }
    await clock.advance(65_000);
    expect(screen(output.text())).toEqual([
      "run r1: VisitorActivity, Tag",
      "VisitorActivity  1/3  1,234 rows  reading",
      "Tag              1/1     40 rows  committed",
      "12 calls, 1 min 05 s",
    ]);
    progress.stop();
    expect(clock.sleepers()).toBe(0);
  });

  test("keeps warnings and failures above the display", () => {
    const output = fakeOutput();
    const progress = startProgress(output, fakeClock(), () => 0);
    progress.onEvent(STARTED);
    progress.onEvent({ type: "warning", code: "x", object: null, message: "beware" });
    progress.onEvent({ type: "object-failed", object: "Tag", code: "remote.x", message: "refused\n  twice" });
    progress.stop();
    expect(screen(output.text())).toEqual([
      "run r1: VisitorActivity, Tag",
      "warning: beware",
      "Tag: failed (remote.x): refused twice",
      "VisitorActivity      waiting",
      "Tag                  failed: refused twice",
      "0 calls, 0 s",
    ]);
  });

  test("draws no more often than every 100 ms, and the last state at the end", () => {
    const output = fakeOutput();
    const progress = startProgress(output, fakeClock(), () => 0);
    progress.onEvent(STARTED);
    const before = output.text();
    for (let file = 0; file < 1000; file += 1) progress.onEvent(landed("Tag", 1));
    expect(output.text()).toBe(before);
    progress.stop();
    expect(screen(output.text())).toContain("Tag                1,000 rows  reading");
  });

  test("cuts lines that would wrap: a wrapped one could not be cleared", () => {
    const output = fakeOutput({ columns: 30 });
    const progress = startProgress(output, fakeClock(), () => 0);
    progress.onEvent(STARTED);
    progress.onEvent({ type: "object-started", object: "VisitorActivity" });
    progress.onEvent({ type: "loaded", object: "VisitorActivity", table: "PARDOT_VISITORACTIVITY", rows: 9 });
    progress.stop();
    expect(screen(output.text())).toContain("VisitorActivity      loaded,…");
  });

  test("never shows more lines than the terminal has: a line that scrolls away cannot be cleared", () => {
    const output = fakeOutput({ rows: 6 });
    const progress = startProgress(output, fakeClock(), () => 0);
    const objects = ["A", "B", "C", "D", "E", "F"];
    progress.onEvent({ ...STARTED, objects });
    progress.onEvent({ ...planned("E", 1), process: "segmented" } as RunEvent);
    for (const object of ["A", "E"]) progress.onEvent({ type: "object-started", object });
    progress.onEvent({ type: "object-failed", object: "F", code: "x", message: "refused" });
    progress.stop();
    const lines = screen(output.text());
    expect(lines.slice(lines.indexOf("F: failed (x): refused") + 1)).toEqual([
      expect.stringMatching(/^B .*waiting/),
      expect.stringMatching(/^E .*reading/),
      expect.stringMatching(/^F .*failed: refused/),
      "+ 2 waiting, 1 done",
      "0 calls, 0 s",
    ]);
  });
});

describe("the words of an object are true of the moment", () => {
  const wordsAfter = (...events: readonly RunEvent[]): string => {
    const state = [STARTED, ...events].reduce(advance, new Map() as ProgressState);
    return state.get("VisitorActivity")?.words ?? "";
  };
  const started: RunEvent = { type: "object-started", object: "VisitorActivity" };
  const object = "VisitorActivity";
  const bulk = [planned(object, 2), started];
  const query = [{ ...planned(object, 2), process: "segmented" } as RunEvent, started];
  const finished: RunEvent = { type: "window-finished", object, window: "w", rows: 1 };
  const polled = (state: string, files = 0, window = "w"): RunEvent => ({
    type: "export-polled",
    object,
    window,
    exportId: "77",
    state,
    pauseMs: 1,
    files,
  });
  const created: RunEvent = { type: "export-created", object, exportId: "77", window: "w" };

  test.each<readonly [string, readonly RunEvent[]]>([
    ["waiting", []],
    ["waiting for Pardot's export queue", bulk],
    ["waiting for Pardot's export queue", [...bulk, created]],
    ["waiting for Pardot's export queue", [...bulk, created, polled("Waiting")]],
    ["exporting", [...bulk, created, polled("Processing")]],
    ["downloading 1/3", [...bulk, created, polled("Complete", 3)]],
    ["downloading 2/3", [...bulk, polled("Complete", 3), landed(object, 9)]],
    [
      "downloading 3/3",
      [...bulk, polled("Complete", 3), landed(object, 9), polled("Waiting", 0, "v"), landed(object, 9)],
    ],
    ["waiting for Pardot's export queue", [...bulk, polled("Complete", 1), landed(object, 9), finished]],
    ["landed", [...bulk, polled("Complete", 1), landed(object, 9), finished, finished]],
    ["reading", query],
    ["reading", [...query, landed(object, 9)]],
    ["reading", [...query, landed(object, 9), finished]],
    ["landed", [...query, landed(object, 9), finished, finished]],
    ["read, nothing new", [...query, finished, finished]],
    ["read, nothing new", [planned(object, 0), started]],
    ["committed", [...query, finished, finished, { type: "object-finished", object, rows: 1, files: 1 }]],
    ["loaded, 7 rows in T", [{ type: "loaded", object, table: "T", rows: 7 }]],
    ["failed: no", [...bulk, { type: "object-failed", object, code: "x", message: "no" }, landed(object, 9), finished]],
    ["postponed to the next run", [{ type: "object-postponed", object, status: "postponed", code: "x" }, finished]],
    ["waiting for another object", [{ type: "object-postponed", object, status: "waiting", code: "x" }]],
  ])("%s", (words, events) => {
    expect(wordsAfter(...events)).toBe(words);
  });
});
