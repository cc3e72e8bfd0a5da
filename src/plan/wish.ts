import { parseDuration } from "../config/parsers.ts";
import { UsageError } from "../errors.ts";
import { floorSecond, HISTORY_START, isoInstant, parseInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { dayStart, fromLocal, startOfDay } from "../time/zone.ts";

/** A range to read instead of a plain run's. */
export interface RangeRequest {
  /** Everything from the start of the history. */
  readonly full: boolean;
  readonly since: Instant | null;
  readonly until: Instant | null;
  /** Whether the gap before `since` is accepted instead of being filled by the next plain run. */
  readonly acceptGap: boolean;
}

/** A valid range whose times may depend on Pardot's time, which is known once Pardot has been called. */
export interface RangeWish extends Pick<RangeRequest, "full" | "acceptGap"> {
  readonly since: GivenTime | null;
  readonly until: GivenTime | null;
}

/** The options of the command line. */
export interface RangeOptions {
  readonly full?: boolean;
  /** `2026-01-31`, `2026-01-31 12:00:00`, `2026-01-31T12:00:00Z`, `7d`, `36h`, `yesterday` or `today`. */
  readonly since?: string;
  readonly until?: string;
  readonly acceptGap?: boolean;
}

interface GivenTime {
  readonly text: string;
  /** `point`: the same whenever it is read; `ago`: before now; `day`: the start of a day before today. */
  readonly kind: "point" | "ago" | "day";
  at(now: Instant): Instant;
}

const FORMS =
  "Give times as 7d or 36h (before Pardot's time), as yesterday or today (midnight) or 2026-01-31 or 2026-01-31 12:00:00 in the API user's zone, or with an offset as 2026-01-31T12:00:00Z.";
const COMBINATIONS =
  "--full reads the whole history, --since only from a time on. --accept-gap leaves the gap before --since unread.";

/**
 * Reads times as `2026-01-31`, `2026-01-31 12:00:00`, `yesterday`, `today` (all in the API user's zone), with an offset
 * as `2026-01-31T12:00:00Z`, or as a duration before Pardot's time: `7d`, `36h`. Throws UsageError (exit 2) that names
 * every problem.
 */
export function parseRange(given: RangeOptions, zone: string): RangeWish {
  const problems: string[] = [];
  const since = readTime("--since", given.since, zone, problems);
  const until = readTime("--until", given.until, zone, problems);
  // Times of one kind have the same order whatever the time is; others are compared when it is known.
  if (since !== null && until !== null && since.kind === until.kind && since.at(0) >= until.at(0)) {
    problems.push(`--since ${since.text} is not before --until ${until.text}`);
  }
  if (since?.kind === "ago" && since.at(0) === 0) problems.push(`--since ${since.text} is not before Pardot's time`);
  const hint = problems.length > 0 ? FORMS : COMBINATIONS;
  if (given.full === true && given.since !== undefined) problems.push("--full and --since cannot be combined");
  if (given.acceptGap === true && given.since === undefined) problems.push("--accept-gap requires --since");
  if (problems.length > 0) throw new UsageError(problems.join("; "), { code: "usage.range", hint });
  return { full: given.full ?? false, since, until, acceptGap: given.acceptGap ?? false };
}

/**
 * The range at Pardot's time. Throws UsageError (exit 2) for a start that Pardot's clock has not reached yet, since
 * such a range is empty and Pardot refuses requests for it, and for one that is not before the end.
 */
export function rangeAt(wish: RangeWish, now: Instant): RangeRequest {
  const since = wish.since?.at(now) ?? null;
  const until = wish.until?.at(now) ?? null;
  const refused = (problem: string): UsageError =>
    new UsageError(problem, {
      code: "usage.range",
      hint: "Nothing was planned. Give a time in the past; times without an offset are in the API user's zone.",
    });
  if (since !== null && since >= now) {
    throw refused(`--since ${isoInstant(since)} is not before Pardot's time, ${isoInstant(now)}`);
  }
  if (since !== null && until !== null && since >= until) {
    throw refused(
      `--since ${wish.since?.text} (${isoInstant(since)}) is not before --until ${wish.until?.text} (${isoInstant(until)})`,
    );
  }
  return { full: wish.full, since, until, acceptGap: wish.acceptGap };
}

function readTime(option: string, text: string | undefined, zone: string, problems: string[]): GivenTime | null {
  if (text === undefined) return null;
  const ago = parseDuration(text);
  // No history is longer, and a point in time has limits.
  if (ago !== null) return { text, kind: "ago", at: (now) => Math.max(now - ago, Math.min(now, HISTORY_START)) };
  const day = ["today", "yesterday"].indexOf(text.toLowerCase());
  if (day >= 0) return { text, kind: "day", at: (now) => dayStart(now, zone, -day) };
  const at = readPoint(text, zone);
  if (at !== null) return { text, kind: "point", at: () => at };
  problems.push(`${option} ${text} ${reasonAgainst(text)}`);
  return null;
}

function readPoint(text: string, zone: string): Instant | null {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return startOfDay(text, zone);
    if (/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return fromLocal(text, zone, "earlier");
    if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/.test(text)) {
      return floorSecond(parseInstant(text));
    }
  } catch {
    // A day such as 2026-02-30: reported like any other invalid time.
  }
  return null;
}

/** What is wrong with a text that is not a time, as the end of a sentence. */
function reasonAgainst(text: string): string {
  const [, sign = "", digits = "", unit = ""] = /^([+-]?)(\d+)([a-z]+)$/i.exec(text) ?? [];
  const plain = `${digits}${unit.toLowerCase()}`;
  if (text.toLowerCase() === "tomorrow") return "is in the future: Pardot has no records of it yet";
  if (digits !== "" && parseDuration(plain) === null) {
    return digits.length > 9 ? "is too long" : "has an unknown unit: use s, m, h or d, such as 7d";
  }
  if (sign === "+") return `would be in the future: ${plain} alone is before Pardot's time`;
  if (digits !== "") return `is not a valid time: did you mean ${plain}, which is before Pardot's time?`;
  return "is not a valid time";
}
