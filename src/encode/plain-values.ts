import type { Column, ColumnType } from "../catalog/catalog.ts";

const QUOTE = 34;
const ZERO = 48;
const NINE = 57;

/** Digits that always fit into 64 bits. */
const SURE_DIGITS = 18;
/** Bytes of `YYYY-MM-DD HH:MM:SS`. */
const TIME_BYTES = 19;

type IsPlain = (bytes: Uint8Array, from: number, to: number) => boolean;

/** Times that the records of a window may have, as wall-clock text of the file. */
export interface TimeBounds {
  /** Column of the window's times in the file. */
  readonly column: number;
  /** A text outside [least, greatest] is outside the window, */
  readonly least: Uint8Array;
  readonly greatest: Uint8Array;
  /** unless it is this time or later: such a record changed while it was exported. */
  readonly movedFrom: Uint8Array;
}

/**
 * Checks the bytes of each record of a CSV file: whether every value matches its column in a form that every loader
 * reads, so that the file can stay unchanged. Decodes nothing and knows only the plain forms; another form may still be
 * valid, which `normaliseCell` decides. A quoted empty text is plain in a text column only: elsewhere Snowflake would read
 * a number or a time from it.
 */
export class PlainValues {
  readonly #places: Int32Array;
  readonly #checks: readonly IsPlain[];
  readonly #key: number;
  readonly #bounds: TimeBounds | null;
  #isPlain = true;
  #outside = 0;

  /** `columns`: those of the file, in its order; `key`: index of the one that is never empty. */
  constructor(columns: readonly Pick<Column, "type">[], key: number, bounds: TimeBounds | null) {
    const typed = columns.flatMap(({ type }, place) => {
      const check = PLAIN[type];
      return check === null ? [] : [{ place, check }];
    });
    this.#places = Int32Array.from(typed, ({ place }) => place);
    this.#checks = typed.map(({ check }) => check);
    this.#key = key;
    this.#bounds = bounds;
  }

  /** Whether every value so far is plain. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** Records outside the bounds so far. */
  get outside(): number {
    return this.#outside;
  }

  /** Checks the record that begins at `start`, and whose field n ends at `start + ends[n]`. */
  look(bytes: Uint8Array, start: number, ends: Int32Array): void {
    if (!this.#isPlain) return;
    const places = this.#places;
    for (let n = 0; n < places.length; n++) {
      const place = places[n] as number;
      let from = start + (place === 0 ? 0 : (ends[place - 1] as number) + 1);
      let to = start + (ends[place] as number);
      if (from === to) {
        if (place !== this.#key) continue;
        this.#isPlain = false;
        return;
      }
      if (bytes[from] === QUOTE) {
        from++;
        to--;
      }
      if (!(this.#checks[n] as IsPlain)(bytes, from, to)) {
        this.#isPlain = false;
        return;
      }
      if (this.#bounds !== null && place === this.#bounds.column && isOutside(bytes, from, this.#bounds)) {
        this.#outside++;
      }
    }
  }
}

function isOutside(bytes: Uint8Array, from: number, bounds: TimeBounds): boolean {
  if (compare(bytes, from, bounds.least) >= 0 && compare(bytes, from, bounds.greatest) <= 0) return false;
  return compare(bytes, from, bounds.movedFrom) < 0;
}

function compare(bytes: Uint8Array, from: number, other: Uint8Array): number {
  for (let i = 0; i < TIME_BYTES; i++) {
    const difference = (bytes[from + i] as number) - (other[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const PLAIN: Readonly<Record<ColumnType, IsPlain | null>> = {
  integer: isPlainInteger,
  number: isPlainNumber,
  boolean: isPlainBoolean,
  datetime: isPlainTime,
  string: null,
  json: null,
};

function isPlainInteger(bytes: Uint8Array, from: number, to: number): boolean {
  let i = bytes[from] === MINUS ? from + 1 : from;
  if (i === to || to - i > SURE_DIGITS) return false;
  for (; i < to; i++) if (!isDigit(bytes[i] as number)) return false;
  return true;
}

const MINUS = 45;
const POINT = 46;

function isPlainNumber(bytes: Uint8Array, from: number, to: number): boolean {
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

const SEPARATORS = Buffer.from("    -  -     :  :  ");
const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function isPlainTime(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== TIME_BYTES) return false;
  for (let i = 0; i < TIME_BYTES; i++) {
    const byte = bytes[from + i] as number;
    const isSeparator = i === 4 || i === 7 || i === 10 || i === 13 || i === 16;
    if (isSeparator ? byte !== SEPARATORS[i] : !isDigit(byte)) return false;
  }
  const two = (at: number): number => (bytes[from + at] as number) * 10 + (bytes[from + at + 1] as number) - ZERO * 11;
  const year = two(0) * 100 + two(2);
  const month = two(5);
  const day = two(8);
  if (year === 0 || month < 1 || month > 12 || day < 1 || two(11) > 23 || two(14) > 59 || two(17) > 59) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (DAYS[month] as number) + (isLeap && month === 2 ? 1 : 0);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
