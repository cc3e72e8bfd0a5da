/**
 * C0 without the line feed, DEL, C1, the marks and overrides of bidirectional text, and other line separators: on a
 * terminal they move the cursor, set its title, or show a text in another order.
 */
const CONTROLS = new RegExp(
  String.raw`[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]`,
  "g",
);

/**
 * A text that is safe to show, whatever its source: control characters become `\u001b`. Within JSON that is the same
 * value, escaped. Line feeds stay: they are our own formatting.
 */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/** The same for a text that must not start a new line. */
export function oneLine(text: string): string {
  return visible(text).replaceAll("\n", String.raw`\u000a`);
}

/** The same for a sentence that may have been written over several lines. */
export function folded(text: string): string {
  return visible(text.replaceAll(/[^\S\n]*(?:\r?\n)+\s*/g, " ").trim());
}

/** A foreign text on one line of at most this many characters. */
export function shortened(text: string, charactersMax: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax)}…` : line;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** `1,234,567`. */
export function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}

/** `1 file`, `2,000 files`. */
export function pluralize(value: number, noun: string): string {
  return `${formatNumber(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `0 s`, `59 s`, `1 min 05 s`, `2 h 03 min`. */
export function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${twoDigits(Math.floor(seconds / 60) % 60)} min`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Of the Gregorian calendar on average. */
const MONTH = 30.44 * DAY;
const YEAR = 365.25 * DAY;

/** The next coarser unit is used when this one would be more precise than people want. */
const UNITS = [
  { ms: SECOND, below: 90 * SECOND, one: "s", many: "s" },
  { ms: MINUTE, below: 90 * MINUTE, one: "min", many: "min" },
  { ms: HOUR, below: 2 * DAY, one: "h", many: "h" },
  { ms: DAY, below: 60 * DAY, one: "day", many: "days" },
  { ms: MONTH, below: 24 * MONTH, one: "month", many: "months" },
] as const;

/** A length of time for people: `45 s`, `10 min`, `26 h`, `3 days`, `8 months`, `2 years`. The sign is dropped. */
export function humaneDuration(ms: number): string {
  const length = Math.abs(ms);
  const unit = UNITS.find(({ below }) => length < below) ?? { ms: YEAR, one: "year", many: "years" };
  const count = Math.floor(length / unit.ms);
  return `${count} ${count === 1 ? unit.one : unit.many}`;
}

/** A text on lines of at most `columns` after `lead`, the second and later ones indented; a longer word has a separate line. */
export function wrapped(text: string, columns: number, indent = "", lead = ""): readonly string[] {
  const [first = "", ...words] = text.split(/\s+/);
  const lines: string[] = [];
  let line = lead + first;
  for (const word of words) {
    const longer = `${line} ${word}`;
    if (longer.length > columns) lines.push(line);
    line = longer.length > columns ? indent + word : longer;
  }
  return [...lines, line];
}

/** The text with its first letter in upper case. */
export function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
