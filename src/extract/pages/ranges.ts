import type { QueriedObject } from "../../catalog/catalog.ts";
import type { Id } from "../../state/cursor.ts";

/** Pages of a range, at least and as far as they can be foreseen: its last one is read half for nothing. */
const PAGES_PER_RANGE = 36;

/** Pages from which on two ranges are worth a further call. */
export const PAGES_PER_PAIR = 24;

/** Ranges are a multiple of the lanes that are the default, so that these end at about the same time. */
const LANES = 4;

/** Ranges of a window. Each is a few dozen bytes of the state. */
const RANGES_MAX = 64;

/** Reading by ascending id, so far. */
export interface ReadSoFar {
  readonly first: Id;
  readonly reached: Id;
  /** The greatest id of the window. */
  readonly greatest: Id;
  readonly pages: number;
  /** Records that are left by the window's total; null if that is unknown. */
  readonly unread: number | null;
}

/** Pages with the unread records of a window; infinitely many if these are unknown. */
export function pagesLeft(unread: number | null, { way: { query } }: QueriedObject): number {
  return unread === null ? Infinity : unread / query.limit;
}

/**
 * The ids after which further ranges begin, so that each has about as many records, if the rest is worth it; else none.
 * Depends on the records alone, so the same records give the same ranges.
 */
export function cutsAfter(
  object: QueriedObject,
  { first, reached, greatest, pages, unread }: ReadSoFar,
): readonly string[] {
  if (greatest <= reached) return [];
  const rest = BigInt(greatest) - BigInt(reached);
  const expected = (pages * Number(rest)) / Math.max(1, Number(BigInt(reached) - BigInt(first)));
  const left = Math.min(pagesLeft(unread, object), expected);
  const whole = Math.min(RANGES_MAX, Math.max(left < PAGES_PER_PAIR ? 0 : 2, Math.floor(left / PAGES_PER_RANGE)));
  const ranges = whole < LANES ? whole : whole - (whole % LANES);
  return Array.from({ length: Math.max(0, ranges - 1) }, (_, i) =>
    String(BigInt(reached) + (rest * BigInt(i + 1)) / BigInt(ranges)),
  );
}
