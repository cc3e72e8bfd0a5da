import type { RangeField } from "../catalog/catalog.ts";
import type { TimeBounds } from "../encode/plain-values.ts";
import { DataError } from "../errors.ts";
import type { LocalText } from "../time/instant.ts";

/**
 * Where the records of a window stand in time, as text of their files, with a day of tolerance: which of two readings of
 * an hour that repeats Pardot takes, and whether its bounds are exclusive in every export, is not documented.
 */
export interface RowBounds {
  readonly field: RangeField;
  readonly least: LocalText;
  readonly greatest: LocalText;
  /** A record of this time or later has moved on while it was exported. */
  readonly movedFrom: LocalText;
}

/** The same for the bytes of a file, in which the field stands at `column`. */
export function plainBounds({ least, greatest, movedFrom }: RowBounds, column: number): TimeBounds {
  return { column, least: Buffer.from(least), greatest: Buffer.from(greatest), movedFrom: Buffer.from(movedFrom) };
}

export function isOutside(text: LocalText | null, bounds: RowBounds): boolean {
  if (text === null) return false;
  return (text < bounds.least || text > bounds.greatest) && text < bounds.movedFrom;
}

/** Throws DataError when a file holds records from outside its window: it is the file of another one. */
export function checkOutside(outside: number, subject: string, bounds: RowBounds | null): void {
  if (outside === 0 || bounds === null) return;
  const { field, least, greatest } = bounds;
  throw new DataError(
    `read ${subject}: ${outside} of its records lie outside of the window (${field} from ${least} to ${greatest}, a day on each side included), so the file of this window was not delivered`,
    {
      code: "data.csv-window",
      hint: "Nothing of this file was landed, and its window stays open. Run again; if it happens again, report it: Pardot delivered other records than the export was asked for.",
    },
  );
}
