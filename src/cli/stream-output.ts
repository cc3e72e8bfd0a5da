import { fstatSync, writeSync } from "node:fs";
import type { Output } from "./io.ts";

/** Used when the stream does not say how wide it is. */
const COLUMNS = 80;
const ROWS = 24;

/** One of the process's own streams. Whatever becomes of it, writing goes on: no run ends because of its log. */
export interface StreamOutput extends Output {
  /** Why something could not be written, as the system's code; null: all was, or its reader wanted no more of it. */
  readonly failure: string | null;
  /** Resolves when what was written is on its way, or lost. */
  drained(): Promise<void>;
}

export function streamOutput(stream: NodeJS.WriteStream & { readonly fd: number }): StreamOutput {
  let failure: string | null = null;
  const fail = (error: NodeJS.ErrnoException): void => {
    // A reader that went away (`| head`, a closed terminal) has what it wanted.
    if (error.code !== "EPIPE") failure ??= error.code ?? "unknown";
  };
  stream.on("error", fail);
  const isFile = isRegularFile(stream.fd);
  const write = (text: string): void => {
    if (!isFile) {
      stream.write(text);
      return;
    }
    try {
      writeWhole(stream.fd, text);
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  };
  return {
    write,
    draw: write,
    isTerminal: stream.isTTY,
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.isTTY && stream.columns > 0 ? stream.columns : COLUMNS;
    },
    get rows() {
      return stream.isTTY && stream.rows > 0 ? stream.rows : ROWS;
    },
    get failure() {
      return failure;
    },
    drained: () =>
      new Promise((resolve) => {
        stream.write("", () => resolve());
      }),
  };
}

/** The stream itself takes a part that was written, as a disk that fills up writes it, for the whole. */
function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

function isRegularFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
