import { DataError } from "../errors.ts";
import { decodeUtf8 } from "./csv-field.ts";

/** Default limit of a header, 256 KiB: 150 fields of an export need some 5. */
const HEADER_BYTES_MAX = 256 * 1024;

const LF = 10;
const QUOTE = 34;
const BYTE_ORDER_MARK = "\uFEFF";

/** A CSV stream after its header. Either `rest` or `all` can be read, once. */
export interface SplitCsv {
  /** Names as given; empty when the body is empty. */
  readonly header: readonly string[];
  /** The original header record, byte-order mark and line end included. */
  readonly headerBytes: Uint8Array;
  readonly hasBom: boolean;
  /** Everything after the header record. */
  readonly rest: AsyncIterable<Uint8Array>;
  /** The whole stream, header included. */
  readonly all: AsyncIterable<Uint8Array>;
  /** Closes the source when neither is read; ending or breaking either loop closes it, too. */
  readonly close: () => Promise<void>;
}

/**
 * Reads a stream up to the end of its header. Throws `DataError` and closes the source when the header is longer than
 * `limitBytes` or not a CSV record. Memory: the header and one chunk.
 */
export async function splitHeader(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number = HEADER_BYTES_MAX,
): Promise<SplitCsv> {
  const source = chunks[Symbol.asyncIterator]();
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await source.return?.();
  };
  try {
    const { headerBytes, remainder } = await readHeader(source, limitBytes);
    const text = decodeHeader(headerBytes);
    const hasBom = text.startsWith(BYTE_ORDER_MARK);
    return {
      header: headerBytes.length === 0 ? [] : parseHeader(hasBom ? text.slice(BYTE_ORDER_MARK.length) : text),
      headerBytes,
      hasBom,
      rest: continued([remainder], source, close),
      all: continued([headerBytes, remainder], source, close),
      close,
    };
  } catch (error) {
    // The first error counts; a failure to close the source adds nothing.
    await close().catch(() => undefined);
    throw error;
  }
}

interface HeaderBytes {
  readonly headerBytes: Uint8Array;
  /** The bytes of the last chunk after the header. */
  readonly remainder: Uint8Array;
}

async function readHeader(source: AsyncIterator<Uint8Array>, limitBytes: number): Promise<HeaderBytes> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let insideQuotes = false;
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    const chunk = next.value;
    for (let i = 0; i < chunk.length; i++) {
      if (length + i >= limitBytes) throw tooLong(limitBytes);
      if (chunk[i] === QUOTE) insideQuotes = !insideQuotes;
      else if (chunk[i] === LF && !insideQuotes) {
        return { headerBytes: Buffer.concat([...parts, chunk.subarray(0, i + 1)]), remainder: chunk.subarray(i + 1) };
      }
    }
    parts.push(chunk.slice());
    length += chunk.length;
  }
  return { headerBytes: Buffer.concat(parts), remainder: new Uint8Array(0) };
}

function decodeHeader(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw broken("it is not UTF-8", cause);
  }
}

/** One field, quoted or not, and its end. Without nested repetition, so that it does not backtrack on long text. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function parseHeader(text: string): string[] {
  const names: string[] = [];
  let position = 0;
  for (;;) {
    FIELD.lastIndex = position;
    const match = FIELD.exec(text);
    if (match === null) throw broken(`no field can be read at character ${position + 1}`);
    names.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    position += match[0].length;
    if (match[3] !== ",") break;
  }
  if (position !== text.length) throw broken(`text follows its end at character ${position + 1}`);
  return names;
}

async function* continued(
  first: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
  close: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (const chunk of first) if (chunk.length > 0) yield chunk;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  } finally {
    await close();
  }
}

function tooLong(limitBytes: number): DataError {
  return broken(`it does not end within ${limitBytes} bytes`);
}

function broken(why: string, cause?: unknown): DataError {
  return new DataError(`read the header of a csv file: ${why}`, {
    code: "data.csv-header",
    hint: "Nothing of this file was landed. The response may not be CSV at all: look at its first bytes.",
    cause,
  });
}
