import { Temporal } from "temporal-polyfill";
import { SECOND_MS } from "./instant.ts";
import type { Instant, LocalText } from "./instant.ts";

/** Wall-clock text of an instant in a zone (IANA name), cut to the second. */
export function toLocal(instant: Instant, zone: string): LocalText {
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDateTime();
  return textOf(local);
}

/**
 * The instant of a wall-clock text in a zone. A text that a clock shows twice (autumn) or never (spring) has two
 * readings: `earlier` or `later`. Throws RangeError unless the text is `YYYY-MM-DD HH:MM:SS`.
 */
export function fromLocal(text: LocalText, zone: string, reading: "earlier" | "later"): Instant {
  return plain(text).toZonedDateTime(zone, { disambiguation: reading }).epochMilliseconds;
}

/** Whether two names are the same zone: in another case, or one a former name of the other (US/Eastern). */
export function isSameZone(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    const canonical = [one, other].map((timeZone) => new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions());
    return canonical[0]?.timeZone === canonical[1]?.timeZone;
  } catch {
    // A name that this version of Node does not know.
    return false;
  }
}

/** What is to be added to the times of a local day, null for a day on which clocks change; by zone. A history has some thousand days. */
const offsets = new Map<string, Map<string, number | null>>();

/** A wall-clock text of a zone as text of UTC. One that a clock shows twice is the earlier of the two. */
export function utcText(text: LocalText, zone: string): LocalText {
  const day = text.slice(0, 10);
  const known = offsets.get(zone) ?? new Map<string, number | null>();
  offsets.set(zone, known);
  let offset = known.get(day);
  if (offset === undefined) {
    const [first = 0, last = 0] = [`${day} 00:00:00`, `${day} 23:59:59`].map(
      (edge) => fromLocal(edge, zone, "earlier") - fromLocal(edge, "UTC", "earlier"),
    );
    offset = first === last ? first : null;
    known.set(day, offset);
  }
  const utc = offset === null ? fromLocal(text, zone, "earlier") : Date.parse(`${text.replace(" ", "T")}Z`) + offset;
  return new Date(utc).toISOString().slice(0, 19).replace("T", " ");
}

/** Moves a wall-clock text by `ms` on the wall clock: a day earlier is always the same time of day, in every zone. */
export function shiftLocal(text: LocalText, ms: number): LocalText {
  return textOf(plain(text).add({ milliseconds: ms }));
}

/** The calendar day of an instant in a zone, `YYYY-MM-DD`. */
export function localDay(instant: Instant, zone: string): string {
  return toLocal(instant, zone).slice(0, 10);
}

/** The instant at which the next calendar day begins in a zone. */
export function nextDayStart(instant: Instant, zone: string): Instant {
  return dayStart(instant, zone, 1);
}

/** The instant at which a calendar day begins in a zone, counted from the day of `instant`: -1 is the day before. */
export function dayStart(instant: Instant, zone: string, days: number): Instant {
  const day = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate();
  return firstInstant(day.add({ days }), zone);
}

/** The instant at which a day, `YYYY-MM-DD`, begins in a zone. Throws RangeError for a day that is not in the calendar. */
export function startOfDay(day: string, zone: string): Instant {
  return firstInstant(Temporal.PlainDate.from(day), zone);
}

/** That of midnight, or of the first time after it where clocks change at midnight. */
function firstInstant(day: Temporal.PlainDate, zone: string): Instant {
  return day.toZonedDateTime(zone).epochMilliseconds;
}

/**
 * The exclusive lower bound to send for records from `from` on: the wall-clock text one second before it. If the clock
 * shows that text again later, a server that reads the later one would drop records, so the bound moves back to the last
 * second before the repeated hour. Which reading Pardot takes is not documented.
 */
export function boundAfter(from: Instant, zone: string): LocalText {
  const text = toLocal(from - SECOND_MS, zone);
  if (fromLocal(text, zone, "later") < from) return text;
  return shiftLocal(repeatedHour(text, zone).start, -SECOND_MS);
}

/**
 * The exclusive upper bound to send for records before `to`: its wall-clock text. If the clock showed that text before,
 * the end of the repeated hour, so that either reading includes every record before `to`.
 */
export function boundBefore(to: Instant, zone: string): LocalText {
  const text = toLocal(to, zone);
  if (fromLocal(text, zone, "earlier") >= to) return text;
  return repeatedHour(text, zone).end;
}

/** The wall-clock span [start, end) that is shown twice and contains `text`. */
function repeatedHour(text: LocalText, zone: string): { start: LocalText; end: LocalText } {
  const first = plain(text).toZonedDateTime(zone, { disambiguation: "earlier" });
  const transition = first.getTimeZoneTransition("next");
  if (transition === null) throw new RangeError(`no clock change after ${text} in ${zone}`);
  const before = transition.subtract({ nanoseconds: 1 });
  const repeatedMs = (before.offsetNanoseconds - transition.offsetNanoseconds) / 1e6;
  const start = textOf(transition.toPlainDateTime());
  return { start, end: shiftLocal(start, repeatedMs) };
}

function plain(text: LocalText): Temporal.PlainDateTime {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) {
    throw new RangeError(`not a local time (YYYY-MM-DD HH:MM:SS): ${text}`);
  }
  return Temporal.PlainDateTime.from(text.replace(" ", "T"));
}

function textOf(local: Temporal.PlainDateTime): LocalText {
  return local.toString({ smallestUnit: "second", roundingMode: "floor" }).replace("T", " ");
}
