import { RemoteError } from "../../errors.ts";
import type { Id } from "../../state/cursor.ts";
import type { PagesRequest } from "./page.ts";
import { readEnd } from "./totals.ts";

/** Pages of a range, at least and as far as they can be foreseen: its last one is read half for nothing. */
const PAGES_PER_RANGE = 36;

/** Ranges are a multiple of the lanes that are the default, so that these end at about the same time. */
const LANES = 4;

/** Ranges of a window. Each is a few dozen bytes of the state. */
const RANGES_MAX = 64;

/** Reading by ascending id, so far. */
export interface ReadSoFar {
  readonly first: Id;
  readonly reached: Id;
  readonly pages: number;
  /** Records that are left by the window's total; null if that is unknown. */
  readonly unread: number | null;
}

/**
 * The ids after which further ranges begin, so that each has about as many records, if the rest is worth it; else none. One
 * call finds the last id. Depends on the records alone, so the same records give the same ranges.
 */
export async function cutsAfter(
  request: PagesRequest,
  { first, reached, pages, unread }: ReadSoFar,
): Promise<readonly string[]> {
  const counted = unread === null ? Infinity : unread / request.object.way.query.limit;
  if (counted < 2 * PAGES_PER_RANGE) return [];
  const last = await lastId(request);
  if (last === null || last <= reached) return [];
  const rest = BigInt(last) - BigInt(reached);
  const expected = (pages * Number(rest)) / Math.max(1, Number(BigInt(reached) - BigInt(first)));
  const whole = Math.min(RANGES_MAX, Math.floor(Math.min(counted, expected) / PAGES_PER_RANGE));
  const ranges = whole < LANES ? whole : whole - (whole % LANES);
  return Array.from({ length: Math.max(0, ranges - 1) }, (_, i) =>
    String(BigInt(reached) + (rest * BigInt(i + 1)) / BigInt(ranges)),
  );
}

/** The greatest id of the window; null if Pardot does not return it. */
async function lastId(request: PagesRequest): Promise<Id | null> {
  try {
    return (await readEnd(request, 1))?.id ?? null;
  } catch (error) {
    // Reading in one range needs no such order.
    if (error instanceof RemoteError && !error.retryable) return null;
    throw error;
  }
}
