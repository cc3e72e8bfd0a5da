import { DataError } from "../errors.ts";
import { strict } from "./csv-field.ts";

/** Limit of a header, 256 KiB: 150 fields of an export need about 5. */
const HEADER_BYTES_MAX = 256 * 1024;

const LF = 10;
const QUOTE = 34;
const BYTE_ORDER_MARK = "\uFEFF";

/** A CSV stream after its header. Either `rest` or `all` can be read, once. */
export interface SplitCsv {
  /** Names as given; empty when the body is empty. */
  readonly header: readonly string[];
  readonly hasBom: boolean;
  /** Everything after the header record. */
  readonly rest: AsyncIterable<Uint8Array>;
  /** The whole stream, header included. */
  readonly all: AsyncIterable<Uint8Array>;
  /** Closes the source when neither is read; ending or breaking either loop closes it, too. */
  readonly close: () => Promise<void>;
}

/**
 * Reads a stream up to the end of its header. Throws `DataError` and closes the source when the header is too long
 * or not a CSV record. Memory: the header and one chunk.
 */
export async function splitHeader(chunks: AsyncIterable<Uint8Array>): Promise<SplitCsv> {
  const source = chunks[Symbol.asyncIterator]();
  const close = async (): Promise<void> => {
    await source.return?.();
  };
  try {
    const [headerBytes, remainder] = await readHeader(source);
    const text = decodeHeader(headerBytes);
    const hasBom = text.startsWith(BYTE_ORDER_MARK);
    return {
      header: headerBytes.length === 0 ? [] : parseHeader(hasBom ? text.slice(BYTE_ORDER_MARK.length) : text),
      hasBom,
      rest: continued([remainder], source, close),
      all: continued([headerBytes, remainder], source, close),
      close,
    };
  } catch (error) {
    // Report the first error; a failure to close the source adds nothing.
    await close().catch(() => undefined);
    throw error;
  }
}

/** The bytes of the header, line end included, and those of the last chunk after it. */
async function readHeader(source: AsyncIterator<Uint8Array>): Promise<[Uint8Array, Uint8Array]> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let insideQuotes = false;
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    const chunk = next.value;
    for (let i = 0; i < chunk.length; i++) {
      if (length + i >= HEADER_BYTES_MAX) throw broken(`it does not end within ${HEADER_BYTES_MAX} bytes`);
      if (chunk[i] === QUOTE) insideQuotes = !insideQuotes;
      else if (chunk[i] === LF && !insideQuotes) {
        return [Buffer.concat([...parts, chunk.subarray(0, i + 1)]), chunk.subarray(i + 1)];
      }
    }
    parts.push(chunk.slice());
    length += chunk.length;
  }
  return [Buffer.concat(parts), new Uint8Array(0)];
}

function decodeHeader(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
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

function broken(why: string, cause?: unknown): DataError {
  return new DataError(`read the header of a csv file: ${why}`, {
    code: "data.csv-header",
    hint: "Nothing of this file was landed. The response may not be CSV at all: look at its first bytes.",
    cause,
  });
}
