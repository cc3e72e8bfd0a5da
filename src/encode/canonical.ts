/**
 * Canonical text of single values: the values that each column type accepts, and how they are written. Each function
 * returns undefined for a value that it does not accept.
 */

/** A value of a response, as the JSON and XML readers return it. */
export type WireData = string | number | boolean | null | WireFields | readonly WireData[];
export interface WireFields {
  readonly [field: string]: WireData;
}

/**
 * One value for a file: its canonical text, or null. Booleans are `true`/`false`, timestamps `YYYY-MM-DD HH:MM:SS`,
 * numbers decimal text, JSON one line; the column's type determines how a format writes it.
 */
export type Cell = string | null;

/** Cells in column order. */
export type Row = readonly Cell[];

type Scalar = string | number | boolean;

/** Sign, digits, fraction, exponent of a decimal. At least one digit must come before or after the point. */
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

const CANONICAL_INTEGER = /^(?:0|-?[1-9]\d*)$/;

/** Digits before the point that a double always holds. */
export const DOUBLE_DIGITS = 308;

/** Digits that always fit into 64 bits. */
const SURE_DIGITS = 18;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Whole numbers of 64 bits (BIGINT, the integer of every warehouse and of Parquet) without sign `+`, leading zeros or a
 * fraction: `007` is 7, `35.0` is 35. Refuses a JSON number beyond 2^53: its last digits are already lost.
 */
export function integerText(value: Scalar): string | undefined {
  const text = wholeText(value);
  if (text === undefined || text.length <= SURE_DIGITS) return text;
  const whole = BigInt(text);
  return whole < INT64_MIN || whole > INT64_MAX ? undefined : text;
}

function wholeText(value: Scalar): string | undefined {
  // Ids and counts, nearly all values, are canonical.
  if (typeof value === "string" && CANONICAL_INTEGER.test(value)) return value;
  if (Number.isSafeInteger(value)) return String(value);
  const decimal = numberText(value);
  const match = decimal === undefined ? null : /^(-?)(\d+)(?:\.0*)?$/.exec(decimal);
  if (match === null) return undefined;
  const digits = (match[2] as string).replace(/^0+(?=\d)/, "");
  return digits === "0" ? "0" : `${match[1] as string}${digits}`;
}

/**
 * Decimals as given, trimmed: `7250.50` keeps its zero, since every warehouse reads both alike and the digits belong to
 * the vendor. Rewrites only what some reader may refuse: `+`, a missing or superfluous leading zero, a point without
 * digits, exponents (`1.5e3` is 1500). Refuses numbers beyond the greatest double.
 */
export function numberText(value: Scalar): string | undefined {
  if (typeof value === "boolean") return undefined;
  // Numbers beyond 2^53 have already lost digits.
  if (typeof value === "number" && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return undefined;
  const match = DECIMAL.exec(String(value).trim());
  if (match === null) return undefined;
  const sign = match[1] === "-" ? "-" : "";
  let whole = match[2] ?? "";
  let fraction = match[3] ?? "";
  if (whole === "" && fraction === "") return undefined;
  const shift = Number(match[4] ?? 0);
  if (shift > 0) {
    whole += fraction.slice(0, shift).padEnd(shift, "0");
    fraction = fraction.slice(shift);
  } else if (shift < 0) {
    const padded = whole.padStart(-shift, "0");
    fraction = padded.slice(padded.length + shift) + fraction;
    whole = padded.slice(0, padded.length + shift);
  }
  whole = whole.replace(/^0+(?=\d)/, "");
  // No double, and so no table, holds it.
  if (whole.length > DOUBLE_DIGITS && !Number.isFinite(Number(whole))) return undefined;
  return `${sign}${whole === "" ? "0" : whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** `true`, `false`, 1 and 0, as text in any case or as such: prospects have 1 and 0, lists true and false. */
export function booleanText(value: Scalar): string | undefined {
  if (value === "true" || value === "false") return value;
  switch (String(value).trim().toLowerCase()) {
    case "true":
    case "1":
      return "true";
    case "false":
    case "0":
      return "false";
    default:
      return undefined;
  }
}

const DATETIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * `YYYY-MM-DD HH:MM:SS`, in its original zone; with an offset (v5) it becomes UTC. A date alone is its midnight, and
 * fractions of a second are cut. A zero date (`0000-00-00`, with or without a time) is null: MySQL, and so a PHP
 * service, writes it for "no date", and no warehouse can store it. Refuses a day or time that does not exist, and the
 * years 0 and 10000, in UTC too.
 */
export function datetimeText(value: Scalar): string | null | undefined {
  if (typeof value === "string" && PLAIN_TIME.test(value)) return value;
  const match = typeof value === "string" ? DATETIME.exec(value.trim()) : null;
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", hour = "00", minute = "00", second = "00", offset] = match;
  if (year === "0000") return month === "00" && day === "00" ? null : undefined;
  if (!isCalendarDay(Number(year), Number(month), Number(day))) return undefined;
  if (hour > "23" || minute > "59" || second > "59") return undefined;
  if (offset === undefined) return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
  const utc = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  const iso = Number.isNaN(utc) ? "" : new Date(utc).toISOString();
  // In UTC it may be in the year 0 or 10000.
  return /^(?!0000)\d{4}-/.test(iso) ? iso.slice(0, 19).replace("T", " ") : undefined;
}

/** Nearly all times of v4 are `YYYY-MM-DD HH:MM:SS`, of the days that each month has, and stay as they are. */
const PLAIN_TIME = /^(?:[1-9]\d\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** Whether a time that `datetimeText` accepts has an offset. */
export function hasOffset(text: string): boolean {
  return DATETIME.exec(text.trim())?.at(-1) !== undefined;
}

/** Whether a day exists; only the year 0 is not checked. */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month === 2) return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/**
 * Text unchanged; numbers and booleans as text; lists and records as JSON, since nothing of them may be lost. Refuses a
 * JSON number beyond 2^53, as `integerText` does.
 */
export function stringText(value: WireData): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  return typeof value === "boolean" ? String(value) : jsonText(value);
}

/**
 * JSON on one line with the keys of each record in code unit order, so that equal values are equal text. An unpaired
 * surrogate, which JSON would escape and many readers refuse, becomes U+FFFD as in all other text.
 */
export function jsonText(value: WireData): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: WireData): WireData {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly WireData[]).map(sorted);
  const entries = Object.entries(value as WireFields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key.toWellFormed(), sorted(inner)]));
}
