/**
 * Times of events in the account: over the last two and a half years, denser towards the end, and deliberately at every
 * second where a reader of time ranges can go wrong.
 */
import { mix, unit } from "./random.ts";
import type { Timezone } from "./timezone.ts";

export const DAY = 86_400;
const HISTORY_DAYS = 913;

export interface History {
  /** Seconds since 1970, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** The second shared by `ties` rows. */
  readonly tieAt: number;
  /** Seconds that get a row each, the trickiest first. */
  readonly special: readonly number[];
}

/** The history of all objects; `now` in seconds. */
export function accountHistory(now: number, seed: number, zone: Timezone): History {
  // An odd second, so that no window border is at the first row by chance.
  const first = now - HISTORY_DAYS * DAY + (mix(seed, 11) % 3_000);
  const last = now - 90;
  const inside = (second: number): boolean => second > first && second < last;
  const special = [...dstSeconds(first, last, zone), ...windowBorders(first, now), ...midnights(first, last, zone)];
  return {
    first,
    last,
    tieAt: now - 200 * DAY - 3_600 * 5 - 13,
    special: [...new Set(special.filter(inside))],
  };
}

/** Both occurrences of each repeated autumn hour, and the edges of the spring gap. */
function dstSeconds(first: number, last: number, zone: Timezone): number[] {
  return zone.changes
    .filter((change) => change.at > first && change.at < last)
    .flatMap(({ at, before, after }) => {
      const shift = Math.abs(after - before);
      const quarters = Array.from({ length: 9 }, (_, step) => at - shift + Math.floor((step * shift) / 4));
      return quarters.concat(at - 1, at + 1, at - shift - 1, at + shift - 1);
    });
}

/** Borders of 364-day windows that start at the first row, a day before it, at its midnight, or end now. */
function windowBorders(first: number, now: number): number[] {
  const midnight = first - (first % DAY);
  const starts = [first, first - DAY, midnight, midnight - DAY];
  const ahead = starts.flatMap((start) => [1, 2].map((n) => start + n * 364 * DAY));
  const back = [1, 2].map((n) => now - n * 364 * DAY);
  return [...ahead, ...back, now - DAY].flatMap((at) => [at, at - 1, at + 1]);
}

/** First seconds of years and months, and some plain midnights, in the user's zone and in UTC. */
function midnights(first: number, last: number, zone: Timezone): number[] {
  const years: number[] = [];
  const months: number[] = [];
  const days: number[] = [];
  const start = new Date(first * 1000);
  for (let month = 0; month < 40; month += 1) {
    const at = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, 1));
    const local = at.getTime() / 1000;
    if (local > last + DAY) break;
    const into = at.getUTCMonth() === 0 ? years : months;
    for (const second of [zone.fromLocal(local, "first"), local]) into.push(second, second - 1, second + 1);
    days.push(zone.fromLocal(local + 14 * DAY, "first"));
  }
  return [...years, ...months, ...days];
}

/**
 * Creation times of `count` rows, ascending: special seconds (at most a third of the rows), the tie (at most 70 % of
 * them), a smaller tie six hours before the end, and increasingly dense times for the rest.
 */
export function creationSeconds(count: number, ties: number, history: History, salt: number): Uint32Array {
  const { first, last, tieAt, special } = history;
  const seconds = new Uint32Array(count);
  const tied = Math.min(ties, Math.floor(count * 0.7));
  const tiedLate = count >= 1_000 ? Math.min(ties, Math.floor(count * 0.05), 300) : 0;
  const specials = Math.min(special.length, Math.floor((count - tied - tiedLate) / 3));
  let at = 0;
  if (count > 0) seconds[at++] = first;
  for (let n = 0; n < tied && at < count; n += 1) seconds[at++] = tieAt;
  for (let n = 0; n < tiedLate && at < count; n += 1) seconds[at++] = last - 6 * 3_600;
  for (let n = 0; n < specials && at < count; n += 1) seconds[at++] = special[n] ?? first;
  const rest = count - at;
  for (let n = 0; n < rest; n += 1) {
    const share = (n + unit(mix(salt, n))) / rest;
    seconds[at++] = Math.floor(first + 1 + (last - first - 1) * share ** 0.6);
  }
  return seconds.toSorted();
}
