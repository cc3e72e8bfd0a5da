/**
 * Dates in filters, in the user's time zone: the documented keywords, the GNU date input that clients send, and the ISO
 * forms that production clients send (singer-io/tap-pardot, airbytehq/airbyte source-pardot).
 */
import { ApiError } from "./api-error.ts";
import type { Knobs } from "../knobs.ts";
import type { Timezone } from "../account/timezone.ts";

/** Returns seconds since 1970. Throws ApiError 7 for an invalid date. */
export type DateReader = (text: string) => number;

const DAY = 86_400;
const FORM =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
const AGO = /^(\d{1,5}) (second|minute|hour|day|week|month|year)s? ago$/;
const SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 365 * DAY,
};

/** `now` in seconds since 1970. */
export function dateReader(zone: Timezone, knobs: Knobs, now: number): DateReader {
  const fromLocal = (local: number): number => {
    if (knobs.ambiguousLocal !== "hour early") return zone.fromLocal(local, knobs.ambiguousLocal);
    // `01:00:00` in the repeated hour brought rows of 00:00:01 (a comment in dreamdata-io/tap-pardot).
    const [first, second] = [zone.fromLocal(local, "first"), zone.fromLocal(local, "second")];
    return first - (second - first);
  };
  return (text) => {
    const trimmed = text.trim();
    const word = keyword(trimmed.toLowerCase(), zone.toLocal(now), now, fromLocal);
    if (word !== null) return word;
    const parts = FORM.exec(trimmed);
    const local = parts === null ? null : localSecond(parts);
    if (parts === null || local === null) throw new ApiError(7);
    const offset = parts[7];
    if (offset === undefined || knobs.filterOffset === "ignored") return fromLocal(local);
    return local - offsetSeconds(offset);
  };
}

function keyword(word: string, localNow: number, now: number, fromLocal: (local: number) => number): number | null {
  const today = localNow - (localNow % DAY);
  const date = new Date(today * 1000);
  const month = (back: number): number => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back, 1) / 1000;
  const ago = AGO.exec(word);
  if (ago !== null) return now - Number(ago[1]) * (SECONDS[ago[2] ?? ""] ?? 0);
  if (word === "now") return now;
  const starts: Readonly<Record<string, number>> = {
    today,
    yesterday: today - DAY,
    tomorrow: today + DAY,
    last_7_days: today - 7 * DAY,
    this_month: month(0),
    last_month: month(1),
  };
  const start = Object.hasOwn(starts, word) ? starts[word] : undefined;
  return start === undefined ? null : fromLocal(start);
}

function localSecond(parts: RegExpExecArray): number | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => (part === undefined ? 0 : Number(part)));
  const date = new Date(Date.UTC(year, month - 1, day));
  // The vendor's own samples show 24:59:59, so hour 24 is accepted and means the next day.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 24 || minute > 59 || second > 59) {
    return null;
  }
  return date.getTime() / 1000 + hour * 3_600 + minute * 60 + second;
}

function offsetSeconds(offset: string): number {
  if (/^(z|utc)$/i.test(offset)) return 0;
  const sign = offset.startsWith("-") ? -1 : 1;
  const digits = offset.replace(/[^\d]/g, "");
  return sign * (Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2)) * 60);
}
