import { describe, expect, it } from "vitest";
import { PollTimer } from "./poll-timer.ts";

const pace = (): PollTimer => new PollTimer({ firstMs: 3000, longestMs: 60_000 });

/** Looks needed until an export that takes `durationMs` is seen complete, and when that is. */
function looks(follow: PollTimer, durationMs: number): { looks: number; seenAt: number } {
  let at = 0;
  let unfinished = 0;
  for (let polls = 0; ; polls += 1) {
    at += follow.delay(polls, at);
    if (at >= durationMs) {
      follow.record(at, polls + 1, unfinished);
      return { looks: polls + 1, seenAt: at };
    }
    unfinished = at;
  }
}

describe("delay before the next poll of an export", () => {
  it("grows from a few seconds to the longest pause while nothing is known", () => {
    const pauses = Array.from({ length: 12 }, (_, polls) => pace().delay(polls, 0));
    expect(pauses[0]).toBe(3000);
    expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
    expect(pauses.at(-1)).toBe(60_000);
  });

  it("is zero when an export must be ready by now", () => {
    expect(pace().delay(0, 10_000)).toBe(0);
  });

  it("shrinks within a few exports if they are complete at once", () => {
    const follow = pace();
    const seen = Array.from({ length: 8 }, () => looks(follow, 1));
    expect(seen.every(({ looks: count }) => count === 1)).toBe(true);
    expect(seen.reduce((sum, { seenAt }) => sum + seenAt, 0)).toBeLessThan(6500);
  });

  it("does not grow after an export that was complete at a late first poll", () => {
    const follow = pace();
    follow.record(8 * 3_600_000, 1, 0);
    expect(follow.delay(0, 0)).toBeLessThanOrEqual(3000);
    looks(follow, 20_000);
    const known = follow.delay(0, 0);
    follow.record(3_600_000, 1, 0);
    expect(follow.delay(0, 0)).toBeLessThanOrEqual(known);
  });

  it("does not grow with each export that is finished between two polls", () => {
    const follow = pace();
    const seen = Array.from({ length: 30 }, () => looks(follow, 4000).seenAt);
    expect(Math.max(...seen)).toBeLessThan(9000);
  });

  it("is not an hour before a small export that follows a long one", () => {
    const follow = pace();
    looks(follow, 3_600_000);
    expect(follow.delay(0, 0)).toBeLessThanOrEqual(300_000);
  });

  it("leads to few polls of long exports after their duration is known", () => {
    const follow = pace();
    looks(follow, 300_000);
    const later = Array.from({ length: 10 }, () => looks(follow, 300_000));
    expect(later.reduce((sum, { looks: count }) => sum + count, 0)).toBeLessThanOrEqual(35);
    for (const { seenAt } of later) expect(seenAt - 300_000).toBeLessThan(65_000);
  });
});
