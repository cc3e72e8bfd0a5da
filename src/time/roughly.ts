import { DAY_MS } from "./instant.ts";

const UNITS = [
  ["year", 365 * DAY_MS],
  ["month", 30 * DAY_MS],
  ["day", DAY_MS],
  ["hour", DAY_MS / 24],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** A length of time as a person would say it: `8 months`, `3 hours`; the largest unit of which there are two. */
export function roughly(ms: number): string {
  const length = Math.abs(ms);
  const [unit, size] = UNITS.find(([, each]) => length >= 2 * each) ?? UNITS[UNITS.length - 1] ?? ["second", 1000];
  const count = Math.round(length / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
