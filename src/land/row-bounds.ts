import type { RangeField } from "../catalog/catalog.ts";
import type { TimeBounds } from "../encode/plain-values.ts";
import { DataError } from "../errors.ts";
import type { LocalText } from "../time/instant.ts";

/**
 * Times that the records of a window may have, as text of their files, with a day of tolerance: it is not documented
 * whether Pardot's bounds are exclusive in every export, and which of two readings of a repeated hour it takes.
 */
export interface RowBounds extends TimeBounds {
  readonly field: RangeField;
}

export function isOutside(text: LocalText | null, bounds: RowBounds): boolean {
  if (text === null) return false;
  return (text < bounds.least || text > bounds.greatest) && text < bounds.movedFrom;
}

/** Throws DataError when a file has records outside its window: it belongs to another one. */
export function checkOutside(outside: number, subject: string, bounds: RowBounds | null): void {
  if (outside === 0 || bounds === null) return;
  const { field, least, greatest } = bounds;
  throw new DataError(
    `read ${subject}: ${outside} of its records are outside the window (${field} from ${least} to ${greatest}, a day on each side included), so the file of this window was not delivered`,
    {
      code: "data.csv-window",
      hint: "Nothing of this file was landed, and its window stays open. Run again; if it happens again, report it: Pardot delivered other records than requested.",
    },
  );
}
