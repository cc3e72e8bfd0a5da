import { describe, expect, it } from "vitest";
import type { ExportTime } from "../state/state.ts";
import { PollTimer } from "./poll-timer.ts";

const MINUTE = 60_000;
const thing = { object: "Thing", spanMs: 1000 };
const timer = (last: ExportTime | null = null): PollTimer =>
  new PollTimer({ firstMs: 250, longestMs: MINUTE, last: () => last });

/** The times of the polls until an export that takes `durationMs` is seen complete. */
function polls(own: PollTimer, durationMs: number, exported = thing, isAwaited = false): readonly number[] {
  const times: number[] = [];
  let at = 0;
  let unfinished = 0;
  for (;;) {
    at += own.delay(exported, { polls: times.length, elapsedMs: at, isAwaited });
    times.push(at);
    if (at >= durationMs) {
      own.record(exported, at, times.length, unfinished);
      return times;
    }
    unfinished = at;
  }
}

describe("polls of an export", () => {
  it("come at once and after twice the time so far while nothing is known, and at least once a minute", () => {
    expect(polls(timer(), 1)).toEqual([250]);
    expect(polls(timer(), 2000)).toEqual([250, 500, 1000, 2000]);
    expect(polls(timer(), 20_000)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000]);
    const hour = polls(timer(), 60 * MINUTE);
    expect(hour.slice(9, 12)).toEqual([124_000, 184_000, 244_000]);
    expect(hour.length).toBe(68);
  });

  it("are delayed by no time when an export must be complete by now", () => {
    expect(timer().delay(thing, { polls: 0, elapsedMs: 10_000, isAwaited: false })).toBe(0);
  });

  it.each([2000, 20_000, 5 * MINUTE])("are few once an export of %i ms has shown what they take", (ms) => {
    const own = timer();
    polls(own, ms);
    const counts = Array.from({ length: 20 }, () => polls(own, ms).length);
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(42);
  });

  it("are one for most exports that take about what the last run's took", () => {
    expect(polls(timer({ ms: 20_000, spanMs: 1000 }), 22_000)).toEqual([23_000]);
    expect(polls(timer({ ms: 20_000, spanMs: 1000 }), 25_000)).toEqual([23_000, 28_750]);
  });

  it("begin earlier and are closer when the run waits for the export", () => {
    const seen = polls(timer({ ms: 20_000, spanMs: 1000 }), 20_000, thing, true);
    expect(seen).toEqual([18_500, 22_200]);
    const late = polls(timer({ ms: 20 * MINUTE, spanMs: 1000 }), 20 * MINUTE, thing, true);
    expect(late.at(-1)).toBeLessThanOrEqual(21 * MINUTE);
  });

  it("come earlier for a window that is shorter than the one before, but not before any export can be complete", () => {
    expect(polls(timer({ ms: 5 * MINUTE, spanMs: 364 * 1000 }), 1000)).toEqual([2000]);
    expect(polls(timer({ ms: 5 * MINUTE, spanMs: 2000 }), 1000)).toEqual([172_500]);
    expect(polls(timer({ ms: 1000, spanMs: 364 * 1000 }), 1000)).toEqual([1150]);
  });

  it("of the first export of an object come by what another's took", () => {
    const own = timer();
    polls(own, 20_000);
    expect(polls(own, 20_000, { object: "Other", spanMs: 1000 })).toEqual([20_000]);
  });

  it("come sooner with each export that was complete at its first poll", () => {
    const own = timer();
    const first = Array.from({ length: 6 }, () => polls(own, 1));
    expect(first.every(({ length }) => length === 1)).toBe(true);
    expect(first.flat().reduce((sum, at) => sum + at, 0)).toBeLessThan(600);
  });

  it("are not delayed by an export that was complete at a late first poll", () => {
    const own = timer();
    own.record(thing, 8 * 60 * MINUTE, 1, 0);
    expect(polls(own, 1)[0]).toBeLessThanOrEqual(250);
    polls(own, 20_000);
    const known = own.delay(thing, { polls: 0, elapsedMs: 0, isAwaited: false });
    own.record(thing, 60 * MINUTE, 1, 0);
    expect(own.delay(thing, { polls: 0, elapsedMs: 0, isAwaited: false })).toBeLessThanOrEqual(known);
  });

  it("have at most five of the longest pauses between them, and one when the run waits", () => {
    const own = timer();
    polls(own, 60 * MINUTE);
    const gaps = (times: readonly number[]): number[] => times.map((at, i) => at - (times[i - 1] ?? 0));
    expect(Math.max(...gaps(polls(own, 60 * MINUTE)))).toBe(5 * MINUTE);
    expect(own.delay(thing, { polls: 20, elapsedMs: 58 * MINUTE, isAwaited: true })).toBe(MINUTE);
  });
});
