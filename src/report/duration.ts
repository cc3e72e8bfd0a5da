const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Of the Gregorian calendar on average. */
const MONTH = 30.44 * DAY;
const YEAR = 365.25 * DAY;

/** The next coarser unit takes over where the number in this one says more than people want to know. */
const UNITS = [
  { ms: SECOND, below: 90 * SECOND, one: "s", many: "s" },
  { ms: MINUTE, below: 90 * MINUTE, one: "min", many: "min" },
  { ms: HOUR, below: 2 * DAY, one: "h", many: "h" },
  { ms: DAY, below: 60 * DAY, one: "day", many: "days" },
  { ms: MONTH, below: 24 * MONTH, one: "month", many: "months" },
] as const;

/** A length of time as people say it: `45 s`, `10 min`, `26 h`, `3 days`, `8 months`, `2 years`. The sign is dropped. */
export function humaneDuration(ms: number): string {
  const length = Math.abs(ms);
  const unit = UNITS.find(({ below }) => length < below) ?? { ms: YEAR, one: "year", many: "years" };
  const count = Math.floor(length / unit.ms);
  return `${count} ${count === 1 ? unit.one : unit.many}`;
}
