/**
 * `rfc`: a quote inside a quoted field is doubled (RFC 4180). `php`: as PHP's fputcsv writes, which does not double a
 * quote after a backslash; there `\"` at the end of a field may also be a backslash and the closing quote.
 */
export type CsvDialect = "rfc" | "php";

export interface ParsedRecord {
  /** Start and end of each field, quotes included, in pairs; null when the fields are unknown. */
  readonly fields: readonly number[] | null;
  /** Why it is not a record of the file; null when it is. */
  readonly failure: string | null;
  /** The record is `bytes[start, end)`, the next one begins at `next`. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
  /** Whether a line end ends it, rather than the end of the bytes. */
  readonly isEnded: boolean;
}

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** One reading of a record, from its start or from a choice. */
type Reading = Omit<ParsedRecord, "start" | "fields"> & { readonly fields: number[] };

/** The failure of a record without an end, because of a quote. */
export const NEVER_CLOSED = "a quote is never closed";

/**
 * Reads the record that begins at `start`. Returns null when the bytes end before it, unless `isLast`: no more will
 * follow. In PHP's dialect it tries every reading of `\"` until one gives the right number of fields; each place once,
 * so that the time is proportional to bytes and columns.
 */
export function parseRecord(
  bytes: Uint8Array,
  start: number,
  { columns, dialect }: { readonly columns: number; readonly dialect: CsvDialect },
  isLast: boolean,
): ParsedRecord | null {
  const parser = new RecordParser(bytes, columns, dialect === "php");
  let reading = parser.read(start, [], null);
  let first: Reading | null = null;
  for (;;) {
    if (!isLast && (reading === null || touchesEnd(reading, bytes))) return null;
    if (reading?.failure === null) return { ...reading, start };
    first ??= reading ?? { fields: [], failure: NEVER_CLOSED, end: bytes.length, next: bytes.length, isEnded: false };
    const choice = parser.choices.pop();
    if (choice === undefined) break;
    reading = parser.read(choice.fieldStart, choice.fields, choice.quote);
  }
  // The end of the record is certain only after a wrong count.
  if (first.fields.length > 0) return { ...first, start };
  const lf = bytes.indexOf(LF, start);
  if (lf === -1 && !isLast) return null;
  const end = lf === -1 ? bytes.length : lf;
  return { fields: null, failure: first.failure, start, end, next: lf === -1 ? end : lf + 1, isEnded: lf !== -1 };
}

/** Whether more bytes might change the reading. */
function touchesEnd({ end, isEnded }: Reading, bytes: Uint8Array): boolean {
  return !isEnded && end >= bytes.length - 1;
}

/** A quote that was read as the end of a field, and may also be part of it. */
interface Choice {
  readonly quote: number;
  readonly fieldStart: number;
  readonly fields: number[];
}

/** Most choices tried for one record: each reads the rest of the record. */
const CHOICES_MAX = 1000;

class RecordParser {
  readonly #bytes: Uint8Array;
  readonly #columns: number;
  readonly #isPhp: boolean;
  /** Places of quotes with the number of fields before them: the rest is the same for every way there. */
  readonly #tried = new Set<number>();
  readonly choices: Choice[] = [];

  constructor(bytes: Uint8Array, columns: number, isPhp: boolean) {
    this.#bytes = bytes;
    this.#columns = columns;
    this.#isPhp = isPhp;
  }

  /**
   * Continues at a field's start or, inside that field, after a quote that is part of it. Null at the end of the bytes.
   */
  read(fieldStart: number, fields: number[], afterQuote: number | null): Reading | null {
    const bytes = this.#bytes;
    let from = fieldStart;
    let quote = afterQuote;
    for (;;) {
      const to: number | null =
        quote !== null || bytes[from] === QUOTE ? this.#quotedEnd(from, fields, quote) : this.#bareEnd(from);
      quote = null;
      if (to === null) return null;
      fields.push(from, to);
      const byte = bytes[to];
      if (byte === COMMA) {
        from = to + 1;
        continue;
      }
      if (byte === undefined && bytes[to - 1] !== CR) return this.#whole(fields, to, to, false);
      if (byte === LF) return this.#whole(fields, to, to + 1, true);
      if (byte === CR && bytes[to + 1] === LF) return this.#whole(fields, to, to + 2, true);
      const failure =
        byte === undefined
          ? "it ends between CR and LF"
          : byte === QUOTE
            ? "it has a quote inside an unquoted field"
            : "it has text after a closing quote";
      return { fields: [], failure, end: to, next: to, isEnded: false };
    }
  }

  #whole(fields: number[], end: number, next: number, isEnded: boolean): Reading {
    const count = fields.length / 2;
    const failure = count === this.#columns ? null : `it has ${count} fields, expected ${this.#columns}`;
    return { fields, failure, end, next, isEnded };
  }

  /** End of an unquoted field; a CR without a following LF is text. */
  #bareEnd(from: number): number {
    const bytes = this.#bytes;
    let i = from;
    for (; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === COMMA || byte === LF || byte === QUOTE || (byte === CR && bytes[i + 1] === LF)) break;
    }
    return i;
  }

  /** Index after the closing quote of the field that begins at `from`; null when there is none. */
  #quotedEnd(from: number, fields: readonly number[], afterQuote: number | null): number | null {
    const bytes = this.#bytes;
    for (let i = bytes.indexOf(QUOTE, (afterQuote ?? from) + 1); i !== -1; i = bytes.indexOf(QUOTE, i + 1)) {
      const isEscaped = this.#isPhp && i > from + 1 && bytes[i - 1] === BACKSLASH;
      if (!isEscaped) {
        if (bytes[i + 1] !== QUOTE) return i + 1;
        i++;
        continue;
      }
      const place = i * (this.#columns + 1) + Math.min(fields.length / 2, this.#columns);
      if (this.#tried.size < CHOICES_MAX && this.#isFieldEnd(i + 1) && !this.#tried.has(place)) {
        this.#tried.add(place);
        this.choices.push({ quote: i, fieldStart: from, fields: [...fields] });
        return i + 1;
      }
    }
    return null;
  }

  #isFieldEnd(i: number): boolean {
    const byte = this.#bytes[i];
    return byte === undefined || byte === COMMA || byte === LF || (byte === CR && this.#bytes[i + 1] === LF);
  }
}
