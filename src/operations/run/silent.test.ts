import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../events.ts";
import { applyChange, EMPTY_STATE, windowId } from "../../state/state.ts";
import type { Change, LandedFile, PlannedWindow, State } from "../../state/state.ts";
import { DAY_MS, isoInstant } from "../../time/instant.ts";
import type { Run } from "./context.ts";
import { rowsRead, warnOfSilence } from "./silent.ts";

const NOW = Date.parse("2026-03-20T06:00:00Z");

interface Day {
  /** 0 is the day of the judged run, -1 the one before. */
  readonly day: number;
  readonly rows: number;
  /** Its newest record; default: ten minutes before it ran. */
  readonly newest?: string;
  /** Default: the run itself. */
  readonly plannedBy?: string;
}

function text(instant: number): string {
  return isoInstant(instant).slice(0, 19).replace("T", " ");
}

/** What a run has landed of tags and not committed yet. */
function landed({ day, rows, newest = text(NOW + day * DAY_MS - 600_000), plannedBy }: Day): Change[] {
  const to = NOW + day * DAY_MS;
  const window: PlannedWindow = { field: "updated_at", from: to - 2 * DAY_MS, to, askFrom: to - 2 * DAY_MS };
  const at = { object: "Tag", window: windowId("Tag", window) };
  const file = { key: `Tag/${day}.csv`, rows, bytes: 1, sha256: "", minWatermark: null, maxWatermark: newest };
  const whole: LandedFile = { ...file, exportId: null, columns: ["id"] };
  return [
    { type: "planned", object: "Tag", runId: plannedBy ?? `r${day}`, zone: "UTC", windows: [window] },
    ...(rows === 0 ? [] : [{ type: "landed" as const, ...at, file: whole, cursor: null }]),
    { type: "window-done", ...at },
  ];
}

function runOf(state: State, day: Day, wish: object = {}): Run {
  const objects = [{ name: "Tag" }];
  const failures = { statusOf: () => "complete" };
  const config = { pardot: { accountTimeZone: "UTC" } };
  const range = { since: null, until: null, ...wish };
  return { id: `r${day.day}`, wish: range, objects, journal: { state }, failures, config } as unknown as Run;
}

/** Runs on their days, and then another one; returns what that one warns of. */
function warningsAfter(days: readonly Day[], last: Day, wish: object = {}): readonly string[] {
  let state = EMPTY_STATE;
  for (const day of days) {
    state = landed(day).reduce(applyChange, state);
    const run = runOf(state, day);
    const windows = state.objects["Tag"]?.windows.map(({ id }) => id) ?? [];
    const read = rowsRead(run, NOW + day.day * DAY_MS);
    const ended = {
      runId: run.id,
      startedAt: "",
      finishedAt: "",
      status: "complete",
      rows: 0,
      files: 0,
      calls: 0,
    } as const;
    state = applyChange(state, { type: "committed", object: "Tag", manifest: "", windows, load: false });
    state = applyChange(state, { type: "run-finished", ...ended, read });
  }
  const run = runOf(landed(last).reduce(applyChange, state), last, wish);
  const messages: string[] = [];
  const onEvent = (event: RunEvent): void => void (event.type === "warning" && messages.push(event.message));
  warnOfSilence(rowsRead(run, NOW + last.day * DAY_MS), { journal: run.journal, onEvent });
  return messages;
}

const BUSY: readonly Day[] = [-6, -5, -4, -3, -2, -1].map((day) => ({ day, rows: 100 - day }));
const YESTERDAY = text(NOW - DAY_MS - 600_000);
const MESSAGE = `nothing new since ${YESTERDAY} (UTC), usually about 103 rows: check whether work in Pardot has stopped, or whether the API user still sees the records`;

describe("a run in which a usually busy object", () => {
  it.each<readonly [string, readonly Day[], Day, readonly string[]]>([
    ["brings no rows warns", BUSY, { day: 0, rows: 0 }, [MESSAGE]],
    ["brings only what was known warns", BUSY, { day: 0, rows: 101, newest: YESTERDAY }, [MESSAGE]],
    ["brings a newer record does not warn", BUSY, { day: 0, rows: 1 }, []],
    ["was read an hour before does not warn", BUSY, { day: -0.96, rows: 101, newest: YESTERDAY }, []],
    ["has brought something on this day does not warn", [...BUSY, { day: 0, rows: 3 }], { day: 0.75, rows: 0 }, []],
    ["was read in part by an earlier run does not warn", BUSY, { day: 0, rows: 0, plannedBy: "r-1" }, []],
    ["is new does not warn", BUSY.slice(2), { day: 0, rows: 0 }, []],
  ])("%s", (_what, days, last, warnings) => {
    expect(warningsAfter(days, last)).toEqual(warnings);
  });

  it("is read in a chosen range does not warn", () => {
    expect(warningsAfter(BUSY, { day: 0, rows: 0 }, { since: {} })).toEqual([]);
    expect(warningsAfter(BUSY, { day: 0, rows: 0 }, { until: {} })).toEqual([]);
  });

  it("is usually silent on weekends does not warn", () => {
    const days = [-13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1].map((day) => {
      const isWeekend = [0, 6].includes(new Date(NOW + day * DAY_MS).getUTCDay());
      return { day, rows: isWeekend ? 0 : 100 };
    });
    expect(warningsAfter(days, { day: 0, rows: 0 })).toEqual([]);
  });

  it("is read many times a day counts each day once, with its fullest run", () => {
    const hourly = [-5, -4, -3, -2, -1].flatMap((day) => [
      { day, rows: 40 },
      { day: day + 0.04, rows: 7 },
    ]);
    expect(warningsAfter(hourly.slice(0, 8), { day: 0, rows: 0 })).toEqual([]);
    expect(warningsAfter(hourly, { day: 0.9, rows: 0 })).toEqual([expect.stringContaining("usually about 40 rows")]);
  });
});
