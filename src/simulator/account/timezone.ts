/**
 * Local time of an IANA time zone, fast enough for millions of rows: offset changes are looked up once. All times are seconds
 * since 1970; "local seconds" are the wall clock read as if it were UTC.
 */
export interface Timezone {
  readonly name: string;
  /** `YYYY-MM-DD HH:MM:SS`, the form of v3/v4 (vendor docs, object field reference: zone of the API user). */
  text(second: number): string;
  toLocal(second: number): number;
  /** A nonexistent local time moves by the gap; `pass` chooses between the two instants of an ambiguous one. */
  fromLocal(localSecond: number, pass: "first" | "second"): number;
  /** Changes of the offset, ascending, with the offsets before and after. */
  readonly changes: readonly { readonly at: number; readonly before: number; readonly after: number }[];
}

const FIRST_YEAR = 1990;
const LAST_YEAR = 2045;
const STEP_SECONDS = 10 * 86_400;

const zones = new Map<string, Timezone>();

/** Cached for the process. Throws RangeError for a time zone unknown to the runtime. */
export function timezoneOf(name: string): Timezone {
  const known = zones.get(name) ?? readZone(name);
  zones.set(name, known);
  return known;
}

function readZone(name: string): Timezone {
  const offsetOf = offsetReader(name);
  const from = Date.UTC(FIRST_YEAR, 0, 1) / 1000;
  const to = Date.UTC(LAST_YEAR, 0, 1) / 1000;
  const changes: { at: number; before: number; after: number }[] = [];
  let before = offsetOf(from);
  for (let at = from; at < to; at += STEP_SECONDS) {
    const after = offsetOf(at + STEP_SECONDS);
    if (after !== before) {
      changes.push({ at: changeBetween(at, at + STEP_SECONDS, offsetOf), before, after });
      before = after;
    }
  }
  const firstOffset = changes[0]?.before ?? before;
  let lastChange = -1;
  const offsetAt = (second: number): number => {
    // Rows come in runs of neighboring times, so try the last used interval before searching.
    const here = changes[lastChange];
    const next = changes[lastChange + 1];
    if ((here === undefined || second >= here.at) && (next === undefined || second < next.at)) {
      return here?.after ?? firstOffset;
    }
    lastChange = changes.findLastIndex((change) => change.at <= second);
    return changes[lastChange]?.after ?? firstOffset;
  };
  return {
    name,
    changes,
    toLocal: (second) => second + offsetAt(second),
    text: (second) => localText(second + offsetAt(second)),
    fromLocal: (local, pass) => {
      const early = local - offsetAt(local - 86_400);
      const late = local - offsetAt(local + 86_400);
      const possible = [early, late].filter((second) => second + offsetAt(second) === local);
      const first = possible[0];
      // Nonexistent: reading it by the offset before the change gives a time after the gap.
      if (first === undefined) return early;
      return pass === "first" ? Math.min(...possible) : Math.max(...possible);
    },
  };
}

function offsetReader(name: string): (second: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (second) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(second * 1000)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: s = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, s) / 1000 - second;
  };
}

function changeBetween(from: number, to: number, offsetOf: (second: number) => number): number {
  const before = offsetOf(from);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetOf(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

const DAY_TEXTS_MAX = 20_000;
const dayTexts = new Map<number, string>();

/** `YYYY-MM-DD HH:MM:SS` of local seconds. Caches the texts of days. */
export function localText(localSecond: number): string {
  const day = Math.floor(localSecond / 86_400);
  let date = dayTexts.get(day);
  if (date === undefined) {
    date = new Date(day * 86_400_000).toISOString().slice(0, 10);
    if (dayTexts.size < DAY_TEXTS_MAX) dayTexts.set(day, date);
  }
  const rest = localSecond - day * 86_400;
  const minutes = Math.floor(rest / 60);
  return `${date} ${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[rest % 60]}`;
}

const TWO: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
