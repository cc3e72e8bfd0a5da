import { isoInstant, SECOND_MS } from "../time/instant.ts";
import type { Instant, LocalText } from "../time/instant.ts";
import { fromLocal } from "../time/zone.ts";

/**
 * Which records of an open window have landed. A window may be read in more than one way, because Pardot may refuse a
 * parameter in the middle of it: then a record has landed if any of the members covers it.
 */
export interface Landed {
  /** Read by ascending id: all records up to this id, as digits. */
  readonly id: string | null;
  /** Read by ascending id in several ranges: further ids, ascending. An empty range only marks where reading begins. */
  readonly ranges: readonly LandedIds[];
  /** Read in the order of a date. */
  readonly place: Place | null;
  /** Read in parts: all records whose date of the cut is earlier. */
  readonly reached: Instant | null;
}

/** The ids after one and through another, as digits. */
export interface LandedIds {
  readonly after: string;
  readonly through: string;
}

/** Ids that have not landed; null: from the first id, to the last. */
export interface IdGap {
  readonly after: string | null;
  readonly through: string | null;
}

/** All records up to this second. */
export interface Place {
  readonly at: LocalText;
  /** Of the second itself only these ids: in states of earlier versions. Null: all. */
  readonly ids: readonly string[] | null;
}

/**
 * A cursor as the state has it, words in this order, each optional: `123` (the id), `500,650,900,900` (ranges: each after
 * and through), `2026-01-02T03:04:05` (the place), `12,13` (ids of its second), `2026-01-02T03:04:05Z` (reached). Null:
 * nothing has landed. Earlier versions pass over ranges, and read their records again.
 */
export function parseCursor(cursor: string | null): Landed {
  let id: string | null = null;
  let at: LocalText | null = null;
  let ids: readonly string[] | null = null;
  let reached: Instant | null = null;
  const ranges: LandedIds[] = [];
  for (const [i, word] of (cursor ?? "").split(" ").entries()) {
    if (/^\d+$/.test(word) && i === 0) id = word;
    else if (/^[\d,]+$/.test(word) && at !== null) ids = word.split(",");
    else if (/^[\d,]+$/.test(word)) {
      for (const [, after = "", through = ""] of word.matchAll(/(\d+),(\d+)/g)) ranges.push({ after, through });
    } else if (word.endsWith("Z")) reached = Date.parse(word);
    else if (word !== "") at = word.replace("T", " ");
  }
  return { id, ranges, place: at === null ? null : { at, ids }, reached };
}

export function cursorText({ id, ranges, place, reached }: Landed): string | null {
  const words = [
    id,
    ranges.length === 0 ? null : ranges.map(({ after, through }) => `${after},${through}`).join(","),
    place === null ? null : place.at.replace(" ", "T"),
    place?.ids?.join(",") ?? null,
    reached === null ? null : isoInstant(reached),
  ].filter((word) => word !== null);
  return words.length === 0 ? null : words.join(" ");
}

/** The last second of which all records have landed, by the date in whose order they were read; null if there is none. */
export function throughTime({ place, reached }: Landed): Instant | null {
  const seconds = [
    ...(place === null ? [] : [fromLocal(place.at, "UTC", "earlier") - (place.ids === null ? 0 : SECOND_MS)]),
    ...(reached === null ? [] : [reached - SECOND_MS]),
  ];
  return seconds.length === 0 ? null : Math.min(...seconds);
}

/** An id to compare: a number where that is exact. Equal ids are equal values. */
export type Id = number | bigint;

/** Digits of a number that is always exact. */
const SAFE_DIGITS = 15;

/** `digits` as an id. */
export function parseId(digits: string): Id {
  if (digits.length <= SAFE_DIGITS) return Number(digits);
  const id = BigInt(digits);
  return id < 10n ** BigInt(SAFE_DIGITS) ? Number(id) : id;
}

/** The ids that have not landed, in ranges that are read apart. */
export function gapsOf({ id, ranges }: Landed): readonly IdGap[] {
  const ends = [id, ...ranges.map(({ through }) => through)];
  return ends.map((after, i) => ({ after, through: ranges[i]?.after ?? null }));
}

/** The same, to be read on in ranges that begin after each of these ids, too. Unchanged if there are ranges already. */
export function cutAt(landed: Landed, ids: readonly string[]): Landed {
  if (landed.ranges.length > 0) return landed;
  const later = ids.filter((id) => landed.id === null || parseId(id) > parseId(landed.id));
  return { ...landed, ranges: later.map((id) => ({ after: id, through: id })) };
}

/** The same when the records up to an id have landed, from the last range that begins before it. */
export function landedThrough(landed: Landed, id: string): Landed {
  const at = landed.ranges.findLastIndex(({ after }) => parseId(after) < parseId(id));
  const ranges = landed.ranges.map((range, i) => (i === at ? { ...range, through: id } : range));
  let first = at === -1 ? id : landed.id;
  const apart: LandedIds[] = [];
  for (const range of ranges) {
    const before = apart.at(-1);
    const end = before?.through ?? first;
    // What ends where the next range begins is one range with it.
    if (end === null || parseId(end) < parseId(range.after)) apart.push(range);
    else if (before === undefined) first = range.through;
    else apart.splice(-1, 1, { ...before, through: range.through });
  }
  return { ...landed, id: first, ranges: apart };
}
