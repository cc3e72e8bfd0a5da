/**
 * A point in time as milliseconds since 1970-01-01T00:00:00Z. Windows are whole seconds.
 * Text forms: ISO `2026-01-31T23:59:59Z` in manifests and state, `20260131T235959Z` in file names.
 */
export type Instant = number;

/** A stretch of time, half-open. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Wall-clock text as in v3/v4, `YYYY-MM-DD HH:MM:SS`, in a zone that is given separately. */
export type LocalText = string;

/** The later of two texts; null if both are. */
export function laterText(a: LocalText | null, b: LocalText | null): LocalText | null {
  return a === null || (b !== null && b > a) ? b : a;
}

/** 1900-01-01T00:00:00Z: the start of a whole history. */
export const HISTORY_START: Instant = Date.UTC(1900, 0, 1);

export const SECOND_MS = 1000;
export const DAY_MS: number = 24 * 60 * 60 * 1000;

/** `2026-01-31T23:59:59Z`; the instant is cut to its second. */
export function isoInstant(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

/** `20260131T235959Z`, the form used in file names. */
export function compactInstant(instant: Instant): string {
  return isoInstant(instant).replaceAll(/[-:]/g, "");
}

/** Reads the ISO form with any offset. Throws RangeError on anything else. */
export function parseInstant(text: string): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new RangeError(`not an instant: ${text}`);
  return instant;
}

/** Cuts to the whole second at or before. */
export function floorSecond(instant: Instant): Instant {
  return Math.floor(instant / SECOND_MS) * SECOND_MS;
}
