import { fstatSync, writeSync } from "node:fs";
import { wantsColors } from "../report/style.ts";
import type { Output } from "./io.ts";

/** Used when the stream's size is unknown. */
const COLUMNS = 80;
const ROWS = 24;

/** One of the process's own streams. Its failures never throw: no run ends because of its log. */
export interface StreamOutput extends Output {
  /** The system's code of a failed write; null: none failed, or the reader had closed the stream. */
  readonly failure: string | null;
  /** Resolves when everything is flushed, or lost. */
  drained(): Promise<void>;
}

export function streamOutput(
  stream: NodeJS.WriteStream & { readonly fd: number },
  env: Readonly<Record<string, string | undefined>>,
): StreamOutput {
  let failure: string | null = null;
  const fail = (error: NodeJS.ErrnoException): void => {
    // A reader that has closed the stream (`| head`, a closed terminal) wants no more.
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
    hasColors: wantsColors(env, stream.isTTY),
    get columns() {
      // A terminal of unknown width reports 0.
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

/** The stream itself considers a partial write, which a full disk makes, a whole one. */
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
