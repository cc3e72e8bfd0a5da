import { UsageError } from "../errors.ts";
import { floorSecond, isoInstant, parseInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { fromLocal } from "../time/zone.ts";

/** A range to read instead of a plain run's. */
export interface RangeRequest {
  /** Everything from the start of the history. */
  readonly full: boolean;
  readonly since: Instant | null;
  readonly until: Instant | null;
  /** Whether the gap before `since` is accepted instead of being filled by the next plain run. */
  readonly acceptGap: boolean;
}

/** The options of the command line. */
export interface RangeOptions {
  readonly full?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly acceptGap?: boolean;
}

/**
 * Reads times as `2026-01-31`, `2026-01-31 12:00:00` (both in the API user's zone) or with an offset as
 * `2026-01-31T12:00:00Z`. Throws UsageError (exit 2) that names every problem.
 */
export function parseRange(text: RangeOptions, zone: string): RangeRequest {
  const problems: string[] = [];
  const since = readTime("--since", text.since, zone, problems);
  const until = readTime("--until", text.until, zone, problems);
  if (since !== null && until !== null && since >= until) {
    problems.push(`--since ${text.since} is not before --until ${text.until}`);
  }
  if (text.full === true && text.since !== undefined) problems.push("--full and --since cannot be combined");
  if (text.acceptGap === true && text.since === undefined) problems.push("--accept-gap requires --since");
  if (problems.length > 0) {
    throw new UsageError(problems.join("; "), {
      code: "usage.range",
      hint: "Give times as 2026-01-31, as 2026-01-31 12:00:00 in the API user's zone, or with an offset as 2026-01-31T12:00:00Z.",
    });
  }
  return { full: text.full ?? false, since, until, acceptGap: text.acceptGap ?? false };
}

/**
 * Refuses a start that Pardot's clock has not reached yet: such a range is empty, and Pardot refuses
 * requests for it. Throws UsageError (exit 2).
 */
export function assertReached(wish: RangeRequest, now: Instant): void {
  if (wish.since === null || wish.since < now) return;
  throw new UsageError(`--since ${isoInstant(wish.since)} is not before Pardot's time, ${isoInstant(now)}`, {
    code: "usage.range",
    hint: "Nothing was planned. Give a time in the past; times without an offset are in the API user's zone.",
  });
}

function readTime(option: string, text: string | undefined, zone: string, problems: string[]): Instant | null {
  if (text === undefined) return null;
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return fromLocal(`${text} 00:00:00`, zone, "earlier");
    if (/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return fromLocal(text, zone, "earlier");
    if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/.test(text)) {
      return floorSecond(parseInstant(text));
    }
  } catch {
    // A day such as 2026-02-30: reported below like any other invalid time.
  }
  problems.push(`${option} ${text} is not a valid time`);
  return null;
}
