import type { Instant, Span } from "../time/instant.ts";

/** The uncovered parts between the first and the last of the planned or committed ranges, ascending. */
export function gapsWithin(covered: readonly Span[]): Span[] {
  const gaps: Span[] = [];
  let end: Instant | null = null;
  for (const { from, to } of covered.toSorted((a, b) => a.from - b.from)) {
    if (end !== null && from > end) gaps.push({ from: end, to: from });
    end = end === null ? to : Math.max(end, to);
  }
  return gaps;
}

/**
 * The gap before a range that starts at `since`: from the end of the covered ranges before it, or else from where a plain
 * run would have started. Null when there is none.
 */
export function gapBefore(since: Instant, covered: readonly Span[], plainStart: Instant): Span | null {
  const ends = covered.filter(({ from }) => from <= since).map(({ to }) => to);
  const from = ends.length === 0 ? plainStart : Math.max(...ends);
  return from < since ? { from, to: since } : null;
}

/**
 * A range without the parts that open windows cover, ascending. Each part except one at the range's start begins
 * `overlapMs` earlier, because records may have moved across the seam while the window before it was read.
 */
export function withoutOpen(range: Span, open: readonly Span[], overlapMs: number): Span[] {
  const left: Span[] = [];
  const add = (from: Instant, to: Instant): void => {
    if (from < to) left.push({ from: from === range.from ? from : Math.max(range.from, from - overlapMs), to });
  };
  let reached = range.from;
  for (const { from, to } of open.toSorted((a, b) => a.from - b.from)) {
    add(reached, Math.min(from, range.to));
    reached = Math.max(reached, to);
  }
  add(reached, range.to);
  return left;
}
