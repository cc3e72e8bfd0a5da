import type { Column, ColumnType } from "../catalog/catalog.ts";
import type { LocalText } from "../time/instant.ts";
import { DOUBLE_DIGITS, isCalendarDay } from "./canonical.ts";

const QUOTE = 34;
const ZERO = 48;
const NINE = 57;

/** Digits that always fit into 64 bits. */
const SURE_DIGITS = 18;
/** Bytes of `YYYY-MM-DD HH:MM:SS`. */
const TIME_BYTES = 19;

/** Times that the records of a window may have, as wall-clock text of their file. */
export interface TimeBounds {
  /** A text outside [least, greatest] is outside the window, */
  readonly least: LocalText;
  readonly greatest: LocalText;
  /** unless it is this time or later: such a record changed while it was exported. */
  readonly movedFrom: LocalText;
}

export interface PlainValuesOptions {
  /** Those of the file, in its order. */
  readonly columns: readonly Pick<Column, "type">[];
  /** Index of the column that is never empty. */
  readonly key: number;
  /** Index of the times whose least and greatest are kept; -1: none. */
  readonly watermark?: number;
  /** Index of the times that `bounds` holds for. */
  readonly timed?: number;
  readonly bounds?: TimeBounds | null;
}

/**
 * Checks the bytes of each record of a CSV file: whether every value matches its column in a form that every loader
 * reads, so that the file can stay unchanged. Decodes nothing and knows only the plain forms; another form may still be
 * valid, which `normaliseCell` decides. A quoted empty text is plain in a text column only: elsewhere Snowflake would read
 * a number or a time from it. Allocates a number for each time, and nothing else for a record.
 */
export class PlainValues {
  readonly #kinds: Uint8Array;
  readonly #key: number;
  readonly #watermark: number;
  #min: Moment = Infinity;
  #max: Moment = -Infinity;
  readonly #timed: number;
  readonly #bounds: { readonly [Bound in keyof TimeBounds]: Moment } | null;
  #isPlain = true;
  #outside = 0;

  constructor({ columns, key, watermark = -1, timed = -1, bounds = null }: PlainValuesOptions) {
    const kinds = columns.map(({ type }, place) => (place === watermark ? TIME : KINDS[type]));
    this.#kinds = Uint8Array.from(kinds);
    this.#key = key;
    this.#watermark = watermark;
    this.#timed = timed;
    this.#bounds = bounds && {
      least: momentOf(bounds.least),
      greatest: momentOf(bounds.greatest),
      movedFrom: momentOf(bounds.movedFrom),
    };
  }

  /** Whether every value so far is plain. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** Records outside the bounds so far. */
  get outside(): number {
    return this.#outside;
  }

  /** Least and greatest watermark so far, null without any; only while every value is plain. */
  get marks(): { readonly min: LocalText | null; readonly max: LocalText | null } {
    return this.#max === -Infinity ? { min: null, max: null } : { min: textOf(this.#min), max: textOf(this.#max) };
  }

  /** Checks the record that begins at `start`, and whose field n ends at `start + ends[n]`. */
  look(bytes: Uint8Array, start: number, ends: Int32Array): void {
    if (!this.#isPlain) return;
    const kinds = this.#kinds;
    let next = start;
    for (let place = 0; place < kinds.length; place++) {
      let from = next;
      let to = start + (ends[place] as number);
      next = to + 1;
      // An empty key has no plain form.
      if (from === to && place !== this.#key) continue;
      const kind = kinds[place] as number;
      if (kind === ANY_TEXT) continue;
      if (bytes[from] === QUOTE) {
        from++;
        to--;
      }
      const moment = kind === TIME ? plainTime(bytes, from, to) : isPlain(kind, bytes, from, to) ? 0 : -1;
      if (moment < 0) {
        this.#isPlain = false;
        return;
      }
      if (kind !== TIME) continue;
      if (place === this.#timed && this.#isOutside(moment)) this.#outside++;
      if (place !== this.#watermark) continue;
      if (moment < this.#min) this.#min = moment;
      if (moment > this.#max) this.#max = moment;
    }
  }

  #isOutside(moment: Moment): boolean {
    const bounds = this.#bounds;
    if (bounds === null || moment >= bounds.movedFrom) return false;
    return moment < bounds.least || moment > bounds.greatest;
  }
}

/** The fourteen digits of a time as a number, which compares as the text does. */
type Moment = number;

function momentOf(text: LocalText): Moment {
  return Number(text.replaceAll(/[- :]/g, ""));
}

function textOf(moment: Moment): LocalText {
  const digits = String(moment).padStart(14, "0");
  return digits.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3 $4:$5:$6");
}

const ANY_TEXT = 0;
const INTEGER = 1;
const NUMBER = 2;
const BOOLEAN = 3;
const TIME = 4;
const KINDS: Readonly<Record<ColumnType, number>> = {
  integer: INTEGER,
  number: NUMBER,
  boolean: BOOLEAN,
  datetime: TIME,
  string: ANY_TEXT,
  json: ANY_TEXT,
};

/** Direct calls: measured, twice as fast as a function for each column. */
function isPlain(kind: number, bytes: Uint8Array, from: number, to: number): boolean {
  if (kind === INTEGER) return isPlainInteger(bytes, from, to);
  return kind === BOOLEAN ? isPlainBoolean(bytes, from, to) : isPlainNumber(bytes, from, to);
}

function isPlainInteger(bytes: Uint8Array, from: number, to: number): boolean {
  let i = bytes[from] === MINUS ? from + 1 : from;
  if (i === to || to - i > SURE_DIGITS) return false;
  for (; i < to; i++) if (!isDigit(bytes[i] as number)) return false;
  return true;
}

const MINUS = 45;
const POINT = 46;

function isPlainNumber(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > DOUBLE_DIGITS) return false;
  let i = bytes[from] === MINUS ? from + 1 : from;
  const whole = i;
  while (i < to && isDigit(bytes[i] as number)) i++;
  if (i === whole || i === to) return i > whole;
  const fraction = ++i;
  while (i < to && isDigit(bytes[i] as number)) i++;
  return bytes[fraction - 1] === POINT && i > fraction && i === to;
}

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const LOWER_CASE = 0x20;

function isPlainBoolean(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from === 1) return bytes[from] === ZERO || bytes[from] === ZERO + 1;
  const word = to - from === TRUE.length ? TRUE : FALSE;
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (((bytes[from + i] as number) | LOWER_CASE) !== word[i]) return false;
  return true;
}

const SPACE = 32;
const COLON = 58;

/** The time; -1: not plain. Measured: each byte checked once, in its place, takes half the time of a loop. */
function plainTime(bytes: Uint8Array, from: number, to: number): Moment {
  if (to - from !== TIME_BYTES || bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return -1;
  if (bytes[from + 10] !== SPACE || bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return -1;
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  if (year <= 0 || !isCalendarDay(year, month, day)) return -1;
  const hour = twoDigits(bytes, from + 11);
  const minute = twoDigits(bytes, from + 14);
  const second = twoDigits(bytes, from + 17);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1;
  return ((year * 100 + month) * 100 + day) * 1_000_000 + (hour * 100 + minute) * 100 + second;
}

/** Below any year unless both bytes are digits. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -10_000;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
