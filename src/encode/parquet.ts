import { DataError } from "../errors.ts";
import type { Content } from "./encoder.ts";

const MAGIC = Buffer.from("PAR1");
/** The length of the footer and the magic number after it. */
const END_BYTES = 8;

/** Longest footer that is read, 16 MiB: 20 million rows of 150 columns need it. */
const FOOTER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Reads the rows and columns of a Parquet file from its footer (parquet-format, Thrift's compact protocol), by which every
 * reader finds the rest: a file without its end is refused. Whether the pages are whole, the file's hash shows. Memory:
 * twice the end of the file, up to 16 MiB. Chunks are kept.
 */
export async function scanParquet(chunks: AsyncIterable<Uint8Array>, subject: string): Promise<Content> {
  const parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    held += chunk.length;
    while (held - (parts[0]?.length ?? 0) >= FOOTER_BYTES_MAX) held -= parts.shift()?.length ?? 0;
  }
  const tail = Buffer.concat(parts);
  const magic = tail.subarray(-MAGIC.length);
  if (tail.length < MAGIC.length + END_BYTES || !magic.equals(MAGIC)) throw broken(subject, "it does not end as one");
  const length = tail.readUInt32LE(tail.length - END_BYTES);
  const start = tail.length - END_BYTES - length;
  if (start < 0) throw broken(subject, `its footer should have ${length} bytes`);
  try {
    return readFooter(new CompactReader(tail.subarray(start, tail.length - END_BYTES)));
  } catch (error) {
    throw broken(subject, error instanceof Error ? error.message : String(error), error);
  }
}

/** FileMetaData: 2 schema, 3 num_rows, 4 row_groups. */
function readFooter(reader: CompactReader): Content {
  const columns: string[] = [];
  let rows = -1;
  let rowsOfGroups = 0;
  reader.struct((field, type) => {
    if (field === 2) reader.list(() => columns.push(readName(reader)));
    else if (field === 3) rows = reader.integer();
    else if (field === 4) reader.list(() => (rowsOfGroups += readGroupRows(reader)));
    else reader.skip(type);
  });
  if (rows !== rowsOfGroups) throw new Error(`its footer has ${rows} rows, and its row groups ${rowsOfGroups}`);
  // The first element is the root of the schema.
  return { rows, columns: columns.slice(1) };
}

/** SchemaElement: 4 name. */
function readName(reader: CompactReader): string {
  let name = "";
  reader.struct((field, type) => {
    if (field === 4) name = reader.text();
    else reader.skip(type);
  });
  return name;
}

/** RowGroup: 3 num_rows. */
function readGroupRows(reader: CompactReader): number {
  let rows = 0;
  reader.struct((field, type) => {
    if (field === 3) rows = reader.integer();
    else reader.skip(type);
  });
  return rows;
}

/** Types of Thrift's compact protocol. */
const [TRUE, FALSE, BYTE, I64, DOUBLE, BINARY, LIST, SET, STRUCT] = [1, 2, 3, 6, 7, 8, 9, 10, 12];

/** Reads values in order; what is not wanted is skipped. */
class CompactReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Calls `onField` for each field, which must read or skip its value. */
  struct(onField: (field: number, type: number) => void): void {
    let field = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return;
      field = head >> 4 === 0 ? this.integer() : field + (head >> 4);
      onField(field, head & 15);
    }
  }

  /** Calls `onElement` for each element, which must read or skip it. */
  list(onElement: (type: number) => void): void {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    for (let i = 0; i < count; i += 1) onElement(head & 15);
  }

  /** A zigzag integer; exact as far as 2^53. */
  integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    return this.#take(this.#varint()).toString("utf8");
  }

  skip(type: number): void {
    if (type === TRUE || type === FALSE) return;
    if (type === BYTE) this.#take(1);
    else if (type > BYTE && type <= I64) this.#varint();
    else if (type === DOUBLE) this.#take(8);
    else if (type === BINARY) this.#take(this.#varint());
    // A boolean has a byte of its own in a list.
    else if (type === LIST || type === SET) this.list((inner) => this.skip(inner <= FALSE ? BYTE : inner));
    else if (type === STRUCT) this.struct((_, inner) => this.skip(inner));
    else throw new Error(`its footer has a value of the unknown type ${type}`);
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #byte(): number {
    return this.#take(1)[0] as number;
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error("its footer is cut");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function broken(subject: string, why: string, cause?: unknown): DataError {
  return new DataError(`scan ${subject}: it is not a complete Parquet file: ${why}`, {
    code: "data.parquet-broken",
    hint: "This is not the file that was landed. Restore it, or load its object again with --full.",
    cause,
  });
}
