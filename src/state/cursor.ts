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
  /** Read in the order of a date. */
  readonly place: Place | null;
  /** Read in parts: all records whose date of the cut is earlier. */
  readonly reached: Instant | null;
}

/** All records up to this second. */
export interface Place {
  readonly at: LocalText;
  /** Of the second itself only these ids: in states of earlier versions. Null: all. */
  readonly ids: readonly string[] | null;
}

/**
 * A cursor as the state has it, words in this order, each optional: `123` (the id), `2026-01-02T03:04:05` (the place),
 * `12,13` (ids of its second), `2026-01-02T03:04:05Z` (reached). Null: nothing has landed.
 */
export function parseCursor(cursor: string | null): Landed {
  let [id, at, ids, reached]: [string | null, LocalText | null, readonly string[] | null, Instant | null] = [
    null,
    null,
    null,
    null,
  ];
  for (const [i, word] of (cursor ?? "").split(" ").entries()) {
    if (/^\d+$/.test(word) && i === 0) id = word;
    else if (/^[\d,]+$/.test(word)) ids = word.split(",");
    else if (word.endsWith("Z")) reached = Date.parse(word);
    else if (word !== "") at = word.replace("T", " ");
  }
  return { id, place: at === null ? null : { at, ids }, reached };
}

export function cursorText({ id, place, reached }: Landed): string | null {
  const words = [
    id,
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
